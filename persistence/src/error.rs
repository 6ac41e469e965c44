//! What can go wrong, one enum per operation.
//!
//! Every variant says what state it leaves behind. "Could not load" is never "absent", and a write
//! whose fate is unknown is `Indeterminate`, never "not written".

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use foundation::ExitReason;

use crate::{Damage, EnvelopeError, Epoch, Key, Revision, Seq};

/// Why a store gave no certain answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// The deadline passed.
    Timeout,
    /// The store's mailbox stayed full.
    Full,
    /// The store's process ended.
    Down(ExitReason),
    /// The store dropped the request.
    NoReply,
    /// The store's disk or file failed; its process ends and is started again.
    Backend(Arc<dyn Error + Send + Sync>),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer before the deadline"),
            Self::Full => f.write_str("mailbox full"),
            Self::Down(reason) => write!(f, "store ended: {reason}"),
            Self::NoReply => f.write_str("request dropped"),
            Self::Backend(cause) => write!(f, "backend failed: {cause}"),
        }
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Backend(cause) => Some(&**cause),
            _ => None,
        }
    }
}

/// Why nothing could be read. The record or log may well exist.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ReadError {
    /// The store did not answer; try again.
    Unavailable(Fault),
    /// No store runs under this name: not started, being restarted, or shut down.
    Closed,
    /// What is stored is damaged. It stays as it is.
    Corrupt {
        /// The record or log.
        key: Key,
        /// What is wrong with it.
        damage: Damage,
    },
    /// What is stored has a form that only a newer program reads. It stays as it is.
    TooNew {
        /// The record or log.
        key: Key,
        /// Format number that was found.
        found: u8,
        /// Greatest format number this program reads.
        supported: u8,
    },
}

impl ReadError {
    /// Whether the same request may succeed later without anybody's repair.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Closed)
    }

    pub(crate) fn from_envelope(key: &Key, error: &EnvelopeError) -> Self {
        match *error {
            EnvelopeError::Corrupt(damage) => Self::Corrupt { key: key.clone(), damage },
            EnvelopeError::TooNew { found, supported } => {
                Self::TooNew { key: key.clone(), found, supported }
            }
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(fault) => write!(f, "store unavailable: {fault}"),
            Self::Closed => f.write_str("no store is running"),
            Self::Corrupt { key, damage } => write!(f, "corrupt data under {key}: {damage}"),
            Self::TooNew { key, found, supported } => {
                write!(f, "data of format {found} under {key} is newer than {supported}")
            }
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Why a record was not written or removed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SaveError {
    /// The stored revision is another one. Nothing was written.
    Conflict {
        /// The stored revision; [`Revision::ABSENT`] if there is no record.
        found: Revision,
    },
    /// A greater epoch owns the record. Nothing was written, nor will be from this epoch.
    Fenced {
        /// The epoch that owns it.
        current_epoch: Epoch,
    },
    /// The write may be there now or later: retry the same save, or load and compare its id.
    Indeterminate(Fault),
    /// Certainly not written; try again.
    Unavailable(Fault),
    /// No store runs under this name. Certainly not written.
    Closed,
    /// The record is larger than the store takes. Nothing was written.
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// Most bytes taken.
        limit: usize,
    },
    /// The stored record is damaged or of an unreadable format, and is not overwritten.
    Corrupt {
        /// The stored record.
        key: Key,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The stored record has a newer schema than this save, and is not overwritten.
    SchemaTooNew {
        /// Version of the stored record.
        found: u32,
        /// Version of this save.
        offered: u32,
    },
    /// The stored record has a form that only a newer program reads, and is not overwritten.
    TooNew {
        /// Format number that was found.
        found: u8,
        /// Greatest format number this program reads.
        supported: u8,
    },
}

impl SaveError {
    /// Whether the same save, under the same write id, may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Indeterminate(_) | Self::Unavailable(_) | Self::Closed)
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { found } => write!(f, "conflict: the stored revision is {found}"),
            Self::Fenced { current_epoch } => write!(f, "fenced by epoch {current_epoch}"),
            Self::Indeterminate(fault) => write!(f, "outcome unknown: {fault}"),
            Self::Unavailable(fault) => write!(f, "not written: {fault}"),
            Self::Closed => f.write_str("not written: no store is running"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are over the limit of {limit}")
            }
            Self::Corrupt { key, damage } => {
                write!(f, "the record under {key} is corrupt and stays: {damage}")
            }
            Self::SchemaTooNew { found, offered } => {
                write!(f, "the stored schema version {found} is newer than {offered}")
            }
            Self::TooNew { found, supported } => {
                write!(f, "the stored format {found} is newer than {supported}")
            }
        }
    }
}

impl Error for SaveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Indeterminate(fault) | Self::Unavailable(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Why nothing was appended or trimmed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AppendError {
    /// The log ends elsewhere. Nothing was appended.
    Conflict {
        /// Its last position.
        found: Seq,
    },
    /// A greater epoch owns the log. Nothing was appended, nor will be from this epoch.
    Fenced {
        /// The epoch that owns it.
        current_epoch: Epoch,
    },
    /// The entries may be there now or later: retry the same append, or ask for the last entry.
    Indeterminate(Fault),
    /// Certainly not appended; try again.
    Unavailable(Fault),
    /// No store runs under this name. Certainly not appended.
    Closed,
    /// An entry, or the sum of them, is larger than the store takes. Nothing was appended.
    TooLarge {
        /// Their bytes.
        bytes: usize,
        /// Most bytes taken.
        limit: usize,
    },
    /// The log's own record is damaged; the log stays as it is.
    Corrupt {
        /// The log.
        key: Key,
        /// What is wrong with it.
        damage: Damage,
    },
}

impl AppendError {
    /// Whether the same append, under the same write id, may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Indeterminate(_) | Self::Unavailable(_) | Self::Closed)
    }
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { found } => write!(f, "conflict: the log ends at {found}"),
            Self::Fenced { current_epoch } => write!(f, "fenced by epoch {current_epoch}"),
            Self::Indeterminate(fault) => write!(f, "outcome unknown: {fault}"),
            Self::Unavailable(fault) => write!(f, "not appended: {fault}"),
            Self::Closed => f.write_str("not appended: no store is running"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are over the limit of {limit}")
            }
            Self::Corrupt { key, damage } => write!(f, "the log {key} is corrupt: {damage}"),
        }
    }
}

impl Error for AppendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Indeterminate(fault) | Self::Unavailable(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Why a transaction was not applied.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CommitError {
    /// One of its saves is refused. Nothing was applied.
    Save {
        /// Its position among the saves.
        index: usize,
        /// Why.
        error: SaveError,
    },
    /// One of its removals is refused. Nothing was applied.
    Remove {
        /// Its position among the removals.
        index: usize,
        /// Why.
        error: SaveError,
    },
    /// One of its appends is refused. Nothing was applied.
    Append {
        /// Its position among the appends.
        index: usize,
        /// Why.
        error: AppendError,
    },
    /// A record or log occurs twice. Nothing was applied.
    Duplicate {
        /// Its name.
        key: Key,
    },
    /// All of it may be there now or later: retry the same transaction.
    Indeterminate(Fault),
    /// Certainly not applied; try again.
    Unavailable(Fault),
    /// No store runs under this name. Certainly not applied.
    Closed,
    /// The sum of its bytes is over the limit. Nothing was applied.
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// Most bytes taken.
        limit: usize,
    },
}

impl CommitError {
    /// Whether the same transaction, under the same write ids, may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Indeterminate(_) | Self::Unavailable(_) | Self::Closed)
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Save { index, error } => write!(f, "save {index}: {error}"),
            Self::Remove { index, error } => write!(f, "remove {index}: {error}"),
            Self::Append { index, error } => write!(f, "append {index}: {error}"),
            Self::Duplicate { key } => write!(f, "{key} occurs twice in one transaction"),
            Self::Indeterminate(fault) => write!(f, "outcome unknown: {fault}"),
            Self::Unavailable(fault) => write!(f, "not applied: {fault}"),
            Self::Closed => f.write_str("not applied: no store is running"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are over the limit of {limit}")
            }
        }
    }
}

impl Error for CommitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Save { error, .. } | Self::Remove { error, .. } => Some(error),
            Self::Append { error, .. } => Some(error),
            Self::Indeterminate(fault) | Self::Unavailable(fault) => Some(fault),
            _ => None,
        }
    }
}

/// A transaction of one save or removal fails as that save does.
impl From<CommitError> for SaveError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Save { error, .. } | CommitError::Remove { error, .. } => error,
            CommitError::Indeterminate(fault) => Self::Indeterminate(fault),
            CommitError::Unavailable(fault) => Self::Unavailable(fault),
            CommitError::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            CommitError::Closed | CommitError::Append { .. } | CommitError::Duplicate { .. } => {
                Self::Closed
            }
        }
    }
}

/// A transaction of one append fails as that append does.
impl From<CommitError> for AppendError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Append { error, .. } => error,
            CommitError::Indeterminate(fault) => Self::Indeterminate(fault),
            CommitError::Unavailable(fault) => Self::Unavailable(fault),
            CommitError::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            CommitError::Closed
            | CommitError::Save { .. }
            | CommitError::Remove { .. }
            | CommitError::Duplicate { .. } => Self::Closed,
        }
    }
}
