//! Supervised send: the two guarantees, chosen by type.
//!
//! *Accepted* means that the message is in the mailbox of a living process; *handled* means that its handler ran to its end.
//! What fails comes back in the error or goes to the dead letters, by the caller's choice, before the call returns.

pub(crate) mod address;
mod attempt;
pub(crate) mod broadcast;
pub(crate) mod dead_letter;
pub(crate) mod dedup;
pub(crate) mod error;
pub(crate) mod metadata;
pub(crate) mod one;
pub(crate) mod options;
pub(crate) mod receipt;
