//! A dead letter as bytes, and what happens to it: the language between a node and its sink.

use std::sync::Arc;
use std::time::SystemTime;

use crate::send::dead_letter::letter::DeadLetterId;
use crate::send::dead_letter::reason::DeadLetterReasonKind;
use crate::send::metadata::Metadata;

/// A dead letter in a form that outlives its process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterRecord {
    /// Its id.
    pub id: DeadLetterId,
    /// The registered name that it was for.
    pub name: Option<Arc<str>>,
    /// The name or child id of the process.
    pub label: Option<Arc<str>>,
    /// The name of the codec of its message.
    pub codec: Arc<str>,
    /// The kind of its reason.
    pub reason: DeadLetterReasonKind,
    /// The text of its reason.
    pub reason_text: Arc<str>,
    /// What its sender wrote beside it.
    pub metadata: Metadata,
    /// How many attempts have failed.
    pub attempts: u32,
    /// Calendar time of the first failure.
    pub first_failure: SystemTime,
    /// Calendar time of the last failed attempt.
    pub last_attempt: Option<SystemTime>,
    /// The message, encoded.
    pub bytes: Vec<u8>,
}

/// Something that happened to a dead letter, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadLetterChange {
    /// It came. The same id may come again when it is not known whether it was recorded.
    Buried(Box<DeadLetterRecord>),
    /// An attempt failed.
    Attempted {
        /// Which letter.
        id: DeadLetterId,
        /// How many attempts have failed by now.
        attempts: u32,
        /// Calendar time of the attempt.
        at: SystemTime,
    },
    /// It was delivered, purged, taken, or had to leave. Unknown ids are fine.
    Removed {
        /// Which letter.
        id: DeadLetterId,
    },
}

impl DeadLetterChange {
    /// Returns which letter it is about.
    #[must_use]
    pub fn id(&self) -> DeadLetterId {
        match self {
            Self::Buried(record) => record.id,
            Self::Attempted { id, .. } | Self::Removed { id } => *id,
        }
    }
}

/// What [`DeadLetters::restore`](crate::DeadLetters::restore) did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetterRestore {
    /// How many came back into the node.
    pub restored: usize,
    /// Letters that the node has no more: the sink is to remove them.
    pub gone: Vec<DeadLetterId>,
}
