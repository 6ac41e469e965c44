//! Circuit breakers: not asking somebody who does not answer.
//!
//! `machine` decides, without a clock; `gate` makes it safe for many threads and keeps the way through a closed breaker free of
//! locks; `breaker` is the handle. What is called runs in its caller, never in here.

pub(crate) mod breaker;
pub(crate) mod config;
pub(crate) mod gate;
pub(crate) mod machine;
pub(crate) mod permit;
pub(crate) mod rejected;
pub(crate) mod tally;
