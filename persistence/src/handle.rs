//! The client's side of a store's process.
//!
//! Each operation resolves the name, sends one request and waits for its answer until a deadline.
//! This module turns what can happen on the way into the errors of the operation: what certainly
//! did not reach the store is `Unavailable` or `Closed`, what may have is `Indeterminate`.

use std::time::Duration;

use async_trait::async_trait;
use foundation::{CallError, Name};

use crate::engine::{Op, Outcome};
use crate::server::StoreMsg;
use crate::{
    Append, AppendError, Appended, Caps, CommitError, Committed, Entry, Fault, Key, LogHead,
    LogPage, LogStore, ReadError, Record, RecordPage, Remove, Save, SaveError, Saved, Scan, Seq,
    StateStore, Store, StoreStats, Transaction, Trim,
};

/// A client of the store that runs under a name.
///
/// Cloning is cheap. The name is resolved at each operation, so a handle outlives restarts of the
/// store, and it can be made before the store starts. Every operation has the same deadline, 5 s
/// unless [`StoreHandle::deadline`] sets another. Cancel safety: a dropped read does nothing, a
/// dropped write may still be applied.
#[derive(Debug, Clone)]
pub struct StoreHandle {
    name: Name<StoreMsg>,
    deadline: Duration,
}

impl StoreHandle {
    /// A client of the store known as `name`.
    #[must_use]
    pub const fn new(name: Name<StoreMsg>) -> Self {
        Self { name, deadline: Duration::from_secs(5) }
    }

    /// Sets how long each operation may take.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    async fn ask(&self, op: Op) -> Result<Outcome, CallError> {
        self.name.call_timeout(self.deadline, |reply| StoreMsg::op(op, reply)).await
    }

    async fn write(&self, transaction: Transaction) -> Result<Committed, CommitError> {
        match self.ask(Op::Commit(transaction)).await {
            Ok(Outcome::Committed(outcome)) => outcome,
            Ok(other) => wrong_answer(&other),
            Err(error) => Err(match fate(error) {
                Fate::Nobody => CommitError::Closed,
                Fate::NotSent(fault) => CommitError::Unavailable(fault),
                Fate::Sent(fault) => CommitError::Indeterminate(fault),
            }),
        }
    }
}

/// What a failed call says about its request.
enum Fate {
    Nobody,
    NotSent(Fault),
    Sent(Fault),
}

fn fate(error: CallError) -> Fate {
    match error {
        CallError::NoProc => Fate::Nobody,
        CallError::Full => Fate::NotSent(Fault::Full),
        CallError::Down(reason) => Fate::Sent(Fault::Down(reason)),
        CallError::NoReply => Fate::Sent(Fault::NoReply),
        // A deadline, or what a later version may add: the request may be with the store.
        _ => Fate::Sent(Fault::Timeout),
    }
}

fn unread(error: CallError) -> ReadError {
    match fate(error) {
        Fate::Nobody => ReadError::Closed,
        Fate::NotSent(fault) | Fate::Sent(fault) => ReadError::Unavailable(fault),
    }
}

#[track_caller]
fn wrong_answer(outcome: &Outcome) -> ! {
    unreachable!("each request is answered in its own kind, not by {outcome:?}")
}

#[async_trait]
impl StateStore for StoreHandle {
    async fn caps(&self) -> Result<Caps, ReadError> {
        self.name.call_timeout(self.deadline, StoreMsg::caps).await.map_err(unread)
    }

    async fn load(&self, key: &Key) -> Result<Option<Record>, ReadError> {
        match self.ask(Op::Load(key.clone())).await.map_err(unread)? {
            Outcome::Loaded(outcome) => outcome,
            other => wrong_answer(&other),
        }
    }

    async fn save(&self, save: Save) -> Result<Saved, SaveError> {
        let committed = self.write(Transaction::new().save(save)).await?;
        Ok(*committed.saves.first().expect("one acknowledgement for each save"))
    }

    async fn remove(&self, remove: Remove) -> Result<(), SaveError> {
        self.write(Transaction::new().remove(remove)).await?;
        Ok(())
    }

    async fn scan(&self, scan: Scan) -> Result<RecordPage, ReadError> {
        match self.ask(Op::Scan(scan)).await.map_err(unread)? {
            Outcome::Scanned(outcome) => outcome,
            other => wrong_answer(&other),
        }
    }
}

#[async_trait]
impl LogStore for StoreHandle {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let committed = self.write(Transaction::new().append(append)).await?;
        Ok(*committed.appends.first().expect("one acknowledgement for each append"))
    }

    async fn read(&self, log: &Key, after: Seq, max: usize) -> Result<Vec<Entry>, ReadError> {
        match self.ask(Op::Read { log: log.clone(), after, max }).await.map_err(unread)? {
            Outcome::Read(outcome) => outcome,
            other => wrong_answer(&other),
        }
    }

    async fn last(&self, log: &Key) -> Result<LogHead, ReadError> {
        match self.ask(Op::Last(log.clone())).await.map_err(unread)? {
            Outcome::Last(outcome) => outcome,
            other => wrong_answer(&other),
        }
    }

    async fn logs(&self, scan: Scan) -> Result<LogPage, ReadError> {
        match self.ask(Op::Logs(scan)).await.map_err(unread)? {
            Outcome::Logs(outcome) => outcome,
            other => wrong_answer(&other),
        }
    }

    async fn trim(&self, trim: Trim) -> Result<LogHead, AppendError> {
        match self.ask(Op::Trim(trim)).await {
            Ok(Outcome::Trimmed(outcome)) => outcome,
            Ok(other) => wrong_answer(&other),
            Err(error) => Err(match fate(error) {
                Fate::Nobody => AppendError::Closed,
                Fate::NotSent(fault) => AppendError::Unavailable(fault),
                Fate::Sent(fault) => AppendError::Indeterminate(fault),
            }),
        }
    }
}

#[async_trait]
impl Store for StoreHandle {
    async fn commit(&self, transaction: Transaction) -> Result<Committed, CommitError> {
        self.write(transaction).await
    }

    async fn stats(&self) -> Result<StoreStats, ReadError> {
        self.name.call_timeout(self.deadline, StoreMsg::stats).await.map_err(unread)
    }
}
