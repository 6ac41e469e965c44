//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.

use metrics::{Unit, counter, describe_counter};

use crate::alarm::Alarm;
use crate::error::CastFailure;
use crate::process::exit::ExitReason;
use crate::send::dead_letter::DeadLetterReason;

const EXITS: &str = "foundation.process.exits_total";
const CASTS_REFUSED: &str = "foundation.mailbox.refused_total";
const DEAD_LETTERS: &str = "foundation.dead_letter.buried_total";
const RESTARTS: &str = "foundation.supervisor.restarts_total";
const GAVE_UP: &str = "foundation.supervisor.gave_up_total";
const ALARMS: &str = "foundation.alarm.raised_total";
const MONITORS_CREATED: &str = "foundation.monitor.created_total";
const MONITORS_FIRED: &str = "foundation.monitor.fired_total";
const MONITORS_DROPPED: &str = "foundation.monitor.dropped_total";
const LEAK_ADVICE: &str = "foundation.monitor.leak_advice_total";
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
    describe_counter!(RESTARTS, Unit::Count, "children that supervisors restarted");
    describe_counter!(GAVE_UP, Unit::Count, "supervisors that exceeded their restart intensity");
    describe_counter!(ALARMS, Unit::Count, "findings of the kernel about its processes, by kind");
    describe_counter!(MONITORS_CREATED, Unit::Count, "monitors made, as of the last look");
    describe_counter!(MONITORS_FIRED, Unit::Count, "monitors that fired, as of the last look");
    describe_counter!(MONITORS_DROPPED, Unit::Count, "monitors dropped, as of the last look");
    describe_counter!(LEAK_ADVICE, Unit::Count, "monitors that advice named because of their age");
    describe_counter!(LISTENER_PANICS, Unit::Count, "panics of who hears reports or alarms");
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

/// What became of monitors since the last look; nobody is told when they are made, which would cost more than they do.
pub(crate) fn monitors(created: u64, fired: u64, dropped: u64) {
    counter!(MONITORS_CREATED).increment(created);
    counter!(MONITORS_FIRED).increment(fired);
    counter!(MONITORS_DROPPED).increment(dropped);
}

pub(crate) fn leak_advised(monitors: u64) {
    counter!(LEAK_ADVICE).increment(monitors);
}
