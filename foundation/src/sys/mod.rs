//! Looking at processes from outside, as OTP's `sys` and its observers do.
//!
//! Invariant: nothing here sends a message to learn something; what can be seen is what processes write down as they go. Only
//! `suspend` speaks to a process, because it changes what that does.

pub(crate) mod monitors;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod stuck;
pub(crate) mod suspend;
