//! Where a workflow stands, in figures.

use std::sync::Arc;

/// How far a workflow has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkflowStatus {
    /// Nothing has been recorded yet.
    #[default]
    New,
    /// It has started and not ended.
    Running,
    /// Every task completed.
    Completed,
    /// It ran to its end, and at least one task failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl WorkflowStatus {
    /// Whether nothing can happen any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// The number of tasks in each state; the states add up to `tasks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// All tasks.
    pub tasks: u32,
    /// Waiting for a parent.
    pub waiting: u32,
    /// Could start now.
    pub ready: u32,
    /// Started and not ended.
    pub running: u32,
    /// Waiting for the next attempt.
    pub backoff: u32,
    /// Ended well.
    pub completed: u32,
    /// Ended after the last attempt.
    pub failed: u32,
    /// Never to run, because a task before it failed.
    pub skipped: u32,
}

impl TaskCounts {
    /// The number of tasks that have ended, one way or another.
    #[must_use]
    pub const fn ended(&self) -> u32 {
        self.completed + self.failed + self.skipped
    }
}

/// Sums over the whole journal, all sessions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Attempts that were started.
    pub executions: u64,
    /// Attempts that failed and were followed by another.
    pub retries: u64,
    /// Sessions that took over from an earlier one.
    pub resumed: u64,
    /// Attempts that were running when a session ended.
    pub interrupted: u64,
    /// The largest number of workers of any session.
    pub workers_max: u32,
}

/// A task that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFailure {
    /// The id of the task.
    pub task: Arc<str>,
    /// The attempt that failed last.
    pub attempt: u32,
    /// Why.
    pub reason: Arc<str>,
}
