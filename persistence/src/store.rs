//! Records by key: the trait every state backend implements, and its messages.
//!
//! This module states the contract; `judge` holds the rules, the backends hold the data.
//!
//! Invariants of every implementation: a write is applied only if its expected revision is the
//! stored one and no greater epoch wrote before; `Ok(None)` from a load means absent, never "could
//! not load"; a record that cannot be read is never overwritten.

use async_trait::async_trait;

use crate::{
    Caps, Epoch, Key, ReadError, Revision, SaveError, Schema, Seq, WriteId, envelope::Envelope,
};

/// A store of records, each written by compare-and-set.
///
/// Operations on one key are linearizable: a load that begins after a save was acknowledged sees
/// that save or a later one.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// What the backend promises and where it stops.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`] or [`ReadError::Closed`] when the backend does not answer.
    async fn caps(&self) -> Result<Caps, ReadError>;

    /// Reads the record of `key`. `Ok(None)` only if it was never written or was removed.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; in every case the record may well exist, and nobody may go on without it.
    async fn load(&self, key: &Key) -> Result<Option<Record>, ReadError>;

    /// Writes a record if the stored revision is the expected one.
    ///
    /// `Ok` means that the write survives what [`Caps::durability`] says and that every later load
    /// sees it. A save whose `write_id` and epoch are those of the stored record was applied
    /// before and is answered `Ok` again, without a second write.
    ///
    /// # Errors
    ///
    /// [`SaveError`]; nothing was written, except that after [`SaveError::Indeterminate`] the
    /// write may be there now or later: retry the same save, or load and compare the write id.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the outcome open, as `Indeterminate` does.
    async fn save(&self, save: Save) -> Result<Saved, SaveError>;

    /// Removes a record if the stored revision is the expected one.
    ///
    /// The epoch that fenced the key is forgotten with it.
    ///
    /// # Errors
    ///
    /// As [`StateStore::save`]. Removing what is absent is a conflict with
    /// [`Revision::ABSENT`].
    async fn remove(&self, remove: Remove) -> Result<(), SaveError>;

    /// Lists records by prefix in key order, a page at a time.
    ///
    /// Each page is one consistent view; two pages are not. A record that cannot be read stands in
    /// the page as its error and does not hide the others.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`] or [`ReadError::Closed`].
    async fn scan(&self, scan: Scan) -> Result<RecordPage, ReadError>;
}

/// One compare-and-set write of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// Name of the record.
    pub key: Key,
    /// The revision that must be stored; [`Revision::ABSENT`] to create.
    pub expected: Revision,
    /// The activation that writes.
    pub epoch: Epoch,
    /// The owner's count of the state.
    pub seq: Seq,
    /// Identity of this write, the same on a retry.
    pub write_id: WriteId,
    /// What the bytes mean.
    pub schema: Schema,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The acknowledgement of a [`Save`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The revision of the record now: expected by the next save.
    pub revision: Revision,
}

impl Saved {
    /// An acknowledgement, for implementations of [`StateStore`].
    #[must_use]
    pub const fn new(revision: Revision) -> Self {
        Self { revision }
    }
}

/// One compare-and-set removal of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// Name of the record.
    pub key: Key,
    /// The revision that must be stored.
    pub expected: Revision,
    /// The activation that removes.
    pub epoch: Epoch,
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its revision: expected by the next save.
    pub revision: Revision,
    /// The activation that wrote it.
    pub epoch: Epoch,
    /// The owner's count of the state.
    pub seq: Seq,
    /// Identity of the write.
    pub write_id: WriteId,
    /// What the bytes mean.
    pub schema: Schema,
    /// Wall clock of the store at the write, in milliseconds since 1970.
    pub saved_at_ms: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Record {
    /// The record that a backend keeps as `envelope` under `revision`.
    #[must_use]
    pub fn from_envelope(revision: Revision, envelope: Envelope) -> Self {
        Self {
            revision,
            epoch: envelope.epoch,
            seq: envelope.seq,
            write_id: envelope.write_id,
            schema: envelope.schema,
            saved_at_ms: envelope.saved_at_ms,
            bytes: envelope.bytes,
        }
    }
}

/// Which page of a listing to read.
///
/// # Examples
///
/// ```
/// use persistence::Scan;
///
/// let first = Scan::prefix("workflow/").max(100);
/// assert_eq!(first.max, 100);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Only keys behind this one: the `next` of the page before.
    pub after: Option<Key>,
    /// Most items wanted; the backend's [`Caps::page_items_max`] is the cap.
    pub max: usize,
}

impl Scan {
    /// The first page of the keys that begin with `prefix`.
    #[must_use]
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), after: None, max: 1024 }
    }

    /// The page behind `key`.
    #[must_use]
    pub fn after(mut self, key: Key) -> Self {
        self.after = Some(key);
        self
    }

    /// Sets the most items wanted.
    #[must_use]
    pub const fn max(mut self, items: usize) -> Self {
        self.max = items;
        self
    }
}

/// One page of [`StateStore::scan`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RecordPage {
    /// The records in key order.
    pub records: Vec<(Key, Result<Record, ReadError>)>,
    /// Continue behind this key; `None` at the end.
    pub next: Option<Key>,
}
