//! The keys of a keyed limiter, spread over shards, with a kind of shard for each algorithm.

use std::borrow::Borrow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use super::alone::Alone;
use super::denied::RateDenied;
use super::fixed_window::FixedWindow;
use super::gcra::Arrival;
use super::meter::Meter;
use super::quota::{Algorithm, Quota};
use super::shard::{Room, Shard};
use super::sliding_window::SlidingWindow;
use crate::sync::Mutex;
use crate::telemetry;

/// A limiter of fewer keys has one shard.
const SHARDED_FROM: usize = 1_024;
const SHARDS: usize = 64;

/// All keys and their counts, by one algorithm.
#[derive(Debug)]
pub(crate) enum Keys<K> {
    Sliding(Shards<K, SlidingWindow>),
    Fixed(Shards<K, FixedWindow>),
    Gcra(Shards<K, Arrival>),
}

/// Does the same to whichever shards there are.
macro_rules! with {
    ($keys:expr, $shards:ident => $done:expr) => {
        match $keys {
            Keys::Sliding($shards) => $done,
            Keys::Fixed($shards) => $done,
            Keys::Gcra($shards) => $done,
        }
    };
}

impl<K: Hash + Eq> Keys<K> {
    pub(crate) fn new(quota: Quota, max_keys: usize) -> Self {
        match quota.algorithm {
            Algorithm::SlidingWindow => Self::Sliding(Shards::new(quota, max_keys)),
            Algorithm::FixedWindow => Self::Fixed(Shards::new(quota, max_keys)),
            Algorithm::Gcra => Self::Gcra(Shards::new(quota, max_keys)),
        }
    }

    #[inline]
    pub(crate) fn take<Q>(&self, key: &Q, now: u64, n: u32) -> Result<(), RateDenied>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        with!(self, shards => shards.take(key, now, n))
    }

    /// The quota, what a key has left, and when it has everything.
    pub(crate) fn look<Q>(&self, key: &Q, now: u64) -> (Quota, u32, u64)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        with!(self, shards => {
            let hash = shards.hasher.hash_one(key);
            shards.of(hash).lock().look(hash, key, now)
        })
    }

    /// `now` is asked for each shard anew, under its lock: the counts of a later one may be of later.
    pub(crate) fn reconfigure(&self, new: Quota, now: impl Fn() -> u64) {
        with!(self, shards => {
            for Alone(shard) in &shards.shards {
                shard.lock().reconfigure(new, now());
            }
        });
    }

    pub(crate) fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        with!(self, shards => {
            let hash = shards.hasher.hash_one(key);
            shards.of(hash).lock().remove(&shards.room, hash, key)
        })
    }

    pub(crate) fn count(&self) -> usize {
        with!(self, shards => shards.room.taken())
    }
}

/// The keys of one algorithm.
pub(crate) struct Shards<K, C> {
    shards: Box<[Line<K, C>]>,
    room: Room,
    hasher: RandomState,
}

type Line<K, C> = Alone<Mutex<Shard<K, C>>>;

impl<K, C> fmt::Debug for Shards<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards").field("room", &self.room).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq, C: Meter> Shards<K, C> {
    fn new(quota: Quota, max_keys: usize) -> Self {
        let count = if max_keys < SHARDED_FROM { 1 } else { SHARDS };
        let shards = (0..count).map(|_| Alone(Mutex::new(Shard::new(quota)))).collect();
        Self { shards, room: Room::of(max_keys), hasher: RandomState::new() }
    }

    #[inline]
    fn take<Q>(&self, key: &Q, now: u64, n: u32) -> Result<(), RateDenied>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let around = (&self.room, &self.hasher);
        loop {
            if let Some(outcome) = self.of(hash).lock().take(around, (hash, key), now, n) {
                return outcome;
            }
            self.make_room(now)?;
        }
    }

    /// Forgets the idle keys of one shard. Holds one lock at a time.
    #[cold]
    fn make_room(&self, now: u64) -> Result<(), RateDenied> {
        let mut soonest = u64::MAX;
        for Alone(shard) in &self.shards {
            let (forgotten, next) = shard.lock().forget_idle(&self.room, now);
            if forgotten > 0 {
                telemetry::rate_keys_forgotten(forgotten);
                return Ok(());
            }
            soonest = soonest.min(next);
        }
        let retry_after = Duration::from_nanos(soonest.saturating_sub(now).max(1));
        Err(RateDenied::NoRoom { retry_after })
    }

    #[inline]
    fn of(&self, hash: u64) -> &Mutex<Shard<K, C>> {
        // The table inside goes by the lowest and the highest seven bits.
        let place = usize::try_from((hash >> 32) & 0xffff).unwrap_or(0);
        let Alone(shard) = &self.shards[place % self.shards.len()];
        shard
    }
}
