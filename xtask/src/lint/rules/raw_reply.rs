//! `raw_reply`: an answer on a oneshot channel instead of a reply.

use super::{Levels, Rule};

pub(crate) const RAW_REPLY: Rule = Rule {
    code: "FND002",
    id: "raw_reply",
    levels: Levels::NOWHERE,
    message: "answers on a raw oneshot channel",
    hint: "answer through `foundation::Reply`",
    explain: "\
A dropped oneshot sender tells the caller that something is gone, not what. `foundation::Reply` tells a
handler that forgot to answer from a process that died, and never leaks a late answer into the caller.

Off unless the configuration raises it: a oneshot has one reader that holds the other end, so little
is lost.",
    paths: &["tokio::sync::oneshot::Sender::send", "futures_channel::oneshot::Sender::send"],
    ..Rule::BLANK
};
