//! How many tasks are where, counted from the events of a run.
//!
//! Pure. An event may be missed or come twice (the display is served best effort): the figures
//! never leave their range.

use jido_system::TaskCounts;

/// What the display shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) tasks: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    pub(crate) running: u64,
}

impl From<TaskCounts> for Tally {
    fn from(counts: TaskCounts) -> Self {
        Self {
            tasks: u64::from(counts.tasks),
            completed: u64::from(counts.completed),
            failed: u64::from(counts.failed),
            skipped: u64::from(counts.skipped),
            running: u64::from(counts.running),
        }
    }
}

impl Tally {
    /// Counts one event, by the type of its signal. Others are of no concern here.
    pub(crate) fn count(&mut self, signal_type: &str) {
        match signal_type {
            "workflow.task.started" => self.running = (self.running + 1).min(self.tasks),
            "workflow.task.completed" => {
                self.running = self.running.saturating_sub(1);
                self.completed += self.room();
            }
            "workflow.task.failed" => {
                self.running = self.running.saturating_sub(1);
                self.failed += self.room();
            }
            "workflow.task.retried" => self.running = self.running.saturating_sub(1),
            "workflow.task.skipped" => self.skipped += self.room(),
            _ => {}
        }
    }

    /// The number of tasks that have ended, one way or another.
    pub(crate) fn ended(&self) -> u64 {
        self.completed + self.failed + self.skipped
    }

    fn room(&self) -> u64 {
        u64::from(self.ended() < self.tasks)
    }
}
