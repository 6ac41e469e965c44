//! What the Erlang runtime gives: identity, mailboxes, exits, monitors, spawning.
//!
//! Invariant: nothing here knows a behaviour; `gen_server`, `thread_server` and `supervisor` are built on it and never
//! imported by it.

pub(crate) mod blocking;
pub(crate) mod cell;
pub(crate) mod deadlines;
pub(crate) mod dependents;
pub(crate) mod envelope;
pub(crate) mod exit;
pub(crate) mod group;
pub(crate) mod guarded_sink;
pub(crate) mod key;
pub(crate) mod kill;
pub(crate) mod lane;
pub(crate) mod link;
pub(crate) mod mailbox;
pub(crate) mod monitor;
pub(crate) mod monitor_tag;
pub(crate) mod name;
pub(crate) mod owner;
pub(crate) mod pid;
pub(crate) mod process_ref;
pub(crate) mod progress;
pub(crate) mod recipient;
pub(crate) mod reply;
pub(crate) mod sending;
pub(crate) mod server;
pub(crate) mod server_ref;
pub(crate) mod spawn;
pub(crate) mod state;
#[cfg(debug_assertions)]
pub(crate) mod wait_for;
pub(crate) mod waiting;
pub(crate) mod watchers;
pub(crate) mod while_alive;
