//! The data of a disk store: redb, driven synchronously by the one thread that owns it.
//!
//! Only this folder names redb. It decides how a group becomes one transaction and how a file is
//! opened; the rules of each write are in `judge`, the process around it is in `server`.
//!
//! Invariants: one sync of the disk per commit; a failed commit is [`Stage::Commit`], after which
//! the engine is not used again; a file is written to only after it was examined and accepted.

mod open;
mod overlay;
mod rows;
mod tables;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::Arc;

use redb::{Database, Durability as RedbDurability, ReadableDatabase};

pub use self::open::{Probe, probe};
use self::tables::{JOURNAL, LOGS, META, STATE, View, WriteTables};
use crate::Caps;
use crate::engine::{Applied, Engine, EngineFailure, Op, Outcome, Stage};

const FORMAT: u32 = 1;
const META_FORMAT: &str = "format";
const META_INCARNATION: &str = "incarnation";
const META_REVISION: &str = "revision";

/// An open database.
#[derive(Debug)]
pub(crate) struct RedbEngine {
    /// `None` once it is closed or has failed.
    database: Option<Database>,
    caps: Caps,
    incarnation: u64,
    last_revision: u64,
}

/// What the `meta` table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meta {
    format: u32,
    incarnation: u64,
    revision: u64,
}

fn failure<E: Error + Send + Sync + 'static>(stage: Stage) -> impl Fn(E) -> EngineFailure {
    move |cause| EngineFailure { stage, cause: Arc::new(cause) }
}

fn before_commit<E: Into<redb::Error>>(cause: E) -> EngineFailure {
    failure(Stage::BeforeCommit)(cause.into())
}

/// Asks for a database that is not there any more.
#[derive(Debug)]
struct EngineClosed;

impl std::fmt::Display for EngineClosed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the database is closed")
    }
}

impl Error for EngineClosed {}

impl RedbEngine {
    /// Takes a database that holds a store over, and counts this opening in it.
    fn start(database: Database, caps: Caps) -> Result<Self, redb::Error> {
        let mut meta = read_meta(&database)?.ok_or_else(|| {
            redb::Error::Corrupted("the table of the store's own numbers is missing".to_owned())
        })?;
        meta.incarnation += 1;
        write_meta(&database, meta)?;
        Ok(Self {
            database: Some(database),
            caps,
            incarnation: meta.incarnation,
            last_revision: meta.revision,
        })
    }

    fn read_group(&self, ops: &[Op]) -> Result<Applied, EngineFailure> {
        let database = self.database()?;
        let txn = database.begin_read().map_err(before_commit)?;
        let state = txn.open_table(STATE).map_err(before_commit)?;
        let logs = txn.open_table(LOGS).map_err(before_commit)?;
        let journal = txn.open_table(JOURNAL).map_err(before_commit)?;
        let view = View { state: &state, logs: &logs, journal: &journal, caps: self.caps };
        let mut outcomes = Vec::with_capacity(ops.len());
        for op in ops {
            let outcome = view.serve(op).map_err(before_commit)?;
            outcomes.push(outcome.expect("a group without writes"));
        }
        Ok(Applied { outcomes, committed: false })
    }

    fn write_group(&mut self, ops: &[Op], now_ms: u64) -> Result<Applied, EngineFailure> {
        let mut txn = self.database()?.begin_write().map_err(before_commit)?;
        txn.set_durability(RedbDurability::Immediate).map_err(before_commit)?;
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(ops.len());
        let (dirty, last_revision) = {
            let mut tables = WriteTables {
                state: txn.open_table(STATE).map_err(before_commit)?,
                logs: txn.open_table(LOGS).map_err(before_commit)?,
                journal: txn.open_table(JOURNAL).map_err(before_commit)?,
                last_revision: self.last_revision,
                dirty: false,
                caps: self.caps,
            };
            for op in ops {
                outcomes.push(tables.serve(op, now_ms).map_err(before_commit)?);
            }
            if tables.last_revision != self.last_revision {
                let mut meta = txn.open_table(META).map_err(before_commit)?;
                let revision = tables.last_revision.to_be_bytes();
                meta.insert(META_REVISION, revision.as_slice()).map_err(before_commit)?;
            }
            (tables.dirty, tables.last_revision)
        };
        if dirty {
            txn.commit().map_err(failure(Stage::Commit))?;
            self.last_revision = last_revision;
        } else {
            txn.abort().map_err(before_commit)?;
        }
        Ok(Applied { outcomes, committed: dirty })
    }

    fn database(&self) -> Result<&Database, EngineFailure> {
        self.database.as_ref().ok_or_else(|| failure(Stage::BeforeCommit)(EngineClosed))
    }
}

impl Engine for RedbEngine {
    fn caps(&self) -> Caps {
        self.caps
    }

    fn incarnation(&self) -> u64 {
        self.incarnation
    }

    fn apply(&mut self, ops: &[Op], now_ms: u64) -> Result<Applied, EngineFailure> {
        let applied = if ops.iter().any(Op::is_write) {
            self.write_group(ops, now_ms)
        } else {
            self.read_group(ops)
        };
        if applied.is_err() {
            // Nothing may be read or written through it again: reopening tells what is durable.
            self.database = None;
        }
        applied
    }

    fn close(&mut self) -> Result<(), EngineFailure> {
        match self.database.take() {
            Some(database) => database.close().map_err(before_commit),
            None => Ok(()),
        }
    }
}

fn read_meta(database: &impl ReadableDatabase) -> Result<Option<Meta>, redb::Error> {
    let txn = database.begin_read()?;
    let table = match txn.open_table(META) {
        Ok(table) => table,
        Err(
            redb::TableError::TableDoesNotExist(_)
            | redb::TableError::TableTypeMismatch { .. }
            | redb::TableError::TableIsMultimap(_),
        ) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let number = |name: &str| -> Result<Option<u64>, redb::Error> {
        let Some(row) = table.get(name)? else { return Ok(None) };
        Ok(row.value().try_into().ok().map(u64::from_be_bytes))
    };
    let format = number(META_FORMAT)?.and_then(|format| u32::try_from(format).ok());
    let Some(format) = format else { return Ok(None) };
    if format > FORMAT {
        // Only the format number is known of a newer file.
        return Ok(Some(Meta { format, incarnation: 0, revision: 0 }));
    }
    match (number(META_INCARNATION)?, number(META_REVISION)?) {
        (Some(incarnation), Some(revision)) => Ok(Some(Meta { format, incarnation, revision })),
        _ => Err(redb::Error::Corrupted("the store's own numbers are incomplete".to_owned())),
    }
}

fn write_meta(database: &Database, meta: Meta) -> Result<(), redb::Error> {
    let mut txn = database.begin_write()?;
    txn.set_durability(RedbDurability::Immediate)?;
    {
        let mut table = txn.open_table(META)?;
        let rows = [
            (META_FORMAT, u64::from(meta.format)),
            (META_INCARNATION, meta.incarnation),
            (META_REVISION, meta.revision),
        ];
        for (name, number) in rows {
            table.insert(name, number.to_be_bytes().as_slice())?;
        }
        // The tables exist from the first commit on, so that no reader meets a missing one.
        txn.open_table(STATE)?;
        txn.open_table(LOGS)?;
        txn.open_table(JOURNAL)?;
    }
    txn.commit()?;
    Ok(())
}
