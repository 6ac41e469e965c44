//! Reading workflow files in WfFormat, the JSON schema of the WfCommons collection.
//!
//! This module decides what counts as a workflow: which schema versions are read, what a task is,
//! what makes a file wrong and how the mistake is named. It leaves it to others to run anything:
//! whether a program exists, for instance, is not known here.
//!
//! Invariants of every [`Workflow`](crate::Workflow), read from a file or reloaded from a store:
//! * it has at least one task, ids are unique and not empty;
//! * its edges form no cycle, and parents and children say the same;
//! * every runtime is finite and not negative;
//! * nothing in it that is handed to an operating system contains a NUL byte.

pub(crate) mod task;
pub(crate) mod workflow;

pub(crate) mod error;
mod parse;
mod pointer;
pub(crate) mod read;
mod validate;

pub(crate) mod fingerprint;
mod graph;
mod stored;

#[cfg(test)]
mod tests;
