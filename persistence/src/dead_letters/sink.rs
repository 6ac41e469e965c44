//! The node's side: takes changes without waiting, and holds them until the writer commits them.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use foundation::{
    ChildSpec, DeadLetterChange, DeadLetterReceipt, DeadLetterSink, DeadLetterSinkError, ServerSpec,
};
use parking_lot::Mutex;

use super::writer::Writer;
use crate::{Key, Store, telemetry};

/// How dead letters are kept in a store.
///
/// Defaults: at most 1,000 letters, 4,096 changes that wait for their commit, 256 in one transaction, 5 tries of one
/// transaction.
///
/// # Examples
///
/// ```
/// use persistence::{DurableDeadLetterOptions, Key};
///
/// let options = DurableDeadLetterOptions::new(Key::new("dead-letters")?).letters_max(10_000);
/// assert_eq!(options.letters_limit(), 10_000);
/// # Ok::<(), persistence::KeyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DurableDeadLetterOptions {
    pub(crate) prefix: Key,
    pub(crate) letters_max: usize,
    pub(crate) waiting_max: usize,
    pub(crate) batch_max: usize,
    pub(crate) tries_max: u32,
    pub(crate) retry_wait: Duration,
}

impl DurableDeadLetterOptions {
    /// Options for letters under the keys `prefix/..`; no other sink may use them.
    ///
    /// # Panics
    ///
    /// Panics if the prefix is longer than 400 bytes.
    #[must_use]
    #[track_caller]
    pub fn new(prefix: Key) -> Self {
        assert!(prefix.as_str().len() <= 400, "a prefix leaves room for the rest of a key");
        Self {
            prefix,
            letters_max: 1_000,
            waiting_max: 4_096,
            batch_max: 256,
            tries_max: 5,
            retry_wait: Duration::from_millis(100),
        }
    }

    /// Sets how many letters the store keeps at most; the oldest leaves first. Not less than the node keeps.
    #[must_use]
    pub const fn letters_max(mut self, letters: usize) -> Self {
        self.letters_max = letters;
        self
    }

    /// Sets how many changes may wait for their commit; one more is refused, which is a failure that the node counts.
    #[must_use]
    pub const fn waiting_max(mut self, changes: usize) -> Self {
        self.waiting_max = changes;
        self
    }

    /// The most letters that the store keeps.
    #[must_use]
    pub const fn letters_limit(&self) -> usize {
        self.letters_max
    }
}

/// The sink of a node whose dead letters are to survive `kill -9`.
///
/// Make it before the node, give it to [`NodeConfig::dead_letter_sink`](foundation::NodeConfig::dead_letter_sink), and place its
/// [`child`](Self::child) behind the store, under `rest_for_one`. What is offered before that child runs waits for it, within
/// bounds. When the child starts, it brings the recorded letters back into the node, with their order, attempts and ages.
///
/// | after | what holds |
/// |---|---|
/// | `Ok` of [`bury_durably`](foundation::DeadLetters::bury_durably) | the letter is committed: on a disk store it survives `kill -9` and power loss |
/// | a failed attempt, a purge, a delivery | recorded with the next commit; until then a kill brings the letter back as it was |
/// | a delivery that was not committed | the letter is delivered again after the restart: at least once |
/// | `kill -9` while a letter is retried | it is still recorded: it leaves the store only after its handler ran to its end |
///
/// A clone is the same sink.
///
/// # Metrics
///
/// `persistence.dead_letter.recorded_total` by `change`, `failures_total` by `cause`, `evicted_total`, `restored_total`.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use foundation::{
///     Burial, DeadLetterCodec, DeadLetterReason, Node, NodeConfig, Strategy, Supervisor,
///     SupervisorSpec,
/// };
/// use persistence::{
///     Durability, DurableDeadLetterOptions, DurableDeadLetters, Key, StoreHandle, StoreOptions,
///     redb_store_child,
/// };
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("store.redb");
/// let sink = DurableDeadLetters::new(DurableDeadLetterOptions::new(Key::new("dead-letters")?));
/// let codec = DeadLetterCodec::<String>::new(
///     "order/1",
///     |order| order.as_bytes().to_vec(),
///     |bytes| String::from_utf8(bytes.to_vec()).ok(),
/// );
/// let config = NodeConfig::default()
///     .dead_letter_sink(Arc::new(sink.clone()))
///     .dead_letter_codec(codec);
/// let node = Node::new(config)?;
/// let name = node.name("store")?;
/// let store = Arc::new(StoreHandle::new(name.clone()));
/// let tree = SupervisorSpec::new(Strategy::RestForOne)
///     .child(redb_store_child("store", &name, path, StoreOptions::new(Durability::Disk)))
///     .child(sink.child("dead-letters", store));
/// let tree = Supervisor::start(&node, tree).await?;
///
/// let orders = node.name::<String>("orders")?;
/// let burial = Burial::new("one pie".to_owned(), DeadLetterReason::NoProc).to_name(&orders);
/// node.dead_letters().bury_durably(burial, Duration::from_secs(5)).await?;
/// // From here on it survives `kill -9`.
/// tree.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DurableDeadLetters {
    shared: Arc<Shared>,
}

impl DurableDeadLetters {
    /// Makes a sink. It records when its child runs.
    #[must_use]
    pub fn new(options: DurableDeadLetterOptions) -> Self {
        let shared = Shared { options, waiting: Mutex::new(Waiting::default()) };
        Self { shared: Arc::new(shared) }
    }

    /// The child specification of the process that commits to `store`. Permanent; place it directly behind the store.
    #[must_use]
    pub fn child(&self, id: &str, store: Arc<dyn Store>) -> ChildSpec {
        let shared = Arc::clone(&self.shared);
        ServerSpec::<Writer>::from_fn(move || (Arc::clone(&shared), Arc::clone(&store))).child(id)
    }
}

impl DeadLetterSink for DurableDeadLetters {
    fn offer(&self, change: DeadLetterChange, receipt: DeadLetterReceipt) {
        let mut waiting = self.shared.waiting.lock();
        if waiting.queue.len() >= self.shared.options.waiting_max {
            drop(waiting);
            telemetry::dead_letter_failed("full");
            receipt.settle(Err(DeadLetterSinkError::Full));
            return;
        }
        waiting.queue.push_back(Offer { change, receipt });
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl fmt::Debug for DurableDeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DurableDeadLetters").field(&self.shared.options).finish()
    }
}

/// A change that waits for its commit.
pub(crate) struct Offer {
    pub(crate) change: DeadLetterChange,
    pub(crate) receipt: DeadLetterReceipt,
}

/// What the sink and its writer share.
pub(crate) struct Shared {
    pub(crate) options: DurableDeadLetterOptions,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Offer>,
    waker: Option<Waker>,
}

impl Shared {
    /// Waits until a change waits.
    pub(crate) async fn offered(&self) {
        poll_fn(|cx| {
            let mut waiting = self.waiting.lock();
            if !waiting.queue.is_empty() {
                return Poll::Ready(());
            }
            waiting.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Takes the next changes: at most a batch, and not more bytes than a transaction takes.
    pub(crate) fn take(&self, bytes_max: usize) -> Vec<Offer> {
        let mut waiting = self.waiting.lock();
        let mut bytes = 0;
        let fitting = waiting.queue.iter().take(self.options.batch_max).take_while(|offer| {
            bytes += size(&offer.change);
            bytes <= bytes_max
        });
        let count = fitting.count().max(1).min(waiting.queue.len());
        waiting.queue.drain(..count).collect()
    }
}

/// The bytes of a change in a transaction, and something for what stands around the message.
pub(crate) fn size(change: &DeadLetterChange) -> usize {
    const AROUND: usize = 1_024;
    match change {
        DeadLetterChange::Buried(record) => {
            let pairs = record.metadata.iter().map(|(key, value)| key.len() + value.len() + 8);
            record.bytes.len() + record.reason_text.len() + pairs.sum::<usize>() + AROUND
        }
        _ => AROUND,
    }
}
