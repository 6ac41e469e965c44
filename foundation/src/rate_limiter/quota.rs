//! How much is allowed: the algorithm, the limit and the period, checked once.
//!
//! Invariant: a `Quota` has a period of at least 1 ns and at most `MAX_PERIOD`, so that sums of times cannot overflow in practice.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The most permits that a sliding window can have: it keeps a stamp of 16 bytes for each.
const MAX_SLIDING: u32 = 1 << 20;

/// A year and a day.
const MAX_PERIOD: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Which rule a limiter follows.
///
/// | | never admits more than | denies below the limit | keeps |
/// |---|---|---|---|
/// | `SlidingWindow` | `limit` in any window of the period | never | 16 bytes for each permit in the window |
/// | `FixedWindow` | `limit` in each window; up to twice that across a boundary | never within a window | 16 bytes |
/// | `Gcra` | `limit` at once, and on average one each `period / limit` | when the rate since is too high | 8 bytes |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Exact: the stamps of all permits within the period are kept.
    SlidingWindow,
    /// Windows of one period each, which begin at multiples of the period on the limiter's clock.
    FixedWindow,
    /// The generic cell rate algorithm in its virtual scheduling form, after the ATM Forum's Traffic Management Specification 4.0
    /// (1996) and ITU-T I.371: permits come back one by one, each `period / limit` after the last, rounded up to nanoseconds.
    Gcra,
}

/// So many permits for each period, by one algorithm.
///
/// A plain value. It is checked by the constructor of the limiter that it is given to.
///
/// # Examples
///
/// ```
/// use foundation::{Algorithm, Rate};
/// use std::time::Duration;
///
/// let rate = Rate::sliding_window(100, Duration::from_secs(60));
/// assert_eq!(rate.algorithm(), Algorithm::SlidingWindow);
/// assert_eq!((rate.limit(), rate.period()), (100, Duration::from_secs(60)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    algorithm: Algorithm,
    limit: u32,
    period: Duration,
}

impl Rate {
    /// Allows `limit` permits in any window of length `period`. A limit of 0 denies everything.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(foundation::Rate::sliding_window(3, Duration::from_secs(1)).limit(), 3);
    /// ```
    #[must_use]
    pub fn sliding_window(limit: u32, period: Duration) -> Self {
        Self { algorithm: Algorithm::SlidingWindow, limit, period }
    }

    /// Allows `limit` permits in each of the windows that follow each other without a gap. A limit of 0 denies everything.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(foundation::Rate::fixed_window(3, Duration::from_secs(1)).limit(), 3);
    /// ```
    #[must_use]
    pub fn fixed_window(limit: u32, period: Duration) -> Self {
        Self { algorithm: Algorithm::FixedWindow, limit, period }
    }

    /// Allows `limit` permits at once, each of which comes back after its share of `period`. A limit of 0 denies everything.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(foundation::Rate::gcra(3, Duration::from_secs(1)).limit(), 3);
    /// ```
    #[must_use]
    pub fn gcra(limit: u32, period: Duration) -> Self {
        Self { algorithm: Algorithm::Gcra, limit, period }
    }

    /// Returns the algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the number of permits for each period.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns the period.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}

/// Why a limiter cannot have a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateError {
    /// The period is zero.
    NoPeriod,
    /// The period is longer than 366 days.
    PeriodTooLong,
    /// A sliding window keeps a stamp for each permit, and these are too many.
    LimitTooLarge {
        /// The largest one that is possible.
        most: u32,
    },
    /// A keyed limiter needs room for at least one key.
    NoKeys,
    /// The counts of one algorithm mean nothing to another one.
    OtherAlgorithm {
        /// What the limiter has.
        current: Algorithm,
    },
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPeriod => f.write_str("the period is zero"),
            Self::PeriodTooLong => f.write_str("the period is longer than 366 days"),
            Self::LimitTooLarge { most } => {
                write!(f, "a sliding window has at most {most} permits")
            }
            Self::NoKeys => f.write_str("there is room for no key"),
            Self::OtherAlgorithm { current } => write!(f, "the limiter goes by {current:?}"),
        }
    }
}

impl Error for RateError {}

/// A rate that was checked, in the units of the algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) algorithm: Algorithm,
    pub(crate) limit: u32,
    /// In nanoseconds.
    pub(crate) period: u64,
    /// What one permit costs under `Gcra`, in nanoseconds; at least 1.
    pub(crate) interval: u64,
}

impl Quota {
    pub(crate) fn new(rate: Rate) -> Result<Self, RateError> {
        let Rate { algorithm, limit, period } = rate;
        if period.is_zero() {
            return Err(RateError::NoPeriod);
        }
        if period > MAX_PERIOD {
            return Err(RateError::PeriodTooLong);
        }
        if algorithm == Algorithm::SlidingWindow && limit > MAX_SLIDING {
            return Err(RateError::LimitTooLarge { most: MAX_SLIDING });
        }
        let period = nanos(period);
        let interval = period.div_ceil(u64::from(limit.max(1)));
        Ok(Self { algorithm, limit, period, interval })
    }

    /// This one, changed to `rate`.
    pub(crate) fn changed(self, rate: Rate) -> Result<Self, RateError> {
        let quota = Self::new(rate)?;
        if quota.algorithm == self.algorithm {
            Ok(quota)
        } else {
            Err(RateError::OtherAlgorithm { current: self.algorithm })
        }
    }
}

/// Nanoseconds since the origin of a clock; good for 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
