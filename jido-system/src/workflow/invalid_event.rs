//! Why a journal can not have been written by an engine.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::event::{Event, EventKind};

/// An event that can not follow those before it; the engine that refused it is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEvent {
    event: EventKind,
    task: Option<Arc<str>>,
    attempt: Option<u32>,
    fault: EventFault,
}

/// What is impossible about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventFault {
    /// It precedes `workflow_started`.
    NotStarted,
    /// The workflow has been started before.
    StartedTwice,
    /// It belongs to another workflow.
    OtherWorkflow,
    /// It follows the end of the workflow.
    AfterEnd,
    /// The workflow has no such task.
    UnknownTask,
    /// The task can not start: it runs, has ended, or waits for a parent.
    NotReady,
    /// The task is not running.
    NotRunning,
    /// The attempt is not the one that is expected.
    WrongAttempt {
        /// The attempt that would be right.
        expected: u32,
    },
    /// No task that it depends on failed, or it has ended.
    NotSkippable,
    /// The duration is negative or not finite.
    BadDuration,
    /// The workflow says that it ended, but its tasks say otherwise.
    WrongEnd,
    /// It was recorded after an event while the engine was already scheduling.
    AlreadyOpen,
}

impl InvalidEvent {
    pub(super) fn new(event: &Event, fault: EventFault) -> Self {
        let (task, attempt) = (event.task().cloned(), event.attempt());
        Self { event: event.kind(), task, attempt, fault }
    }

    /// The kind of the event.
    #[must_use]
    pub const fn event(&self) -> EventKind {
        self.event
    }

    /// The id of the task that the event is about.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// What is impossible about it.
    #[must_use]
    pub const fn fault(&self) -> EventFault {
        self.fault
    }
}

impl fmt::Display for InvalidEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "impossible {}", self.event)?;
        if let Some(task) = &self.task {
            write!(f, " of task {task:?}")?;
        }
        if let Some(attempt) = self.attempt {
            write!(f, " attempt {attempt}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl fmt::Display for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "the workflow has not started",
            Self::StartedTwice => "the workflow has started before",
            Self::OtherWorkflow => "it belongs to another workflow",
            Self::AfterEnd => "the workflow has ended",
            Self::UnknownTask => "the workflow has no such task",
            Self::NotReady => "the task is not ready",
            Self::NotRunning => "the task is not running",
            Self::WrongAttempt { expected } => {
                return write!(f, "attempt {expected} is the one expected");
            }
            Self::NotSkippable => "the task does not depend on a failed one, or has ended",
            Self::BadDuration => "the duration is negative or not finite",
            Self::WrongEnd => "the tasks have not ended like that",
            Self::AlreadyOpen => "the engine is scheduling already",
        })
    }
}

impl Error for InvalidEvent {}
