//! The capability registry: which agents are alive, what they can do, how they are doing.
//!
//! `value`, `profile`, `query`, `index` and `roster` are pure; `server` is the process that applies
//! them one message at a time, and `handle` is how others talk to it and read without it.

pub(crate) mod agent;
pub(crate) mod column;
pub(crate) mod handle;
pub(crate) mod index;
pub(crate) mod profile;
pub(crate) mod query;
pub(crate) mod roster;
pub(crate) mod server;
pub(crate) mod spec;
pub(crate) mod value;

#[cfg(test)]
mod tests;
