//! What lives on a node, counted.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Gauges of what lives on a node.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(super) processes: AtomicUsize,
    pub(super) monitors_fired: AtomicU64,
    pub(super) monitors_dropped: AtomicU64,
    pub(super) tasks: AtomicUsize,
    pub(super) zombies: AtomicUsize,
    pub(super) listener_panics: AtomicU64,
}

impl Counters {
    pub(crate) fn process_started(&self) {
        self.processes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn process_ended(&self) {
        self.processes.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn monitors_fired(&self, count: usize) {
        self.monitors_fired.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn monitor_dropped(&self) {
        self.monitors_dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn zombie_made(&self) {
        self.zombies.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn zombie_gone(&self) {
        self.zombies.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn task_started(&self) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn task_ended(&self) {
        self.tasks.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How much lives on a node now. Comparing two of these shows a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeCounts {
    /// Processes, supervisors and processes on threads included.
    pub processes: usize,
    /// Live monitors. The ties of supervisors to their children do not count.
    pub monitors: usize,
    /// Names that are registered now.
    pub names: usize,
    /// Groups that have members now.
    pub groups: usize,
    /// Tasks of all task supervisors, and tasks that processes started for themselves.
    pub tasks: usize,
    /// Processes that were fenced and whose code still runs; see [`NodeConfig::kill_grace`](crate::NodeConfig::kill_grace).
    pub zombies: usize,
    /// Pieces of blocking work that run, or wait for a thread of the runtime.
    pub blocking: usize,
}
