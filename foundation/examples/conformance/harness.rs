//! Carries out the steps of one script.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    ExitReason, Name, Node, NodeConfig, ProcessRef, Strategy, Supervisor, SupervisorRef,
    SupervisorSpec,
};
use futures_util::FutureExt;

use crate::answer::{changed, counted, listed, start_error, started};
use crate::frost::Frost;
use crate::recorder::{Hold, Onlooker, Recorder, Shared};
use crate::script::{self, Op, Role, Script};
use crate::tree::{child, dynamic_child, supervisor};
use crate::worker::Order;

/// Virtual time that is longer than all short shutdown timeouts together and shorter than one long one. It passes as soon as
/// no process has anything left to do.
const SETTLED: Duration = Duration::from_secs(20);

/// The answer to one operation, perhaps not there yet.
type Answer = Pin<Box<dyn Future<Output = String>>>;

struct Harness {
    shared: Shared,
    node: Node,
    root: Option<Supervisor>,
    /// The stop of the root, once it was told to.
    stopping: Option<Pin<Box<dyn Future<Output = ExitReason>>>>,
    /// A process that has ended.
    nobody: ProcessRef,
}

/// Runs a script and returns its log.
pub(crate) async fn run(script: Script) -> Result<String, Box<dyn Error>> {
    let recorder = Arc::new(Recorder::default());
    let reports = Arc::downgrade(&recorder);
    let config = NodeConfig::default()
        .clock(Arc::new(Onlooker(Arc::downgrade(&recorder))))
        .on_report(move |report| {
            if let Some(recorder) = reports.upgrade() {
                recorder.report(report);
            }
        });
    let node = Node::new(config)?;
    let dynamic = |node: &&script::Node| is_dynamic(&node.role);
    let dynamic = script.nodes.iter().filter(dynamic).map(|node| node.label.clone()).collect();
    let mut supervisors = Vec::new();
    for planned in script.nodes.iter().filter(|node| !matches!(node.role, Role::Worker(_))) {
        supervisors.push((planned.label.clone(), node.supervisor(&planned.label)?));
    }
    supervisors.sort_by(|(a, _), (b, _)| a.cmp(b));
    recorder.watch(supervisors.clone(), dynamic);
    let mut names = BTreeMap::new();
    for (label, key) in &script.names {
        names.insert(label.clone(), node.name(key)?);
    }
    let shared = Shared { recorder, script: Arc::new(script), names: Arc::new(names) };
    let nobody = nobody(&node).await?;
    let mut harness = Harness { shared, node, root: None, stopping: None, nobody };
    harness.boot().await;
    harness.dump(&supervisors).await;
    for (number, ops) in harness.shared.script.clone().steps.iter().enumerate() {
        harness.note(format!("step {}", number + 1));
        harness.step(ops).await;
        harness.dump(&supervisors).await;
    }
    let mut log = String::new();
    for line in harness.shared.recorder.take() {
        writeln!(log, "{line}")?;
    }
    log.push_str("end\n");
    Ok(log)
}

impl Harness {
    fn note(&self, line: String) {
        self.shared.recorder.note(line);
    }

    async fn boot(&mut self) {
        self.note("step 0".to_owned());
        let Some(root) = self.shared.script.find("r").map(|root| root.role.clone()) else { return };
        let Some(spec) = supervisor("r", &root, &self.shared) else { return };
        match Supervisor::start(&self.node, spec).await {
            Ok(root) => self.root = Some(root),
            Err(error) => {
                settle().await;
                self.note(format!("reply failed {}", start_error(&error)));
            }
        }
        settle().await;
    }

    async fn step(&mut self, ops: &[Op]) {
        let recorder = Arc::clone(&self.shared.recorder);
        let mut answers = Vec::new();
        let mut is_starting = false;
        let mut frost = Frost::default();
        let ops = match ops {
            [frozen, ops @ ..] if frozen[0] == "frozen" => {
                frost = Frost::over(&self.shared, &self.node);
                settle().await;
                ops
            }
            [busy, trigger, ops @ ..] if busy[0] == "busy" => {
                let (point, label) = (busy[1].clone(), busy[2].clone());
                let above = label.rsplit_once('.').map_or("", |(above, _)| above).to_owned();
                let incarnation = |recorder: &Recorder| recorder.alive(&above).map(|up| up.pid());
                let before = incarnation(&recorder);
                recorder.hold(Some(Hold { point, label }));
                answers.push(self.issue(trigger).await);
                settle().await;
                recorder.hold(None);
                let is_held = recorder.held().is_some();
                self.note(format!("held {is_held}"));
                // A supervisor that is starting itself runs beside its own supervisor as soon as it goes on.
                is_starting = is_held && incarnation(&recorder) != before;
                ops
            }
            ops => ops,
        };
        for op in ops.iter().filter(|op| !is_starting || op[0] == "killheld") {
            answers.push(self.issue(op).await);
            settle().await;
        }
        recorder.release();
        frost.thaw().await;
        settle().await;
        for answer in answers {
            let text = answer.now_or_never().unwrap_or_else(|| "pending".to_owned());
            self.note(format!("reply {text}"));
        }
    }

    /// Starts an operation; its answer may take until something is released.
    async fn issue(&mut self, op: &Op) -> Answer {
        let words: Vec<&str> = op.iter().map(String::as_str).collect();
        let recorder = &self.shared.recorder;
        let done = match words[..] {
            ["exit", label, reason] => self.order(label, Order::EndWith(reason.to_owned())),
            ["link", label, peer] => self.order(label, Order::Link(self.peer(peer))),
            ["unlink", label, peer] => self.order(label, Order::Unlink(self.peer(peer))),
            ["kill", label] => exit(recorder.alive(label), ExitReason::Killed),
            ["signal", label, reason] => {
                let reason = crate::reason::end_with(reason).into_reason();
                exit(recorder.alive(label), reason)
            }
            ["killheld", label] => {
                let held = recorder.held().filter(|(held, _)| held == label);
                exit(held.map(|(_, process)| process), ExitReason::Killed)
            }
            ["clock", seconds] => {
                recorder.advance(seconds.parse().unwrap_or(0));
                "ok"
            }
            ["stop"] => self.stop(),
            [verb, supervisor, ref operands @ ..] => {
                let Some(answer) = self.ask(verb, supervisor, operands) else {
                    return ready("skip");
                };
                return begun(answer);
            }
            _ => "not an operation",
        };
        if done == "ok" {
            settle().await;
        }
        ready(done)
    }

    /// Tells a worker to do something.
    fn order(&self, label: &str, order: Order) -> &'static str {
        let Some(process) = self.shared.recorder.alive(label) else { return "skip" };
        let told = process.server::<Order>().map(|server| server.cast(order));
        if matches!(told, Some(Ok(()))) { "ok" } else { "not told" }
    }

    /// The latest process of a label, which may have ended; one that has ended if there never was any.
    fn peer(&self, label: &str) -> ProcessRef {
        self.shared.recorder.last(label).unwrap_or_else(|| self.nobody.clone())
    }

    /// Tells the root to stop without waiting for it.
    fn stop(&mut self) -> &'static str {
        if self.shared.recorder.alive("r").is_none() {
            return "skip";
        }
        if let Some(root) = self.root.take() {
            let mut stopping = Box::pin(root.shutdown());
            // The first poll tells it; whether it has already ended is seen elsewhere.
            let _is_over = stopping.as_mut().now_or_never();
            self.stopping = Some(stopping);
        }
        "ok"
    }

    /// Sends an admin call. `None` if there is no such process to name in it.
    fn ask(&self, verb: &str, supervisor: &str, operands: &[&str]) -> Option<Answer> {
        let shared = self.shared.clone();
        let planned = shared.script.find(supervisor).cloned()?;
        let handle = self.node.supervisor(supervisor).ok()?;
        let asked = supervisor.to_owned();
        let label = operands.first().copied().unwrap_or_default().to_owned();
        let is_dynamic = matches!(planned.role, Role::Dynamic { .. });
        let target = (is_dynamic && verb == "term").then(|| shared.recorder.last(&label));
        let target = match target {
            Some(None) => return None,
            Some(process) => process,
            None => None,
        };
        Some(match verb {
            "start" => Box::pin(async move {
                let spec = match dynamic_child(&planned.role, &label, &shared) {
                    Some(spec) => spec,
                    None => match shared.script.find(&label) {
                        Some(node) => child(node, &shared),
                        None => return "no such child in the script".to_owned(),
                    },
                };
                started(&shared.recorder, handle.start_child(spec).await)
            }),
            "restart" => Box::pin(async move {
                changed(&shared.recorder, handle.restart_child(&label).await.map(Some))
            }),
            "delete" => Box::pin(async move {
                changed(&shared.recorder, handle.delete_child(&label).await.map(|()| None))
            }),
            "term" | "termid" => Box::pin(async move {
                let result = match &target {
                    Some(process) => handle.terminate_child(process).await,
                    None => handle.terminate_child(label.as_str()).await,
                };
                changed(&shared.recorder, result.map(|()| None))
            }),
            "which" => Box::pin(async move {
                match handle.which_children().await {
                    Ok(children) => {
                        format!("which {asked}{}", listed(&shared, is_dynamic, &children))
                    }
                    Err(_) => "gone".to_owned(),
                }
            }),
            "count" => Box::pin(async move {
                match handle.count_children().await {
                    Ok(counts) => format!("count {asked}{}", counted(&counts)),
                    Err(_) => "gone".to_owned(),
                }
            }),
            _ => return None,
        })
    }

    /// Writes down what every supervisor says about its children.
    async fn dump(&self, supervisors: &[(String, SupervisorRef)]) {
        for (label, handle) in supervisors {
            let is_dynamic =
                self.shared.script.find(label).is_some_and(|node| is_dynamic(&node.role));
            if let (Ok(children), Ok(counts)) =
                (handle.which_children().await, handle.count_children().await)
            {
                self.note(format!("which {label}{}", listed(&self.shared, is_dynamic, &children)));
                self.note(format!("count {label}{}", counted(&counts)));
            }
        }
        let names: BTreeMap<&str, &Name<Order>> =
            self.shared.names.values().map(|name| (name.key(), name)).collect();
        for (key, name) in names {
            let holder = name.whereis().map(|holder| self.shared.recorder.name(holder.pid()));
            self.note(format!("name {key} {}", holder.as_deref().unwrap_or("none")));
        }
    }
}

fn is_dynamic(role: &Role) -> bool {
    matches!(role, Role::Dynamic { .. })
}

/// Waits until nobody has anything left to do.
pub(crate) async fn settle() {
    foundation::time::sleep(SETTLED).await;
}

fn ready(text: &str) -> Answer {
    let text = text.to_owned();
    Box::pin(async move { text })
}

/// Polls a call once, so that it is in the queue of the supervisor.
fn begun(mut answer: Answer) -> Answer {
    match answer.as_mut().now_or_never() {
        Some(text) => ready(&text),
        None => answer,
    }
}

/// Starts and ends a process.
async fn nobody(node: &Node) -> Result<ProcessRef, Box<dyn Error>> {
    let root = Supervisor::start(node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    let process = root.process().clone();
    root.shutdown().await;
    Ok(process)
}

fn exit(process: Option<ProcessRef>, reason: ExitReason) -> &'static str {
    match process {
        Some(process) => {
            process.exit(reason);
            "ok"
        }
        None => "skip",
    }
}
