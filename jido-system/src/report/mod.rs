//! What a run says about itself at its end: figures for programs, a summary for people.
//!
//! Everything here is computed from the journal: a run that was interrupted and continued reports
//! the same as an undisturbed one, except for what it says about resuming.

pub(crate) mod active_time;
pub(crate) mod summary;
mod text;

#[cfg(test)]
mod tests;
