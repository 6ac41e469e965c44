//! What a check says when it does not say yes.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::quota::Algorithm;

/// Why a check was denied. Nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateDenied {
    /// There are not enough permits now.
    Limited {
        /// When there will be, if nobody else takes them: not earlier, and not later.
        retry_after: Duration,
    },
    /// It costs more than the limit, or the limit is 0: no wait helps.
    Never {
        /// The limit.
        limit: u32,
    },
    /// The key is new and every place is held by a key whose permits still count. Keyed limiters only.
    NoRoom {
        /// A place may be free then, not earlier.
        retry_after: Duration,
    },
}

impl RateDenied {
    /// Returns true when a later attempt may succeed without a change of the settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::RateDenied;
    ///
    /// assert!(!RateDenied::Never { limit: 3 }.is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Never { .. })
    }

    /// Returns how long to wait; `None` if no wait helps.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::RateDenied;
    ///
    /// assert_eq!(RateDenied::Never { limit: 3 }.retry_after(), None);
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match *self {
            Self::Limited { retry_after } | Self::NoRoom { retry_after } => Some(retry_after),
            Self::Never { .. } => None,
        }
    }
}

impl fmt::Display for RateDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited { retry_after } => write!(f, "limited for another {retry_after:?}"),
            Self::Never { limit } => write!(f, "more than the limit of {limit}"),
            Self::NoRoom { retry_after } => {
                write!(f, "no room for another key for {retry_after:?}")
            }
        }
    }
}

impl Error for RateDenied {}

/// Why [`until_ready`](crate::RateLimiter::until_ready) ended without a permit. Nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateWaitError {
    /// The deadline passed.
    Timeout,
    /// It costs more than the limit: no wait helps.
    Never {
        /// The limit.
        limit: u32,
    },
}

impl fmt::Display for RateWaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no permit before the deadline"),
            Self::Never { limit } => write!(f, "more than the limit of {limit}"),
        }
    }
}

impl Error for RateWaitError {}

/// What a limiter has left, as one look found it; others may take it meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateStatus {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The limit.
    pub limit: u32,
    /// Permits that could be taken now.
    pub remaining: u32,
    /// When all of them will be back if nobody takes any.
    pub full_after: Duration,
}
