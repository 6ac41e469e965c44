//! One count that many threads take from at once. Without a clock: callers say what time it is.
//!
//! The windows stand under one short lock. GCRA is one compare-and-exchange of a word that holds the theoretical arrival time and
//! says which of four settings is in force.
//!
//! Invariant: a setting is written only while no word names it, so whoever exchanges the word that it read has read the whole
//! setting. Four changes within one check could defeat that; each takes a lock.

use super::alone::Alone;
use super::denied::RateDenied;
use super::fixed_window::FixedWindow;
use super::gcra;
use super::meter::Meter;
use super::quota::{Algorithm, Quota};
use super::sliding_window::SlidingWindow;
use crate::sync::{AtomicU64, Mutex, Ordering};
use std::time::Duration;

/// The low bits of the word: which setting. The rest is the time, good for 146 years.
const SETTING_BITS: u32 = 2;
const SETTINGS: usize = 1 << SETTING_BITS;
const SETTING_MASK: u64 = SETTINGS as u64 - 1;

/// What counts, and under which quota.
#[derive(Debug)]
pub(crate) enum Shared {
    Sliding(Locked<SlidingWindow>),
    Fixed(Locked<FixedWindow>),
    Gcra(GcraWord),
}

/// The two numbers that a check needs.
#[derive(Debug)]
struct Setting {
    limit: AtomicU64,
    interval: AtomicU64,
}

/// GCRA without a lock in the way of a check.
#[derive(Debug)]
pub(crate) struct GcraWord {
    word: Alone<AtomicU64>,
    settings: [Setting; SETTINGS],
    /// Held by whoever changes the setting.
    quota: Mutex<Quota>,
}

/// A count under a short lock, with what it counts towards.
#[derive(Debug)]
pub(crate) struct Locked<C>(Mutex<(Quota, C)>);

impl<C: Meter> Locked<C> {
    fn new(quota: Quota) -> Self {
        Self(Mutex::new((quota, C::default())))
    }

    #[inline]
    fn take(&self, now: u64, n: u32) -> Result<(), RateDenied> {
        let (quota, meter) = &mut *self.0.lock();
        take(quota, meter, now, n)
    }

    fn look(&self, now: u64) -> (Quota, u32, u64) {
        let (quota, meter) = &*self.0.lock();
        (*quota, meter.remaining(quota, now), meter.idle_at(quota))
    }

    fn reconfigure<E>(
        &self,
        now: u64,
        change: impl FnOnce(Quota) -> Result<Quota, E>,
    ) -> Result<(), E> {
        let (quota, meter) = &mut *self.0.lock();
        let new = change(*quota)?;
        meter.reconfigure(quota, &new, now);
        *quota = new;
        Ok(())
    }
}

impl Shared {
    pub(crate) fn new(quota: Quota) -> Self {
        match quota.algorithm {
            Algorithm::SlidingWindow => Self::Sliding(Locked::new(quota)),
            Algorithm::FixedWindow => Self::Fixed(Locked::new(quota)),
            Algorithm::Gcra => Self::Gcra(GcraWord::new(quota)),
        }
    }

    #[inline]
    pub(crate) fn take(&self, now: u64, n: u32) -> Result<(), RateDenied> {
        match self {
            Self::Sliding(window) => window.take(now, n),
            Self::Fixed(window) => window.take(now, n),
            Self::Gcra(word) => word.take(now, n),
        }
    }

    /// The quota, what remains, and when everything is back.
    pub(crate) fn look(&self, now: u64) -> (Quota, u32, u64) {
        match self {
            Self::Sliding(window) => window.look(now),
            Self::Fixed(window) => window.look(now),
            Self::Gcra(word) => word.look(now),
        }
    }

    /// Changes the quota. `change` must keep the algorithm.
    pub(crate) fn reconfigure<E>(
        &self,
        now: u64,
        change: impl FnOnce(Quota) -> Result<Quota, E>,
    ) -> Result<(), E> {
        match self {
            Self::Sliding(window) => window.reconfigure(now, change),
            Self::Fixed(window) => window.reconfigure(now, change),
            Self::Gcra(word) => word.reconfigure(now, change),
        }
    }
}

/// A check of one count under a lock.
#[inline]
pub(crate) fn take(
    quota: &Quota,
    meter: &mut impl Meter,
    now: u64,
    n: u32,
) -> Result<(), RateDenied> {
    if n > quota.limit {
        return Err(RateDenied::Never { limit: quota.limit });
    }
    if n == 0 {
        return Ok(());
    }
    meter.take(quota, now, n).map_err(limited)
}

fn limited(wait: u64) -> RateDenied {
    RateDenied::Limited { retry_after: Duration::from_nanos(wait) }
}

impl GcraWord {
    fn new(quota: Quota) -> Self {
        let setting = || Setting {
            limit: AtomicU64::new(u64::from(quota.limit)),
            interval: AtomicU64::new(quota.interval),
        };
        let settings = [setting(), setting(), setting(), setting()];
        Self { word: Alone(AtomicU64::new(0)), settings, quota: Mutex::new(quota) }
    }

    /// The time, the limit and the interval that a word stands for.
    #[inline]
    fn read(&self, word: u64) -> (u64, u32, u64) {
        let setting = &self.settings[index(word)];
        let limit = u32::try_from(setting.limit.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        (word >> SETTING_BITS, limit, setting.interval.load(Ordering::Relaxed))
    }

    #[inline]
    fn take(&self, now: u64, n: u32) -> Result<(), RateDenied> {
        let mut word = self.word.0.load(Ordering::Acquire);
        loop {
            let (tat, limit, interval) = self.read(word);
            if n > limit {
                return Err(RateDenied::Never { limit });
            }
            if n == 0 {
                return Ok(());
            }
            let tat = gcra::take(limit, interval, tat, now, n).map_err(limited)?;
            let next = tat << SETTING_BITS | (word & SETTING_MASK);
            let swap = (Ordering::AcqRel, Ordering::Acquire);
            match self.word.0.compare_exchange_weak(word, next, swap.0, swap.1) {
                Ok(_) => return Ok(()),
                Err(newer) => word = newer,
            }
        }
    }

    fn look(&self, now: u64) -> (Quota, u32, u64) {
        // Under the lock the setting stays what it is.
        let quota = self.quota.lock();
        let (tat, limit, interval) = self.read(self.word.0.load(Ordering::Acquire));
        (*quota, gcra::remaining(limit, interval, tat, now), tat)
    }

    fn reconfigure<E>(
        &self,
        now: u64,
        change: impl FnOnce(Quota) -> Result<Quota, E>,
    ) -> Result<(), E> {
        let mut quota = self.quota.lock();
        let new = change(*quota)?;
        let mut word = self.word.0.load(Ordering::Acquire);
        let free = (index(word) + 1) % SETTINGS;
        self.settings[free].limit.store(u64::from(new.limit), Ordering::Relaxed);
        self.settings[free].interval.store(new.interval, Ordering::Relaxed);
        loop {
            let tat = gcra::rescale(word >> SETTING_BITS, now, &quota, &new);
            let next = tat << SETTING_BITS | free as u64;
            let swap = (Ordering::AcqRel, Ordering::Acquire);
            match self.word.0.compare_exchange(word, next, swap.0, swap.1) {
                Ok(_) => break,
                Err(newer) => word = newer,
            }
        }
        *quota = new;
        Ok(())
    }
}

#[inline]
fn index(word: u64) -> usize {
    usize::try_from(word & SETTING_MASK).unwrap_or(0)
}
