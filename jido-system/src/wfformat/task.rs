//! One task of a workflow: what to run, and what it waits for.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The position of a task in its workflow: a dense index in the order of the file.
///
/// It means something only together with the workflow that it came from.
///
/// # Examples
/// ```
/// use jido_system::TaskIndex;
///
/// let index = TaskIndex::new(7);
/// assert_eq!(index.as_usize(), 7);
/// assert_eq!(index.to_string(), "#7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskIndex(u32);

impl TaskIndex {
    /// Names the task at this position.
    #[must_use]
    pub const fn new(position: u32) -> Self {
        Self(position)
    }

    /// The position as an index into [`Workflow::tasks`](crate::Workflow::tasks).
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// Names the task at a position that is known to fit, because a file is bounded.
    pub(crate) fn from_usize(position: usize) -> Self {
        Self(u32::try_from(position).expect("a bounded file holds fewer than 2^32 tasks"))
    }
}

impl fmt::Display for TaskIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The program that a task runs, and its arguments: no shell is involved.
///
/// Neither the program nor an argument contains a NUL byte, and the program is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandLine {
    /// A program name to look up, or a path.
    pub program: String,
    /// The arguments, each passed on as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
}

/// One task of a [`Workflow`](crate::Workflow).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// The id that the file gives it: unique, not empty, without NUL bytes.
    pub id: Arc<str>,
    /// What a person calls it; the id when the file has no name for it.
    pub name: Arc<str>,
    /// How long the task took when it was recorded, in seconds; 0 when nothing was recorded.
    pub runtime_s: f64,
    /// What to run; `None` when the file records no program.
    pub command: Option<CommandLine>,
    /// The tasks that must complete first, in the order of the file, each once.
    pub parents: Vec<TaskIndex>,
    /// The tasks that wait for this one, in the order of the file, each once.
    pub children: Vec<TaskIndex>,
    /// Ids of the files that the task reads, as recorded.
    pub input_files: Vec<String>,
    /// Ids of the files that the task writes, as recorded.
    pub output_files: Vec<String>,
}
