//! Some of the keys of a keyed limiter, for one caller at a time, and the room that all of them share.
//!
//! Only a key whose count cannot be told from that of a new one leaves: forgetting it changes no decision. While every place is held
//! by another kind of key, a new one is denied.
//!
//! Invariants: no key of a shard is idle before its `soonest`, so that no search before it can find one; the shards together have no
//! more keys than places were taken in `Room`.

use std::borrow::Borrow;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::HashTable;

use super::denied::RateDenied;
use super::meter::Meter;
use super::quota::Quota;
use super::shared;

/// As small as the algorithm allows: among very many keys a check waits for memory more than for anything else.
#[derive(Debug)]
struct Place<K, C> {
    key: K,
    meter: C,
}

/// The places that all shards share.
#[derive(Debug)]
pub(crate) struct Room {
    taken: AtomicUsize,
    most: usize,
}

impl Room {
    pub(crate) fn of(most: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most }
    }

    fn take(&self) -> bool {
        let one_more = |taken| (taken < self.most).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    fn give_back(&self, places: usize) {
        self.taken.fetch_sub(places, Ordering::Relaxed);
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Keys and their counts.
#[derive(Debug)]
pub(crate) struct Shard<K, C> {
    quota: Quota,
    places: HashTable<Place<K, C>>,
    soonest: u64,
}

impl<K: Hash + Eq, C: Meter> Shard<K, C> {
    pub(crate) fn new(quota: Quota) -> Self {
        Self { quota, places: HashTable::new(), soonest: u64::MAX }
    }

    /// Takes `n` permits of a key with this hash; `None` if it is new and there is no place.
    pub(crate) fn take<Q>(
        &mut self,
        (room, hasher): (&Room, &RandomState),
        (hash, key): (u64, &Q),
        now: u64,
        n: u32,
    ) -> Option<Result<(), RateDenied>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let quota = &self.quota;
        let is_it = |place: &Place<K, C>| place.key.borrow() == key;
        if let Some(place) = self.places.find_mut(hash, is_it) {
            return Some(shared::take(quota, &mut place.meter, now, n));
        }
        let mut meter = C::default();
        let outcome = shared::take(quota, &mut meter, now, n);
        if outcome.is_ok() && n > 0 {
            if !room.take() {
                return None;
            }
            self.soonest = self.soonest.min(meter.idle_at(quota));
            let place = Place { key: key.to_owned(), meter };
            let hash_of = |place: &Place<K, C>| hasher.hash_one(place.key.borrow());
            self.places.insert_unique(hash, place, hash_of);
        }
        Some(outcome)
    }

    /// Forgets every idle key; returns how many, and when the next one may be idle. Looks at none before one may be.
    pub(crate) fn forget_idle(&mut self, room: &Room, now: u64) -> (usize, u64) {
        if now < self.soonest {
            return (0, self.soonest);
        }
        let before = self.places.len();
        let (quota, mut soonest) = (&self.quota, u64::MAX);
        self.places.retain(|place| {
            let idle_at = place.meter.idle_at(quota);
            if idle_at > now {
                soonest = soonest.min(idle_at);
            }
            idle_at > now
        });
        self.soonest = soonest;
        let forgotten = before - self.places.len();
        room.give_back(forgotten);
        (forgotten, soonest)
    }

    /// The quota, what a key has left, and when it has everything.
    pub(crate) fn look<Q>(&self, hash: u64, key: &Q, now: u64) -> (Quota, u32, u64)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let place = self.places.find(hash, |place| place.key.borrow() == key);
        match place {
            Some(Place { meter, .. }) => {
                (self.quota, meter.remaining(&self.quota, now), meter.idle_at(&self.quota))
            }
            None => (self.quota, self.quota.limit, 0),
        }
    }

    pub(crate) fn reconfigure(&mut self, new: Quota, now: u64) {
        for place in &mut self.places {
            place.meter.reconfigure(&self.quota, &new, now);
        }
        self.quota = new;
        self.soonest = 0;
    }

    pub(crate) fn remove<Q>(&mut self, room: &Room, hash: u64, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = self.places.find_entry(hash, |place| place.key.borrow() == key);
        let is_there = found.is_ok();
        if let Ok(place) = found {
            place.remove();
            room.give_back(1);
        }
        is_there
    }
}
