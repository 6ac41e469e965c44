//! `unbounded_channel`: a queue that grows until memory ends.

use super::{Levels, Rule};

pub(crate) const UNBOUNDED_CHANNEL: Rule = Rule {
    code: "FND005",
    id: "unbounded_channel",
    levels: Levels::PRODUCTION,
    message: "makes a queue without a capacity",
    hint: "give it a bound: the mailbox of a `ServerSpec` has a capacity and an overflow policy",
    explain: "\
An unbounded queue turns a slow reader into a process that is killed for its memory, long after the
cause. A bound makes the moment visible, and the overflow policy says what happens then.

Found: the unbounded constructors of tokio, std, crossbeam, futures, flume, async-channel and kanal.
Not in force in tests, examples and benches.",
    paths: &[
        "tokio::sync::mpsc::unbounded_channel",
        "std::sync::mpsc::channel",
        "crossbeam_channel::unbounded",
        "futures_channel::mpsc::unbounded",
        "flume::unbounded",
        "async_channel::unbounded",
        "kanal::unbounded",
        "kanal::unbounded_async",
    ],
    ..Rule::BLANK
};
