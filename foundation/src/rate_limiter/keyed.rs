//! The handle of a limiter with one count for each key.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use super::denied::{RateDenied, RateStatus, RateWaitError};
use super::keys::Keys;
use super::quota::{Quota, Rate, RateError, nanos};
use super::wait::until_ready;
use crate::clock::Clock;
use crate::sync::Mutex;
use crate::telemetry;

/// Limits each key by itself, with the same rate. A handle: clones share the counts, and any thread may ask.
///
/// There are at most `max_keys` keys. They are spread by a randomly seeded hash over 64 shards with one short lock each (below 1,024
/// keys over one), which share all places.
///
/// | when a new key comes and there is no place | then |
/// |---|---|
/// | some keys are idle: nothing that they took counts any more | the idle ones of a shard leave; no decision about them is changed |
/// | no key is idle | the new key is denied, with [`RateDenied::NoRoom`], and counted as `no_room` |
///
/// A key whose permits still count is never forgotten, so inventing keys gives nobody a fresh count. What it can do is deny service
/// to keys that are new, and that is visible: choose `max_keys` above the number of keys in one period, and watch `no_room`.
///
/// # Metrics
///
/// `foundation.rate_limiter.checks_total`, as for [`RateLimiter`](crate::RateLimiter), and
/// `foundation.rate_limiter.keys_forgotten_total`.
///
/// # Examples
///
/// ```
/// use foundation::{KeyedRateLimiter, Rate, SystemClock};
/// use std::{sync::Arc, time::Duration};
///
/// let rate = Rate::sliding_window(1, Duration::from_secs(60));
/// let clock = Arc::new(SystemClock::new());
/// let limiter = KeyedRateLimiter::<String>::new(rate, 10_000, clock)?;
/// assert!(limiter.check("ann").is_ok());
/// assert!(limiter.check("bob").is_ok());
/// assert!(limiter.check("ann").is_err());
/// # Ok::<(), foundation::RateError>(())
/// ```
pub struct KeyedRateLimiter<K> {
    inner: Arc<Inner<K>>,
}

struct Inner<K> {
    keys: Keys<K>,
    clock: Arc<dyn Clock>,
    /// Held by whoever changes the setting.
    quota: Mutex<Quota>,
}

impl<K> Clone for KeyedRateLimiter<K> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<K> fmt::Debug for KeyedRateLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimiter").field("quota", &self.inner.quota).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq> KeyedRateLimiter<K> {
    /// Creates a limiter for at most `max_keys` keys.
    ///
    /// Memory grows with the keys that come. Besides the key each takes, with its part of the table, 10 to 20 bytes under GCRA, 20 to
    /// 40 under a fixed window, and 50 to 100 under a sliding one, which needs 16 more for each permit.
    ///
    /// # Errors
    ///
    /// [`RateError::NoKeys`] if `max_keys` is 0, otherwise as for [`RateLimiter::new`](crate::RateLimiter::new).
    pub fn new(rate: Rate, max_keys: usize, clock: Arc<dyn Clock>) -> Result<Self, RateError> {
        let quota = Quota::new(rate)?;
        if max_keys == 0 {
            return Err(RateError::NoKeys);
        }
        let (keys, quota) = (Keys::new(quota, max_keys), Mutex::new(quota));
        Ok(Self { inner: Arc::new(Inner { keys, clock, quota }) })
    }

    /// Takes one permit of a key.
    ///
    /// # Errors
    ///
    /// As for [`check_n`](Self::check_n).
    #[inline]
    pub fn check<Q>(&self, key: &Q) -> Result<(), RateDenied>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.check_n(key, 1)
    }

    /// Takes `n` permits of a key, all or none. The key is cloned when it is new.
    ///
    /// Never waits. Costs one hash and one short lock; if a new key finds no place, up to one for each shard, and a look at the keys of
    /// those where one may be idle.
    ///
    /// # Errors
    ///
    /// [`RateDenied::Limited`], [`RateDenied::Never`] or [`RateDenied::NoRoom`]. Nothing is counted then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{KeyedRateLimiter, Rate, RateDenied, SystemClock};
    /// # use std::{sync::Arc, time::Duration};
    /// # let clock = Arc::new(SystemClock::new());
    /// let rate = Rate::gcra(5, Duration::from_secs(60));
    /// let limiter = KeyedRateLimiter::<u64>::new(rate, 1, clock)?;
    /// assert_eq!(limiter.check_n(&7, 3), Ok(()));
    /// assert!(matches!(limiter.check(&8), Err(RateDenied::NoRoom { .. })));
    /// # Ok::<(), foundation::RateError>(())
    /// ```
    #[inline]
    pub fn check_n<Q>(&self, key: &Q, n: u32) -> Result<(), RateDenied>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let outcome = self.inner.keys.take(key, self.now(), n);
        telemetry::rate_checked(&outcome);
        outcome
    }

    /// Returns what a key has left, and takes nothing. A key that is not known has everything.
    #[must_use]
    pub fn peek<Q>(&self, key: &Q) -> RateStatus
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let now = self.now();
        let (quota, remaining, idle_at) = self.inner.keys.look(key, now);
        RateStatus {
            algorithm: quota.algorithm,
            limit: quota.limit,
            remaining,
            full_after: Duration::from_nanos(idle_at.saturating_sub(now)),
        }
    }

    /// Waits for a permit of a key, for at most `deadline`; also for a place, if the key is new.
    ///
    /// Never returns before the limiter's clock allows it. There is no queue.
    ///
    /// # Errors
    ///
    /// [`RateWaitError::Timeout`] when the deadline passed, [`RateWaitError::Never`] at once if the limit is 0.
    ///
    /// # Cancel safety
    ///
    /// A wait that is dropped before it returned has taken nothing.
    pub async fn until_ready<Q>(&self, key: &Q, deadline: Duration) -> Result<(), RateWaitError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        until_ready(deadline, || self.check(key)).await
    }

    /// Changes limit and period for all keys and handles. What counts goes on counting, as for
    /// [`RateLimiter::reconfigure`](crate::RateLimiter::reconfigure).
    ///
    /// Costs a look at every key. A check that happens meanwhile is judged by the one or the other setting.
    ///
    /// # Errors
    ///
    /// As for [`RateLimiter::reconfigure`](crate::RateLimiter::reconfigure). Nothing changes then.
    pub fn reconfigure(&self, rate: Rate) -> Result<(), RateError> {
        let mut quota = self.inner.quota.lock();
        let new = quota.changed(rate)?;
        self.inner.keys.reconfigure(new, || self.now());
        *quota = new;
        Ok(())
    }

    /// Forgets a key with everything it took; returns whether it was known.
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.inner.keys.remove(key)
    }

    /// Returns the number of keys that are remembered; never more than the bound.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.inner.keys.count()
    }

    #[inline]
    fn now(&self) -> u64 {
        nanos(self.inner.clock.monotonic())
    }
}
