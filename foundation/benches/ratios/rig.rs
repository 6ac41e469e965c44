//! What both sides of every row share: the runtime, the clock, clients outside any tree, and a gate for the end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::HEAP;
use crate::heap::Counted;

/// Room in every mailbox and channel of the message rows.
pub(crate) const CAPACITY: usize = 1_024;

/// Room in the mailbox or channel of one of very many processes.
pub(crate) const CAPACITY_SMALL: usize = 64;

/// How many watch each target in the row of very many watchers.
pub(crate) const WATCHERS_EACH: usize = 1_000;

/// How many starts a client has asked for and not seen answered; whoever starts them takes one at a time all the same.
pub(crate) const STARTS_AT_ONCE: usize = 64;

/// How long a client waits for anything at most. It never comes to that.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// So many names that differ.
pub(crate) fn names(count: usize) -> Vec<String> {
    (0..count).map(|place| format!("process-{place}")).collect()
}

/// The places below `count`, each once, in an order that no cache foresees and that is the same each time.
pub(crate) fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut random: usize = 1;
    for place in (1..count).rev() {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(place, (random >> 33) % (place + 1));
    }
    order
}

/// Runs one measurement on a runtime of its own with two workers, all of it inside the workers.
pub(crate) fn on_fresh_runtime<F>(measurement: F) -> f64
where
    F: Future<Output = f64> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("the machine has two threads to spare");
    runtime.block_on(async { client(measurement).await.expect("a measurement does not panic") })
}

/// Starts a client, or the task of a bare baseline.
#[expect(
    clippy::disallowed_methods,
    reason = "unsupervised_spawn: clients stand outside the tree, and a bare task is what is compared with"
)]
pub(crate) fn client<F>(body: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    tokio::spawn(body)
}

/// Wall time since it was started.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "measuring real time is what this program does")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn ns(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e9
    }

    /// Nanoseconds for each of `count` operations.
    pub(crate) fn ns_each(&self, count: usize) -> f64 {
        self.ns() / as_f64(count)
    }
}

/// Counts the heap from here on.
pub(crate) fn count_heap() {
    HEAP.start();
}

/// Stops counting the heap; returns what each of `count` objects keeps.
pub(crate) fn bytes_each(count: usize) -> f64 {
    let Counted { bytes, requests } = HEAP.stop();
    assert!(bytes >= 0 && requests > 0, "something was allocated");
    as_f64(usize::try_from(bytes).unwrap_or(0)) / as_f64(count)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn as_f64(count: usize) -> f64 {
    count as f64
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Keys of the keyed limiters.
pub(crate) const KEYS: u64 = 100_000;

/// The key of try `n`: every one of them, and no neighbours after each other.
pub(crate) fn key(n: u64) -> u64 {
    (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % KEYS
}

/// Each of `threads` does its part of `count` tries, all at the same time; wall time for each try.
pub(crate) async fn on_threads(
    threads: usize,
    count: usize,
    body: impl Fn(u64) + Send + Sync + 'static,
) -> f64 {
    let (body, missing) = (Arc::new(body), Arc::new(AtomicUsize::new(threads)));
    let part = count / threads;
    let clients: Vec<_> = (0..threads)
        .map(|place| {
            let (body, missing) = (Arc::clone(&body), Arc::clone(&missing));
            client(async move {
                missing.fetch_sub(1, Ordering::AcqRel);
                while missing.load(Ordering::Acquire) > 0 {
                    std::hint::spin_loop();
                }
                let watch = Stopwatch::start();
                let first = (place * part) as u64;
                for n in first..first + part as u64 {
                    body(n);
                }
                watch.ns_each(part)
            })
        })
        .collect();
    let mut sum = 0.0;
    for client in clients {
        sum += client.await.expect("a client does not panic");
    }
    sum / as_f64(threads)
}

/// Opens when everybody has arrived.
#[derive(Debug)]
pub(crate) struct Gate {
    missing: AtomicUsize,
    open: Notify,
}

impl Gate {
    pub(crate) fn of(count: usize) -> Self {
        Self { missing: AtomicUsize::new(count), open: Notify::new() }
    }

    pub(crate) fn arrive(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.open.notify_one();
        }
    }

    /// Closes it again, for so many.
    pub(crate) fn close(&self, count: usize) {
        self.missing.store(count, Ordering::Release);
    }

    /// For the one who waits.
    pub(crate) async fn opened(&self) {
        self.open.notified().await;
    }
}
