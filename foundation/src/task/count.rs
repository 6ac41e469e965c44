//! What counts one task: the gauge of its node, and the metrics.

use crate::node::Node;
use crate::process::blocking::BlockingSeat;
use crate::telemetry;

/// What is given back when a task or a piece of blocking work has ended.
pub(crate) trait Counted {
    /// It ended by itself: with a value, or by a panic.
    fn ended(self, is_ok: bool);
}

/// Counts one task on its node. Dropped before it was told of an end, it says that the task was aborted.
pub(crate) struct TaskCount {
    node: Node,
    outcome: TaskOutcome,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskOutcome {
    Ok,
    Panic,
    Aborted,
}

impl TaskCount {
    pub(crate) fn new(node: &Node) -> Self {
        node.counters().task_started();
        telemetry::task_started();
        Self { node: node.clone(), outcome: TaskOutcome::Aborted }
    }
}

impl Counted for TaskCount {
    fn ended(mut self, is_ok: bool) {
        self.outcome = if is_ok { TaskOutcome::Ok } else { TaskOutcome::Panic };
    }
}

/// A seat is counted by the node alone.
impl Counted for BlockingSeat {
    fn ended(self, _is_ok: bool) {}
}

impl Drop for TaskCount {
    fn drop(&mut self) {
        self.node.counters().task_ended();
        telemetry::task_ended(self.outcome);
    }
}
