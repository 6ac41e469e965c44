//! Retries: the policy decides, as a plain value; the executor awaits.
//!
//! Neither knows what is retried: which error is worth another attempt is said by whoever calls.

pub(crate) mod budget;
pub(crate) mod delays;
pub(crate) mod error;
pub(crate) mod policy;
pub(crate) mod run;
