//! Where workflows are kept: one small record each, the definition in pieces, and the journal.
//!
//! The record is written last, so a workflow either exists with its whole definition or does not exist.

use std::sync::Arc;

use persistence::{
    Append, Entry, Epoch, Key, LogStore, Revision, Save, Scan, Schema, Seq, StateStore, Store,
    StoreHandle, Transaction, WriteId,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::archive_error::ArchiveError;
use super::id::WorkflowId;
use super::mode::Mode;
use crate::{ActiveTime, Engine, Event, RetryPolicy, Workflow};

/// Bytes of one piece of a definition, and of one append of events: far below the store's limit for one transaction.
const PIECE_BYTES: usize = 512 * 1024;
const APPEND_BYTES: usize = 2 * 1024 * 1024;
const PAGE: usize = 1_024;

const RECORD_SCHEMA: (&str, u32) = ("jido.workflow", 1);
const DEFINITION_SCHEMA: (&str, u32) = ("jido.definition", 1);
const EVENT_SCHEMA: (&str, u32) = ("jido.event", 1);

/// What is known of a workflow apart from its definition and its journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkflowRecord {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) attempts: u32,
    pub(crate) tasks: u32,
    /// Names the log that holds the definition, by the hash of its bytes; runs of the same work share it.
    pub(crate) definition: String,
    pub(crate) definition_bytes: u64,
    pub(crate) run: u32,
    /// The session of the program that runs it, so that a restart of the tree finds its own.
    pub(crate) session: u64,
}

/// A workflow as it is in the store.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) record: WorkflowRecord,
    pub(crate) revision: Revision,
    pub(crate) epoch: Epoch,
}

/// A workflow with everything that its journal says.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) record: WorkflowRecord,
    pub(crate) engine: Engine,
    pub(crate) time: ActiveTime,
    pub(crate) last: Seq,
    pub(crate) epoch: Epoch,
}

/// The workflows of one store.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    store: StoreHandle,
}

impl Archive {
    pub(crate) fn new(store: StoreHandle) -> Self {
        Self { store }
    }

    pub(crate) async fn commits(&self) -> Result<u64, ArchiveError> {
        Ok(self.store.stats().await?.commits)
    }

    /// Returns the newest run of the workflow whose first run has the id `first`, and its number.
    pub(crate) async fn newest_run(
        &self,
        first: &WorkflowId,
    ) -> Result<Option<(u32, WorkflowId)>, ArchiveError> {
        let mut newest = None;
        let mut number = 1;
        loop {
            let id = first.run(number);
            if self.find(&id).await?.is_none() {
                return Ok(newest);
            }
            newest = Some((number, id));
            number += 1;
        }
    }

    pub(crate) async fn find(&self, id: &WorkflowId) -> Result<Option<Stored>, ArchiveError> {
        let Some(record) = self.store.load(&key("workflow", id)?).await? else { return Ok(None) };
        if record.schema.version() > RECORD_SCHEMA.1 {
            return Err(ArchiveError::TooNew { id: id.clone(), found: record.schema.version() });
        }
        let parsed = serde_json::from_slice(&record.bytes);
        let parsed = parsed.map_err(|source| ArchiveError::Record { id: id.clone(), source })?;
        Ok(Some(Stored { record: parsed, revision: record.revision, epoch: record.epoch }))
    }

    /// Returns all ids, in order.
    pub(crate) async fn ids(&self) -> Result<Vec<WorkflowId>, ArchiveError> {
        let mut ids = Vec::new();
        let mut scan = Scan::prefix("workflow/").max(PAGE);
        loop {
            let page = self.store.scan(scan).await?;
            let names =
                page.records.iter().filter_map(|(key, _)| key.as_str().strip_prefix("workflow/"));
            ids.extend(names.map(WorkflowId::new));
            match page.next {
                Some(next) => scan = Scan::prefix("workflow/").max(PAGE).after(next),
                None => return Ok(ids),
            }
        }
    }

    /// Makes a new workflow exist: first its definition, then its record.
    pub(crate) async fn create(
        &self,
        id: &WorkflowId,
        record: &WorkflowRecord,
        definition: &[u8],
    ) -> Result<(), ArchiveError> {
        let log = definition_key(&record.definition)?;
        // Pieces that an earlier run or an interrupted attempt left are the same: the key is the hash of all of them.
        let mut last = self.store.last(&log).await?.last;
        let missing =
            definition.chunks(PIECE_BYTES).skip(usize::try_from(last.get()).unwrap_or(usize::MAX));
        for piece in missing {
            let append = Append {
                log: log.clone(),
                expected_last: last,
                epoch: Epoch::new(1),
                write_id: WriteId::random(),
                schema: Schema::raw(DEFINITION_SCHEMA.0, DEFINITION_SCHEMA.1),
                entries: vec![piece.to_vec()],
            };
            last = self.store.append(append).await?.last;
        }
        self.save(id, record, Revision::ABSENT, Epoch::new(1)).await
    }

    /// Replaces the record of a workflow.
    pub(crate) async fn update(
        &self,
        id: &WorkflowId,
        stored: &Stored,
        record: &WorkflowRecord,
    ) -> Result<(), ArchiveError> {
        self.save(id, record, stored.revision, stored.epoch).await
    }

    async fn save(
        &self,
        id: &WorkflowId,
        record: &WorkflowRecord,
        expected: Revision,
        epoch: Epoch,
    ) -> Result<(), ArchiveError> {
        let bytes = serde_json::to_vec(record)
            .map_err(|source| ArchiveError::Record { id: id.clone(), source })?;
        let save = Save {
            key: key("workflow", id)?,
            expected,
            epoch,
            seq: Seq::ZERO,
            write_id: WriteId::random(),
            schema: Schema::json(RECORD_SCHEMA.0, RECORD_SCHEMA.1),
            bytes,
        };
        let transaction = Transaction::new().save(save);
        self.store.commit(transaction).await.map_err(|source| ArchiveError::Commit { source })?;
        Ok(())
    }

    /// Loads a workflow and replays its journal.
    pub(crate) async fn replay(&self, id: &WorkflowId) -> Result<Replayed, ArchiveError> {
        let stored =
            self.find(id).await?.ok_or_else(|| ArchiveError::Unknown { id: id.clone() })?;
        let workflow = self.definition(id, &stored.record).await?;
        let policy = RetryPolicy { attempts: stored.record.attempts, ..RetryPolicy::default() };
        let mut engine = Engine::new(Arc::new(workflow), policy);
        let mut time = ActiveTime::default();
        let mut last = Seq::ZERO;
        // The head is read first: what an older writer appends later is seen below or fenced.
        let epoch = self.store.last(&key("journal", id)?).await?.epoch;
        loop {
            let page = self.page(id, last, PAGE).await?;
            if page.is_empty() {
                return Ok(Replayed { record: stored.record, engine, time, last, epoch });
            }
            for entry in page {
                let seq = entry.seq.get();
                let event = decode(id, &entry)?;
                engine.replay(&event).map_err(|source| ArchiveError::Journal {
                    id: id.clone(),
                    seq,
                    source,
                })?;
                time.observe(entry.at_ms, &event);
                last = entry.seq;
            }
        }
    }

    async fn definition(
        &self,
        id: &WorkflowId,
        record: &WorkflowRecord,
    ) -> Result<Workflow, ArchiveError> {
        let log = definition_key(&record.definition)?;
        let mut bytes = Vec::with_capacity(usize::try_from(record.definition_bytes).unwrap_or(0));
        let mut last = Seq::ZERO;
        while (bytes.len() as u64) < record.definition_bytes {
            let pieces = self.store.read(&log, last, 16).await?;
            let Some(end) = pieces.last() else { break };
            last = end.seq;
            pieces.iter().for_each(|piece| bytes.extend_from_slice(&piece.bytes));
        }
        serde_json::from_slice(&bytes)
            .map_err(|source| ArchiveError::Record { id: id.clone(), source })
    }

    /// Returns up to `max` entries of the journal after `after`.
    pub(crate) async fn page(
        &self,
        id: &WorkflowId,
        after: Seq,
        max: usize,
    ) -> Result<Vec<Entry>, ArchiveError> {
        Ok(self.store.read(&key("journal", id)?, after, max).await?)
    }

    /// Returns the last entry of the journal.
    pub(crate) async fn last_event(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(u64, Event)>, ArchiveError> {
        let head = self.store.last(&key("journal", id)?).await?;
        let before = Seq::new(head.last.get().saturating_sub(1));
        let page = self.page(id, before, 1).await?;
        page.last().map(|entry| Ok((entry.at_ms, decode(id, entry)?))).transpose()
    }

    /// Appends events; all of them are durable when this returns `Ok` with the new end of the journal.
    pub(crate) async fn append(
        &self,
        id: &WorkflowId,
        mut last: Seq,
        epoch: Epoch,
        mut events: Vec<Vec<u8>>,
    ) -> Result<Seq, ArchiveError> {
        let log = key("journal", id)?;
        while !events.is_empty() {
            let mut bytes = 0;
            let fitting = events.iter().take_while(|event| {
                bytes += event.len();
                bytes <= APPEND_BYTES
            });
            let count = fitting.count().max(1);
            let rest = events.split_off(count);
            let append = Append {
                log: log.clone(),
                expected_last: last,
                epoch,
                write_id: WriteId::random(),
                schema: Schema::json(EVENT_SCHEMA.0, EVENT_SCHEMA.1),
                entries: std::mem::replace(&mut events, rest),
            };
            last = self.store.append(append).await?.last;
        }
        Ok(last)
    }
}

pub(crate) fn decode(id: &WorkflowId, entry: &Entry) -> Result<Event, ArchiveError> {
    let seq = entry.seq.get();
    Event::decode(&entry.bytes).map_err(|source| ArchiveError::Event {
        id: id.clone(),
        seq,
        source,
    })
}

/// Names a definition by its bytes.
pub(crate) fn definition_digest(definition: &[u8]) -> String {
    Sha256::digest(definition).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn definition_key(digest: &str) -> Result<Key, ArchiveError> {
    Key::new(format!("definition/{digest}")).map_err(|source| ArchiveError::BadId { source })
}

fn key(space: &str, id: &WorkflowId) -> Result<Key, ArchiveError> {
    Key::new(format!("{space}/{id}")).map_err(|source| ArchiveError::BadId { source })
}
