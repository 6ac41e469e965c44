//! `call_without_deadline`: a wait that nothing ends.

use super::{Levels, Rule, Seen};
use crate::lint::judge::Sight;

/// What waits by itself.
const WAITS: [&str; 11] = [
    "tokio::sync::mpsc::Receiver::recv",
    "tokio::sync::mpsc::UnboundedReceiver::recv",
    "tokio::sync::broadcast::Receiver::recv",
    "tokio::sync::watch::Receiver::changed",
    "tokio::sync::watch::Receiver::wait_for",
    "tokio::sync::Notify::notified",
    "tokio::sync::Barrier::wait",
    "tokio::task::JoinSet::join_next",
    "async_channel::Receiver::recv",
    "flume::Receiver::recv_async",
    "kanal::AsyncReceiver::recv",
];

pub(crate) const CALL_WITHOUT_DEADLINE: Rule = Rule {
    code: "FND020",
    id: "call_without_deadline",
    levels: Levels::NOWHERE,
    message: "is waited for without a deadline",
    hint: "wrap it in `tokio::time::timeout`, or use `ServerRef::call`, which has a deadline",
    explain: "\
Who waits for an answer without a deadline hangs for ever when the other side hangs, and so does whoever
waits for him.

Found: an awaited oneshot receiver or join handle whose channel or spawn stands in the same function,
and the receives, Notify, watch, Barrier and JoinSet waits of tokio, async-channel, flume and kanal.
Not found: the same inside the arguments of a `timeout` or in a `select!` with a timer or cancellation
among its arms, and a receive inside a loop, which is how a process lives. What waits in another function than
the one that made the channel is not found either.
Off unless the configuration raises it, and then in production.",
    paths: &[
        WAITS[0],
        WAITS[1],
        WAITS[2],
        WAITS[3],
        WAITS[4],
        WAITS[5],
        WAITS[6],
        WAITS[7],
        WAITS[8],
        WAITS[9],
        WAITS[10],
        "tokio::sync::oneshot::channel",
        "futures_channel::oneshot::channel",
        "tokio::spawn",
        "tokio::task::spawn_blocking",
        "tokio::task::spawn_local",
        "tokio::runtime::Handle::spawn",
        "tokio::runtime::Handle::spawn_blocking",
        "tokio::runtime::Runtime::spawn",
    ],
    sees,
    ..Rule::BLANK
};

fn sees(sight: &Sight<'_>) -> Seen {
    let endless = if WAITS.contains(&sight.hit.banned.as_str()) {
        !sight.is_in_loop() && !sight.is_timed()
    } else {
        sight.result_is_awaited_untimed()
    };
    if endless { Seen::Finding(CALL_WITHOUT_DEADLINE.message) } else { Seen::Fine }
}
