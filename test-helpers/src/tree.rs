//! A supervision tree on a node of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use foundation::time::{sleep, timeout};
use foundation::{
    Alarm, CallError, ChildProcess, ExitReason, Node, NodeConfig, Pid, ProcessRef, Report,
    ServerRef, StartError, Supervisor, SupervisorRef, SupervisorSpec, TreeNode,
};
use parking_lot::Mutex;

use crate::clock::ManualClock;
use crate::eventually::DEADLINE;
use crate::leak::Baseline;

/// A node with a [`ManualClock`] and one supervision tree. Nothing is shared with any other test.
///
/// Children are named by their path: `"store"`, or `"agents/worker"` for a grandchild. Dropping it kills the tree.
///
/// # Examples
///
/// See the crate's first page.
pub struct IsolatedTree {
    node: Node,
    clock: Arc<ManualClock>,
    reports: Arc<Mutex<Vec<Report>>>,
    alarms: Arc<Mutex<Vec<Alarm>>>,
    baseline: Baseline,
    root: Supervisor,
}

/// Which pid each child of a tree had at one moment, by path; children without a process are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incarnations(BTreeMap<String, Pid>);

impl Incarnations {
    /// Returns the pid of a child.
    #[must_use]
    pub fn pid(&self, path: &str) -> Option<Pid> {
        self.0.get(path).copied()
    }

    /// Returns the children that run now with another pid than `before`, or did not run then; sorted by path.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<&str> {
        let changed = self.0.iter().filter(|(path, pid)| before.pid(path) != Some(**pid));
        changed.map(|(path, _)| path.as_str()).collect()
    }

    /// Returns the children that run now with the pid they had `before`; sorted by path.
    #[must_use]
    pub fn kept_since(&self, before: &Self) -> Vec<&str> {
        let kept = self.0.iter().filter(|(path, pid)| before.pid(path) == Some(**pid));
        kept.map(|(path, _)| path.as_str()).collect()
    }

    /// Returns the children that ran `before` and do not run now; sorted by path.
    #[must_use]
    pub fn gone_since<'a>(&self, before: &'a Self) -> Vec<&'a str> {
        before.0.keys().filter(|path| !self.0.contains_key(*path)).map(String::as_str).collect()
    }
}

impl IsolatedTree {
    /// Starts a tree.
    ///
    /// # Errors
    ///
    /// That of [`Supervisor::start`].
    pub async fn start(spec: SupervisorSpec) -> Result<Self, StartError> {
        Self::start_with(|_node| spec).await
    }

    /// Starts a tree whose specification needs its node, for instance for names.
    ///
    /// # Errors
    ///
    /// That of [`Supervisor::start`].
    ///
    /// # Panics
    ///
    /// Panics in a program that cannot unwind.
    pub async fn start_with(
        spec: impl FnOnce(&Node) -> SupervisorSpec,
    ) -> Result<Self, StartError> {
        Self::start_configured(NodeConfig::default(), spec).await
    }

    /// Starts a tree on a node that is set up in another way. Clock and reports are the tree's own all the same.
    ///
    /// # Errors
    ///
    /// That of [`Supervisor::start`].
    ///
    /// # Panics
    ///
    /// Panics in a program that cannot unwind.
    pub async fn start_configured(
        config: NodeConfig,
        spec: impl FnOnce(&Node) -> SupervisorSpec,
    ) -> Result<Self, StartError> {
        let clock = Arc::new(ManualClock::new());
        let alarms = Arc::new(Mutex::new(Vec::new()));
        let rung = Arc::clone(&alarms);
        let reports = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&reports);
        let config = config
            .clock(Arc::clone(&clock) as Arc<_>)
            .on_report(move |report| heard.lock().push(report.clone()))
            .on_alarm(move |alarm| rung.lock().push(alarm.clone()));
        let node = Node::new(config).expect("tests unwind");
        let baseline = Baseline::of(&node);
        let root = Supervisor::start(&node, spec(&node)).await?;
        Ok(Self { node, clock, reports, alarms, baseline, root })
    }

    /// Returns the node.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the clock of the restart windows.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Returns the owner of the tree.
    #[must_use]
    pub fn root(&self) -> &Supervisor {
        &self.root
    }

    /// Returns the admin handle of the root.
    #[must_use]
    pub fn handle(&self) -> &SupervisorRef {
        self.root.handle()
    }

    /// Returns what the supervisors of the tree have reported so far, as text without the supervisor's name.
    #[must_use]
    pub fn reports(&self) -> Vec<String> {
        let line = |report: &Report| {
            let reason =
                report.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{:?} {}{reason}", report.kind, report.child)
        };
        self.reports.lock().iter().map(line).collect()
    }

    /// Returns the alarms that the kernel has raised so far.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        self.alarms.lock().clone()
    }

    /// Returns the process of a child.
    ///
    /// # Panics
    ///
    /// Panics with the tree if the child does not run.
    pub async fn process(&self, path: &str) -> ProcessRef {
        match self.running(path).await {
            Some(process) => process,
            None => panic!("{path} does not run:\n{}", self.dump().await),
        }
    }

    /// Returns the typed door of a child.
    ///
    /// # Panics
    ///
    /// Panics if the child does not run, or takes other messages.
    pub async fn server<M: Send + 'static>(&self, path: &str) -> ServerRef<M> {
        self.process(path).await.server().expect("the child takes other messages")
    }

    /// Kills a child, waits for its end and returns the pid that it had.
    ///
    /// # Panics
    ///
    /// Panics if it does not run, or does not end in [`DEADLINE`].
    pub async fn kill(&self, path: &str) -> Pid {
        self.exit(path, ExitReason::Killed).await
    }

    /// Sends a child an exit signal, waits for its end and returns the pid that it had.
    ///
    /// # Panics
    ///
    /// Panics if it does not run, or does not end in [`DEADLINE`].
    pub async fn exit(&self, path: &str, reason: ExitReason) -> Pid {
        let process = self.process(path).await;
        let monitor = process.monitor();
        process.exit(reason);
        let down = timeout(DEADLINE, monitor.down()).await;
        down.expect("a killed child ends").pid
    }

    /// Waits until a child runs with another pid than `old`, and returns its process.
    ///
    /// A supervisor hears of an end before the test does and answers in order, so one question is usually enough; it is asked
    /// again while restarts fail or a supervisor further up is being restarted.
    ///
    /// # Panics
    ///
    /// Panics with the tree when that does not happen in [`DEADLINE`].
    pub async fn await_restart(&self, path: &str, old: Pid) -> ProcessRef {
        let restarted = timeout(DEADLINE, async {
            loop {
                for _ in 0..64 {
                    if let Some(process) =
                        self.running(path).await.filter(|process| process.pid() != old)
                    {
                        return process;
                    }
                    tokio::task::yield_now().await;
                }
                // A paused clock moves only when everybody waits.
                sleep(std::time::Duration::from_millis(1)).await;
            }
        });
        match restarted.await {
            Ok(process) => process,
            Err(_elapsed) => panic!("{path} was not restarted:\n{}", self.dump().await),
        }
    }

    /// Returns the pids of all children.
    ///
    /// # Panics
    ///
    /// Panics if the root has ended.
    pub async fn incarnations(&self) -> Incarnations {
        let mut pids = BTreeMap::new();
        let nodes = self.nodes().await.expect("the root lives");
        collect(&nodes, "", &mut |path, process| {
            pids.insert(path.to_owned(), process.pid());
        });
        Incarnations(pids)
    }

    /// Returns the whole tree as text, a line for each child.
    pub async fn dump(&self) -> String {
        let mut text = String::new();
        match self.nodes().await {
            Ok(nodes) => write_nodes(&nodes, 0, &mut text),
            Err(error) => text.push_str(&error.to_string()),
        }
        text
    }

    /// Stops the tree in order, and checks that nothing of it is left on the node.
    ///
    /// # Panics
    ///
    /// Panics if something is left.
    pub async fn shutdown(self) -> ExitReason {
        let Self { root, baseline, .. } = self;
        let reason = root.shutdown().await;
        baseline.restored().await;
        reason
    }

    /// Kills the tree by dropping its owner, and checks that nothing of it is left on the node.
    ///
    /// # Panics
    ///
    /// Panics if something is left.
    pub async fn abandon(self) {
        let Self { root, baseline, .. } = self;
        drop(root);
        baseline.restored().await;
    }

    async fn nodes(&self) -> Result<Vec<TreeNode>, CallError> {
        self.handle().tree().await
    }

    async fn running(&self, wanted: &str) -> Option<ProcessRef> {
        let nodes = self.nodes().await.ok()?;
        let mut found = None;
        collect(&nodes, "", &mut |path, process| {
            if path == wanted {
                found = Some(process.clone());
            }
        });
        found.filter(ProcessRef::is_alive)
    }
}

fn collect(nodes: &[TreeNode], prefix: &str, visit: &mut impl FnMut(&str, &ProcessRef)) {
    for node in nodes {
        let path = format!("{prefix}{}", node.child.id);
        if let Some(process) = node.child.process.running() {
            visit(&path, process);
        }
        collect(&node.children, &format!("{path}/"), visit);
    }
}

fn write_nodes(nodes: &[TreeNode], depth: usize, text: &mut String) {
    for node in nodes {
        let indent = "  ".repeat(depth);
        let state = match &node.child.process {
            ChildProcess::Running(process) => process.pid().to_string(),
            ChildProcess::Restarting => "restarting".to_owned(),
            ChildProcess::Undefined => "-".to_owned(),
        };
        let waiting = node.status.as_ref().map_or(0, |status| status.mailbox_depth);
        let (id, restarts) = (&node.child.id, node.child.restarts);
        writeln!(text, "{indent}{id} {state} restarts {restarts} waiting {waiting}")
            .expect("a string takes any text");
        write_nodes(&node.children, depth + 1, text);
    }
}

impl fmt::Debug for IsolatedTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatedTree").field("root", &self.root).finish_non_exhaustive()
    }
}
