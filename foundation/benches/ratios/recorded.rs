//! A recorder that counts, on all workers of one runtime and nowhere else.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_default_local_recorder,
};
use parking_lot::RwLock;

use crate::rig::client;

/// What an exporter does at least: finds the cell of a key under a lock, and adds to it.
#[derive(Default)]
struct Counting {
    cells: RwLock<HashMap<Key, Arc<AtomicU64>>>,
}

static COUNTING: LazyLock<Counting> = LazyLock::new(Counting::default);

impl Counting {
    fn cell(&self, key: &Key) -> Arc<AtomicU64> {
        if let Some(cell) = self.cells.read().get(key) {
            return Arc::clone(cell);
        }
        Arc::clone(self.cells.write().entry(key.clone()).or_default())
    }
}

impl Recorder for Counting {
    fn describe_counter(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_gauge(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn describe_histogram(&self, _key: KeyName, _unit: Option<Unit>, _description: SharedString) {}

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// As `rig::on_fresh_runtime`, with the recorder installed on every worker before it begins.
pub(crate) fn on_recording_runtime<F>(measurement: F) -> f64
where
    F: Future<Output = f64> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        // The worker ends with the runtime, and the recorder with the worker.
        .on_thread_start(|| {
            Box::leak(Box::new(set_default_local_recorder(&*COUNTING)));
        })
        .build()
        .expect("the machine has two threads to spare");
    let ns = runtime.block_on(async { client(measurement).await.expect("it does not panic") });
    let counted: u64 =
        COUNTING.cells.read().values().map(|cell| cell.load(Ordering::Relaxed)).sum();
    assert!(counted > 0, "something was counted");
    ns
}
