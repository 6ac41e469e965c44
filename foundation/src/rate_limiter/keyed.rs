//! The handle of a limiter with one count for each key.

use std::borrow::Borrow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use super::denied::{RateDenied, RateStatus, RateWaitError};
use super::quota::{Quota, Rate, RateError, nanos};
use super::shard::{Room, Shard};
use super::wait::until_ready;
use crate::clock::Clock;
use crate::sync::Mutex;
use crate::telemetry;

/// A limiter of fewer keys has one shard.
const SHARDED_FROM: usize = 1_024;
const SHARDS: usize = 64;

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
    shards: Box<[Line<K>]>,
    room: Room,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
    /// Held by whoever changes the setting.
    quota: Mutex<Quota>,
}

/// On cache lines of its own, so that neighbours do not wait for each other.
#[repr(align(128))]
struct Line<K>(Mutex<Shard<K>>);

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
    /// Memory grows with the keys that come: some 64 bytes for each besides the key, and 16 for each permit of a sliding window.
    ///
    /// # Errors
    ///
    /// [`RateError::NoKeys`] if `max_keys` is 0, otherwise as for [`RateLimiter::new`](crate::RateLimiter::new).
    pub fn new(rate: Rate, max_keys: usize, clock: Arc<dyn Clock>) -> Result<Self, RateError> {
        let quota = Quota::new(rate)?;
        if max_keys == 0 {
            return Err(RateError::NoKeys);
        }
        let shards = if max_keys < SHARDED_FROM { 1 } else { SHARDS };
        let shards = (0..shards).map(|_| Line(Mutex::new(Shard::new(quota)))).collect();
        let (hasher, quota, room) = (RandomState::new(), Mutex::new(quota), Room::of(max_keys));
        Ok(Self { inner: Arc::new(Inner { shards, room, hasher, clock, quota }) })
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
        let hash = self.inner.hasher.hash_one(key);
        let now = self.now();
        let room = &self.inner.room;
        let outcome = loop {
            if let Some(outcome) = self.shard(hash).lock().take(room, (hash, key), now, n) {
                break outcome;
            }
            if let Err(denied) = self.make_room(now) {
                break Err(denied);
            }
        };
        telemetry::rate_checked(&outcome);
        outcome
    }

    /// Forgets the idle keys of one shard. Holds one lock at a time.
    #[cold]
    fn make_room(&self, now: u64) -> Result<(), RateDenied> {
        let mut soonest = u64::MAX;
        for Line(shard) in &self.inner.shards {
            let (forgotten, next) = shard.lock().forget_idle(&self.inner.room, now);
            if forgotten > 0 {
                telemetry::rate_keys_forgotten(forgotten);
                return Ok(());
            }
            soonest = soonest.min(next);
        }
        let retry_after = Duration::from_nanos(soonest.saturating_sub(now).max(1));
        Err(RateDenied::NoRoom { retry_after })
    }

    /// Returns what a key has left, and takes nothing. A key that is not known has everything.
    #[must_use]
    pub fn peek<Q>(&self, key: &Q) -> RateStatus
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.inner.hasher.hash_one(key);
        let now = self.now();
        let (quota, remaining, idle_at) = self.shard(hash).lock().look(hash, key, now);
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
        for Line(shard) in &self.inner.shards {
            shard.lock().reconfigure(new, self.now());
        }
        *quota = new;
        Ok(())
    }

    /// Forgets a key with everything it took; returns whether it was known.
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.inner.hasher.hash_one(key);
        self.shard(hash).lock().remove(&self.inner.room, hash, key)
    }

    /// Returns the number of keys that are remembered; never more than the bound.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.inner.room.taken()
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Mutex<Shard<K>> {
        // The table inside goes by the lowest and the highest seven bits.
        let place = usize::try_from((hash >> 32) & 0xffff).unwrap_or(0);
        let Line(shard) = &self.inner.shards[place % self.inner.shards.len()];
        shard
    }

    #[inline]
    fn now(&self) -> u64 {
        nanos(self.inner.clock.monotonic())
    }
}
