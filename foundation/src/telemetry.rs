//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.

use metrics::{Unit, counter, describe_counter};

use crate::alarm::Alarm;
use crate::circuit_breaker::rejected::BreakerState;
use crate::error::CastFailure;
use crate::process::exit::ExitReason;
use crate::rate_limiter::denied::RateDenied;
use crate::retry::error::RetryEnd;
use crate::send::dead_letter::DeadLetterReason;

const EXITS: &str = "foundation.process.exits_total";
const CASTS_REFUSED: &str = "foundation.mailbox.refused_total";
const DEAD_LETTERS: &str = "foundation.dead_letter.buried_total";
const RESTARTS: &str = "foundation.supervisor.restarts_total";
const GAVE_UP: &str = "foundation.supervisor.gave_up_total";
const ALARMS: &str = "foundation.alarm.raised_total";
const LISTENER_PANICS: &str = "foundation.listener.panics_total";

const RATE_CHECKS: &str = "foundation.rate_limiter.checks_total";
const RATE_KEYS_FORGOTTEN: &str = "foundation.rate_limiter.keys_forgotten_total";
const BREAKER_CALLS: &str = "foundation.circuit_breaker.calls_total";
const BREAKER_CHANGES: &str = "foundation.circuit_breaker.state_changes_total";
const RETRY_RUNS: &str = "foundation.retry.runs_total";
const RETRIES: &str = "foundation.retry.retries_total";

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
    describe_counter!(RESTARTS, Unit::Count, "children that supervisors restarted");
    describe_counter!(GAVE_UP, Unit::Count, "supervisors that exceeded their restart intensity");
    describe_counter!(ALARMS, Unit::Count, "findings of the kernel about its processes, by kind");
    describe_counter!(LISTENER_PANICS, Unit::Count, "panics of who hears reports or alarms");
    describe_counter!(RATE_CHECKS, Unit::Count, "checks of rate limiters, by result");
    describe_counter!(RATE_KEYS_FORGOTTEN, Unit::Count, "idle keys that made room for new ones");
    describe_counter!(BREAKER_CALLS, Unit::Count, "calls through circuit breakers, by result");
    describe_counter!(BREAKER_CHANGES, Unit::Count, "state changes of circuit breakers, by state");
    describe_counter!(RETRY_RUNS, Unit::Count, "operations with retries that ended, by result");
    describe_counter!(RETRIES, Unit::Count, "attempts after the first one");
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

pub(crate) fn dead_letter(reason: &DeadLetterReason) {
    let cause = match reason {
        DeadLetterReason::Exited(_) => "exited",
        DeadLetterReason::Overflow => "overflow",
        DeadLetterReason::NoProc => "noproc",
        DeadLetterReason::Timeout => "timeout",
    };
    counter!(DEAD_LETTERS, "cause" => cause).increment(1);
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

/// Counts one check. Written out for the same reason as above.
macro_rules! count_check {
    ($result:literal) => {
        counter!("foundation.rate_limiter.checks_total", "result" => $result).increment(1)
    };
}

#[inline]
pub(crate) fn rate_checked(outcome: &Result<(), RateDenied>) {
    match outcome {
        Ok(()) => count_check!("allowed"),
        Err(RateDenied::Limited { .. }) => count_check!("limited"),
        Err(RateDenied::Never { .. }) => count_check!("never"),
        Err(RateDenied::NoRoom { .. }) => count_check!("no_room"),
    }
}

pub(crate) fn rate_keys_forgotten(keys: usize) {
    counter!(RATE_KEYS_FORGOTTEN).increment(keys as u64);
}

#[inline]
pub(crate) fn breaker_succeeded() {
    counter!("foundation.circuit_breaker.calls_total", "result" => "success").increment(1);
}

pub(crate) fn breaker_failed() {
    counter!(BREAKER_CALLS, "result" => "failure").increment(1);
}

pub(crate) fn breaker_rejected() {
    counter!("foundation.circuit_breaker.calls_total", "result" => "rejected").increment(1);
}

pub(crate) fn breaker_changed(state: BreakerState) {
    let to = match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
    };
    counter!(BREAKER_CHANGES, "to" => to).increment(1);
}

pub(crate) fn retried() {
    counter!(RETRIES).increment(1);
}

pub(crate) fn retry_ended(outcome: Result<(), RetryEnd>) {
    let result = match outcome {
        Ok(()) => "success",
        Err(RetryEnd::Stopped) => "stopped",
        Err(RetryEnd::Exhausted) => "exhausted",
        Err(RetryEnd::Deadline) => "deadline",
        Err(RetryEnd::Budget) => "budget",
    };
    counter!(RETRY_RUNS, "result" => result).increment(1);
}
