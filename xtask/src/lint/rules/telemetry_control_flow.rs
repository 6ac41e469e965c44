//! `telemetry_control_flow`: a program that is driven by its own measurements.

use super::raw_reply::RAW_REPLY;
use super::raw_send::RAW_SEND;
use super::unsupervised_spawn::UNSUPERVISED_SPAWN;
use super::{Context, Levels, Rule, Seen};
use crate::lint::judge::Sight;

/// What reads measurements back.
const READS: &[&str] = &[
    "metrics_util::debugging::Snapshotter::snapshot",
    "test_helpers::Recorder::counter",
    "test_helpers::Recorder::gauge",
    "test_helpers::Recorder::samples",
    "test_helpers::Recorder::lines",
];

/// What makes something else happen.
const ACTS: &[&str] = &[
    "tokio::sync::Notify::notify_one",
    "tokio::sync::Notify::notify_last",
    "tokio::sync::Notify::notify_waiters",
    "tokio::sync::Semaphore::add_permits",
    "tokio_util::sync::CancellationToken::cancel",
    "tokio::task::JoinHandle::abort",
    "tokio::task::AbortHandle::abort",
    "std::thread::Thread::unpark",
    "foundation::ServerRef::call",
    "foundation::ServerRef::call_timeout",
    "foundation::ServerRef::cast",
    "foundation::ServerRef::send",
    "foundation::Name::call",
    "foundation::Name::call_timeout",
    "foundation::Name::cast",
    "foundation::Name::send",
    "foundation::Recipient::cast",
    "foundation::Permit::send",
    "foundation::Reply::send",
    "foundation::accepted",
    "foundation::handled",
    "foundation::accepted_with",
    "foundation::handled_with",
    "foundation::handled_at_least_once",
];

pub(crate) const TELEMETRY_CONTROL_FLOW: Rule = Rule {
    code: "FND012",
    id: "telemetry_control_flow",
    levels: Levels::PRODUCTION_AND_TESTS,
    message: "makes something happen inside a telemetry sink",
    hint: "send the message where the event happens; a sink only counts and writes",
    explain: "\
Measurements may be sampled, buffered, dropped or switched off, and the program must do the same without
them. Upstream's tests waited for telemetry events, and its handlers started work.

Found: inside an `impl` of metrics::{Recorder, CounterFn, GaugeFn, HistogramFn}, of
tracing_subscriber::Layer, of tracing::Subscriber or of a trait in `[types] sinks`: raw sends and
replies, spawns, notifications, permits, cancellation and messages of foundation. And reading a snapshot
of measurements: in production anywhere, in tests inside `loop`, `while` and a `for` over a range, which
wait for the number to change.
Not found: a `for` over names or labels, which looks at each once, and what a function does that a sink
calls. Not in force in examples and benches.",
    paths: READS_AND_ACTS,
    more_paths: &[RAW_SEND.paths, RAW_REPLY.paths, UNSUPERVISED_SPAWN.paths],
    sees,
    ..Rule::BLANK
};

const READS_AND_ACTS: &[&str] = &joined();

const fn joined() -> [&'static str; READS.len() + ACTS.len()] {
    let mut all = [""; READS.len() + ACTS.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = if index < READS.len() { READS[index] } else { ACTS[index - READS.len()] };
        index += 1;
    }
    all
}

fn sees(sight: &Sight<'_>) -> Seen {
    if READS.contains(&sight.hit.banned.as_str()) {
        return match sight.context {
            Context::Test if sight.is_repeated() => {
                Seen::Finding("reads measurements again and again until they change")
            }
            Context::Production => Seen::Finding("reads measurements back into the program"),
            _ => Seen::Fine,
        };
    }
    if sight.is_in_sink() { Seen::Finding(TELEMETRY_CONTROL_FLOW.message) } else { Seen::Fine }
}
