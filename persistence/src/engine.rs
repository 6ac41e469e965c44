//! What a backend is to the store's process: requests in arrival order in, outcomes out.
//!
//! This module runs a transaction against a backend's tables through the rules of `judge`; the
//! backends only read and write rows.
//!
//! Invariants: the outcomes of a group are known only after its one commit; a refused request has
//! written nothing and disturbs no neighbour.

use std::error::Error;
use std::sync::Arc;

use crate::judge::{self, StoredHead, StoredRecord, Verdict};
use crate::{
    Append, AppendError, Appended, Caps, CommitError, Committed, Entry, Envelope, Key, LogHead,
    LogPage, ReadError, Record, RecordPage, Revision, Save, Saved, Scan, Seq, Transaction, Trim,
};

/// One request to a backend.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Load(Key),
    Scan(Scan),
    Read { log: Key, after: Seq, max: usize },
    Last(Key),
    Logs(Scan),
    Commit(Transaction),
    Trim(Trim),
}

impl Op {
    pub(crate) const fn is_write(&self) -> bool {
        matches!(self, Self::Commit(_) | Self::Trim(_))
    }

    /// What the request adds to a group's size.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Commit(transaction) => transaction.bytes(),
            _ => 0,
        }
    }
}

/// The answer to an [`Op`], each variant to its own.
#[derive(Debug)]
pub(crate) enum Outcome {
    Loaded(Result<Option<Record>, ReadError>),
    Scanned(Result<RecordPage, ReadError>),
    Read(Result<Vec<Entry>, ReadError>),
    Last(Result<LogHead, ReadError>),
    Logs(Result<LogPage, ReadError>),
    Committed(Result<Committed, CommitError>),
    Trimmed(Result<LogHead, AppendError>),
}

impl Outcome {
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Committed(Err(_)) | Self::Trimmed(Err(_)))
    }
}

/// How far a group came before its backend failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing of it can ever become durable.
    BeforeCommit,
    /// All of it may be durable, or nothing.
    Commit,
}

/// A backend failed; it must be opened again.
#[derive(Debug, Clone)]
pub(crate) struct EngineFailure {
    pub(crate) stage: Stage,
    pub(crate) cause: Arc<dyn Error + Send + Sync>,
}

impl std::fmt::Display for EngineFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = match self.stage {
            Stage::BeforeCommit => "before the commit",
            Stage::Commit => "in the commit",
        };
        write!(f, "storage failed {stage}: {}", self.cause)
    }
}

impl Error for EngineFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

/// The outcomes of a group, and whether it took a commit.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) committed: bool,
}

/// A backend as the store's thread owns it.
pub(crate) trait Engine: Send + 'static {
    fn caps(&self) -> Caps;

    /// How many times the store was opened, this time included.
    fn incarnation(&self) -> u64;

    /// Serves the requests in order, with one commit if any of them writes.
    ///
    /// `Ok` means that every outcome in it is durable.
    fn apply(&mut self, ops: &[Op], now_ms: u64) -> Result<Applied, EngineFailure>;

    /// Closes the backend; a later open finds it clean.
    fn close(&mut self) -> Result<(), EngineFailure>;
}

/// The rows of a backend inside one transaction.
pub(crate) trait Tables {
    /// What breaks the whole group.
    type Error;

    fn record(&self, key: &Key) -> Result<StoredRecord, Self::Error>;
    fn put_record(
        &mut self,
        key: &Key,
        revision: Revision,
        envelope: &Envelope,
    ) -> Result<(), Self::Error>;
    fn delete_record(&mut self, key: &Key) -> Result<(), Self::Error>;
    fn head(&self, log: &Key) -> Result<StoredHead, Self::Error>;
    fn put_head(&mut self, log: &Key, head: &LogHead) -> Result<(), Self::Error>;
    fn put_entry(&mut self, log: &Key, envelope: &Envelope) -> Result<(), Self::Error>;
    /// Deletes the entries behind `after` up to and including `upto`.
    fn delete_entries(&mut self, log: &Key, after: Seq, upto: Seq) -> Result<(), Self::Error>;
    /// The revision above all that this store ever gave.
    fn next_revision(&mut self) -> Revision;
}

/// Judges all writes of a transaction, then applies all or none.
pub(crate) fn commit<T: Tables>(
    tables: &mut T,
    transaction: &Transaction,
    caps: &Caps,
    now_ms: u64,
) -> Result<Result<Committed, CommitError>, T::Error> {
    if let Err(error) = judge::transaction(transaction, caps) {
        return Ok(Err(error));
    }
    let mut saves = Vec::with_capacity(transaction.saves.len());
    for (index, save) in transaction.saves.iter().enumerate() {
        match judge::save(tables.record(&save.key)?, save, caps) {
            Ok(verdict) => saves.push(verdict),
            Err(error) => return Ok(Err(CommitError::Save { index, error })),
        }
    }
    let mut appends = Vec::with_capacity(transaction.appends.len());
    for (index, append) in transaction.appends.iter().enumerate() {
        match judge::append(tables.head(&append.log)?, append, caps) {
            Ok(verdict) => appends.push(verdict),
            Err(error) => return Ok(Err(CommitError::Append { index, error })),
        }
    }
    if let Some(committed) = already_applied(&saves, &appends) {
        return Ok(Ok(committed));
    }
    for (index, remove) in transaction.removes.iter().enumerate() {
        if let Err(error) = judge::remove(tables.record(&remove.key)?, remove) {
            return Ok(Err(CommitError::Remove { index, error }));
        }
    }
    let mut committed = Committed::default();
    for (save, verdict) in transaction.saves.iter().zip(saves) {
        let revision = match verdict {
            Verdict::Apply => write_record(tables, save, now_ms)?,
            Verdict::AlreadyApplied(revision) => revision,
        };
        committed.saves.push(Saved::new(revision));
    }
    for remove in &transaction.removes {
        tables.delete_record(&remove.key)?;
    }
    for (append, (verdict, head)) in transaction.appends.iter().zip(appends) {
        let last = match verdict {
            Verdict::Apply => write_entries(tables, append, head, now_ms)?,
            Verdict::AlreadyApplied(last) => last,
        };
        committed.appends.push(Appended::new(last));
    }
    Ok(Ok(committed))
}

/// The answer to a transaction of which every save and append stands already.
///
/// Its removals need no look: they were applied in the same commit.
fn already_applied(
    saves: &[Verdict<Revision>],
    appends: &[(Verdict<Seq>, LogHead)],
) -> Option<Committed> {
    if saves.is_empty() && appends.is_empty() {
        return None;
    }
    let mut committed = Committed::default();
    for save in saves {
        let Verdict::AlreadyApplied(revision) = *save else { return None };
        committed.saves.push(Saved::new(revision));
    }
    for (append, _head) in appends {
        let Verdict::AlreadyApplied(last) = *append else { return None };
        committed.appends.push(Appended::new(last));
    }
    Some(committed)
}

fn write_record<T: Tables>(tables: &mut T, save: &Save, now_ms: u64) -> Result<Revision, T::Error> {
    let revision = tables.next_revision();
    let envelope = Envelope {
        schema: save.schema.clone(),
        epoch: save.epoch,
        seq: save.seq,
        write_id: save.write_id,
        saved_at_ms: now_ms,
        bytes: save.bytes.clone(),
    };
    tables.put_record(&save.key, revision, &envelope)?;
    Ok(revision)
}

fn write_entries<T: Tables>(
    tables: &mut T,
    append: &Append,
    head: LogHead,
    now_ms: u64,
) -> Result<Seq, T::Error> {
    let mut seq = head.last;
    for bytes in &append.entries {
        seq = seq.plus(1);
        let envelope = Envelope {
            schema: append.schema.clone(),
            epoch: append.epoch,
            seq,
            write_id: append.write_id,
            saved_at_ms: now_ms,
            bytes: bytes.clone(),
        };
        tables.put_entry(&append.log, &envelope)?;
    }
    tables.put_head(&append.log, &judge::head_after(head, append))?;
    Ok(seq)
}

/// Judges a trim and applies it.
pub(crate) fn trim<T: Tables>(
    tables: &mut T,
    trim: &Trim,
) -> Result<Result<LogHead, AppendError>, T::Error> {
    let before = tables.head(&trim.log)?;
    let first = before.as_ref().ok().copied().flatten().map_or(Seq::ZERO, |head| head.trimmed);
    match judge::trim(before, trim) {
        Ok((head, true)) => {
            tables.delete_entries(&trim.log, first, head.trimmed)?;
            tables.put_head(&trim.log, &head)?;
            Ok(Ok(head))
        }
        Ok((head, false)) => Ok(Ok(head)),
        Err(error) => Ok(Err(error)),
    }
}

/// What one page may still take: at least one item, then up to the limits.
pub(crate) struct PageRoom {
    items: usize,
    bytes: usize,
    empty: bool,
}

impl PageRoom {
    pub(crate) fn new(wanted: usize, caps: &Caps) -> Self {
        Self {
            items: wanted.clamp(1, caps.page_items_max),
            bytes: caps.transaction_bytes_max,
            empty: true,
        }
    }

    /// Whether an item of `bytes` still fits; if so it is counted.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        if !self.empty && (self.items == 0 || self.bytes < bytes) {
            return false;
        }
        self.empty = false;
        self.items = self.items.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }
}
