//! How many tasks are where, as the last signal says.
//!
//! Pure. A signal may be missed (the display is served best effort): the next one is right again.

use jido_system::TaskCounts;
use serde_json::Value;

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
    /// Reads the figures in the data of a signal of the workflow `id`; `None` if it is of another, or has none.
    pub(crate) fn of_signal(data: &Value, id: &str) -> Option<Self> {
        if data["workflow"] != id {
            return None;
        }
        let figure = |name: &str| data["counts"][name].as_u64();
        Some(Self {
            tasks: figure("tasks")?,
            completed: figure("completed")?,
            failed: figure("failed")?,
            skipped: figure("skipped")?,
            running: figure("running")?,
        })
    }

    /// The number of tasks that have ended, one way or another.
    pub(crate) fn ended(&self) -> u64 {
        self.completed + self.failed + self.skipped
    }
}
