//! Every algorithm against a model that remembers everything and decides slowly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use foundation::{Algorithm, Clock, KeyedRateLimiter, Rate, RateDenied, RateLimiter};
use proptest::prelude::*;
use test_helpers::ManualClock;

/// What happens to a limiter, in nanoseconds.
#[derive(Debug, Clone, Copy)]
enum Event {
    Pass(u64),
    Check { key: u8, n: u32 },
    Change { limit: u32, period: u64 },
}

fn event(keys: u8) -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..30_u64).prop_map(Event::Pass),
        6 => (0..keys, 0..7_u32).prop_map(|(key, n)| Event::Check { key, n }),
        1 => (0..6_u32, 1..60_u64).prop_map(|(limit, period)| Event::Change { limit, period }),
    ]
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::SlidingWindow), Just(Algorithm::FixedWindow), Just(Algorithm::Gcra)]
}

fn rate(algorithm: Algorithm, limit: u32, period: u64) -> Rate {
    let period = Duration::from_nanos(period);
    match algorithm {
        Algorithm::SlidingWindow => Rate::sliding_window(limit, period),
        Algorithm::FixedWindow => Rate::fixed_window(limit, period),
        _ => Rate::gcra(limit, period),
    }
}

/// One count, by definition: what was taken when, and until when each part of it counts.
#[derive(Debug, Clone)]
struct Model {
    algorithm: Algorithm,
    limit: u64,
    period: u64,
    /// When and how many. For GCRA one entry: when the bucket had how much in it, in nanoseconds of drain.
    log: Vec<(u64, u64)>,
    /// What a change of the fixed window carried over, and until when.
    carried: (u64, u64),
}

impl Model {
    fn new(algorithm: Algorithm, limit: u32, period: u64) -> Self {
        Self { algorithm, limit: limit.into(), period, log: Vec::new(), carried: (0, 0) }
    }

    fn drain(&self) -> u64 {
        self.period.div_ceil(self.limit.max(1))
    }

    /// How much counts at `now`: permits, for GCRA nanoseconds.
    fn used(&self, now: u64) -> u64 {
        match self.algorithm {
            Algorithm::SlidingWindow => {
                self.log.iter().filter(|(at, _)| at + self.period > now).map(|(_, n)| n).sum()
            }
            Algorithm::FixedWindow => {
                let start = now / self.period * self.period;
                let taken: u64 =
                    self.log.iter().filter(|(at, _)| *at >= start).map(|(_, n)| n).sum();
                taken + if now < self.carried.1 { self.carried.0 } else { 0 }
            }
            _ => self.log.first().map_or(0, |(at, level)| level.saturating_sub(now - at)),
        }
    }

    fn admits(&self, now: u64, n: u64) -> bool {
        match self.algorithm {
            Algorithm::SlidingWindow | Algorithm::FixedWindow => self.used(now) + n <= self.limit,
            _ => self.used(now) + n * self.drain() <= self.limit * self.drain(),
        }
    }

    fn take(&mut self, now: u64, n: u64) {
        if matches!(self.algorithm, Algorithm::SlidingWindow | Algorithm::FixedWindow) {
            self.log.push((now, n));
        } else {
            self.log = vec![(now, self.used(now) + n * self.drain())];
        }
    }

    fn change(&mut self, now: u64, limit: u32, period: u64) {
        let (used, drain) = (self.used(now), self.drain());
        if self.algorithm == Algorithm::SlidingWindow {
            self.log.retain(|(at, _)| at + self.period > now);
        }
        (self.limit, self.period) = (limit.into(), period);
        match self.algorithm {
            Algorithm::SlidingWindow => {}
            Algorithm::FixedWindow => {
                self.log.clear();
                self.carried = (used, (now / period + 1) * period);
            }
            _ => self.log = vec![(now, (used * self.drain()).div_ceil(drain))],
        }
    }

    /// Compares a decision with what the definition says.
    fn judge(&mut self, now: u64, n: u32, outcome: Result<(), RateDenied>) {
        let n = u64::from(n);
        match outcome {
            Ok(()) => {
                assert!(n == 0 || self.admits(now, n), "{n} too many at {now}: {self:?}");
                if n > 0 {
                    self.take(now, n);
                }
            }
            Err(RateDenied::Never { limit }) => {
                assert!(n > self.limit && u64::from(limit) == self.limit);
            }
            Err(RateDenied::Limited { retry_after }) => {
                let wait = u64::try_from(retry_after.as_nanos()).expect("it is short");
                assert!(n > 0 && n <= self.limit && wait > 0);
                assert!(!self.admits(now, n), "denied below the limit at {now}: {self:?}");
                assert!(!self.admits(now + wait - 1, n), "{wait} is too long at {now}: {self:?}");
                assert!(self.admits(now + wait, n), "{wait} is too short at {now}: {self:?}");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn nanos(clock: &ManualClock) -> u64 {
    u64::try_from(clock.monotonic().as_nanos()).expect("it is a recent origin")
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn a_limiter_decides_as_its_definition_does() {
    proptest!(cases(1500), |(algorithm in algorithm(), limit in 0..6_u32, period in 1..60_u64, events in prop::collection::vec(event(1), 1..80))| {
        compare(algorithm, limit, period, events);
    });
}

fn compare(algorithm: Algorithm, limit: u32, period: u64, events: Vec<Event>) {
    let clock = Arc::new(ManualClock::new());
    let limiter = RateLimiter::new(rate(algorithm, limit, period), clock.clone()).expect("valid");
    let mut model = Model::new(algorithm, limit, period);
    for event in events {
        let now = nanos(&clock);
        match event {
            Event::Pass(by) => clock.advance(Duration::from_nanos(by)),
            Event::Check { n, .. } => {
                let remaining = u64::from(limiter.peek().remaining);
                assert!(remaining == 0 || model.admits(now, remaining));
                assert!(!model.admits(now, remaining + 1));
                model.judge(now, n, limiter.check_n(n));
            }
            Event::Change { limit, period } => {
                limiter.reconfigure(rate(algorithm, limit, period)).expect("valid");
                model.change(now, limit, period);
            }
        }
    }
}

#[test]
fn a_keyed_limiter_decides_for_each_key_as_if_it_forgot_none() {
    proptest!(cases(1500), |(algorithm in algorithm(), limit in 0..6_u32, period in 1..60_u64, max_keys in 1..4_usize, events in prop::collection::vec(event(5), 1..120))| {
        compare_keyed(algorithm, limit, period, max_keys, events);
    });
}

fn compare_keyed(
    algorithm: Algorithm,
    limit: u32,
    period: u64,
    max_keys: usize,
    events: Vec<Event>,
) {
    let clock = Arc::new(ManualClock::new());
    let first = rate(algorithm, limit, period);
    let limiter = KeyedRateLimiter::<u8>::new(first, max_keys, clock.clone()).expect("valid");
    let mut fresh = Model::new(algorithm, limit, period);
    let mut models = BTreeMap::<u8, Model>::new();
    for event in events {
        let now = nanos(&clock);
        match event {
            Event::Pass(by) => clock.advance(Duration::from_nanos(by)),
            Event::Check { key, n } => {
                let others =
                    models.iter().filter(|(other, model)| **other != key && model.used(now) > 0);
                let others = others.count();
                let model = models.entry(key).or_insert_with(|| fresh.clone());
                match limiter.check_n(&key, n) {
                    Err(RateDenied::NoRoom { retry_after }) => {
                        assert!(others >= max_keys && !retry_after.is_zero());
                        assert_eq!(model.used(now), 0);
                    }
                    outcome => model.judge(now, n, outcome),
                }
                assert!(limiter.keys() <= max_keys);
            }
            Event::Change { limit, period } => {
                limiter.reconfigure(rate(algorithm, limit, period)).expect("valid");
                models.values_mut().for_each(|model| model.change(now, limit, period));
                fresh.change(now, limit, period);
            }
        }
    }
}
