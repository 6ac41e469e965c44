//! Crashes inside one program: whatever process dies, the workflow completes and its journal stays sound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use foundation::{ChildProcess, Clock, ExitReason, Pid, ProcessRef, SystemClock, time};
use jido_system::{
    CommandShim, Event, EventKind, JournalVerdict, Mode, ReportStatus, StartRequest, StoreLocation,
    System, SystemConfig, Workflow, WorkflowId, check_journal,
};
use tempfile::TempDir;

use crate::layered::{SplitMix, layered, parsed};

/// The children of the root, in start order.
const TREE: [&str; 6] = ["store", "router", "workers", "commands", "workflows", "gateway"];

/// Runs ahead of the system's clock by what a test adds, so that restart windows are empty when it wants them to be.
#[derive(Debug)]
struct Ahead {
    base: SystemClock,
    ahead_s: AtomicU64,
}

impl Clock for Ahead {
    fn monotonic(&self) -> Duration {
        self.base.monotonic() + Duration::from_secs(self.ahead_s.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        self.base.wall()
    }
}

/// A system on a store in a folder, with one layered workflow running.
struct Running {
    system: System,
    clock: Arc<Ahead>,
    workflow: Arc<Workflow>,
    id: WorkflowId,
    _folder: TempDir,
}

impl Running {
    async fn start(layers: usize, width: usize, seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(Ahead { base: SystemClock::new(), ahead_s: AtomicU64::new(0) });
        let shim = CommandShim::new(env!("CARGO_BIN_EXE_jido"));
        let config = SystemConfig::new(StoreLocation::Folder(folder.path().to_owned()), shim)
            .workers(8)
            .clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let system = System::start(config).await.expect("the tree starts");
        let workflow = Arc::new(parsed(&layered(layers, width, seed, None)));
        let request = StartRequest {
            workflow: Arc::clone(&workflow),
            mode: Mode::Simulate { scale: 0.002 },
            attempts: 3,
            fresh: false,
        };
        let started = system.gateway().start(request).await.expect("the workflow starts");
        Self { system, clock, workflow, id: started.id, _folder: folder }
    }

    async fn child(&self, id: &str) -> ProcessRef {
        loop {
            self.assert_alive();
            let children = self.system.supervisor().which_children().await.expect("the root lives");
            let child = children.into_iter().find(|child| &*child.id == id).expect("a known child");
            if let ChildProcess::Running(process) = child.process {
                return process;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn pids(&self) -> Vec<Pid> {
        let mut pids = Vec::new();
        for id in TREE {
            pids.push(self.child(id).await.pid());
        }
        pids
    }

    /// The process of the workflow, once it runs; `None` if the workflow has ended.
    async fn process(&self) -> Option<ProcessRef> {
        loop {
            let workflows = self.system.node().supervisor("workflows").expect("its name");
            let children = workflows.which_children().await.unwrap_or_default();
            if let Some(process) = children.iter().find_map(|child| child.process.running()) {
                return Some(process.clone());
            }
            if self.is_over().await {
                return None;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn is_over(&self) -> bool {
        self.journal()
            .await
            .last()
            .is_some_and(|event| event.kind() == EventKind::WorkflowCompleted)
    }

    fn assert_alive(&self) {
        let root = self.system.supervisor().process().expect("a root");
        assert!(root.is_alive(), "the tree gave up: {:?}", root.exit_reason());
    }

    async fn journal(&self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let Ok(page) =
                self.system.gateway().journal(&self.id, events.len() as u64, 1_000).await
            else {
                // The store is restarting.
                self.assert_alive();
                tokio::task::yield_now().await;
                continue;
            };
            if page.is_empty() {
                return events;
            }
            events.extend(page.into_iter().map(|line| line.event));
        }
    }

    /// Waits until so many tasks have completed, or the workflow has ended.
    async fn completed(&self, count: usize) {
        loop {
            let journal = self.journal().await;
            let completed =
                journal.iter().filter(|event| event.kind() == EventKind::TaskCompleted).count();
            let over =
                journal.last().is_some_and(|event| event.kind() == EventKind::WorkflowCompleted);
            if completed >= count || over {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Kills a process, which a supervisor cannot trap either, with an empty restart window, and waits until it is gone.
    async fn crash(&self, process: &ProcessRef) {
        self.clock.ahead_s.fetch_add(60, Ordering::Relaxed);
        let monitor = process.monitor();
        process.exit(ExitReason::Killed);
        monitor.down().await;
    }

    /// Waits for the end and checks everything that must hold, whatever happened meanwhile.
    async fn finish(self, sessions_min: usize) {
        let wait = self.system.gateway().wait(&self.id);
        let report =
            time::timeout(Duration::from_secs(60), wait).await.expect("it ends").expect("a report");
        let tasks = self.workflow.tasks().len() as u32;
        assert_eq!(report.status, ReportStatus::Completed);
        assert_eq!((report.completed, report.failed, report.skipped), (tasks, 0, 0));
        assert!(report.lower_bound_s <= report.makespan_s, "{report:?}");
        let journal = self.journal().await;
        assert_eq!(check_journal(&self.workflow, &journal), Ok(JournalVerdict::Completed));
        let sessions = journal.iter().filter(|event| event.kind() == EventKind::Resumed).count();
        assert!(sessions >= sessions_min, "{sessions} sessions were resumed");
        self.system.shutdown().await;
    }
}

/// Crashes the child of the root with this id and says which children have another pid afterwards.
async fn replaced_by_crash_of(id: &str) -> Vec<&'static str> {
    let running = Running::start(20, 10, 7).await;
    running.completed(20).await;
    let before = running.pids().await;
    let process = running.child(id).await;
    running.crash(&process).await;
    running.completed(60).await;
    let after = running.pids().await;
    running.finish(usize::from(id != "gateway")).await;
    let pairs = before.into_iter().zip(after).zip(TREE);
    pairs.filter(|((old, new), _)| old != new).map(|(_, id)| id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_store_restarts_the_whole_tree_and_the_workflow_completes() {
    assert_eq!(replaced_by_crash_of("store").await, TREE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_router_restarts_all_but_the_store_and_the_workflow_completes() {
    assert_eq!(replaced_by_crash_of("router").await, TREE[1..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_pool_restarts_what_was_started_after_it_and_the_workflow_completes() {
    assert_eq!(replaced_by_crash_of("workers").await, TREE[2..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_workflow_supervisor_takes_its_workflows_along_and_they_complete() {
    assert_eq!(replaced_by_crash_of("workflows").await, TREE[4..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_gateway_leaves_running_workflows_alone() {
    assert_eq!(replaced_by_crash_of("gateway").await, TREE[5..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_workflow_process_is_restarted_alone_and_continues() {
    let running = Running::start(20, 10, 11).await;
    running.completed(20).await;
    let before = running.pids().await;
    let process = running.process().await.expect("it runs");
    running.crash(&process).await;
    running.completed(60).await;
    assert_ne!(running.process().await.expect("it runs").pid(), process.pid());
    assert_eq!(running.pids().await, before);
    running.finish(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_worker_costs_one_execution_and_nothing_else() {
    let running = Running::start(20, 10, 13).await;
    running.completed(20).await;
    let before = running.pids().await;
    let process = running.process().await.expect("it runs").pid();
    let pool = running.system.node().task_supervisor("workers").expect("its name");
    let pool = pool.resolve().await.expect("the pool runs");
    let mut crashed = 0;
    while crashed < 5 {
        let worker = pool.children().into_iter().next();
        crashed += usize::from(worker.is_some_and(|worker| pool.terminate_child(worker)));
        tokio::task::yield_now().await;
    }
    running.completed(120).await;
    assert_eq!(running.pids().await, before);
    assert_eq!(running.process().await.expect("it runs").pid(), process);
    let journal = running.journal().await;
    let retried = journal.iter().filter(|event| event.kind() == EventKind::TaskRetried).count();
    assert!((1..=5).contains(&retried), "{retried} retries for {crashed} crashes");
    running.finish(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_of_any_process_at_random_points_never_cost_the_workflow() {
    for seed in 1..=3 {
        let mut random = SplitMix::new(seed);
        let running = Running::start(30, 10, seed).await;
        for crash in 0..12 {
            running.completed(crash * 20 + random.below(20) as usize).await;
            let process = match random.below(8) {
                7 | 6 => running.process().await,
                at => Some(running.child(TREE[at as usize]).await),
            };
            let Some(process) = process else { break };
            running.crash(&process).await;
        }
        running.finish(0).await;
    }
}
