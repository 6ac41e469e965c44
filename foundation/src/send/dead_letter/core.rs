//! What the handles of a node share: the queue under its lock, the counts, and the way to the sink.
//!
//! Everything slow happens outside of the lock: encoding, delivering, handing to the sink, dropping messages.

use std::any::{Any, type_name};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::node::Node;
use crate::process::reply::Reply;
use crate::process::spawn::caught;
use crate::send::dead_letter::attempt::{Attempt, RetryReport, Route};
use crate::send::dead_letter::burial::Burial;
use crate::send::dead_letter::codec::Codecs;
use crate::send::dead_letter::filter::DeadLetterFilter;
use crate::send::dead_letter::letter::{
    DeadLetter, DeadLetterId, DeadLetterInfo, DeadLetterRecording, DeadLetterState,
};
use crate::send::dead_letter::options::{DeadLetterOptions, DeadLetterOverflow};
use crate::send::dead_letter::queue::{Entry, Now, Pick, Queue, Stamp};
use crate::send::dead_letter::reason::DeadLetterReasonKind;
use crate::send::dead_letter::record::{DeadLetterChange, DeadLetterRecord};
use crate::send::dead_letter::sink::{DeadLetterReceipt, DeadLetterSink, DeadLetterSinkError};
use crate::telemetry;

/// Changes that may wait while another thread hands one to the sink.
const OUTBOX_MAX: usize = 4_096;

pub(super) type Waiter = Reply<Result<(), DeadLetterSinkError>>;

/// Counts of a node's dead letters, since the node was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DeadLetterCounts {
    /// All that ever came.
    pub total: u64,
    /// Those that had to leave because the queue was full.
    pub evicted: u64,
    /// Those that are here now.
    pub kept: usize,
    /// Attempts that delivered.
    pub delivered: u64,
    /// Attempts that failed.
    pub attempts_failed: u64,
    /// Those whose attempts were used up.
    pub exhausted: u64,
    /// Those that left because of their age.
    pub expired: u64,
    /// Those that somebody purged.
    pub purged: u64,
    /// Those that somebody took out.
    pub taken: u64,
    /// Those that came back from an earlier run.
    pub restored: u64,
    /// Changes that the sink is not known to have.
    pub sink_failures: u64,
    by_reason: [u64; DeadLetterReasonKind::ALL.len()],
}

impl DeadLetterCounts {
    /// Returns how many came for a reason of this kind.
    #[must_use]
    pub fn of(&self, kind: DeadLetterReasonKind) -> u64 {
        self.by_reason[kind.index()]
    }
}

/// What the handles of a node share.
pub(crate) struct Core {
    options: DeadLetterOptions,
    clock: Arc<dyn Clock>,
    pub(super) codecs: Codecs,
    sink: Option<Arc<dyn DeadLetterSink>>,
    run: u64,
    pub(super) shelf: Mutex<Shelf>,
    /// Whoever has it hands changes to the sink, in their order.
    forwarding: Mutex<()>,
    attempts: Semaphore,
}

/// What the one lock protects.
pub(super) struct Shelf {
    pub(super) queue: Queue,
    pub(super) counts: DeadLetterCounts,
    outbox: VecDeque<(DeadLetterChange, Option<Waiter>)>,
    last_sink_error: Option<DeadLetterSinkError>,
    pub(super) is_restored: bool,
}

impl Core {
    pub(crate) fn new(
        options: DeadLetterOptions,
        clock: Arc<dyn Clock>,
        codecs: Codecs,
        sink: Option<Arc<dyn DeadLetterSink>>,
    ) -> Self {
        Self {
            clock,
            codecs,
            sink,
            run: RandomState::new().hash_one("a run of a node"),
            shelf: Mutex::new(Shelf {
                queue: Queue::new(options),
                counts: DeadLetterCounts::default(),
                outbox: VecDeque::new(),
                last_sink_error: None,
                is_restored: false,
            }),
            forwarding: Mutex::new(()),
            attempts: Semaphore::new(options.concurrency.min(Semaphore::MAX_PERMITS)),
            options,
        }
    }

    pub(crate) fn options(&self) -> &DeadLetterOptions {
        &self.options
    }

    pub(crate) fn codecs(&self) -> &Codecs {
        &self.codecs
    }

    pub(super) fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.wall() }
    }

    /// Keeps a message that could not be delivered.
    pub(crate) fn bury<M: Send + 'static>(
        self: &Arc<Self>,
        burial: Burial<M>,
        waiter: Option<Waiter>,
    ) -> DeadLetterId {
        telemetry::dead_letter(burial.reason.kind());
        let now = self.now();
        // Outside of the lock: it runs code of the user.
        let bytes = self.sink.as_ref().map(|_sink| self.encode(&burial.message));
        let Burial { message, address, reason, metadata } = burial;
        let kind = reason.kind();
        let mut entry = Entry {
            id: DeadLetterId::new(self.run, 0),
            address,
            message_type: Cow::Borrowed(type_name::<M>()),
            route: Route::of::<M>(),
            reason,
            metadata,
            attempts: 0,
            first: Stamp::of(now),
            last: None,
            recording: DeadLetterRecording::Unasked,
            is_offered: false,
            message: Some(Box::new(message)),
        };
        let mut shelf = self.shelf.lock();
        shelf.counts.total += 1;
        shelf.counts.by_reason[kind.index()] += 1;
        let id = DeadLetterId::new(self.run, shelf.counts.total);
        entry.id = id;
        let encoded = match bytes {
            Some(Some((codec, bytes))) => {
                (entry.recording, entry.is_offered) = (DeadLetterRecording::Pending, true);
                Some(record_of(&entry, codec, bytes))
            }
            Some(None) => {
                entry.recording = DeadLetterRecording::Failed;
                None
            }
            None => None,
        };
        let dropped = shelf.queue.push(entry);
        let is_kept = dropped.as_ref().is_none_or(|dropped| dropped.id != id);
        let unrecorded = match encoded {
            Some(record) if is_kept => {
                shelf.post(DeadLetterChange::Buried(Box::new(record)), waiter)
            }
            // It left at once: there is nothing to record.
            Some(_) => waiter.map(|waiter| (Some(waiter), DeadLetterSinkError::NoRoom)),
            None if self.sink.is_some() => Some((waiter, DeadLetterSinkError::NotEncodable)),
            None => None,
        };
        if let Some(dropped) = &dropped {
            shelf.evicted(dropped, is_kept);
        }
        drop(shelf);
        if let Some((waiter, error)) = unrecorded {
            self.recorded(id, true, Some(&error));
            if let Some(waiter) = waiter {
                waiter.send(Err(error));
            }
        }
        if dropped.is_some() {
            telemetry::dead_letter_dropped(self.overflow_label());
        }
        // A message may run code when it is dropped; not under the lock.
        drop(dropped);
        self.forward();
        id
    }

    pub(super) fn overflow_label(&self) -> &'static str {
        match self.options.overflow {
            DeadLetterOverflow::DropOldest => "oldest",
            DeadLetterOverflow::DropNewest => "newest",
        }
    }

    pub(super) fn encode(&self, message: &dyn Any) -> Option<(&'static str, Vec<u8>)> {
        let codec = self.codecs.of_message(message)?;
        Some((codec.name(), codec.encode(message)?))
    }

    /// Hands what waits to the sink, in order. Does not wait for another thread that is at it: that one takes all.
    pub(super) fn forward(self: &Arc<Self>) {
        let Some(sink) = &self.sink else { return };
        loop {
            let Some(turn) = self.forwarding.try_lock() else { return };
            while let Some((change, waiter)) = self.next_change() {
                let receipt = DeadLetterReceipt::new(self, &change, waiter);
                // A panic drops the receipt, which counts as a failure.
                caught(|| sink.offer(change, receipt));
            }
            drop(turn);
            // What came between the last look and the end of the turn has nobody else.
            if self.shelf.lock().outbox.is_empty() {
                return;
            }
        }
    }

    fn next_change(&self) -> Option<(DeadLetterChange, Option<Waiter>)> {
        self.shelf.lock().outbox.pop_front()
    }

    /// The sink has a change, or has not.
    pub(crate) fn recorded(
        &self,
        id: DeadLetterId,
        is_burial: bool,
        error: Option<&DeadLetterSinkError>,
    ) {
        if let Some(error) = error {
            telemetry::dead_letter_sink_failed(error.label());
        }
        let mut shelf = self.shelf.lock();
        if is_burial && let Some(entry) = shelf.queue.by_id(id) {
            entry.recording = match error {
                None => DeadLetterRecording::Recorded,
                Some(_) => DeadLetterRecording::Failed,
            };
        }
        let previous = error.and_then(|error| {
            shelf.counts.sink_failures += 1;
            shelf.last_sink_error.replace(error.clone())
        });
        drop(shelf);
        drop(previous);
    }

    /// Begins an attempt, if the letter may still have one.
    fn claim(self: &Arc<Self>, position: i64) -> Option<Attempt<'_>> {
        let now = self.now();
        let claim = self.shelf.lock().queue.claim(position, now)?;
        Some(Attempt::new(self, position, claim))
    }

    pub(super) fn borrow(self: &Arc<Self>, position: i64) -> Option<Attempt<'_>> {
        let claim = self.shelf.lock().queue.borrow(position)?;
        Some(Attempt::uncounted(self, position, claim))
    }

    /// A letter was delivered. It may have been purged meanwhile, or have left for a newer one.
    pub(crate) fn delivered(self: &Arc<Self>, position: i64, id: DeadLetterId) {
        telemetry::dead_letter_retried("delivered");
        let mut shelf = self.shelf.lock();
        shelf.counts.delivered += 1;
        let entry = shelf.queue.remove(position);
        if entry.as_ref().is_some_and(|entry| entry.is_offered) {
            shelf.post_quietly(DeadLetterChange::Removed { id });
        }
        drop(shelf);
        drop(entry);
        self.forward();
    }

    /// Takes the message of an attempt back that did not deliver.
    pub(crate) fn give_back(
        self: &Arc<Self>,
        position: i64,
        message: Box<dyn Any + Send>,
        is_counted: bool,
    ) {
        let now = self.now();
        let mut shelf = self.shelf.lock();
        let orphan = shelf.queue.give_back(position, message).err();
        let failed = if is_counted { shelf.queue.failed(position, now) } else { None };
        if is_counted {
            shelf.counts.attempts_failed += 1;
        }
        let is_exhausted = failed.as_ref().is_some_and(|failed| failed.is_exhausted);
        shelf.counts.exhausted += u64::from(is_exhausted);
        if let Some(failed) = failed.filter(|failed| failed.is_offered) {
            let (id, attempts) = (failed.id, failed.attempts);
            shelf.post_quietly(DeadLetterChange::Attempted { id, attempts, at: now.wall });
        }
        drop(shelf);
        drop(orphan);
        if is_counted {
            telemetry::dead_letter_retried("failed");
        }
        if is_exhausted {
            telemetry::dead_letters_exhausted();
        }
        self.forward();
    }

    /// Removes the meant ones; `count` says under which number.
    fn remove(
        self: &Arc<Self>,
        filter: &DeadLetterFilter,
        count: impl FnOnce(&mut DeadLetterCounts, u64),
    ) -> usize {
        let now = self.now();
        let mut shelf = self.shelf.lock();
        let removed = shelf.queue.purge(filter, now);
        for entry in removed.iter().filter(|entry| entry.is_offered) {
            shelf.post_quietly(DeadLetterChange::Removed { id: entry.id });
        }
        count(&mut shelf.counts, removed.len() as u64);
        drop(shelf);
        let removed_len = removed.len();
        drop(removed);
        self.forward();
        removed_len
    }
}

impl Core {
    pub(crate) fn counts(&self) -> DeadLetterCounts {
        let shelf = self.shelf.lock();
        DeadLetterCounts { kept: shelf.queue.len(), ..shelf.counts }
    }

    pub(crate) fn last_sink_error(&self) -> Option<DeadLetterSinkError> {
        self.shelf.lock().last_sink_error.clone()
    }

    pub(crate) fn has_sink(&self) -> bool {
        self.sink.is_some()
    }

    pub(crate) fn list(&self, filter: &DeadLetterFilter) -> Vec<DeadLetterInfo> {
        let now = self.now();
        self.shelf.lock().queue.list(filter, now)
    }

    pub(crate) fn take(self: &Arc<Self>, filter: &DeadLetterFilter) -> Vec<DeadLetter> {
        let now = self.now();
        let mut shelf = self.shelf.lock();
        let taken = shelf.queue.take(filter, now);
        shelf.counts.taken += taken.len() as u64;
        let mut letters = Vec::with_capacity(taken.len());
        for (entry, letter) in taken {
            if entry.is_offered {
                shelf.post_quietly(DeadLetterChange::Removed { id: entry.id });
            }
            letters.push(letter);
        }
        drop(shelf);
        self.forward();
        letters
    }

    pub(crate) fn purge(self: &Arc<Self>, filter: &DeadLetterFilter) -> usize {
        let purged = self.remove(filter, |counts, removed| counts.purged += removed);
        telemetry::dead_letters_purged(purged);
        purged
    }

    pub(crate) fn expire(self: &Arc<Self>) -> usize {
        let expired = DeadLetterFilter::all().state(DeadLetterState::Expired);
        let expired = self.remove(&expired, |counts, removed| counts.expired += removed);
        telemetry::dead_letters_expired(expired);
        expired
    }

    /// Looks at one message; the letter stays. Whatever `look` does, no lock is held.
    pub(crate) fn peek<T>(
        self: &Arc<Self>,
        id: DeadLetterId,
        look: impl FnOnce(&(dyn Any + Send)) -> T,
    ) -> Option<T> {
        let position = self.shelf.lock().queue.position(id)?;
        let borrowed = self.borrow(position)?;
        borrowed.message().map(look)
    }

    pub(crate) fn pick(
        &self,
        filter: &DeadLetterFilter,
        is_due: impl Fn(&Entry, Now) -> bool,
    ) -> Vec<Pick> {
        let now = self.now();
        self.shelf.lock().queue.pick(filter, now, |entry| is_due(entry, now))
    }

    /// Tries the chosen ones: those for one address one after another in their order, addresses beside each other.
    pub(crate) async fn retry(self: &Arc<Self>, node: &Node, picks: Vec<Pick>) -> RetryReport {
        let mut lines: BTreeMap<Option<Arc<str>>, Vec<i64>> = BTreeMap::new();
        for Pick { position, name } in picks {
            lines.entry(name).or_default().push(position);
        }
        let lines = stream::iter(lines.into_values().map(|line| self.retry_line(node, line)));
        let reports = lines.buffer_unordered(self.options.concurrency);
        reports.fold(RetryReport::default(), |all, one| async { all.merge(one) }).await
    }

    async fn retry_line(self: &Arc<Self>, node: &Node, line: Vec<i64>) -> RetryReport {
        let mut report = RetryReport::default();
        let mut is_blocked = false;
        for position in line {
            if is_blocked {
                report.deferred.extend(self.shelf.lock().queue.at(position).map(|entry| entry.id));
                continue;
            }
            // Nobody closes the semaphore.
            let Ok(place) = self.attempts.acquire().await else { break };
            let Some(attempt) = self.claim(position) else { continue };
            let id = attempt.id();
            is_blocked = report.add(id, attempt.run(node).await);
            drop(place);
        }
        report
    }
}

impl Shelf {
    /// Puts a change where it is handed to the sink from. It comes back if too many wait.
    pub(super) fn post(
        &mut self,
        change: DeadLetterChange,
        waiter: Option<Waiter>,
    ) -> Option<(Option<Waiter>, DeadLetterSinkError)> {
        if self.outbox.len() >= OUTBOX_MAX {
            return Some((waiter, DeadLetterSinkError::Full));
        }
        self.outbox.push_back((change, waiter));
        None
    }

    /// For a change whose loss only means that a letter is tried once more after a restart.
    pub(super) fn post_quietly(&mut self, change: DeadLetterChange) {
        if let Some((_nobody, error)) = self.post(change, None) {
            telemetry::dead_letter_sink_failed(error.label());
            self.counts.sink_failures += 1;
        }
    }

    pub(super) fn evicted(&mut self, entry: &Entry, was_posted: bool) {
        self.counts.evicted += 1;
        if entry.is_offered && was_posted {
            self.post_quietly(DeadLetterChange::Removed { id: entry.id });
        }
    }
}

pub(super) fn record_of(entry: &Entry, codec: &'static str, bytes: Vec<u8>) -> DeadLetterRecord {
    DeadLetterRecord {
        id: entry.id,
        name: entry.address.name.clone(),
        label: entry.address.label.clone(),
        codec: Arc::from(codec),
        reason: entry.reason.kind(),
        reason_text: Arc::from(entry.reason.to_string()),
        metadata: entry.metadata.clone(),
        attempts: entry.attempts,
        first_failure: entry.first.wall,
        last_attempt: entry.last.map(|last| last.wall),
        bytes,
    }
}
