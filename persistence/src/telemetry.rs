//! Every metric of this crate: name, kind and unit in one place.
//!
//! Metrics are observed, never awaited; without a recorder they cost a check. [`METRICS`] is the one list: what the recorder is
//! told and what `docs/METRICS.md` shows come from it.

use std::time::Duration;

use foundation::{DeadLetterChange, Metric, MetricUnit};
use metrics::{counter, histogram};

/// Every metric of this crate.
const METRICS: &[Metric] = &[
    Metric::histogram(
        "persistence.commit.duration_seconds",
        MetricUnit::Seconds,
        &[],
        "time from a group to its durable commit",
    ),
    Metric::histogram(
        "persistence.commit.group_size",
        MetricUnit::Count,
        &[],
        "write requests applied by one commit",
    ),
    Metric::counter(
        "persistence.commit.commits_total",
        &[],
        "commits, each with one sync on a disk store",
    ),
    Metric::counter(
        "persistence.commit.failures_total",
        &[],
        "groups that a failing backend did not serve",
    ),
    Metric::counter(
        "persistence.store.unclean_closes_total",
        &[],
        "stores that could not be closed cleanly",
    ),
    Metric::counter(
        "persistence.dead_letter.recorded_total",
        &[("change", &["buried", "attempted", "removed", "other"])],
        "changes of dead letters that were recorded, by kind",
    ),
    Metric::counter(
        "persistence.dead_letter.failures_total",
        &[("cause", &["full", "too_large", "store"])],
        "changes of dead letters that were not recorded, by cause",
    ),
    Metric::counter(
        "persistence.dead_letter.restored_total",
        &[],
        "dead letters of earlier runs that came back",
    ),
    Metric::counter(
        "persistence.dead_letter.evicted_total",
        &[],
        "dead letters that the store had no room for",
    ),
];

/// Tells the installed recorder the unit and meaning of each metric of this crate.
pub fn describe_metrics() {
    METRICS.iter().for_each(Metric::describe);
}

pub(crate) fn committed(group_size: u64, took: Duration) {
    counter!("persistence.commit.commits_total").increment(1);
    #[expect(clippy::cast_precision_loss, reason = "a group is at most 1,024 requests")]
    histogram!("persistence.commit.group_size").record(group_size as f64);
    histogram!("persistence.commit.duration_seconds").record(took.as_secs_f64());
}

pub(crate) fn failed() {
    counter!("persistence.commit.failures_total").increment(1);
}

pub(crate) fn unclean_close() {
    counter!("persistence.store.unclean_closes_total").increment(1);
}

pub(crate) fn dead_letter_recorded(change: &DeadLetterChange) {
    let change = match change {
        DeadLetterChange::Buried(_) => "buried",
        DeadLetterChange::Attempted { .. } => "attempted",
        DeadLetterChange::Removed { .. } => "removed",
        _ => "other",
    };
    counter!("persistence.dead_letter.recorded_total", "change" => change).increment(1);
}

/// `cause` is `full`, `too_large` or `store`.
pub(crate) fn dead_letter_failed(cause: &'static str) {
    counter!("persistence.dead_letter.failures_total", "cause" => cause).increment(1);
}

pub(crate) fn dead_letters_restored(letters: usize) {
    counter!("persistence.dead_letter.restored_total").increment(letters as u64);
}

pub(crate) fn dead_letters_evicted(letters: usize) {
    counter!("persistence.dead_letter.evicted_total").increment(letters as u64);
}
