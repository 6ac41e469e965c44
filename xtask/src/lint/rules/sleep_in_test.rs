//! `sleep_in_test`: a test that waits for time instead of an event.

use super::{Level, Levels, Rule, Seen};
use crate::lint::judge::Sight;
use crate::lint::source::RegionKind;

pub(crate) const SLEEP_IN_TEST: Rule = Rule {
    code: "FND006",
    id: "sleep_in_test",
    levels: Levels {
        production: Level::Allow,
        test: Level::Deny,
        example: Level::Allow,
        bench: Level::Warn,
    },
    message: "waits for time, not for an event",
    hint: "wait for the event itself (a reply, a `Down`, a probe message), or pause the clock: \
           `#[tokio::test(start_paused = true)]`",
    explain: "\
A sleep in a test is a guess about the speed of the machine: too short on a loaded one, wasted time on
every other. What the test waits for has an event: a reply, a `Down`, a message to a probe.

Found: tokio's sleep, sleep_until, interval and interval_at, foundation::time::sleep, std's
thread::sleep and park_timeout, and the timers of futures-timer, async-io, smol and async-std.
Not found: tokio and foundation sleeps under a paused clock, that is in a test with
`start_paused = true`, or after `tokio::time::pause()` or `.start_paused(true)` in the same function.
A thread sleep takes real time under a paused clock too, so it is found there.",
    paths: &[
        "tokio::time::sleep",
        "tokio::time::sleep_until",
        "tokio::time::interval",
        "tokio::time::interval_at",
        "foundation::time::sleep",
        "std::thread::sleep",
        "std::thread::sleep_until",
        "std::thread::park_timeout",
        "futures_timer::Delay::new",
        "async_io::Timer::after",
        "async_io::Timer::at",
        "async_io::Timer::interval",
        "async_io::Timer::interval_at",
        "async_std::task::sleep",
        "async_std::stream::interval",
        "async_std::prelude::FutureExt::delay",
        "async_std::prelude::StreamExt::delay",
    ],
    sees,
    ..Rule::BLANK
};

/// Whether a paused clock of tokio makes this sleep take no time.
fn follows_tokio_clock(path: &str) -> bool {
    path.starts_with("tokio::") || path.starts_with("foundation::")
}

fn sees(sight: &Sight<'_>) -> Seen {
    if follows_tokio_clock(&sight.hit.banned) && sight.is_in(RegionKind::Paused) {
        return Seen::Fine;
    }
    Seen::Finding(SLEEP_IN_TEST.message)
}
