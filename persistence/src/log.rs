//! Append-only logs by key: the trait every log backend implements, and its messages.
//!
//! Invariants of every implementation: entries are numbered from 1 without gaps; an append is
//! applied wholly or not at all, and only behind the expected last entry; a greater epoch fences
//! all lower ones.

use async_trait::async_trait;

use crate::{AppendError, Epoch, Key, ReadError, Scan, Schema, Seq, WriteId};

/// A store of logs, each written by one owner at a time.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Appends all entries behind `expected_last`, or none.
    ///
    /// `Ok` gives the position of the last entry; the entries survive what the backend's
    /// durability says. An append whose `write_id` and epoch are those of the log's last append
    /// was applied before and is answered `Ok` again. An append without entries takes the log
    /// over: it fences lower epochs and adds nothing.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing was appended, except that after [`AppendError::Indeterminate`]
    /// the entries may be there now or later: retry the same append, or ask for the last entry.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the outcome open, as `Indeterminate` does.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// Reads up to `max` entries behind `after`, in order.
    ///
    /// Fewer than `max` entries are not yet the end (a page is bounded in bytes too); none is the
    /// end. Entries that were trimmed are skipped, which the first entry's position shows.
    ///
    /// # Errors
    ///
    /// [`ReadError`]. One unreadable or missing entry fails the page: a log with a hole in it is
    /// never passed off as a whole one.
    async fn read(&self, log: &Key, after: Seq, max: usize) -> Result<Vec<Entry>, ReadError>;

    /// The bounds and the owner's epoch of a log; [`LogHead::EMPTY`] if nothing was ever appended.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn last(&self, log: &Key) -> Result<LogHead, ReadError>;

    /// Lists logs by prefix in key order, a page at a time.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`] or [`ReadError::Closed`].
    async fn logs(&self, scan: Scan) -> Result<LogPage, ReadError>;

    /// Removes the entries up to and including `upto`; the numbering goes on behind the last.
    ///
    /// Removing more than there is removes all. Cost: O(removed) in one transaction.
    ///
    /// # Errors
    ///
    /// As [`LogStore::append`], without conflicts: trimming again is harmless.
    async fn trim(&self, trim: Trim) -> Result<LogHead, AppendError>;
}

/// One atomic append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Name of the log.
    pub log: Key,
    /// The last position that must be stored; [`Seq::ZERO`] for the first append.
    pub expected_last: Seq,
    /// The activation that writes.
    pub epoch: Epoch,
    /// Identity of this append, the same on a retry.
    pub write_id: WriteId,
    /// What the bytes of every entry mean.
    pub schema: Schema,
    /// The entries, in order.
    pub entries: Vec<Vec<u8>>,
}

/// The acknowledgement of an [`Append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// Position of the last entry: expected by the next append.
    pub last: Seq,
}

impl Appended {
    /// An acknowledgement, for implementations of [`LogStore`].
    #[must_use]
    pub const fn new(last: Seq) -> Self {
        Self { last }
    }
}

/// One entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its position.
    pub seq: Seq,
    /// The activation that wrote it.
    pub epoch: Epoch,
    /// What the bytes mean.
    pub schema: Schema,
    /// Wall clock of the store at the append, in milliseconds since 1970.
    pub at_ms: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The entry that a backend keeps as `envelope`.
    #[must_use]
    pub fn from_envelope(envelope: crate::Envelope) -> Self {
        Self {
            seq: envelope.seq,
            epoch: envelope.epoch,
            schema: envelope.schema,
            at_ms: envelope.saved_at_ms,
            bytes: envelope.bytes,
        }
    }
}

/// Removal of a log's oldest entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trim {
    /// Name of the log.
    pub log: Key,
    /// Last entry to remove.
    pub upto: Seq,
    /// The activation that trims.
    pub epoch: Epoch,
}

/// The bounds of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogHead {
    /// Everything up to here was trimmed; the first entry stands behind it.
    pub trimmed: Seq,
    /// Position of the last entry: expected by the next append.
    pub last: Seq,
    /// The greatest epoch that appended.
    pub epoch: Epoch,
    /// Identity of the last append; `None` for a log that was never written.
    pub write_id: Option<WriteId>,
}

impl LogHead {
    /// The head of a log to which nothing was ever appended.
    pub const EMPTY: Self =
        Self { trimmed: Seq::ZERO, last: Seq::ZERO, epoch: Epoch::new(0), write_id: None };

    /// Number of entries that can be read.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.last.get() - self.trimmed.get()
    }

    /// Whether no entry can be read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One page of [`LogStore::logs`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LogPage {
    /// The logs in key order.
    pub logs: Vec<(Key, Result<LogHead, ReadError>)>,
    /// Continue behind this key; `None` at the end.
    pub next: Option<Key>,
}
