//! The envelope: what a signal is, how it is built, and how it looks on the wire.
//!
//! This module decides which envelopes exist; where they go is `routing`'s and `router`'s business.
//! Nothing read from the wire ever selects code: an attribute is text, a number or a flag.

pub(crate) mod attribute;
pub(crate) mod builder;
pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod signal_type;
pub(crate) mod timestamp;

#[cfg(test)]
mod tests;
