//! Why there is no place, and why a task has no result.

use std::fmt;
use std::sync::Arc;

use crate::task::stream::TaskItem;

/// Why a pool gives no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool is not running.
    Closed,
    /// All places are taken (`try_acquire`), or too many callers wait for one.
    Full,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the task pool is not running",
            Self::Full => "the task pool is full",
        })
    }
}

impl std::error::Error for PoolError {}

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked, with this text.
    Panicked(Arc<str>),
    /// It was aborted.
    Aborted,
    /// Its pool ended and took it along.
    PoolDown,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(text) => write!(f, "the task panicked: {text}"),
            Self::Aborted => f.write_str("the task was aborted"),
            Self::PoolDown => f.write_str("the task pool ended"),
        }
    }
}

impl std::error::Error for TaskError {}

/// Why an input of a [`TaskStream`](crate::TaskStream) has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemError {
    /// Its task panicked, with this text.
    Panicked(Arc<str>),
    /// Its task took longer than each of them may.
    TimedOut,
    /// Its task was aborted.
    Aborted,
    /// The pool ended. The task was taken along, or never begun.
    PoolDown,
    /// Nothing of the stream ran, and too many callers waited for a place in the pool already. The task was never begun.
    Refused,
}

impl From<TaskError> for ItemError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Panicked(text) => Self::Panicked(text),
            TaskError::Aborted => Self::Aborted,
            TaskError::PoolDown => Self::PoolDown,
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(text) => write!(f, "the task panicked: {text}"),
            Self::TimedOut => f.write_str("the task took too long"),
            Self::Aborted => f.write_str("the task was aborted"),
            Self::PoolDown => f.write_str("the task pool ended"),
            Self::Refused => f.write_str("too many callers wait for the task pool"),
        }
    }
}

impl std::error::Error for ItemError {}

/// The first failure of a batch, and what else was begun. Nothing of it runs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchError<T> {
    /// Which input failed, counted from 0.
    pub index: usize,
    /// Why.
    pub error: ItemError,
    /// All other inputs that were begun, in their order, as they ended. What has a value was done, and may have to be undone.
    pub others: Vec<TaskItem<T>>,
}

impl<T> fmt::Display for BatchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "input {} of the batch failed", self.index)
    }
}

impl<T: fmt::Debug> std::error::Error for BatchError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
