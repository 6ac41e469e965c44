//! How long to wait before the next attempt. Pure arithmetic: no clock, no randomness of its own.
//!
//! Decides the length of a wait; who waits, and how often, is decided by whoever asks.

use std::time::Duration;

/// How much of a wait is left to chance, so that those who failed together do not come back together.
///
/// After "Exponential Backoff And Jitter" (M. Brooker, AWS Architecture Blog, 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Jitter {
    /// Nothing: the wait is the exponential one.
    None,
    /// Half of it: the wait lies between half of the exponential one and all of it.
    Equal,
    /// All of it: the wait lies between zero and the exponential one.
    #[default]
    Full,
}

/// An exponential backoff: `base * factor^attempt`, at most `cap`, then jittered.
///
/// A plain value. By default 10 ms that double up to 1 s, with full jitter.
///
/// # Examples
///
/// ```
/// use foundation::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let backoff = Backoff { jitter: Jitter::None, ..Backoff::default() };
/// assert_eq!(backoff.delay(0, 0), Duration::from_millis(10));
/// assert_eq!(backoff.delay(3, 0), Duration::from_millis(80));
/// assert_eq!(backoff.delay(1_000_000, 0), Duration::from_secs(1), "never more than the cap");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub base: Duration,
    /// What each further failure multiplies it with; 1 keeps it constant, 0 is taken for 1.
    pub factor: u32,
    /// The longest wait. Above 584 years it is taken for that.
    pub cap: Duration,
    /// How much of it is left to chance.
    pub jitter: Jitter,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(10),
            factor: 2,
            cap: Duration::from_secs(1),
            jitter: Jitter::Full,
        }
    }
}

impl Backoff {
    /// Returns the wait after failure number `attempt`, the first of which is 0.
    ///
    /// `random` is a number that the caller draws uniformly from all of `u64`; the same number gives the same wait. The wait is
    /// never longer than `cap`, whatever the arguments. Costs some multiplications, at most 64 of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::default();
    /// assert_eq!(backoff.delay(2, 0), Duration::ZERO, "full jitter goes down to nothing");
    /// assert_eq!(backoff.delay(2, u64::MAX / 2), Duration::from_millis(20));
    /// ```
    #[must_use]
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let whole = self.whole(attempt);
        let nanos = match self.jitter {
            Jitter::None => whole,
            Jitter::Equal => whole - whole / 2 + part(whole / 2, random),
            Jitter::Full => part(whole, random),
        };
        Duration::from_nanos(nanos)
    }

    /// The exponential wait in nanoseconds, without jitter.
    fn whole(&self, attempt: u32) -> u64 {
        let (base, cap) = (nanos(self.base), nanos(self.cap));
        let mut whole = base.min(cap);
        if self.factor > 1 && base > 0 {
            for _ in 0..attempt {
                if whole >= cap {
                    break;
                }
                whole = whole.saturating_mul(u64::from(self.factor)).min(cap);
            }
        }
        whole
    }
}

/// `random / 2^64` of `whole`; both ends can be reached.
fn part(whole: u64, random: u64) -> u64 {
    let product = (u128::from(whole) + 1) * u128::from(random);
    u64::try_from(product >> 64).unwrap_or(whole)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
