//! Running a workflow: the decisions, apart from everything that waits, sends or stores.
//!
//! The [`Engine`](crate::Engine) decides what runs when; it is fed with what happened and answers
//! with events to store and effects to carry out. The journal of [`Event`](crate::Event)s is the
//! only source of truth: whatever the engine knows can be rebuilt by replaying it. This module
//! leaves it to others to append events, to run tasks and to measure time.
//!
//! Invariants:
//! * nothing is launched or announced before its event is durable;
//! * a task starts only after all of its parents completed, and never again after it ended;
//! * every task ends exactly once: completed, failed or skipped (unless the workflow is cancelled);
//! * a ready task never waits while a slot is offered.

pub(crate) mod event;
pub(crate) mod invalid_event;

mod consequences;
pub(crate) mod effect;
pub(crate) mod engine;
mod ledger;
pub(crate) mod progress;
pub(crate) mod retry_policy;

pub(crate) mod archive;
pub(crate) mod archive_error;
pub(crate) mod id;
pub(crate) mod mode;
pub(crate) mod process;

mod announce;
mod worker;

pub(crate) mod bounds;
pub(crate) mod journal_check;

#[cfg(test)]
mod tests;
