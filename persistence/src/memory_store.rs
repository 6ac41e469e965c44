//! The reference implementation: ordered maps in the memory of the store's process.
//!
//! It gives every guarantee of the traits but durability: all is lost when its process ends.
//! Meant for tests, and for systems that need no state after a restart.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound;

use foundation::{ChildSpec, Name};

use crate::engine::{self, Applied, Engine, EngineFailure, Op, Outcome, PageRoom, Tables};
use crate::judge::{StoredHead, StoredRecord};
use crate::server::{self, StoreMsg};
use crate::{
    Caps, Durability, Entry, Envelope, Key, LogHead, LogPage, OpenError, Record, RecordPage,
    Revision, Scan, Seq, StoreOptions,
};

/// The child specification of a volatile store, known as `name`.
///
/// It starts empty, and again empty after each restart: place it as `redb_store_child` is placed,
/// before everything that keeps state in it and under `rest_for_one`.
///
/// # Errors
///
/// The child fails to start with [`OpenError::UnsupportedDurability`] if the options ask for more
/// than [`Durability::Volatile`].
///
/// # Examples
///
/// ```
/// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
/// use persistence::{
///     Durability, Key, StateStore, StoreHandle, StoreOptions, memory_store_child,
/// };
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::new(NodeConfig::default())?;
/// let name = node.name("store")?;
/// let options = StoreOptions::new(Durability::Volatile);
/// let tree = SupervisorSpec::new(Strategy::RestForOne)
///     .child(memory_store_child("store", &name, options));
/// let tree = Supervisor::start(&node, tree).await?;
///
/// let store = StoreHandle::new(name);
/// assert!(store.load(&Key::new("counter")?).await?.is_none());
/// tree.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn memory_store_child(id: &str, name: &Name<StoreMsg>, options: StoreOptions) -> ChildSpec {
    server::child(id, name, &options.clone(), move || MemoryEngine::open(&options))
}

/// The data of a volatile store.
#[derive(Debug)]
pub(crate) struct MemoryEngine {
    caps: Caps,
    records: BTreeMap<Key, (Revision, Envelope)>,
    logs: BTreeMap<Key, MemoryLog>,
    last_revision: u64,
}

#[derive(Debug)]
struct MemoryLog {
    head: LogHead,
    entries: BTreeMap<Seq, Envelope>,
}

impl MemoryEngine {
    pub(crate) fn open(options: &StoreOptions) -> Result<Self, OpenError> {
        let (asked, offered) = (options.durability(), Durability::Volatile);
        if asked > offered {
            return Err(OpenError::UnsupportedDurability { asked, offered });
        }
        Ok(Self {
            caps: options.caps(offered),
            records: BTreeMap::new(),
            logs: BTreeMap::new(),
            last_revision: 0,
        })
    }

    fn scan(&self, scan: &Scan) -> RecordPage {
        let mut room = PageRoom::new(scan.max, &self.caps);
        let mut page = RecordPage::default();
        for (key, (revision, envelope)) in behind(&self.records, scan) {
            if !room.take(envelope.bytes.len()) {
                page.next = page.records.last().map(|(key, _)| key.clone());
                break;
            }
            let record = Record::from_envelope(*revision, envelope.clone());
            page.records.push((key.clone(), Ok(record)));
        }
        page
    }

    fn logs(&self, scan: &Scan) -> LogPage {
        let mut room = PageRoom::new(scan.max, &self.caps);
        let mut page = LogPage::default();
        for (key, log) in behind(&self.logs, scan) {
            if !room.take(0) {
                page.next = page.logs.last().map(|(key, _)| key.clone());
                break;
            }
            page.logs.push((key.clone(), Ok(log.head)));
        }
        page
    }

    fn read(&self, log: &Key, after: Seq, max: usize) -> Vec<Entry> {
        let Some(log) = self.logs.get(log) else { return Vec::new() };
        let mut room = PageRoom::new(max, &self.caps);
        log.entries
            .range((Bound::Excluded(after), Bound::Unbounded))
            .map(|(_, envelope)| envelope)
            .take_while(|envelope| room.take(envelope.bytes.len()))
            .cloned()
            .map(Entry::from_envelope)
            .collect()
    }
}

/// The items of a listing, from its first key on.
fn behind<'a, T>(
    map: &'a BTreeMap<Key, T>,
    scan: &'a Scan,
) -> impl Iterator<Item = (&'a Key, &'a T)> {
    let from = match &scan.after {
        Some(key) if key.as_str() >= scan.prefix.as_str() => Bound::Excluded(key.as_str()),
        _ => Bound::Included(scan.prefix.as_str()),
    };
    map.range::<str, _>((from, Bound::Unbounded))
        .take_while(|(key, _)| key.as_str().starts_with(&scan.prefix))
}

impl Engine for MemoryEngine {
    fn caps(&self) -> Caps {
        self.caps
    }

    fn incarnation(&self) -> u64 {
        1
    }

    fn apply(&mut self, ops: &[Op], now_ms: u64) -> Result<Applied, EngineFailure> {
        let caps = self.caps;
        let mut committed = false;
        let outcomes = ops.iter().map(|op| match op {
            Op::Load(key) => {
                let found = self.records.get(key);
                let record = found.map(|(rev, envelope)| (*rev, envelope.clone()));
                Outcome::Loaded(Ok(record.map(|(rev, env)| Record::from_envelope(rev, env))))
            }
            Op::Scan(scan) => Outcome::Scanned(Ok(self.scan(scan))),
            Op::Read { log, after, max } => Outcome::Read(Ok(self.read(log, *after, *max))),
            Op::Last(log) => {
                Outcome::Last(Ok(self.logs.get(log).map_or(LogHead::EMPTY, |log| log.head)))
            }
            Op::Logs(scan) => Outcome::Logs(Ok(self.logs(scan))),
            Op::Commit(transaction) => {
                let Ok(outcome) = engine::commit(self, transaction, &caps, now_ms);
                committed |= outcome.is_ok();
                Outcome::Committed(outcome)
            }
            Op::Trim(trim) => {
                let Ok(outcome) = engine::trim(self, trim);
                committed |= outcome.is_ok();
                Outcome::Trimmed(outcome)
            }
        });
        let outcomes = outcomes.collect();
        Ok(Applied { outcomes, committed })
    }

    fn close(&mut self) -> Result<(), EngineFailure> {
        Ok(())
    }
}

impl Tables for MemoryEngine {
    type Error = Infallible;

    fn record(&self, key: &Key) -> Result<StoredRecord, Infallible> {
        let found = self.records.get(key).cloned();
        Ok(Ok(found.map(|(revision, envelope)| Record::from_envelope(revision, envelope))))
    }

    fn put_record(
        &mut self,
        key: &Key,
        revision: Revision,
        envelope: &Envelope,
    ) -> Result<(), Infallible> {
        self.records.insert(key.clone(), (revision, envelope.clone()));
        Ok(())
    }

    fn delete_record(&mut self, key: &Key) -> Result<(), Infallible> {
        self.records.remove(key);
        Ok(())
    }

    fn head(&self, log: &Key) -> Result<StoredHead, Infallible> {
        Ok(Ok(self.logs.get(log).map(|log| log.head)))
    }

    fn put_head(&mut self, log: &Key, head: &LogHead) -> Result<(), Infallible> {
        self.log(log).head = *head;
        Ok(())
    }

    fn put_entry(&mut self, log: &Key, envelope: &Envelope) -> Result<(), Infallible> {
        self.log(log).entries.insert(envelope.seq, envelope.clone());
        Ok(())
    }

    fn delete_entries(&mut self, log: &Key, _after: Seq, upto: Seq) -> Result<(), Infallible> {
        let log = self.log(log);
        log.entries = log.entries.split_off(&upto.plus(1));
        Ok(())
    }

    fn next_revision(&mut self) -> Revision {
        self.last_revision += 1;
        Revision::new(self.last_revision)
    }
}

impl MemoryEngine {
    fn log(&mut self, log: &Key) -> &mut MemoryLog {
        let empty = || MemoryLog { head: LogHead::EMPTY, entries: BTreeMap::new() };
        self.logs.entry(log.clone()).or_insert_with(empty)
    }
}
