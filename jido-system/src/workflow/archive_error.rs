//! Why the store did not do its part for a workflow.

use std::error::Error;
use std::fmt;

use persistence::{AppendError, CommitError, KeyError, ReadError, SaveError};

use super::id::WorkflowId;
use crate::{DecodeEventError, InvalidEvent};

/// Why the store did not do its part. Nothing is half-written.
#[derive(Debug)]
#[non_exhaustive]
pub enum ArchiveError {
    /// No workflow has this id.
    Unknown {
        /// The id.
        id: WorkflowId,
    },
    /// The id cannot be a key of the store.
    BadId {
        /// Why.
        source: KeyError,
    },
    /// The store could not be read.
    Read {
        /// Why.
        source: ReadError,
    },
    /// The store refused a record, or its fate is unknown.
    Save {
        /// Why.
        source: SaveError,
    },
    /// The store refused events, or their fate is unknown.
    Append {
        /// Why.
        source: AppendError,
    },
    /// A record and its events could not be written together.
    Commit {
        /// Why.
        source: CommitError,
    },
    /// What is stored is not what this program writes.
    Record {
        /// The workflow.
        id: WorkflowId,
        /// Why.
        source: serde_json::Error,
    },
    /// A record of a newer version of this program.
    TooNew {
        /// The workflow.
        id: WorkflowId,
        /// The version of the record.
        found: u32,
    },
    /// An entry of the journal is not an event.
    Event {
        /// The workflow.
        id: WorkflowId,
        /// Its number in the journal.
        seq: u64,
        /// Why.
        source: DecodeEventError,
    },
    /// An event of the journal cannot follow those before it.
    Journal {
        /// The workflow.
        id: WorkflowId,
        /// Its number in the journal.
        seq: u64,
        /// Why.
        source: InvalidEvent,
    },
}

impl ArchiveError {
    /// Whether the store is away, and may come back: nothing is known to be wrong with the data.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::Read { source } => source.is_retryable(),
            Self::Append { source } => source.is_retryable(),
            Self::Save { source } => source.is_retryable(),
            _ => false,
        }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { id } => write!(f, "the store has no workflow {id}"),
            Self::BadId { source } => write!(f, "not an id: {source}"),
            Self::Read { source } => write!(f, "{source}"),
            Self::Save { source } => write!(f, "{source}"),
            Self::Append { source } => write!(f, "{source}"),
            Self::Commit { .. } => f.write_str("the store did not take the workflow"),
            Self::Record { id, source } => {
                write!(f, "the record of workflow {id} is not readable: {source}")
            }
            Self::TooNew { id, found } => {
                write!(
                    f,
                    "workflow {id} was written by a newer version of this program (record version {found})"
                )
            }
            Self::Event { id, seq, source } => {
                write!(f, "workflow {id}, journal entry {seq}: {source}")
            }
            Self::Journal { id, seq, source } => {
                write!(f, "workflow {id}, journal entry {seq}: {source}")
            }
        }
    }
}

impl Error for ArchiveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unknown { .. } | Self::TooNew { .. } => None,
            Self::BadId { source } => Some(source),
            Self::Read { source } => Some(source),
            Self::Save { source } => Some(source),
            Self::Append { source } => Some(source),
            Self::Commit { source } => Some(source),
            Self::Record { source, .. } => Some(source),
            Self::Event { source, .. } => Some(source),
            Self::Journal { source, .. } => Some(source),
        }
    }
}

impl From<ReadError> for ArchiveError {
    fn from(source: ReadError) -> Self {
        Self::Read { source }
    }
}

impl From<AppendError> for ArchiveError {
    fn from(source: AppendError) -> Self {
        Self::Append { source }
    }
}

impl From<SaveError> for ArchiveError {
    fn from(source: SaveError) -> Self {
        Self::Save { source }
    }
}
