//! Every metric of this crate: name, kind and unit in one place.
//!
//! Metrics are observed, never awaited; without a recorder they cost a check.

use std::time::Duration;

use foundation::DeadLetterChange;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

const COMMIT_DURATION: &str = "persistence.commit.duration_seconds";
const COMMIT_GROUP: &str = "persistence.commit.group_size";
const COMMITS: &str = "persistence.commit.commits_total";
const FAILURES: &str = "persistence.commit.failures_total";
const UNCLEAN_CLOSES: &str = "persistence.store.unclean_closes_total";
const LETTERS_RECORDED: &str = "persistence.dead_letter.recorded_total";
const LETTERS_FAILED: &str = "persistence.dead_letter.failures_total";
const LETTERS_RESTORED: &str = "persistence.dead_letter.restored_total";
const LETTERS_EVICTED: &str = "persistence.dead_letter.evicted_total";

/// Tells the installed recorder the unit and meaning of each metric of this crate.
pub fn describe_metrics() {
    describe_histogram!(COMMIT_DURATION, Unit::Seconds, "time from a group to its durable commit");
    describe_histogram!(COMMIT_GROUP, Unit::Count, "write requests applied by one commit");
    describe_counter!(COMMITS, Unit::Count, "commits, each with one sync on a disk store");
    describe_counter!(FAILURES, Unit::Count, "groups that a failing backend did not serve");
    describe_counter!(LETTERS_RECORDED, Unit::Count, "changes of dead letters, by kind");
    describe_counter!(LETTERS_FAILED, Unit::Count, "changes that were not recorded, by cause");
    describe_counter!(LETTERS_RESTORED, Unit::Count, "dead letters of earlier runs");
    describe_counter!(LETTERS_EVICTED, Unit::Count, "dead letters the store had no room for");
    describe_counter!(UNCLEAN_CLOSES, Unit::Count, "stores that could not be closed cleanly");
}

pub(crate) fn committed(group_size: u64, took: Duration) {
    counter!(COMMITS).increment(1);
    #[expect(clippy::cast_precision_loss, reason = "a group is at most 1,024 requests")]
    histogram!(COMMIT_GROUP).record(group_size as f64);
    histogram!(COMMIT_DURATION).record(took.as_secs_f64());
}

pub(crate) fn failed() {
    counter!(FAILURES).increment(1);
}

pub(crate) fn unclean_close() {
    counter!(UNCLEAN_CLOSES).increment(1);
}

pub(crate) fn dead_letter_recorded(change: &DeadLetterChange) {
    let change = match change {
        DeadLetterChange::Buried(_) => "buried",
        DeadLetterChange::Attempted { .. } => "attempted",
        DeadLetterChange::Removed { .. } => "removed",
        _ => "other",
    };
    counter!(LETTERS_RECORDED, "change" => change).increment(1);
}

/// `cause` is `full`, `too_large` or `store`.
pub(crate) fn dead_letter_failed(cause: &'static str) {
    counter!(LETTERS_FAILED, "cause" => cause).increment(1);
}

pub(crate) fn dead_letters_restored(letters: usize) {
    counter!(LETTERS_RESTORED).increment(letters as u64);
}

pub(crate) fn dead_letters_evicted(letters: usize) {
    counter!(LETTERS_EVICTED).increment(letters as u64);
}
