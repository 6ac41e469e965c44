//! The durable records of a workflow: what happened, in order, as JSON.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One record in the journal of a workflow.
///
/// Every task that ended has exactly one of `task_completed`, `task_failed` and `task_skipped`; an
/// attempt that failed and will be repeated is a `task_retried`. The names and fields of the JSON
/// form are durable: decoding refuses what it does not know, rather than skip a fact.
///
/// # Examples
/// ```
/// use jido_system::Event;
///
/// let event = Event::TaskStarted { task: "align".into(), attempt: 2 };
/// let bytes = event.encode();
/// assert_eq!(bytes, br#"{"event":"task_started","task":"align","attempt":2}"#);
/// assert_eq!(Event::decode(&bytes)?, event);
/// # Ok::<(), jido_system::DecodeEventError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The workflow was accepted; always the first record.
    WorkflowStarted {
        /// What was accepted.
        detail: WorkflowStarted,
    },
    /// An attempt of a task was granted a slot.
    TaskStarted {
        /// The id of the task.
        task: Arc<str>,
        /// 1 for the first attempt, and one more each time.
        attempt: u32,
    },
    /// The task succeeded; terminal for the task.
    TaskCompleted {
        /// The id of the task.
        task: Arc<str>,
        /// The attempt that succeeded.
        attempt: u32,
        /// How it went.
        detail: TaskCompleted,
    },
    /// The last attempt failed; terminal for the task.
    TaskFailed {
        /// The id of the task.
        task: Arc<str>,
        /// The attempt that failed last.
        attempt: u32,
        /// Why.
        detail: TaskFailed,
    },
    /// An attempt failed, and another one will follow.
    TaskRetried {
        /// The id of the task.
        task: Arc<str>,
        /// The attempt that failed.
        attempt: u32,
        /// Why, and when the next one is due.
        detail: TaskRetried,
    },
    /// The task will never run, because one that it depends on failed; terminal for the task.
    TaskSkipped {
        /// The id of the task.
        task: Arc<str>,
        /// Which failure it is.
        detail: TaskSkipped,
    },
    /// A later session took over; attempts that were running are void.
    Resumed {
        /// What it found.
        detail: Resumed,
    },
    /// Every task completed; terminal for the workflow.
    WorkflowCompleted {
        /// Final figures.
        detail: WorkflowCompleted,
    },
    /// The workflow ended otherwise; terminal for the workflow.
    WorkflowFailed {
        /// How it ended.
        detail: WorkflowFailed,
    },
}

/// Details of [`Event::WorkflowStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowStarted {
    /// The name of the workflow.
    pub workflow: Arc<str>,
    /// Its [`Fingerprint`](crate::Fingerprint), in hexadecimal.
    pub fingerprint: String,
    /// The number of tasks.
    pub tasks: u32,
    /// The number of tasks in flight at most, in this session.
    pub workers: u32,
}

/// Details of [`Event::TaskCompleted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCompleted {
    /// How long the attempt took, in seconds: finite, not negative.
    pub duration_s: f64,
    /// What the executor says about the end, for instance an exit code.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub exit: Value,
}

/// Details of [`Event::TaskFailed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskFailed {
    /// Why the last attempt failed.
    pub reason: Arc<str>,
    /// What kind of failure it was.
    pub cause: FailureCause,
}

/// Details of [`Event::TaskRetried`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRetried {
    /// Why the attempt failed.
    pub reason: Arc<str>,
    /// What kind of failure it was; only one of them uses up attempts.
    pub cause: FailureCause,
    /// How long the task waits before it is ready again, in milliseconds.
    pub delay_ms: u64,
}

/// Who is to blame for an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// The work itself failed: it uses up one of the attempts that the policy allows.
    Failed,
    /// Whatever executed the work crashed: it does not count as an attempt of the work.
    Crashed,
}

/// Details of [`Event::TaskSkipped`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSkipped {
    /// The id of the task whose failure made this one impossible.
    pub failed: Arc<str>,
}

/// Details of [`Event::Resumed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resumed {
    /// How many attempts had been running when the session before ended.
    pub interrupted: u32,
    /// The number of tasks in flight at most, in this session.
    pub workers: u32,
}

/// Details of [`Event::WorkflowCompleted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowCompleted {
    /// The number of tasks that completed: all of them.
    pub completed: u32,
}

/// Details of [`Event::WorkflowFailed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowFailed {
    /// The number of tasks that completed.
    pub completed: u32,
    /// The number of tasks that failed.
    pub failed: u32,
    /// The number of tasks that were skipped.
    pub skipped: u32,
    /// Why it was cancelled; absent when it ran to its end and tasks failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Arc<str>>,
}

/// The kind of an [`Event`], by its durable name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// `workflow_started`
    WorkflowStarted,
    /// `task_started`
    TaskStarted,
    /// `task_completed`
    TaskCompleted,
    /// `task_failed`
    TaskFailed,
    /// `task_retried`
    TaskRetried,
    /// `task_skipped`
    TaskSkipped,
    /// `resumed`
    Resumed,
    /// `workflow_completed`
    WorkflowCompleted,
    /// `workflow_failed`
    WorkflowFailed,
}

impl EventKind {
    /// The name in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorkflowStarted => "workflow_started",
            Self::TaskStarted => "task_started",
            Self::TaskCompleted => "task_completed",
            Self::TaskFailed => "task_failed",
            Self::TaskRetried => "task_retried",
            Self::TaskSkipped => "task_skipped",
            Self::Resumed => "resumed",
            Self::WorkflowCompleted => "workflow_completed",
            Self::WorkflowFailed => "workflow_failed",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// What kind of record this is.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::WorkflowStarted { .. } => EventKind::WorkflowStarted,
            Self::TaskStarted { .. } => EventKind::TaskStarted,
            Self::TaskCompleted { .. } => EventKind::TaskCompleted,
            Self::TaskFailed { .. } => EventKind::TaskFailed,
            Self::TaskRetried { .. } => EventKind::TaskRetried,
            Self::TaskSkipped { .. } => EventKind::TaskSkipped,
            Self::Resumed { .. } => EventKind::Resumed,
            Self::WorkflowCompleted { .. } => EventKind::WorkflowCompleted,
            Self::WorkflowFailed { .. } => EventKind::WorkflowFailed,
        }
    }

    /// The id of the task that the record is about, if it is about one.
    #[must_use]
    pub const fn task(&self) -> Option<&Arc<str>> {
        match self {
            Self::TaskStarted { task, .. }
            | Self::TaskCompleted { task, .. }
            | Self::TaskFailed { task, .. }
            | Self::TaskRetried { task, .. }
            | Self::TaskSkipped { task, .. } => Some(task),
            _ => None,
        }
    }

    /// The attempt that the record is about, if it is about one.
    #[must_use]
    pub const fn attempt(&self) -> Option<u32> {
        match self {
            Self::TaskStarted { attempt, .. }
            | Self::TaskCompleted { attempt, .. }
            | Self::TaskFailed { attempt, .. }
            | Self::TaskRetried { attempt, .. } => Some(*attempt),
            _ => None,
        }
    }

    /// The details as JSON; null when there are none.
    #[must_use]
    pub fn detail(&self) -> Value {
        let mut whole = plain_data(serde_json::to_value(self));
        whole.get_mut("detail").map(Value::take).unwrap_or_default()
    }

    /// The stored form: one JSON object without line breaks.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        plain_data(serde_json::to_vec(self))
    }

    /// Reads the stored form back.
    ///
    /// # Errors
    /// [`DecodeEventError`] for anything that [`encode`](Self::encode) can not have written: an
    /// unknown kind, a missing or unknown field, a wrong type.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeEventError> {
        serde_json::from_slice(bytes).map_err(|source| DecodeEventError { source })
    }

    /// The line of the printed journal: `seq, at_ms, event, task, attempt, detail`, always all six.
    ///
    /// # Examples
    /// ```
    /// let event = jido_system::Event::TaskStarted { task: "a".into(), attempt: 1 };
    /// assert_eq!(
    ///     event.log_line(7, 1234),
    ///     r#"{"seq":7,"at_ms":1234,"event":"task_started","task":"a","attempt":1,"detail":null}"#
    /// );
    /// ```
    #[must_use]
    pub fn log_line(&self, seq: u64, at_ms: u64) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            seq: u64,
            at_ms: u64,
            event: &'a str,
            task: Option<&'a str>,
            attempt: Option<u32>,
            detail: Value,
        }
        let line = Line {
            seq,
            at_ms,
            event: self.kind().as_str(),
            task: self.task().map(|task| &**task),
            attempt: self.attempt(),
            detail: self.detail(),
        };
        plain_data(serde_json::to_string(&line))
    }
}

/// A stored record is no event that this version knows.
#[derive(Debug)]
pub struct DecodeEventError {
    source: serde_json::Error,
}

impl fmt::Display for DecodeEventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record is not a workflow event")
    }
}

impl Error for DecodeEventError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Plain data with text keys always has a JSON form.
fn plain_data<T>(encoded: Result<T, serde_json::Error>) -> T {
    encoded.expect("events are plain data with text keys")
}
