//! The requests of one group against the file's tables.
//!
//! Reading is the same inside a write transaction and without one; writing exists inside one only.

use std::ops::Bound;

use redb::{ReadableTable, StorageError, Table, TableDefinition};

use super::rows;
use crate::engine::{self, Op, Outcome, PageRoom, Tables};
use crate::judge::{StoredHead, StoredRecord};
use crate::{
    Caps, Damage, Entry, Envelope, EnvelopeError, Key, LogHead, LogPage, ReadError, RecordPage,
    Revision, Scan, Seq,
};

type Bytes = &'static [u8];

pub(super) const META: TableDefinition<'_, &str, Bytes> = TableDefinition::new("meta");
pub(super) const STATE: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("state");
pub(super) const LOGS: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("logs");
pub(super) const JOURNAL: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("journal");

/// The tables for reading.
pub(super) struct View<'a, T> {
    pub(super) state: &'a T,
    pub(super) logs: &'a T,
    pub(super) journal: &'a T,
    pub(super) caps: Caps,
}

impl<T: ReadableTable<Bytes, Bytes>> View<'_, T> {
    /// Serves a read; `None` for a write.
    pub(super) fn serve(&self, op: &Op) -> Result<Option<Outcome>, StorageError> {
        Ok(Some(match op {
            Op::Load(key) => {
                let loaded = self.record(key)?;
                Outcome::Loaded(loaded.map_err(|error| ReadError::from_envelope(key, &error)))
            }
            Op::Scan(scan) => Outcome::Scanned(Ok(self.scan(scan)?)),
            Op::Read { log, after, max } => Outcome::Read(self.read(log, *after, *max)?),
            Op::Last(log) => Outcome::Last(self.last(log)?),
            Op::Logs(scan) => Outcome::Logs(Ok(self.list_logs(scan)?)),
            Op::Commit(_) | Op::Trim(_) => return Ok(None),
        }))
    }

    fn record(&self, key: &Key) -> Result<StoredRecord, StorageError> {
        let row = self.state.get(key.as_str().as_bytes())?;
        Ok(row.map_or(Ok(None), |row| rows::decode_record(key.as_str(), row.value())))
    }

    fn head(&self, log: &Key) -> Result<StoredHead, StorageError> {
        let row = self.logs.get(log.as_str().as_bytes())?;
        Ok(row.map_or(Ok(None), |row| rows::decode_head(log.as_str(), row.value())))
    }

    fn last(&self, log: &Key) -> Result<Result<LogHead, ReadError>, StorageError> {
        let head = self.head(log)?;
        Ok(head
            .map(|head| head.unwrap_or(LogHead::EMPTY))
            .map_err(|error| ReadError::from_envelope(log, &error)))
    }

    fn scan(&self, scan: &Scan) -> Result<RecordPage, StorageError> {
        let mut page = RecordPage::default();
        page.next = list(self.state, scan, self.caps, |key, row| {
            let record = rows::decode_record(key.as_str(), row)
                .and_then(|record| record.ok_or(EnvelopeError::Corrupt(Damage::Length)))
                .map_err(|error| ReadError::from_envelope(&key, &error));
            page.records.push((key, record));
        })?;
        Ok(page)
    }

    fn list_logs(&self, scan: &Scan) -> Result<LogPage, StorageError> {
        let mut page = LogPage::default();
        page.next = list(self.logs, scan, self.caps, |key, row| {
            let head = rows::decode_head(key.as_str(), row)
                .map(|head| head.unwrap_or(LogHead::EMPTY))
                .map_err(|error| ReadError::from_envelope(&key, &error));
            page.logs.push((key, head));
        })?;
        Ok(page)
    }

    fn read(
        &self,
        log: &Key,
        after: Seq,
        max: usize,
    ) -> Result<Result<Vec<Entry>, ReadError>, StorageError> {
        let head = match self.last(log)? {
            Ok(head) => head,
            Err(error) => return Ok(Err(error)),
        };
        let corrupt = |error| Ok(Err(ReadError::from_envelope(log, &error)));
        let missing = || corrupt(EnvelopeError::Corrupt(Damage::MissingEntry));
        let mut last = after.max(head.trimmed);
        let mut entries = Vec::new();
        if last >= head.last {
            return Ok(Ok(entries));
        }
        let from = rows::entry_key(log.as_str(), last.plus(1));
        let to = rows::entry_key(log.as_str(), head.last);
        let range = (Bound::Included(from.as_slice()), Bound::Included(to.as_slice()));
        let mut room = PageRoom::new(max, &self.caps);
        for row in self.journal.range::<&[u8]>(range)? {
            let (key, value) = row?;
            if !room.take(value.value().len()) {
                return Ok(Ok(entries));
            }
            match rows::decode_entry(key.value(), value.value()) {
                Ok(envelope) if envelope.seq == last.plus(1) => {
                    last = envelope.seq;
                    entries.push(Entry::from_envelope(envelope));
                }
                Ok(_behind_a_gap) => return missing(),
                Err(error) => return corrupt(error),
            }
        }
        if last < head.last {
            return missing();
        }
        Ok(Ok(entries))
    }
}

/// Walks the keys of a page in order; gives the key to continue behind.
fn list<T: ReadableTable<Bytes, Bytes>>(
    table: &T,
    scan: &Scan,
    caps: Caps,
    mut item: impl FnMut(Key, &[u8]),
) -> Result<Option<Key>, StorageError> {
    let prefix = scan.prefix.as_bytes();
    let from = match &scan.after {
        Some(key) if key.as_str().as_bytes() >= prefix => Bound::Excluded(key.as_str().as_bytes()),
        _ => Bound::Included(prefix),
    };
    let mut room = PageRoom::new(scan.max, &caps);
    let mut last = None;
    for row in table.range::<&[u8]>((from, Bound::Unbounded))? {
        let (key, value) = row?;
        if !key.value().starts_with(prefix) {
            return Ok(None);
        }
        if !room.take(value.value().len()) {
            return Ok(last);
        }
        let key = std::str::from_utf8(key.value()).ok().and_then(|text| Key::new(text).ok());
        let Some(key) = key else {
            return Err(StorageError::Corrupted("a key that no store writes".to_owned()));
        };
        last = Some(key.clone());
        item(key, value.value());
    }
    Ok(None)
}

/// The tables inside a write transaction.
pub(super) struct WriteTables<'txn> {
    pub(super) state: Table<'txn, Bytes, Bytes>,
    pub(super) logs: Table<'txn, Bytes, Bytes>,
    pub(super) journal: Table<'txn, Bytes, Bytes>,
    pub(super) last_revision: u64,
    pub(super) dirty: bool,
    pub(super) caps: Caps,
}

impl<'txn> WriteTables<'txn> {
    /// Serves one request.
    pub(super) fn serve(&mut self, op: &Op, now_ms: u64) -> Result<Outcome, StorageError> {
        let caps = self.caps;
        match op {
            Op::Commit(transaction) => {
                Ok(Outcome::Committed(engine::commit(self, transaction, &caps, now_ms)?))
            }
            Op::Trim(trim) => Ok(Outcome::Trimmed(engine::trim(self, trim)?)),
            read => Ok(self.view().serve(read)?.expect("all that is not a write is a read")),
        }
    }

    fn view(&self) -> View<'_, Table<'txn, Bytes, Bytes>> {
        View { state: &self.state, logs: &self.logs, journal: &self.journal, caps: self.caps }
    }
}

impl Tables for WriteTables<'_> {
    type Error = StorageError;

    fn record(&self, key: &Key) -> Result<StoredRecord, StorageError> {
        self.view().record(key)
    }

    fn put_record(
        &mut self,
        key: &Key,
        revision: Revision,
        envelope: &Envelope,
    ) -> Result<(), StorageError> {
        self.dirty = true;
        let row = rows::encode_record(key, revision, envelope);
        self.state.insert(key.as_str().as_bytes(), row.as_slice())?;
        Ok(())
    }

    fn delete_record(&mut self, key: &Key) -> Result<(), StorageError> {
        self.dirty = true;
        self.state.remove(key.as_str().as_bytes())?;
        Ok(())
    }

    fn head(&self, log: &Key) -> Result<StoredHead, StorageError> {
        self.view().head(log)
    }

    fn put_head(&mut self, log: &Key, head: &LogHead) -> Result<(), StorageError> {
        self.dirty = true;
        let row = rows::encode_head(log, head);
        self.logs.insert(log.as_str().as_bytes(), row.as_slice())?;
        Ok(())
    }

    fn put_entry(&mut self, log: &Key, envelope: &Envelope) -> Result<(), StorageError> {
        self.dirty = true;
        let key = rows::entry_key(log.as_str(), envelope.seq);
        self.journal.insert(key.as_slice(), envelope.encode().as_slice())?;
        Ok(())
    }

    fn delete_entries(&mut self, log: &Key, after: Seq, upto: Seq) -> Result<(), StorageError> {
        self.dirty = true;
        let from = rows::entry_key(log.as_str(), after.plus(1));
        let to = rows::entry_key(log.as_str(), upto);
        self.journal.retain_in::<&[u8], _>(from.as_slice()..=to.as_slice(), |_, _| false)
    }

    fn next_revision(&mut self) -> Revision {
        self.last_revision += 1;
        Revision::new(self.last_revision)
    }
}
