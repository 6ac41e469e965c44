//! The progress display: a process that listens to the signals of a run and draws a bar on standard
//! error.
//!
//! It runs on a tree of its own, beside that of the work: it is told what happens, at most once and
//! never waited for, and nothing depends on it. Invariant: off a terminal it does not exist, so not
//! one control character is written.

mod display;
mod tally;

pub(crate) use display::Display;
pub(crate) use tally::Tally;

#[cfg(test)]
mod tests;
