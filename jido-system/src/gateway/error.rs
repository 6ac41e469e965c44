//! Why the gateway did not do what it was asked.

use std::error::Error;
use std::fmt;

use foundation::{CallError, StartChildError};

use crate::workflow::archive_error::ArchiveError;

/// Why a workflow was not started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartWorkflowError {
    /// The same workflow is being started at this moment.
    Busy,
    /// The request makes no sense: no attempts, or a scale that is negative or not finite.
    Request(&'static str),
    /// The definition cannot be written as it is.
    Definition(serde_json::Error),
    /// The store did not do its part.
    Archive(ArchiveError),
    /// The process of the workflow did not start.
    Process(StartChildError),
    /// The gateway could not be asked.
    Call(CallError),
}

impl fmt::Display for StartWorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the same workflow is being started"),
            Self::Request(what) => f.write_str(what),
            Self::Definition(error) => write!(f, "the definition cannot be stored: {error}"),
            Self::Archive(error) => write!(f, "{error}"),
            Self::Process(error) => write!(f, "the workflow did not start: {error}"),
            Self::Call(error) => write!(f, "the gateway could not be asked: {error}"),
        }
    }
}

impl Error for StartWorkflowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Definition(error) => Some(error),
            Self::Archive(error) => Some(error),
            _ => None,
        }
    }
}

impl StartWorkflowError {
    /// Whether the store is away and may come back.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Archive(error) if error.is_passing())
    }
}

impl From<ArchiveError> for StartWorkflowError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// Why there is no report to wait for.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// The tree has stopped. The workflow can be continued later.
    Stopped,
    /// The store has no readable workflow with this id.
    Archive(ArchiveError),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the system has stopped"),
            Self::Archive(error) => write!(f, "{error}"),
        }
    }
}

impl Error for WaitError {}
