//! One count under one of the algorithms, for one caller at a time.

use super::fixed_window::FixedWindow;
use super::gcra;
use super::quota::{Algorithm, Quota};
use super::sliding_window::SlidingWindow;

/// What was taken, as far as it matters. Which variant it is follows from the quota that it was made for.
#[derive(Debug)]
pub(crate) enum Meter {
    Sliding(SlidingWindow),
    Fixed(FixedWindow),
    /// The theoretical arrival time.
    Gcra(u64),
}

impl Meter {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::SlidingWindow => Self::Sliding(SlidingWindow::default()),
            Algorithm::FixedWindow => Self::Fixed(FixedWindow::default()),
            Algorithm::Gcra => Self::Gcra(0),
        }
    }

    /// Takes `n` permits, or says in how many nanoseconds there will be so many. `n` is at most the limit.
    pub(crate) fn take(&mut self, quota: &Quota, now: u64, n: u32) -> Result<(), u64> {
        match self {
            Self::Sliding(window) => window.take(quota, now, n),
            Self::Fixed(window) => window.take(quota, now, n),
            Self::Gcra(tat) => {
                *tat = gcra::take(quota.limit, quota.interval, *tat, now, n)?;
                Ok(())
            }
        }
    }

    pub(crate) fn remaining(&self, quota: &Quota, now: u64) -> u32 {
        match self {
            Self::Sliding(window) => window.remaining(quota, now),
            Self::Fixed(window) => window.remaining(quota, now),
            Self::Gcra(tat) => gcra::remaining(quota.limit, quota.interval, *tat, now),
        }
    }

    /// From when on it cannot be told from a new one.
    pub(crate) fn idle_at(&self, quota: &Quota) -> u64 {
        match self {
            Self::Sliding(window) => window.idle_at(quota),
            Self::Fixed(window) => window.idle_at(),
            Self::Gcra(tat) => *tat,
        }
    }

    /// Goes on under another quota with what counts now.
    pub(crate) fn reconfigure(&mut self, old: &Quota, new: &Quota, now: u64) {
        match self {
            Self::Sliding(window) => window.reconfigure(old, now),
            Self::Fixed(window) => window.reconfigure(new, now),
            Self::Gcra(tat) => *tat = gcra::rescale(*tat, now, old, new),
        }
    }
}
