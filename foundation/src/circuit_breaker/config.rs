//! When a breaker opens, for how long, and what closes it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::backoff::{Backoff, Jitter};

/// The most failures that a window can be asked to count: it keeps a stamp of 8 bytes for each.
const MAX_FAILURES: u32 = 1 << 16;

/// Which failures open a closed breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TripRule {
    /// So many in a row.
    Consecutive(u32),
    /// So many within the window, whatever succeeds meanwhile. Exact, with 8 bytes for each.
    Failures {
        /// At least 1, at most 65,536.
        count: u32,
        /// A failure counts for so long.
        window: Duration,
    },
    /// Such a part of the calls that ended within the window, once there are enough of them. Decided when a call fails. The window
    /// moves in tenths: what counts ended after the beginning of the tenth that is nine before the current one.
    Ratio {
        /// Of a hundred; 1 to 100.
        percent: u8,
        /// So many calls are needed to judge.
        min_calls: u32,
        /// A call counts for so long.
        window: Duration,
    },
}

/// The settings of a [`CircuitBreaker`](crate::CircuitBreaker).
///
/// By default it opens after 5 failures in a row, for 60 s; then one probe at a time goes through, and 3 successes close it.
///
/// # Examples
///
/// ```
/// use foundation::{CircuitBreakerConfig, TripRule};
/// use std::time::Duration;
///
/// let config = CircuitBreakerConfig::default()
///     .trip(TripRule::Ratio { percent: 50, min_calls: 20, window: Duration::from_secs(10) })
///     .probes(2)
///     .reset_timeout(Duration::from_secs(5));
/// # let _unused = config;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreakerConfig {
    pub(crate) rule: TripRule,
    pub(crate) success_threshold: u32,
    pub(crate) probes: u32,
    pub(crate) reset: Backoff,
    pub(crate) seed: Option<u64>,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            rule: TripRule::Consecutive(5),
            success_threshold: 3,
            probes: 1,
            reset: constant(Duration::from_secs(60)),
            seed: None,
        }
    }
}

impl CircuitBreakerConfig {
    /// Sets which failures open it.
    #[must_use]
    pub fn trip(mut self, rule: TripRule) -> Self {
        self.rule = rule;
        self
    }

    /// Sets how many probes must succeed, without a failure between, to close it.
    #[must_use]
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.success_threshold = successes;
        self
    }

    /// Sets how many probes may run at the same time while it is half-open.
    #[must_use]
    pub fn probes(mut self, probes: u32) -> Self {
        self.probes = probes;
        self
    }

    /// Sets how long it stays open, the same each time.
    #[must_use]
    pub fn reset_timeout(mut self, timeout: Duration) -> Self {
        self.reset = constant(timeout);
        self
    }

    /// Sets how long it stays open: longer each time that the probes fail, and `base` again once it was closed.
    #[must_use]
    pub fn reset_backoff(mut self, backoff: Backoff) -> Self {
        self.reset = backoff;
        self
    }

    /// Sets the seed of the jitter, which is random by default. With the same seed and the same events a breaker does the same.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(crate) fn validate(&self) -> Result<(), BreakerConfigError> {
        let (threshold, window) = match self.rule {
            TripRule::Consecutive(failures) => (failures, Duration::MAX),
            TripRule::Failures { count, window } => (count, window),
            TripRule::Ratio { percent, min_calls, window } => {
                if !(1..=100).contains(&percent) {
                    return Err(BreakerConfigError::Percent);
                }
                (min_calls, window)
            }
        };
        if threshold == 0 || self.success_threshold == 0 {
            return Err(BreakerConfigError::NoThreshold);
        }
        if matches!(self.rule, TripRule::Failures { count, .. } if count > MAX_FAILURES) {
            return Err(BreakerConfigError::TooMany { most: MAX_FAILURES });
        }
        if window.is_zero() {
            return Err(BreakerConfigError::NoWindow);
        }
        if self.probes == 0 {
            return Err(BreakerConfigError::NoProbes);
        }
        if self.reset.base.is_zero() || self.reset.cap.is_zero() {
            return Err(BreakerConfigError::NoResetTimeout);
        }
        Ok(())
    }
}

fn constant(timeout: Duration) -> Backoff {
    Backoff { base: timeout, factor: 1, cap: timeout, jitter: Jitter::None }
}

/// Why a breaker cannot have its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerConfigError {
    /// A number of failures, calls or successes is 0.
    NoThreshold,
    /// The window has no length.
    NoWindow,
    /// The percentage is not between 1 and 100.
    Percent,
    /// A window keeps a stamp for each failure, and these are too many.
    TooMany {
        /// The largest number that is possible.
        most: u32,
    },
    /// No probe could ever close it.
    NoProbes,
    /// It would not stay open.
    NoResetTimeout,
}

impl fmt::Display for BreakerConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreshold => f.write_str("a threshold is zero"),
            Self::NoWindow => f.write_str("the window has no length"),
            Self::Percent => f.write_str("the percentage is not between 1 and 100"),
            Self::TooMany { most } => write!(f, "a window counts at most {most} failures"),
            Self::NoProbes => f.write_str("no probe is allowed"),
            Self::NoResetTimeout => f.write_str("the reset timeout is zero"),
        }
    }
}

impl Error for BreakerConfigError {}
