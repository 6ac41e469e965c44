//! The restart intensity: how many restarts are too many.
//!
//! Decides, for one supervisor, whether one more restart is allowed at a given time. Pure: the
//! time is an argument. What happens when it is not allowed is decided in `strategy.rs`.
//!
//! Invariant: at most `intensity` restarts are allowed in any closed window of length `period`.

use std::collections::VecDeque;
use std::time::Duration;

/// The sliding window over the restarts of one supervisor.
///
/// A restart exactly one period ago still counts (the edge is inclusive), as in OTP.
///
/// # Differs from OTP
///
/// OTP counts in whole seconds, this window in `Duration`.
#[derive(Debug, Clone)]
pub(crate) struct RestartWindow {
    intensity: usize,
    period: Duration,
    /// Oldest first; never longer than `intensity + 1`.
    stamps: VecDeque<Duration>,
}

/// The verdict on one restart attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// Within the intensity.
    Allowed,
    /// One too many: the supervisor gives up.
    Exceeded,
}

impl RestartWindow {
    pub(crate) fn new(intensity: u32, period: Duration) -> Self {
        let intensity = usize::try_from(intensity).unwrap_or(usize::MAX);
        Self { intensity, period, stamps: VecDeque::new() }
    }

    /// Counts a restart attempt at `now`. Amortised O(1).
    ///
    /// A `now` before the latest attempt is taken as that attempt's time.
    pub(crate) fn attempt(&mut self, now: Duration) -> Verdict {
        let now = self.stamps.back().map_or(now, |latest| now.max(*latest));
        let oldest = now.saturating_sub(self.period);
        while self.stamps.front().is_some_and(|stamp| *stamp < oldest) {
            self.stamps.pop_front();
        }
        if self.stamps.len() >= self.intensity {
            return Verdict::Exceeded;
        }
        self.stamps.push_back(now);
        Verdict::Allowed
    }
}
