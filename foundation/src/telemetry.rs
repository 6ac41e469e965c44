//! Every metric of this crate: name, kind, unit, labels. Observed, never awaited, never used to carry data.
//!
//! [`METRICS`] is the one list: what the recorder is told and what `docs/METRICS.md` shows come from it. Invariants: a name is
//! counted if and only if it is in the list; label values are written out here, so their number is bounded, and counting them
//! allocates nothing.

use metrics::{counter, gauge};

use crate::alarm::Alarm;
use crate::circuit_breaker::rejected::BreakerState;
use crate::error::{CallError, CastFailure, SendFailure};
use crate::gen_server::stash::StashFailure;
use crate::metric::Metric;
use crate::process::blocking::BlockingFailure;
use crate::process::exit::ExitReason;
use crate::rate_limiter::denied::RateDenied;
use crate::resource::{AcquireError, Pressure};
use crate::retry::error::RetryEnd;
use crate::send::broadcast::BroadcastRule;
use crate::send::broadcast::report::BroadcastOutcome;
use crate::send::dead_letter::reason::DeadLetterReasonKind;
use crate::send::error::DeliveryFailure;
use crate::task::count::TaskOutcome;
use crate::task::error::PoolError;

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
        &[("cause", &["exited", "overflow", "noproc", "timeout", "unhandled", "gave_up"])],
        "messages that became dead letters, by cause",
    ),
    Metric::counter(
        "foundation.dead_letter.dropped_total",
        &[("policy", &["oldest", "newest"])],
        "dead letters that left for want of room",
    ),
    Metric::counter(
        "foundation.dead_letter.retried_total",
        &[("outcome", &["delivered", "failed"])],
        "attempts to deliver a dead letter again, by outcome",
    ),
    Metric::counter(
        "foundation.dead_letter.exhausted_total",
        &[],
        "dead letters without attempts left",
    ),
    Metric::counter(
        "foundation.dead_letter.expired_total",
        &[],
        "dead letters that left because of their age",
    ),
    Metric::counter("foundation.dead_letter.purged_total", &[], "dead letters that were purged"),
    Metric::counter(
        "foundation.dead_letter.sink_failures_total",
        &[(
            "cause",
            &["full", "closed", "dropped", "no_room", "not_encodable", "too_large", "failed"],
        )],
        "changes of dead letters that their sink has not, by cause",
    ),
    Metric::counter(
        "foundation.delivery.accepted_total",
        &[],
        "messages that supervised sends saw accepted",
    ),
    Metric::counter(
        "foundation.delivery.handled_total",
        &[],
        "messages that supervised sends saw handled",
    ),
    Metric::counter(
        "foundation.delivery.retried_total",
        &[],
        "further attempts of supervised sends",
    ),
    Metric::counter(
        "foundation.delivery.failed_total",
        &[(
            "cause",
            &["no_room", "full", "noproc", "self", "withheld", "died", "timeout", "dropped"],
        )],
        "messages that supervised sends gave up, by cause",
    ),
    Metric::counter(
        "foundation.broadcast.outcomes_total",
        &[
            ("rule", &["best_effort", "at_least", "quorum", "all_or_nothing"]),
            ("outcome", &["met", "missed", "withheld"]),
        ],
        "broadcasts, by rule and outcome",
    ),
    Metric::counter(
        "foundation.dedup.duplicates_total",
        &[],
        "messages that a receiver had handled before",
    ),
    Metric::counter(
        "foundation.dedup.evicted_total",
        &[],
        "ids that were forgotten for want of capacity",
    ),
    Metric::counter(
        "foundation.monitor.created_total",
        &[],
        "monitors that were made, as of the last look",
    ),
    Metric::counter(
        "foundation.monitor.fired_total",
        &[],
        "monitors that fired, as of the last look",
    ),
    Metric::counter(
        "foundation.monitor.dropped_total",
        &[],
        "monitors that were dropped, as of the last look",
    ),
    Metric::counter(
        "foundation.monitor.leak_advice_total",
        &[],
        "monitors that advice named because of their age",
    ),
    Metric::counter(
        "foundation.rate_limiter.checks_total",
        &[("result", &["allowed", "limited", "never", "no_room"])],
        "checks of rate limiters, by result",
    ),
    Metric::counter(
        "foundation.rate_limiter.keys_forgotten_total",
        &[],
        "idle keys that made room for new ones",
    ),
    Metric::counter(
        "foundation.circuit_breaker.calls_total",
        &[("result", &["success", "failure", "rejected"])],
        "calls through circuit breakers, by result",
    ),
    Metric::counter(
        "foundation.circuit_breaker.state_changes_total",
        &[("to", &["closed", "open", "half_open"])],
        "state changes of circuit breakers, by the new state",
    ),
    Metric::counter(
        "foundation.retry.runs_total",
        &[("result", &["success", "stopped", "exhausted", "deadline", "budget"])],
        "operations with retries that ended, by result",
    ),
    Metric::counter("foundation.retry.retries_total", &[], "attempts after the first one"),
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
        &[("kind", &["call_cycle", "stuck", "zombie", "undelivered"])],
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

pub(crate) fn dead_letter(kind: DeadLetterReasonKind) {
    match kind {
        DeadLetterReasonKind::Exited => count_letter!("exited"),
        DeadLetterReasonKind::Overflow => count_letter!("overflow"),
        DeadLetterReasonKind::NoProc => count_letter!("noproc"),
        DeadLetterReasonKind::Timeout => count_letter!("timeout"),
        DeadLetterReasonKind::Unhandled => count_letter!("unhandled"),
        DeadLetterReasonKind::GaveUp => count_letter!("gave_up"),
    }
}

/// `policy` is `oldest` or `newest`.
pub(crate) fn dead_letter_dropped(policy: &'static str) {
    counter!("foundation.dead_letter.dropped_total", "policy" => policy).increment(1);
}

/// `outcome` is `delivered` or `failed`.
pub(crate) fn dead_letter_retried(outcome: &'static str) {
    counter!("foundation.dead_letter.retried_total", "outcome" => outcome).increment(1);
}

pub(crate) fn dead_letters_exhausted() {
    count!("foundation.dead_letter.exhausted_total");
}

pub(crate) fn dead_letters_expired(count: usize) {
    counter!("foundation.dead_letter.expired_total").increment(count as u64);
}

pub(crate) fn dead_letters_purged(count: usize) {
    counter!("foundation.dead_letter.purged_total").increment(count as u64);
}

/// `cause` is a label of `DeadLetterSinkError`.
pub(crate) fn dead_letter_sink_failed(cause: &'static str) {
    counter!("foundation.dead_letter.sink_failures_total", "cause" => cause).increment(1);
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

#[inline]
pub(crate) fn delivery_accepted(count: u64) {
    counter!("foundation.delivery.accepted_total").increment(count);
}

#[inline]
pub(crate) fn delivery_handled(count: u64) {
    counter!("foundation.delivery.handled_total").increment(count);
}

pub(crate) fn delivery_retried() {
    counter!("foundation.delivery.retried_total").increment(1);
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
    counter!("foundation.delivery.failed_total", "cause" => cause).increment(1);
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
    counter!("foundation.broadcast.outcomes_total", "rule" => rule, "outcome" => outcome)
        .increment(1);
}

pub(crate) fn duplicate_seen() {
    counter!("foundation.dedup.duplicates_total").increment(1);
}

pub(crate) fn dedup_evicted() {
    counter!("foundation.dedup.evicted_total").increment(1);
}

/// Counts one check.
macro_rules! count_check {
    ($result:literal) => {
        count!("foundation.rate_limiter.checks_total", "result" => $result)
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
    counter!("foundation.rate_limiter.keys_forgotten_total").increment(keys as u64);
}

#[inline]
pub(crate) fn breaker_succeeded() {
    count!("foundation.circuit_breaker.calls_total", "result" => "success");
}

pub(crate) fn breaker_failed() {
    count!("foundation.circuit_breaker.calls_total", "result" => "failure");
}

pub(crate) fn breaker_rejected() {
    count!("foundation.circuit_breaker.calls_total", "result" => "rejected");
}

pub(crate) fn breaker_changed(state: BreakerState) {
    let to = match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
    };
    counter!("foundation.circuit_breaker.state_changes_total", "to" => to).increment(1);
}

pub(crate) fn retried() {
    count!("foundation.retry.retries_total");
}

pub(crate) fn retry_ended(outcome: Result<(), RetryEnd>) {
    let result = match outcome {
        Ok(()) => "success",
        Err(RetryEnd::Stopped) => "stopped",
        Err(RetryEnd::Exhausted) => "exhausted",
        Err(RetryEnd::Deadline) => "deadline",
        Err(RetryEnd::Budget) => "budget",
    };
    counter!("foundation.retry.runs_total", "result" => result).increment(1);
}

/// What became of monitors since the last look; nobody is told when they are made, which would cost more than they do.
pub(crate) fn monitors(created: u64, fired: u64, dropped: u64) {
    counter!("foundation.monitor.created_total").increment(created);
    counter!("foundation.monitor.fired_total").increment(fired);
    counter!("foundation.monitor.dropped_total").increment(dropped);
}

pub(crate) fn leak_advised(monitors: u64) {
    counter!("foundation.monitor.leak_advice_total").increment(monitors);
}
