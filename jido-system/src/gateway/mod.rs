//! The door to the workflows of a tree: starts, lists, cancels, waits.
//!
//! A process that remembers nothing: what runs is written in the store, so a restarted gateway finds it there.

pub(crate) mod error;
pub(crate) mod handle;
pub(crate) mod request;
pub(crate) mod server;
