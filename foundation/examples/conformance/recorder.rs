//! Writes down what happens, in the order in which it happens.
//!
//! Ends are taken from monitors whose notices queue up in the order in which the ends were published; they are drained before
//! anything else is written. A supervisor has no callback of its own: it asks the node's clock before it handles anything, its
//! own start first, so a look at the names from inside the clock sees each one before its first child starts.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use foundation::{Clock, Down, Name, Pid, ProcessRef, Report, ReportKind, SupervisorRef};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::reason::text;
use crate::worker::Order;

/// Where a worker is held: in `init` or in `terminate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) point: String,
    pub(crate) label: String,
}

#[derive(Default)]
struct State {
    lines: Vec<String>,
    numbers: HashMap<String, u64>,
    names: HashMap<Pid, String>,
    current: HashMap<String, ProcessRef>,
    ends: FuturesUnordered<Pin<Box<dyn Future<Output = Down> + Send>>>,
    supervisors: Vec<(String, SupervisorRef)>,
    dynamic: Vec<String>,
    hold: Option<Hold>,
    held: Option<(String, ProcessRef, Arc<Notify>)>,
}

#[derive(Default)]
pub(crate) struct Recorder {
    state: Mutex<State>,
    /// What has passed on the clock of the script.
    seconds: AtomicU64,
}

impl Recorder {
    pub(crate) fn advance(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The supervisors that may come up, with the names of the dynamic ones.
    pub(crate) fn watch(&self, supervisors: Vec<(String, SupervisorRef)>, dynamic: Vec<String>) {
        let mut state = self.state.lock();
        state.supervisors = supervisors;
        state.dynamic = dynamic;
    }

    /// Counts a start attempt.
    pub(crate) fn begins(&self, label: &str) -> u64 {
        self.catch_up().next_number(label)
    }

    pub(crate) fn started(&self, label: &str, number: u64, process: &ProcessRef) {
        self.catch_up().start(label, number, process);
    }

    pub(crate) fn note(&self, line: String) {
        self.catch_up().lines.push(line);
    }

    /// Writes down the ends and the new supervisors that have not been seen yet.
    fn catch_up(&self) -> parking_lot::MutexGuard<'_, State> {
        let mut state = self.state.lock();
        while let Some(Some(down)) = state.ends.next().now_or_never() {
            let line = format!("exit {} {}", state.name(down.pid), text(&down.reason));
            state.lines.push(line);
        }
        for index in 0..state.supervisors.len() {
            let (label, handle) = state.supervisors[index].clone();
            if let Some(process) = handle.process()
                && !state.names.contains_key(&process.pid())
            {
                let number = state.next_number(&label);
                state.start(&label, number, &process);
            }
        }
        state
    }

    pub(crate) fn report(&self, report: &Report) {
        let mut state = self.catch_up();
        let supervisor = state.name(report.supervisor);
        let label = supervisor.split('#').next().unwrap_or_default().to_owned();
        let child = &report.child;
        let reason = report.reason.as_ref().map(text).unwrap_or_default();
        let line = match report.kind {
            ReportKind::ChildTerminated => format!("child_terminated {child} {reason}"),
            ReportKind::StartError => format!("start_error {child} {reason}"),
            ReportKind::ShutdownError if state.dynamic.contains(&label) => {
                format!("shutdown_error *1 {reason}")
            }
            ReportKind::ShutdownError => format!("shutdown_error {child} {reason}"),
            ReportKind::ReachedMaxRestartIntensity => format!("give_up {child}"),
            _ => "unknown".to_owned(),
        };
        state.lines.push(format!("report {supervisor} {line}"));
    }

    /// The running incarnation.
    pub(crate) fn alive(&self, label: &str) -> Option<ProcessRef> {
        self.last(label).filter(ProcessRef::is_alive)
    }

    /// The latest incarnation, running or not.
    pub(crate) fn last(&self, label: &str) -> Option<ProcessRef> {
        self.catch_up().current.get(label).cloned()
    }

    pub(crate) fn name(&self, pid: Pid) -> String {
        self.catch_up().name(pid)
    }

    pub(crate) fn hold(&self, hold: Option<Hold>) {
        self.state.lock().hold = hold;
    }

    pub(crate) fn held(&self) -> Option<(String, ProcessRef)> {
        let held = self.state.lock().held.clone();
        held.map(|(label, process, _)| (label, process))
    }

    pub(crate) fn release(&self) {
        let held = self.state.lock().held.take();
        if let Some((_, _, released)) = held {
            released.notify_one();
        }
    }

    /// Waits for the release if the worker is to be held here.
    pub(crate) async fn pass_gate(&self, point: &str, label: &str, process: &ProcessRef) {
        let released = {
            let mut state = self.state.lock();
            let is_meant = |hold: &Hold| hold.point == point && hold.label == label;
            if !state.hold.as_ref().is_some_and(is_meant) {
                return;
            }
            state.hold = None;
            let released = Arc::new(Notify::new());
            state.held = Some((label.to_owned(), process.clone(), Arc::clone(&released)));
            released
        };
        released.notified().await;
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.catch_up().lines)
    }
}

impl State {
    fn next_number(&mut self, label: &str) -> u64 {
        let number = self.numbers.entry(label.to_owned()).or_default();
        *number += 1;
        *number
    }

    fn start(&mut self, label: &str, number: u64, process: &ProcessRef) {
        let name = format!("{label}#{number}");
        self.lines.push(format!("start {name}"));
        self.names.insert(process.pid(), name);
        self.current.insert(label.to_owned(), process.clone());
        self.ends.push(Box::pin(process.monitor().down()));
    }

    fn name(&self, pid: Pid) -> String {
        self.names.get(&pid).cloned().unwrap_or_else(|| "unknown".to_owned())
    }
}

/// A clock that only the script moves, and that lets the recorder look.
#[derive(Clone)]
pub(crate) struct Onlooker(pub(crate) Weak<Recorder>);

impl Clock for Onlooker {
    fn monotonic(&self) -> Duration {
        let passed = self.0.upgrade().map_or(0, |recorder| {
            drop(recorder.catch_up());
            recorder.seconds.load(Ordering::Relaxed)
        });
        Duration::from_secs(1_000_000 + passed)
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onlooker")
    }
}

/// What a worker of a script needs to know.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) script: Arc<crate::script::Script>,
    /// The names of the script, by the label of the worker that registers one.
    pub(crate) names: Arc<BTreeMap<String, Name<Order>>>,
}
