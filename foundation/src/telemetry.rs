//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.

use metrics::{Unit, counter, describe_counter};

use crate::alarm::Alarm;
use crate::error::{CastFailure, SendFailure};
use crate::process::exit::ExitReason;
use crate::send::broadcast::BroadcastRule;
use crate::send::broadcast::report::BroadcastOutcome;
use crate::send::dead_letter::reason::DeadLetterReasonKind;
use crate::send::error::DeliveryFailure;

const EXITS: &str = "foundation.process.exits_total";
const CASTS_REFUSED: &str = "foundation.mailbox.refused_total";
const DEAD_LETTERS: &str = "foundation.dead_letter.buried_total";
const DEAD_LETTERS_DROPPED: &str = "foundation.dead_letter.dropped_total";
const DEAD_LETTERS_RETRIED: &str = "foundation.dead_letter.retried_total";
const DEAD_LETTERS_EXHAUSTED: &str = "foundation.dead_letter.exhausted_total";
const DEAD_LETTERS_EXPIRED: &str = "foundation.dead_letter.expired_total";
const DEAD_LETTERS_PURGED: &str = "foundation.dead_letter.purged_total";
const DEAD_LETTER_SINK_FAILURES: &str = "foundation.dead_letter.sink_failures_total";
const RESTARTS: &str = "foundation.supervisor.restarts_total";
const GAVE_UP: &str = "foundation.supervisor.gave_up_total";
const ALARMS: &str = "foundation.alarm.raised_total";
const ACCEPTED: &str = "foundation.delivery.accepted_total";
const HANDLED: &str = "foundation.delivery.handled_total";
const RETRIED: &str = "foundation.delivery.retried_total";
const FAILED: &str = "foundation.delivery.failed_total";
const BROADCASTS: &str = "foundation.broadcast.outcomes_total";
const DUPLICATES: &str = "foundation.dedup.duplicates_total";
const DEDUP_EVICTED: &str = "foundation.dedup.evicted_total";
const LISTENER_PANICS: &str = "foundation.listener.panics_total";

/// Describes every metric of this crate to the installed recorder. Call it once, after installing one.
///
/// # Examples
///
/// ```
/// foundation::describe_metrics();
/// ```
pub fn describe_metrics() {
    describe_counter!(EXITS, Unit::Count, "processes that ended, by kind of reason");
    describe_counter!(CASTS_REFUSED, Unit::Count, "messages that were refused at once, by cause");
    describe_counter!(DEAD_LETTERS, Unit::Count, "messages that became dead letters, by cause");
    describe_dead_letters();
    describe_counter!(RESTARTS, Unit::Count, "children that supervisors restarted");
    describe_counter!(GAVE_UP, Unit::Count, "supervisors that exceeded their restart intensity");
    describe_counter!(ALARMS, Unit::Count, "findings of the kernel about its processes, by kind");
    describe_counter!(ACCEPTED, Unit::Count, "messages that supervised sends saw accepted");
    describe_counter!(HANDLED, Unit::Count, "messages that supervised sends saw handled");
    describe_counter!(RETRIED, Unit::Count, "further attempts of supervised sends");
    describe_counter!(FAILED, Unit::Count, "messages that supervised sends gave up, by cause");
    describe_counter!(BROADCASTS, Unit::Count, "broadcasts, by rule and outcome");
    describe_counter!(DUPLICATES, Unit::Count, "messages that a receiver had handled before");
    describe_counter!(DEDUP_EVICTED, Unit::Count, "ids that were forgotten for want of capacity");
    describe_counter!(LISTENER_PANICS, Unit::Count, "panics of who hears reports or alarms");
}

fn describe_dead_letters() {
    let unit = Unit::Count;
    describe_counter!(DEAD_LETTERS_DROPPED, unit, "dead letters that left for want of room");
    describe_counter!(DEAD_LETTERS_RETRIED, unit, "attempts to deliver one again, by outcome");
    describe_counter!(DEAD_LETTERS_EXHAUSTED, unit, "dead letters without attempts left");
    describe_counter!(DEAD_LETTERS_EXPIRED, unit, "dead letters that left because of their age");
    describe_counter!(DEAD_LETTERS_PURGED, unit, "dead letters that somebody purged");
    describe_counter!(DEAD_LETTER_SINK_FAILURES, unit, "changes their sink has not, by cause");
}

/// Counts one end. A key that is written out, which `EXITS` is not, costs no allocation and is hashed once.
macro_rules! count_exit {
    ($kind:literal) => {
        counter!("foundation.process.exits_total", "reason" => $kind).increment(1)
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
    let cause = match cause {
        CastFailure::Full => "full",
        CastFailure::NoProc => "noproc",
    };
    counter!(CASTS_REFUSED, "cause" => cause).increment(1);
}

pub(crate) fn dead_letter(kind: DeadLetterReasonKind) {
    counter!(DEAD_LETTERS, "cause" => kind.label()).increment(1);
}

/// `policy` is `oldest` or `newest`.
pub(crate) fn dead_letter_dropped(policy: &'static str) {
    counter!(DEAD_LETTERS_DROPPED, "policy" => policy).increment(1);
}

/// `outcome` is `delivered` or `failed`.
pub(crate) fn dead_letter_retried(outcome: &'static str) {
    counter!(DEAD_LETTERS_RETRIED, "outcome" => outcome).increment(1);
}

pub(crate) fn dead_letters_exhausted() {
    counter!(DEAD_LETTERS_EXHAUSTED).increment(1);
}

pub(crate) fn dead_letters_expired(count: usize) {
    counter!(DEAD_LETTERS_EXPIRED).increment(count as u64);
}

pub(crate) fn dead_letters_purged(count: usize) {
    counter!(DEAD_LETTERS_PURGED).increment(count as u64);
}

/// `cause` is a label of `DeadLetterSinkError`.
pub(crate) fn dead_letter_sink_failed(cause: &'static str) {
    counter!(DEAD_LETTER_SINK_FAILURES, "cause" => cause).increment(1);
}

pub(crate) fn child_restarted() {
    counter!("foundation.supervisor.restarts_total").increment(1);
}

pub(crate) fn supervisor_gave_up() {
    counter!(GAVE_UP).increment(1);
}

/// `listener` is `report` or `alarm`.
pub(crate) fn listener_panicked(listener: &'static str) {
    counter!(LISTENER_PANICS, "listener" => listener).increment(1);
}

pub(crate) fn alarm_raised(alarm: &Alarm) {
    counter!(ALARMS, "kind" => alarm.kind()).increment(1);
}

#[inline]
pub(crate) fn delivery_accepted(count: u64) {
    counter!("foundation.delivery.accepted_total").increment(count);
}

#[inline]
pub(crate) fn delivery_handled(count: u64) {
    counter!("foundation.delivery.handled_total").increment(count);
}

pub(crate) fn delivery_retried() {
    counter!(RETRIED).increment(1);
}

pub(crate) fn delivery_failed(failure: &DeliveryFailure) {
    let cause = match failure {
        DeliveryFailure::NotAccepted(SendFailure::Timeout) => "no_room",
        DeliveryFailure::NotAccepted(SendFailure::Full) => "full",
        DeliveryFailure::NotAccepted(SendFailure::NoProc) => "noproc",
        DeliveryFailure::NotAccepted(SendFailure::SelfSend) => "self",
        DeliveryFailure::Withheld => "withheld",
        DeliveryFailure::Died(_) => "died",
        DeliveryFailure::Timeout => "timeout",
        DeliveryFailure::Dropped => "dropped",
    };
    counter!(FAILED, "cause" => cause).increment(1);
}

pub(crate) fn broadcast_ended(rule: BroadcastRule, outcome: BroadcastOutcome) {
    let rule = match rule {
        BroadcastRule::BestEffort => "best_effort",
        BroadcastRule::AtLeast(_) => "at_least",
        BroadcastRule::Quorum => "quorum",
        BroadcastRule::AllOrNothing => "all_or_nothing",
    };
    let outcome = match outcome {
        BroadcastOutcome::Met => "met",
        BroadcastOutcome::Missed => "missed",
        BroadcastOutcome::Withheld => "withheld",
    };
    counter!(BROADCASTS, "rule" => rule, "outcome" => outcome).increment(1);
}

pub(crate) fn duplicate_seen() {
    counter!(DUPLICATES).increment(1);
}

pub(crate) fn dedup_evicted() {
    counter!(DEDUP_EVICTED).increment(1);
}
