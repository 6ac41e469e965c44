//! Every metric of this crate: name, kind, unit, labels. Observed, never awaited, never used to carry data.
//!
//! [`METRICS`] is the one list: what the recorder is told and what `docs/METRICS.md` shows come from it. Invariants: a name is
//! counted if and only if it is in the list; label values are written out here, so their number is bounded, and counting them
//! allocates nothing.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

use crate::alarm::Alarm;
use crate::error::{CallError, CastFailure};
use crate::gen_server::stash::StashFailure;
use crate::process::blocking::BlockingFailure;
use crate::process::exit::ExitReason;
use crate::resource::{AcquireError, Pressure};
use crate::send::dead_letter::DeadLetterReason;
use crate::task::count::TaskOutcome;
use crate::task::error::PoolError;

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

/// Every metric of this crate.
pub const METRICS: &[Metric] = &[
    Metric::counter("foundation.process.started_total", &[], "processes that were made"),
    Metric::counter(
        "foundation.process.exits_total",
        &[("reason", &["normal", "shutdown", "killed", "noproc", "panic", "error"])],
        "processes that ended, by kind of reason",
    ),
    Metric::counter(
        "foundation.mailbox.refused_total",
        &[("cause", &["full", "noproc"])],
        "messages that were refused at once, by cause",
    ),
    Metric::counter(
        "foundation.call.failed_total",
        &[("cause", &["timeout", "down", "full", "noproc", "noreply", "self_call"])],
        "calls without an answer, by cause",
    ),
    Metric::counter(
        "foundation.dead_letter.buried_total",
        &[("cause", &["exited", "overflow", "noproc", "timeout"])],
        "messages that became dead letters, by cause",
    ),
    Metric::counter(
        "foundation.stash.refused_total",
        &[("cause", &["full", "already_stashed", "no_message"])],
        "messages that could not be put aside, by cause",
    ),
    Metric::counter(
        "foundation.supervisor.restarts_total",
        &[],
        "children that supervisors restarted",
    ),
    Metric::counter(
        "foundation.supervisor.start_failures_total",
        &[],
        "starts and restarts of children that failed",
    ),
    Metric::counter(
        "foundation.supervisor.gave_up_total",
        &[],
        "supervisors that exceeded their restart intensity",
    ),
    Metric::counter(
        "foundation.alarm.raised_total",
        &[("kind", &["call_cycle", "stuck", "zombie"])],
        "findings of the kernel about its processes, by kind",
    ),
    Metric::counter(
        "foundation.listener.panics_total",
        &[("listener", &["report", "alarm"])],
        "panics of who hears reports or alarms",
    ),
    Metric::counter(
        "foundation.task.started_total",
        &[],
        "tasks of pools and of processes that were started",
    ),
    Metric::counter(
        "foundation.task.ended_total",
        &[("outcome", &["ok", "panic", "aborted"])],
        "tasks that ended, by outcome",
    ),
    Metric::gauge("foundation.task.running", &[], "tasks that run now"),
    Metric::counter(
        "foundation.task.timeouts_total",
        &[],
        "tasks of streams that took longer than each may; they end with the outcome `ok`",
    ),
    Metric::counter(
        "foundation.pool.refused_total",
        &[("cause", &["full", "closed"])],
        "callers that got no place in a task pool, by cause",
    ),
    Metric::gauge("foundation.pool.waiting", &[], "callers that wait for a place in a task pool"),
    Metric::counter(
        "foundation.blocking.refused_total",
        &[("cause", &["full", "no_runtime", "no_thread"])],
        "pieces of blocking work that were refused, by cause",
    ),
    Metric::counter(
        "foundation.resource.acquired_total",
        &[],
        "permits of resources that were given",
    ),
    Metric::counter(
        "foundation.resource.released_total",
        &[],
        "permits of resources that were given back",
    ),
    Metric::counter(
        "foundation.resource.denied_total",
        &[("cause", &["full", "queue_full", "timeout", "amount"])],
        "requests for a resource that were refused, by cause",
    ),
    Metric::gauge("foundation.resource.waiting", &[], "callers that wait for a resource"),
    Metric::counter(
        "foundation.resource.pressure_changes_total",
        &[("level", &["normal", "moderate", "severe"])],
        "changes of the pressure on a resource, by the new level",
    ),
];

/// Describes every metric of this crate to the installed recorder. Call it once, after installing one.
///
/// # Examples
///
/// ```
/// foundation::describe_metrics();
/// ```
pub fn describe_metrics() {
    METRICS.iter().for_each(Metric::describe);
}

/// Counts one. A key that is written out costs no allocation and is hashed once.
macro_rules! count {
    ($name:literal $(, $label:literal => $value:literal)*) => {
        counter!($name $(, $label => $value)*).increment(1)
    };
}

pub(crate) fn process_started() {
    count!("foundation.process.started_total");
}

/// Counts one end.
macro_rules! count_exit {
    ($kind:literal) => {
        count!("foundation.process.exits_total", "reason" => $kind)
    };
}

pub(crate) fn process_ended(reason: &ExitReason) {
    match reason {
        ExitReason::Normal => count_exit!("normal"),
        ExitReason::Shutdown | ExitReason::ShutdownWith(_) => count_exit!("shutdown"),
        ExitReason::Killed => count_exit!("killed"),
        ExitReason::NoProc => count_exit!("noproc"),
        ExitReason::Panic(_) => count_exit!("panic"),
        ExitReason::Error(_) => count_exit!("error"),
    }
}

pub(crate) fn cast_refused(cause: CastFailure) {
    match cause {
        CastFailure::Full => count!("foundation.mailbox.refused_total", "cause" => "full"),
        CastFailure::NoProc => count!("foundation.mailbox.refused_total", "cause" => "noproc"),
    }
}

/// Counts one call without an answer.
macro_rules! count_call {
    ($cause:literal) => {
        count!("foundation.call.failed_total", "cause" => $cause)
    };
}

pub(crate) fn call_failed(error: &CallError) {
    match error {
        CallError::Timeout => count_call!("timeout"),
        CallError::Down(_) => count_call!("down"),
        CallError::Full => count_call!("full"),
        CallError::NoProc => count_call!("noproc"),
        CallError::NoReply => count_call!("noreply"),
        CallError::SelfCall => count_call!("self_call"),
    }
}

/// Counts one dead letter.
macro_rules! count_letter {
    ($cause:literal) => {
        count!("foundation.dead_letter.buried_total", "cause" => $cause)
    };
}

pub(crate) fn dead_letter(reason: &DeadLetterReason) {
    match reason {
        DeadLetterReason::Exited(_) => count_letter!("exited"),
        DeadLetterReason::Overflow => count_letter!("overflow"),
        DeadLetterReason::NoProc => count_letter!("noproc"),
        DeadLetterReason::Timeout => count_letter!("timeout"),
    }
}

pub(crate) fn stash_refused(cause: StashFailure) {
    match cause {
        StashFailure::Full => count!("foundation.stash.refused_total", "cause" => "full"),
        StashFailure::AlreadyStashed => {
            count!("foundation.stash.refused_total", "cause" => "already_stashed");
        }
        StashFailure::NoMessage => {
            count!("foundation.stash.refused_total", "cause" => "no_message");
        }
    }
}

pub(crate) fn child_restarted() {
    count!("foundation.supervisor.restarts_total");
}

pub(crate) fn start_failed() {
    count!("foundation.supervisor.start_failures_total");
}

pub(crate) fn supervisor_gave_up() {
    count!("foundation.supervisor.gave_up_total");
}

/// `listener` is `report` or `alarm`.
pub(crate) fn listener_panicked(listener: &'static str) {
    counter!("foundation.listener.panics_total", "listener" => listener).increment(1);
}

pub(crate) fn alarm_raised(alarm: &Alarm) {
    counter!("foundation.alarm.raised_total", "kind" => alarm.kind()).increment(1);
}

pub(crate) fn task_started() {
    count!("foundation.task.started_total");
    gauge!("foundation.task.running").increment(1.0);
}

pub(crate) fn task_ended(outcome: TaskOutcome) {
    gauge!("foundation.task.running").decrement(1.0);
    match outcome {
        TaskOutcome::Ok => count!("foundation.task.ended_total", "outcome" => "ok"),
        TaskOutcome::Panic => count!("foundation.task.ended_total", "outcome" => "panic"),
        TaskOutcome::Aborted => count!("foundation.task.ended_total", "outcome" => "aborted"),
    }
}

pub(crate) fn task_timed_out() {
    count!("foundation.task.timeouts_total");
}

pub(crate) fn pool_refused(error: &PoolError) {
    match error {
        PoolError::Full => count!("foundation.pool.refused_total", "cause" => "full"),
        PoolError::Closed => count!("foundation.pool.refused_total", "cause" => "closed"),
    }
}

pub(crate) fn pool_waits() {
    gauge!("foundation.pool.waiting").increment(1.0);
}

pub(crate) fn pool_waits_no_more() {
    gauge!("foundation.pool.waiting").decrement(1.0);
}

pub(crate) fn blocking_refused(cause: BlockingFailure) {
    match cause {
        BlockingFailure::Full => count!("foundation.blocking.refused_total", "cause" => "full"),
        BlockingFailure::NoRuntime => {
            count!("foundation.blocking.refused_total", "cause" => "no_runtime");
        }
        BlockingFailure::NoThread => {
            count!("foundation.blocking.refused_total", "cause" => "no_thread");
        }
    }
}

pub(crate) fn resource_acquired() {
    count!("foundation.resource.acquired_total");
}

pub(crate) fn resource_released() {
    count!("foundation.resource.released_total");
}

/// Counts one request that was refused.
macro_rules! count_denied {
    ($cause:literal) => {
        count!("foundation.resource.denied_total", "cause" => $cause)
    };
}

pub(crate) fn resource_denied(error: &AcquireError) {
    match error {
        AcquireError::Full => count_denied!("full"),
        AcquireError::QueueFull => count_denied!("queue_full"),
        AcquireError::Timeout => count_denied!("timeout"),
        AcquireError::Amount { .. } => count_denied!("amount"),
    }
}

pub(crate) fn resource_waits() {
    gauge!("foundation.resource.waiting").increment(1.0);
}

pub(crate) fn resource_waits_no_more() {
    gauge!("foundation.resource.waiting").decrement(1.0);
}

/// Counts one change of pressure.
macro_rules! count_pressure {
    ($level:literal) => {
        count!("foundation.resource.pressure_changes_total", "level" => $level)
    };
}

pub(crate) fn pressure_changed(level: Pressure) {
    match level {
        Pressure::Normal => count_pressure!("normal"),
        Pressure::Moderate => count_pressure!("moderate"),
        Pressure::Severe => count_pressure!("severe"),
    }
}
