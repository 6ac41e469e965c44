//! A metrics recorder whose content a test looks at after the act.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata,
    SharedString, Unit,
};
use parking_lot::Mutex;

/// Keeps every metric that is recorded on the threads where it is installed. A clone is the same recorder.
///
/// # Examples
///
/// ```
/// let recorder = test_helpers::Recorder::new();
/// recorder.during(|| metrics::counter!("app.jobs_total", "kind" => "copy").increment(2));
/// assert_eq!(recorder.counter("app.jobs_total", &[("kind", "copy")]), 2);
/// assert_eq!(recorder.counter("app.jobs_total", &[("kind", "move")]), 0);
/// ```
#[derive(Clone, Default)]
pub struct Recorder {
    values: Arc<Mutex<Values>>,
}

#[derive(Default)]
struct Values {
    counters: BTreeMap<String, u64>,
    gauges: BTreeMap<String, f64>,
    samples: BTreeMap<String, Vec<f64>>,
    described: BTreeMap<String, String>,
}

/// Takes the recorder out of its thread again when dropped.
#[must_use = "dropping the guard takes the recorder out again"]
pub struct RecorderGuard<'a> {
    _guard: metrics::LocalRecorderGuard<'a>,
}

impl Recorder {
    /// Creates an empty recorder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `act` with this recorder on the current thread.
    pub fn during<T>(&self, act: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(self, act)
    }

    /// Installs the recorder on the current thread until the guard is dropped; for an async test on one thread.
    pub fn install(&self) -> RecorderGuard<'_> {
        RecorderGuard { _guard: metrics::set_default_local_recorder(self) }
    }

    /// Returns the value of a counter; 0 if it was never touched.
    #[must_use]
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.values.lock().counters.get(&line(name, labels)).copied().unwrap_or_default()
    }

    /// Returns the value of a gauge; 0 if it was never touched.
    #[must_use]
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.values.lock().gauges.get(&line(name, labels)).copied().unwrap_or_default()
    }

    /// Returns the samples of a histogram in the order in which they came.
    #[must_use]
    pub fn samples(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.values.lock().samples.get(&line(name, labels)).cloned().unwrap_or_default()
    }

    /// Returns the names of all metrics with their labels, sorted.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.names()
    }

    fn names(&self) -> Vec<String> {
        let values = self.values.lock();
        let counters = values.counters.keys();
        let mut lines: Vec<String> =
            counters.chain(values.gauges.keys()).chain(values.samples.keys()).cloned().collect();
        lines.sort();
        lines
    }

    /// Returns what it was told of each metric, by name.
    #[must_use]
    pub fn described(&self) -> Vec<(String, String)> {
        self.values.lock().described.clone().into_iter().collect()
    }

    fn note(&self, key: &KeyName, description: &SharedString) {
        self.values.lock().described.insert(key.as_str().to_owned(), description.to_string());
    }

    fn cell(&self, key: &Key) -> Arc<Cell> {
        let mut labels: Vec<(&str, &str)> =
            key.labels().map(|label| (label.key(), label.value())).collect();
        labels.sort_unstable();
        Arc::new(Cell { line: line(key.name(), &labels), values: Arc::clone(&self.values) })
    }
}

fn line(name: &str, labels: &[(&str, &str)]) -> String {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{name}{{{}}}", labels.join(","))
}

struct Cell {
    line: String,
    values: Arc<Mutex<Values>>,
}

impl CounterFn for Cell {
    fn increment(&self, by: u64) {
        *self.values.lock().counters.entry(self.line.clone()).or_default() += by;
    }

    fn absolute(&self, value: u64) {
        self.values.lock().counters.insert(self.line.clone(), value);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, by: f64) {
        *self.values.lock().gauges.entry(self.line.clone()).or_default() += by;
    }

    fn decrement(&self, by: f64) {
        *self.values.lock().gauges.entry(self.line.clone()).or_default() -= by;
    }

    fn set(&self, value: f64) {
        self.values.lock().gauges.insert(self.line.clone(), value);
    }
}

impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        self.values.lock().samples.entry(self.line.clone()).or_default().push(value);
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.note(&key, &description);
    }

    fn describe_gauge(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.note(&key, &description);
    }

    fn describe_histogram(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.note(&key, &description);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("lines", &self.names()).finish()
    }
}

impl fmt::Debug for RecorderGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecorderGuard")
    }
}
