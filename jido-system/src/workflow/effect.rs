//! What the engine asks for, and what it is told.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::event::Event;
use super::progress::WorkflowStatus;
use crate::TaskIndex;

/// Something to do, now that the events behind it are durable.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an effect that is not carried out leaves the workflow waiting for ever"]
pub enum Effect {
    /// Run this attempt of the task, and report its end.
    Launch {
        /// The task.
        task: TaskIndex,
        /// The attempt, to be given back with the outcome.
        attempt: u32,
    },
    /// Report `retry_due` after the delay.
    Backoff {
        /// The task.
        task: TaskIndex,
        /// The attempt that failed, to be given back.
        attempt: u32,
        /// How long to wait.
        delay: Duration,
    },
    /// Stop this attempt; its outcome no longer matters.
    Stop {
        /// The task.
        task: TaskIndex,
        /// The attempt.
        attempt: u32,
    },
    /// Tell whoever listens.
    Announce(Event),
    /// The workflow has ended; always the last effect.
    Finished(WorkflowStatus),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The work succeeded.
    Completed {
        /// How long it took, in seconds; what is no duration counts as 0.
        duration_s: f64,
        /// What is worth keeping about the end, for instance an exit code.
        detail: Value,
    },
    /// The work failed: this uses up one of the attempts of the policy.
    Failed {
        /// Why, in one line.
        reason: String,
    },
    /// Whatever executed the work crashed: it is repeated at once, but not for ever.
    Crashed {
        /// Why, in one line.
        reason: String,
    },
}

/// The attempt is not one that is running: it was reported before, or was interrupted or stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleAttempt {
    /// The task.
    pub task: TaskIndex,
    /// The attempt.
    pub attempt: u32,
}

impl fmt::Display for StaleAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} of task {} is not running", self.attempt, self.task)
    }
}

impl Error for StaleAttempt {}
