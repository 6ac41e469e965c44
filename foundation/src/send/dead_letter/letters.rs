//! The door to the dead letters of a node.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::node::Node;
use crate::process::reply;
use crate::send::dead_letter::attempt::RetryReport;
use crate::send::dead_letter::burial::{Burial, BuryError, BuryFailure};
use crate::send::dead_letter::core::{Core, DeadLetterCounts};
use crate::send::dead_letter::filter::DeadLetterFilter;
use crate::send::dead_letter::letter::{DeadLetter, DeadLetterId, DeadLetterInfo};
use crate::send::dead_letter::queue::{Entry, Now};
use crate::send::dead_letter::record::{DeadLetterRecord, DeadLetterRestore};
use crate::send::dead_letter::sink::DeadLetterSinkError;
use crate::time;

/// The dead letters of a node: bounded, ordered by their first failure, each with its reason and an address to try again.
///
/// A clone leads to the same letters. Messages of calls never come here: their callers are told. A letter leaves by delivery, by
/// [`purge`](Self::purge) or [`take`](Self::take), by age, or because there is no room; each is counted.
///
/// # Delivery
///
/// A retry resolves the registered name anew. If the message has a [codec](crate::DeadLetterCodec), the letter leaves when a copy
/// of it has been *handled*: at least once. Without one the message itself is moved into the mailbox, and the letter leaves when
/// it is *accepted*: at most once; if that process ends before it takes the message, that is a new dead letter.
///
/// # Metrics
///
/// `foundation.dead_letter.*`: `buried_total` by `cause`, `dropped_total` by `policy`, `retried_total` by `outcome`,
/// `exhausted_total`, `expired_total`, `purged_total`, `sink_failures_total` by `cause`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{
///     Burial, DeadLetterFilter, DeadLetterReason, Node, NodeConfig, ServerSpec, Strategy, Supervisor,
///     SupervisorSpec,
/// };
/// # use test_helpers::{Do, Journal, Worker};
///
/// let node = Node::new(NodeConfig::default())?;
/// let name = node.name::<Do>("worker")?;
/// let letters = node.dead_letters();
/// letters.bury(Burial::new(Do::Note("late".into()), DeadLetterReason::NoProc).to_name(&name));
///
/// // Nobody is there: the letter stays, and has one attempt less.
/// let report = letters.retry(&DeadLetterFilter::all()).await;
/// assert_eq!((report.delivered.len(), report.failed.len()), (0, 1));
///
/// let journal = Journal::new();
/// let child = Worker::spec("worker", &journal).name(&name).child("worker");
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
/// let report = letters.retry(&DeadLetterFilter::all()).await;
/// assert_eq!(report.delivered.len(), 1);
/// assert!(letters.list(&DeadLetterFilter::all()).is_empty());
/// root.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DeadLetters {
    node: Node,
}

impl DeadLetters {
    pub(crate) fn new(node: Node) -> Self {
        Self { node }
    }

    fn core(&self) -> &Arc<Core> {
        self.node.letters()
    }

    /// Makes a message a dead letter. It is in the queue when this returns, and has been handed to the sink, if there is one.
    ///
    /// Never waits. Whether the sink has it is seen in [`DeadLetterInfo::recording`], in the counts, and awaited by
    /// [`bury_durably`](Self::bury_durably).
    ///
    /// # Examples
    ///
    /// See [`Burial`].
    pub fn bury<M: Send + 'static>(&self, burial: Burial<M>) -> DeadLetterId {
        self.core().bury(burial, None)
    }

    /// Makes a message a dead letter and waits until the sink has it, for at most `timeout`. `Ok` means that it has.
    ///
    /// How long that lasts is for the sink to say; with that of the crate `persistence` it survives `kill -9`.
    ///
    /// # Errors
    ///
    /// [`BuryError`]: the letter is in the memory of the node, and the sink is not known to have it.
    ///
    /// # Cancel safety
    ///
    /// The message is a dead letter from the first poll on; a dropped future only stops waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use foundation::{Burial, BuryFailure, DeadLetterReason, Node, NodeConfig};
    ///
    /// let letters = Node::new(NodeConfig::default())?.dead_letters();
    /// let burial = Burial::new(7_u8, DeadLetterReason::NoProc);
    /// let error = letters.bury_durably(burial, Duration::from_secs(1)).await.expect_err("no sink");
    /// assert!(matches!(error.cause, BuryFailure::NoSink));
    /// assert_eq!(letters.counts().kept, 1, "it is here all the same");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bury_durably<M: Send + 'static>(
        &self,
        burial: Burial<M>,
        timeout: Duration,
    ) -> Result<DeadLetterId, BuryError> {
        if !self.core().has_sink() {
            let id = self.core().bury(burial, None);
            return Err(BuryError { id, cause: BuryFailure::NoSink });
        }
        let (waiter, answer) = reply::pair();
        let id = self.core().bury(burial, Some(waiter));
        let cause = match time::timeout(timeout, answer).await {
            Ok(Ok(Ok(()))) => return Ok(id),
            Ok(Ok(Err(error))) => BuryFailure::Sink(error),
            Ok(Err(_unanswered)) => BuryFailure::Sink(DeadLetterSinkError::Dropped),
            Err(time::Elapsed) => BuryFailure::Timeout,
        };
        Err(BuryError { id, cause })
    }

    /// Returns the counts.
    #[must_use]
    pub fn counts(&self) -> DeadLetterCounts {
        self.core().counts()
    }

    /// Returns what the sink last reported not to have, and why. [`DeadLetterCounts::sink_failures`] counts them.
    #[must_use]
    pub fn last_sink_error(&self) -> Option<DeadLetterSinkError> {
        self.core().last_sink_error()
    }

    /// Returns the meant letters without their messages, oldest first. Cost: O(letters) under the lock of the queue.
    ///
    /// # Examples
    ///
    /// See [`DeadLetterFilter`].
    #[must_use]
    pub fn list(&self, filter: &DeadLetterFilter) -> Vec<DeadLetterInfo> {
        self.core().list(filter)
    }

    /// Looks at the message of one letter. `None` if there is no such letter, its message has another type, or an attempt has it.
    ///
    /// The letter cannot be retried meanwhile. No lock is held, and a panic in `look` leaves the letter where it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Burial, DeadLetterReason, Node, NodeConfig};
    ///
    /// let letters = Node::new(NodeConfig::default())?.dead_letters();
    /// let id = letters.bury(Burial::new("hello".to_owned(), DeadLetterReason::NoProc));
    /// assert_eq!(letters.peek(id, |text: &String| text.len()), Some(5));
    /// assert_eq!(letters.peek(id, |number: &u64| *number), None, "it is no number");
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    pub fn peek<M: Send + 'static, T>(
        &self,
        id: DeadLetterId,
        look: impl FnOnce(&M) -> T,
    ) -> Option<T> {
        self.core().peek(id, |message| message.downcast_ref::<M>().map(look)).flatten()
    }

    /// Takes the meant letters out, oldest first. Those that an attempt has stay.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Burial, DeadLetterFilter, DeadLetterReason, Node, NodeConfig};
    ///
    /// let letters = Node::new(NodeConfig::default())?.dead_letters();
    /// letters.bury(Burial::new("hello", DeadLetterReason::NoProc));
    /// for letter in letters.take(&DeadLetterFilter::all()) {
    ///     let text = letter.message.downcast::<&str>().map_err(|_| "no text")?;
    ///     assert_eq!(*text, "hello");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "what is taken is gone from the queue"]
    pub fn take(&self, filter: &DeadLetterFilter) -> Vec<DeadLetter> {
        self.core().take(filter)
    }

    /// Takes all letters out, oldest first, but for those that an attempt has.
    ///
    /// # Examples
    ///
    /// See [`take`](Self::take).
    #[must_use = "what is taken is gone from the queue"]
    pub fn drain(&self) -> Vec<DeadLetter> {
        self.take(&DeadLetterFilter::all())
    }

    /// Tries to deliver the meant letters again, those that are pending.
    ///
    /// It runs in the caller, outside of the queue and of every process: letters can be buried, listed and purged meanwhile. Those
    /// for one name are tried one after another in their order, names beside each other, at most as many at once on the whole
    /// node as [`DeadLetterOptions::concurrency`](crate::DeadLetterOptions::concurrency) says; each attempt has a deadline. When
    /// one finds no room or no answer, the rest for the same name is put off. A letter is with one attempt at a time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or a panic in it, puts the messages back and counts the attempts that had begun.
    ///
    /// # Delivery
    ///
    /// See [`DeadLetters`].
    ///
    /// # Examples
    ///
    /// See [`DeadLetters`].
    pub async fn retry(&self, filter: &DeadLetterFilter) -> RetryReport {
        self.retry_due(filter, |_entry, _now| true).await
    }

    pub(crate) async fn retry_due(
        &self,
        filter: &DeadLetterFilter,
        is_due: impl Fn(&Entry, Now) -> bool,
    ) -> RetryReport {
        let picks = self.core().pick(filter, is_due);
        self.core().retry(&self.node, picks).await
    }

    /// Removes the meant letters with their messages, and returns how many. If an attempt has one, it may still be delivered.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Burial, DeadLetterFilter, DeadLetterReason, Node, NodeConfig};
    ///
    /// let letters = Node::new(NodeConfig::default())?.dead_letters();
    /// letters.bury(Burial::new("hello", DeadLetterReason::NoProc));
    /// assert_eq!(letters.purge(&DeadLetterFilter::all()), 1);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    pub fn purge(&self, filter: &DeadLetterFilter) -> usize {
        self.core().purge(filter)
    }

    /// Removes the letters that are older than [`DeadLetterOptions::expire_after`](crate::DeadLetterOptions::expire_after), and
    /// returns how many. The process of [`DeadLetterRetrySpec`](crate::DeadLetterRetrySpec) does it at each tick.
    pub fn expire(&self) -> usize {
        self.core().expire()
    }

    /// Offers the sink again what it is not known to have, and returns how many letters. The same process does it at each tick.
    pub fn record_again(&self) -> usize {
        self.core().record_again()
    }

    /// For sinks: brings back what was recorded, oldest first, before what the node has buried by now.
    ///
    /// The first time on a node, the records become letters; attempts and ages go on. Each further time, for a sink that was
    /// started again, the node knows better: it says what has left, and what is missing is offered again by
    /// [`record_again`](Self::record_again).
    pub fn restore(&self, records: Vec<DeadLetterRecord>) -> DeadLetterRestore {
        self.core().restore(records)
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeadLetters").field(&self.counts()).finish()
    }
}
