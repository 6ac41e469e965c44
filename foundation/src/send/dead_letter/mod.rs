//! Where undeliverable messages end: bounded, ordered by first failure, each with its reason and an address to try again.
//!
//! `queue` decides (pure, under one short lock), `core` keeps it with its sink, `letters` is the door, `attempt` carries out one try outside of every lock, `retrier`
//! is the process that tries by itself, and `sink` is what a durable store implements. Invariants: a message is in the queue,
//! in the hands of one attempt that puts it back, or delivered; no code of a user runs under the lock.

pub(crate) mod attempt;
pub(crate) mod burial;
pub(crate) mod codec;
pub(crate) mod core;
pub(crate) mod filter;
pub(crate) mod letter;
pub(crate) mod letters;
pub(crate) mod options;
pub(crate) mod queue;
pub(crate) mod reason;
pub(crate) mod record;
mod recovery;
pub(crate) mod retrier;
pub(crate) mod sink;

pub(crate) use reason::DeadLetterReason;
