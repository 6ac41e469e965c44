//! `raw_send`: a message handed to a channel instead of a process.

use super::{Level, Levels, Rule, Seen};
use crate::lint::judge::Sight;

pub(crate) const RAW_SEND: Rule = Rule {
    code: "FND001",
    id: "raw_send",
    levels: Levels {
        production: Level::Deny,
        test: Level::Allow,
        example: Level::Warn,
        bench: Level::Allow,
    },
    message: "sends on a raw channel",
    hint: "send to a process: `ServerRef::cast`, `ServerRef::send`, `foundation::accepted` or \
           `foundation::handled`; to many receivers: a signal",
    explain: "\
A raw channel send says nothing about who reads it. When the receiver dies the message is lost without
a count, nobody is told, and no supervisor restarts the reader. A send through foundation has a known
fate: it is in the mailbox, or the error gives the message back, or it is in the dead-letter queue.

Found: the send family of the tokio, tokio-util, std, crossbeam, futures, flume, async-channel,
async-broadcast and kanal channels, by type, through aliases, re-exports, function values, wrappers, trait
objects and macros.
`SinkExt::send` is found where the same file says that the sink is a futures channel; any other sink
is how one writes to a framed socket.
Not in force in tests and benches, which may look at a process from outside with a plain channel.",
    paths: &[
        "tokio::sync::mpsc::Sender::send",
        "tokio::sync::mpsc::Sender::try_send",
        "tokio::sync::mpsc::Sender::send_timeout",
        "tokio::sync::mpsc::Sender::blocking_send",
        "tokio::sync::mpsc::UnboundedSender::send",
        "tokio::sync::mpsc::Permit::send",
        "tokio::sync::mpsc::OwnedPermit::send",
        "tokio::sync::watch::Sender::send",
        "tokio::sync::watch::Sender::send_modify",
        "tokio::sync::watch::Sender::send_if_modified",
        "tokio::sync::watch::Sender::send_replace",
        "tokio::sync::broadcast::Sender::send",
        "tokio_util::sync::PollSender::send_item",
        "std::sync::mpsc::Sender::send",
        "std::sync::mpsc::SyncSender::send",
        "std::sync::mpsc::SyncSender::try_send",
        "crossbeam_channel::Sender::send",
        "crossbeam_channel::Sender::try_send",
        "crossbeam_channel::Sender::send_timeout",
        "crossbeam_channel::Sender::send_deadline",
        "crossbeam_channel::SelectedOperation::send",
        "futures_channel::mpsc::Sender::try_send",
        "futures_channel::mpsc::Sender::start_send",
        "futures_channel::mpsc::UnboundedSender::unbounded_send",
        "futures_channel::mpsc::UnboundedSender::start_send",
        "futures_util::SinkExt::feed",
        "futures_util::SinkExt::send",
        "futures_util::SinkExt::send_all",
        "flume::Sender::send",
        "flume::Sender::send_async",
        "flume::Sender::into_send_async",
        "flume::Sender::try_send",
        "flume::Sender::send_timeout",
        "flume::Sender::send_deadline",
        "flume::Selector::send",
        "async_channel::Sender::send",
        "async_channel::Sender::try_send",
        "async_channel::Sender::force_send",
        "async_channel::Sender::send_blocking",
        "async_broadcast::Sender::broadcast",
        "async_broadcast::Sender::broadcast_direct",
        "async_broadcast::Sender::try_broadcast",
        "async_broadcast::Sender::broadcast_blocking",
        "kanal::Sender::send",
        "kanal::Sender::send_timeout",
        "kanal::Sender::send_option_timeout",
        "kanal::Sender::try_send",
        "kanal::Sender::try_send_option",
        "kanal::Sender::try_send_realtime",
        "kanal::Sender::try_send_option_realtime",
        "kanal::AsyncSender::send",
        "kanal::AsyncSender::try_send",
        "kanal::AsyncSender::try_send_option",
        "kanal::AsyncSender::try_send_realtime",
        "kanal::AsyncSender::try_send_option_realtime",
    ],
    sees,
    ..Rule::BLANK
};

/// The channels that are sinks.
const SINKS: [&str; 2] =
    ["futures_channel::mpsc::Sender", "futures_channel::mpsc::UnboundedSender"];

fn sees(sight: &Sight<'_>) -> Seen {
    if sight.hit.banned.starts_with("futures_util::SinkExt::") && !sight.is_method_of(&SINKS) {
        return Seen::Fine;
    }
    Seen::Finding(RAW_SEND.message)
}
