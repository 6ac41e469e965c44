//! The handle of one limiter.

use std::sync::Arc;
use std::time::Duration;

use super::denied::{RateDenied, RateStatus, RateWaitError};
use super::quota::{Quota, Rate, RateError, nanos};
use super::shared::Shared;
use super::wait::until_ready;
use crate::clock::Clock;
use crate::telemetry;

/// Limits how often something happens. A handle: clones share one count, and any thread may ask.
///
/// A check is done in the caller, in one exchange of a word (GCRA) or under one short lock (windows); there is no process, no
/// background work and no global table. What each algorithm promises is said at [`Algorithm`](crate::Algorithm). A limiter goes
/// with its last handle, and its counts go with it.
///
/// # Metrics
///
/// `foundation.rate_limiter.checks_total`, with the label `result`: `allowed`, `limited`, `never` or `no_room`.
///
/// # Examples
///
/// ```
/// use foundation::{Rate, RateDenied, RateLimiter, SystemClock};
/// use std::{sync::Arc, time::Duration};
///
/// let clock = Arc::new(SystemClock::new());
/// let limiter = RateLimiter::new(Rate::sliding_window(2, Duration::from_secs(60)), clock)?;
/// assert!(limiter.check().is_ok() && limiter.check().is_ok());
/// assert!(matches!(limiter.check(), Err(RateDenied::Limited { .. })));
/// assert_eq!(limiter.check_n(3), Err(RateDenied::Never { limit: 2 }));
/// # Ok::<(), foundation::RateError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Shared,
    clock: Arc<dyn Clock>,
}

impl RateLimiter {
    /// Creates a limiter from which nothing has been taken.
    ///
    /// # Errors
    ///
    /// [`RateError`] if the period is zero or longer than 366 days, or a sliding window has more than 1,048,576 permits.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Rate, RateError, RateLimiter, SystemClock};
    /// use std::{sync::Arc, time::Duration};
    ///
    /// let refused = RateLimiter::new(Rate::gcra(1, Duration::ZERO), Arc::new(SystemClock::new()));
    /// assert_eq!(refused.map(drop), Err(RateError::NoPeriod));
    /// ```
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Result<Self, RateError> {
        let shared = Shared::new(Quota::new(rate)?);
        Ok(Self { inner: Arc::new(Inner { shared, clock }) })
    }

    /// Takes one permit.
    ///
    /// # Errors
    ///
    /// As for [`check_n`](Self::check_n).
    #[inline]
    pub fn check(&self) -> Result<(), RateDenied> {
        self.check_n(1)
    }

    /// Takes `n` permits, all or none. `Ok` means that they count; taking 0 is always `Ok`.
    ///
    /// Never waits. A sliding window drops the permits that no longer count, each once.
    ///
    /// # Errors
    ///
    /// [`RateDenied::Limited`] with the exact time until there are so many; [`RateDenied::Never`] if `n` is more than the limit.
    /// Nothing is counted then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Rate, RateLimiter, SystemClock};
    /// # use std::{sync::Arc, time::Duration};
    /// # let clock = Arc::new(SystemClock::new());
    /// let limiter = RateLimiter::new(Rate::fixed_window(10, Duration::from_secs(3_600)), clock)?;
    /// assert_eq!(limiter.check_n(10), Ok(()));
    /// # Ok::<(), foundation::RateError>(())
    /// ```
    #[inline]
    pub fn check_n(&self, n: u32) -> Result<(), RateDenied> {
        let outcome = self.inner.shared.take(self.now(), n);
        telemetry::rate_checked(&outcome);
        outcome
    }

    /// Returns what is left, and takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Rate, RateLimiter, SystemClock};
    /// # use std::{sync::Arc, time::Duration};
    /// # let clock = Arc::new(SystemClock::new());
    /// let limiter = RateLimiter::new(Rate::sliding_window(10, Duration::from_secs(60)), clock)?;
    /// limiter.check_n(4).map_err(|denied| denied.to_string()).expect("there are ten");
    /// assert_eq!(limiter.peek().remaining, 6);
    /// # Ok::<(), foundation::RateError>(())
    /// ```
    #[must_use]
    pub fn peek(&self) -> RateStatus {
        let now = self.now();
        let (quota, remaining, idle_at) = self.inner.shared.look(now);
        RateStatus {
            algorithm: quota.algorithm,
            limit: quota.limit,
            remaining,
            full_after: Duration::from_nanos(idle_at.saturating_sub(now)),
        }
    }

    /// Waits for a permit, for at most `deadline`.
    ///
    /// Never returns before the limiter's clock allows it. Waiting goes by the timers of the runtime, so it may be some
    /// milliseconds late. There is no queue: who asks at the right moment gets the permit.
    ///
    /// # Errors
    ///
    /// [`RateWaitError::Timeout`] when the deadline passed, [`RateWaitError::Never`] at once if the limit is 0.
    ///
    /// # Cancel safety
    ///
    /// A wait that is dropped before it returned has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Rate, RateLimiter, SystemClock};
    /// # use std::{sync::Arc, time::Duration};
    /// # let clock = Arc::new(SystemClock::new());
    /// let limiter = RateLimiter::new(Rate::gcra(1, Duration::from_millis(2)), clock)?;
    /// limiter.check()?;
    /// limiter.until_ready(Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn until_ready(&self, deadline: Duration) -> Result<(), RateWaitError> {
        self.until_ready_n(1, deadline).await
    }

    /// Waits for `n` permits at once, for at most `deadline`; otherwise as [`until_ready`](Self::until_ready).
    ///
    /// Whoever wants many may wait in vain while others take one after the other.
    ///
    /// # Errors
    ///
    /// [`RateWaitError::Timeout`] when the deadline passed, [`RateWaitError::Never`] at once if `n` is more than the limit.
    ///
    /// # Cancel safety
    ///
    /// A wait that is dropped before it returned has taken nothing.
    pub async fn until_ready_n(&self, n: u32, deadline: Duration) -> Result<(), RateWaitError> {
        until_ready(deadline, || self.check_n(n)).await
    }

    /// Changes limit and period for all handles. What counts at this moment goes on counting: the permits in a window under the
    /// new period, those of GCRA until each has come back at the new rate.
    ///
    /// # Errors
    ///
    /// [`RateError::OtherAlgorithm`] for a rate of another algorithm, otherwise as for [`new`](Self::new). Nothing changes then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Rate, RateLimiter, SystemClock};
    /// # use std::{sync::Arc, time::Duration};
    /// # let clock = Arc::new(SystemClock::new());
    /// let limiter = RateLimiter::new(Rate::sliding_window(2, Duration::from_secs(60)), clock)?;
    /// assert!(limiter.check_n(2).is_ok());
    /// limiter.reconfigure(Rate::sliding_window(3, Duration::from_secs(60)))?;
    /// assert_eq!(limiter.peek().remaining, 1, "two are taken");
    /// # Ok::<(), foundation::RateError>(())
    /// ```
    pub fn reconfigure(&self, rate: Rate) -> Result<(), RateError> {
        self.inner.shared.reconfigure(self.now(), |quota| quota.changed(rate))
    }

    #[inline]
    fn now(&self) -> u64 {
        nanos(self.inner.clock.monotonic())
    }
}
