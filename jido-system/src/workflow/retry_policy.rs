//! How often a failed task is tried again, and how long it waits.

use std::time::Duration;

/// Attempts and exponential backoff of a task whose work fails.
///
/// The wait after the n-th failure is `base * 2^(n-1)`, at most `cap`, shortened by up to a half by
/// jitter. Interrupted and crashed executions are no failures of the work and do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many attempts may fail before the task has failed; 0 counts as 1. Default 3.
    pub attempts: u32,
    /// The wait after the first failure. Default 250 ms.
    pub base: Duration,
    /// The longest wait. Default 30 s.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_millis(250), cap: Duration::from_secs(30) }
    }
}

impl RetryPolicy {
    /// The wait after this many failures (1 for the first), in whole milliseconds, rounded up.
    ///
    /// `jitter` is a random fraction in 0..=1 from the caller: 0 leaves the wait whole, 1 halves
    /// it. Anything else is brought into that range, and NaN is 0.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use jido_system::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default();
    /// assert_eq!(policy.delay(1, 0.0), Duration::from_millis(250));
    /// assert_eq!(policy.delay(3, 0.0), Duration::from_millis(1000));
    /// assert_eq!(policy.delay(3, 0.5), Duration::from_millis(750));
    /// assert_eq!(policy.delay(u32::MAX, 0.0), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn delay(&self, failures: u32, jitter: f64) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.base.saturating_mul(factor).min(self.cap);
        let millis = u64::try_from(whole.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let jitter = if jitter > 0.0 { jitter.min(1.0) } else { 0.0 };
        // The cast saturates, and a wait never grows by rounding.
        let shortened = (millis as f64 * (1.0 - jitter / 2.0)).ceil() as u64;
        Duration::from_millis(shortened.min(millis))
    }

    pub(super) const fn is_last(&self, failures: u32) -> bool {
        failures >= self.attempts
    }
}
