//! The process that commits what the sink holds, and tells the node only after the commit returned.
//!
//! It opens by raising the epoch in the meta record, which every later transaction writes again: a writer that was replaced cannot
//! commit any more. A store that gives no certain answer gets the same transaction again; if that does not help, the receipts
//! say so and the process ends, to read afresh what is there.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use foundation::{
    Context, DeadLetterChange, DeadLetterRecord, DeadLetterSinkError, Exit, ExitReason, GenServer,
    time,
};

use super::codec::{self, Status};
use super::ledger::{Keys, Ledger, Place, Row, meta_schema};
use super::sink::{Offer, Shared, size};
use crate::{
    Caps, CommitError, Committed, Damage, Epoch, Key, ReadError, Record, Revision, Save, SaveError,
    Scan, Seq, Store, Transaction, WriteId, telemetry,
};

/// Why the process ends.
#[derive(Debug, Clone)]
pub(crate) enum WriterError {
    Read(ReadError),
    Open(SaveError),
    Commit(CommitError),
    /// A record of this key is none that this program wrote, or is of a later version.
    Foreign(Key),
}

impl fmt::Display for WriterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "dead letters cannot be read: {error}"),
            Self::Open(error) => write!(f, "dead letters cannot be taken over: {error}"),
            Self::Commit(error) => write!(f, "dead letters cannot be recorded: {error}"),
            Self::Foreign(key) => write!(f, "no dead letter that this program reads: {key}"),
        }
    }
}

impl Error for WriterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Open(error) => Some(error),
            Self::Commit(error) => Some(error),
            Self::Foreign(_) => None,
        }
    }
}

impl From<ReadError> for WriterError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    caps: Caps,
    ledger: Ledger,
}

/// Changes wait.
pub(crate) enum WriterMsg {
    Offered,
}

impl GenServer for Writer {
    type Args = (Arc<Shared>, Arc<dyn Store>);
    type Msg = WriterMsg;

    async fn init((shared, store): Self::Args, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let caps = store.caps().await?;
        let keys = Keys::new(&shared.options.prefix);
        let (epoch, meta) = take_over(&*store, &keys).await?;
        let mut ledger = Ledger::new(keys.clone(), epoch, meta, shared.options.letters_max);
        let records = read_letters(&*store, &keys, &mut ledger).await?;
        let letters = cx.node().dead_letters();
        let outcome = letters.restore(records);
        telemetry::dead_letters_restored(outcome.restored);
        let mut writer = Self { shared, store, caps, ledger };
        let gone: Vec<DeadLetterChange> =
            outcome.gone.into_iter().map(|id| DeadLetterChange::Removed { id }).collect();
        writer.commit(&gone).await?;
        // What waited for the start makes room for what was refused before it.
        writer.drain().await?;
        letters.record_again();
        writer.wait(cx);
        Ok(writer)
    }

    async fn handle(
        &mut self,
        WriterMsg::Offered: WriterMsg,
        cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        let batch = self.next_batch();
        self.record(batch).await?;
        self.wait(cx);
        Ok(())
    }

    /// What was offered before an orderly end is recorded. What comes later waits for the next start.
    async fn terminate(&mut self, _reason: &ExitReason, _cx: &mut Context<Self>) {
        // Its receipts have said what is not recorded.
        drop(self.drain().await);
    }
}

impl Writer {
    fn next_batch(&self) -> Vec<Offer> {
        self.shared.take(self.caps.transaction_bytes_max / 2)
    }

    /// Records what waits now.
    async fn drain(&mut self) -> Result<(), WriterError> {
        loop {
            let batch = self.next_batch();
            if batch.is_empty() {
                return Ok(());
            }
            self.record(batch).await?;
        }
    }

    fn wait(&self, cx: &mut Context<Self>) {
        let shared = Arc::clone(&self.shared);
        cx.pipe_to_self(async move {
            shared.offered().await;
            WriterMsg::Offered
        });
    }

    async fn record(&mut self, batch: Vec<Offer>) -> Result<(), WriterError> {
        let limit = self.caps.record_bytes_max;
        let (fitting, too_large): (Vec<Offer>, Vec<Offer>) =
            batch.into_iter().partition(|offer| size(&offer.change) <= limit);
        for Offer { change, receipt } in too_large {
            telemetry::dead_letter_failed("too_large");
            let bytes = size(&change);
            receipt.settle(Err(DeadLetterSinkError::TooLarge { bytes, limit }));
        }
        let (changes, receipts): (Vec<_>, Vec<_>) =
            fitting.into_iter().map(|offer| (offer.change, offer.receipt)).unzip();
        let outcome = self.commit(&changes).await;
        match &outcome {
            Ok(()) => {
                changes.iter().for_each(telemetry::dead_letter_recorded);
                receipts.into_iter().for_each(|receipt| receipt.settle(Ok(())));
            }
            Err(error) => {
                let cause: Arc<dyn Error + Send + Sync> = Arc::new(error.clone());
                for receipt in receipts {
                    telemetry::dead_letter_failed("store");
                    receipt.settle(Err(DeadLetterSinkError::Failed(Arc::clone(&cause))));
                }
            }
        }
        outcome
    }

    /// Returns after the commit: what it says is durable.
    async fn commit(&mut self, changes: &[DeadLetterChange]) -> Result<(), WriterError> {
        let plan = self.ledger.plan(changes);
        if plan.is_empty() {
            return Ok(());
        }
        let committed = self.try_commit(&plan.transaction).await.map_err(WriterError::Commit)?;
        self.ledger.committed(&plan, &committed);
        telemetry::dead_letters_evicted(plan.evicted);
        Ok(())
    }

    async fn try_commit(&self, transaction: &Transaction) -> Result<Committed, CommitError> {
        let options = &self.shared.options;
        let mut tries = 1;
        loop {
            // The write ids are the same each time: what was applied is answered as it was then.
            match self.store.commit(transaction.clone()).await {
                Err(error) if error.is_retryable() && tries < options.tries_max => {
                    tries += 1;
                    time::sleep(options.retry_wait).await;
                }
                outcome => return outcome,
            }
        }
    }
}

/// Raises the epoch: from now on no earlier writer commits.
async fn take_over(store: &dyn Store, keys: &Keys) -> Result<(Epoch, Revision), WriterError> {
    let found = store.load(&keys.meta()).await?;
    let (expected, epoch) = match found {
        None => (Revision::ABSENT, Epoch::new(1)),
        Some(record) => {
            readable(&keys.meta(), &record, meta_schema().name())?;
            (record.revision, record.epoch.next())
        }
    };
    let save = Save {
        key: keys.meta(),
        expected,
        epoch,
        seq: Seq::ZERO,
        write_id: WriteId::random(),
        schema: meta_schema(),
        bytes: epoch.get().to_be_bytes().to_vec(),
    };
    let saved = store.save(save).await.map_err(WriterError::Open)?;
    Ok((epoch, saved.revision))
}

/// What a later program wrote is not touched.
fn readable(key: &Key, record: &Record, schema: &str) -> Result<(), WriterError> {
    if record.schema.name() == schema && record.schema.version() <= codec::VERSION {
        return Ok(());
    }
    Err(WriterError::Foreign(key.clone()))
}

/// Reads all records of a prefix. One that cannot be read fails it: a letter is never taken for absent.
async fn read_all(
    store: &dyn Store,
    prefix: &str,
    schema: &str,
) -> Result<Vec<(Key, Record)>, WriterError> {
    let mut records = Vec::new();
    let mut scan = Scan::prefix(prefix);
    loop {
        let page = store.scan(scan).await?;
        for (key, record) in page.records {
            let record = record?;
            readable(&key, &record, schema)?;
            records.push((key, record));
        }
        let Some(next) = page.next else { return Ok(records) };
        scan = Scan::prefix(prefix).after(next);
    }
}

async fn read_letters(
    store: &dyn Store,
    keys: &Keys,
    ledger: &mut Ledger,
) -> Result<Vec<DeadLetterRecord>, WriterError> {
    let mut statuses: HashMap<Key, (Revision, Status)> = HashMap::new();
    for (key, record) in read_all(store, &keys.statuses(), codec::status_schema().name()).await? {
        let status = codec::decode_status(&record.bytes).ok_or_else(|| damaged(&key))?;
        statuses.insert(key, (record.revision, status));
    }
    let mut letters = Vec::new();
    for (key, record) in read_all(store, &keys.letters(), codec::letter_schema().name()).await? {
        let place: Place = keys.place(&key).ok_or_else(|| damaged(&key))?;
        let mut letter = codec::decode_letter(&record.bytes).ok_or_else(|| damaged(&key))?;
        let status = statuses.remove(&keys.status(place));
        if let Some((_, status)) = &status {
            letter.attempts = status.attempts;
            letter.last_attempt = Some(status.at);
        }
        let status = status.map(|(revision, _)| revision);
        ledger.note(letter.id, Row { place, letter: record.revision, status });
        letters.push(letter);
    }
    Ok(letters)
}

fn damaged(key: &Key) -> WriterError {
    WriterError::Read(ReadError::Corrupt { key: key.clone(), damage: Damage::Misplaced })
}
