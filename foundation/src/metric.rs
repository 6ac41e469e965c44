//! What a metric is: name, kind, unit, labels. The list of those of a crate is in its `telemetry.rs`.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What one metric is: a row of the list of its crate.
///
/// # Examples
///
/// ```
/// use foundation::{METRICS, MetricKind};
///
/// let exits = METRICS.iter().find(|metric| metric.name == "foundation.process.exits_total").ok_or("it is there")?;
/// assert_eq!(exits.kind, MetricKind::Counter);
/// assert_eq!(exits.labels[0].0, "reason");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What is done with its values.
    pub kind: MetricKind,
    /// What its values are.
    pub unit: MetricUnit,
    /// Its labels, each with all values that it takes.
    pub labels: Labels,
    /// What it counts.
    pub help: &'static str,
}

/// The labels of a metric, each with all its values.
type Labels = &'static [(&'static str, &'static [&'static str])];

/// What is done with the values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// They are added up.
    Counter,
    /// The last one stands.
    Gauge,
    /// Their distribution is kept.
    Histogram,
}

/// What the values of a metric are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// A number of things.
    Count,
    /// A time in seconds.
    Seconds,
}

impl Metric {
    /// Makes the row of a counter.
    #[must_use]
    pub const fn counter(name: &'static str, labels: Labels, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Counter, unit: MetricUnit::Count, labels, help }
    }

    /// Makes the row of a gauge.
    #[must_use]
    pub const fn gauge(name: &'static str, labels: Labels, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Gauge, unit: MetricUnit::Count, labels, help }
    }

    /// Makes the row of a histogram.
    #[must_use]
    pub const fn histogram(
        name: &'static str,
        unit: MetricUnit,
        labels: Labels,
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Histogram, unit, labels, help }
    }

    /// Tells the installed recorder what this metric is.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::Metric;
    ///
    /// const JOBS: &[Metric] = &[Metric::counter("app.jobs_total", &[], "jobs that were done")];
    /// JOBS.iter().for_each(Metric::describe);
    /// ```
    pub fn describe(&self) {
        let unit = match self.unit {
            MetricUnit::Count => Unit::Count,
            MetricUnit::Seconds => Unit::Seconds,
        };
        match self.kind {
            MetricKind::Counter => describe_counter!(self.name, unit, self.help),
            MetricKind::Gauge => describe_gauge!(self.name, unit, self.help),
            MetricKind::Histogram => describe_histogram!(self.name, unit, self.help),
        }
    }
}
