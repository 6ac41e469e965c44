//! The breaker against a reference that keeps everything that ever happened and derives the rest from it.

use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Backoff, BreakerPermit, BreakerRejected, BreakerState, CircuitBreaker, CircuitBreakerConfig,
    Clock, Jitter, TripRule,
};
use proptest::prelude::*;
use test_helpers::ManualClock;

/// What happens to a breaker; calls are chosen among those that run.
#[derive(Debug, Clone, Copy)]
enum Event {
    Pass(u64),
    Begin,
    Succeed(usize),
    Fail(usize),
    Drop(usize),
    Trip,
    Reset,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..12_u64).prop_map(Event::Pass),
        8 => Just(Event::Begin),
        4 => (0..8_usize).prop_map(Event::Succeed),
        4 => (0..8_usize).prop_map(Event::Fail),
        1 => (0..8_usize).prop_map(Event::Drop),
        1 => prop_oneof![Just(Event::Trip), Just(Event::Reset)],
    ]
}

fn rule() -> impl Strategy<Value = TripRule> {
    let window = || (1..40_u64).prop_map(Duration::from_nanos);
    prop_oneof![
        (1..4_u32).prop_map(TripRule::Consecutive),
        (1..4_u32, window()).prop_map(|(count, window)| TripRule::Failures { count, window }),
        (1..=100_u8, 1..5_u32, window()).prop_map(|(percent, min_calls, window)| TripRule::Ratio {
            percent,
            min_calls,
            window
        }),
    ]
}

/// The settings, and all that happened since the state changed last.
struct Reference {
    rule: TripRule,
    needed: usize,
    probes: usize,
    /// Closed, or opened then and for so long.
    opened: Option<(u64, u64)>,
    /// A probe was let through since.
    is_probed: bool,
    /// Ends of calls since the last change: when, and whether it failed.
    ended: Vec<(u64, bool)>,
    begun: usize,
    era: usize,
    openings: u32,
}

impl Reference {
    fn state(&self, now: u64) -> BreakerState {
        match self.opened {
            None => BreakerState::Closed,
            Some((at, time)) if !self.is_probed && now < at + time => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn enter(&mut self, opened: Option<(u64, u64)>) {
        (self.opened, self.is_probed, self.begun) = (opened, false, 0);
        self.ended.clear();
        self.era += 1;
    }

    /// 5, 10, 15, 15, ... nanoseconds.
    fn open(&mut self, now: u64) {
        self.openings += 1;
        let time = 5 * 2_u64.pow(self.openings.min(9) - 1);
        self.enter(Some((now, time.min(15))));
    }

    fn close(&mut self) {
        self.openings = 0;
        self.enter(None);
    }

    fn begin(&mut self, now: u64) -> Result<usize, BreakerRejected> {
        match (self.state(now), self.opened) {
            (BreakerState::Open, Some((at, time))) => {
                return Err(BreakerRejected::Open {
                    retry_after: Duration::from_nanos(at + time - now),
                });
            }
            (BreakerState::HalfOpen, opened) if !self.is_probed => {
                self.enter(opened);
                self.is_probed = true;
            }
            (BreakerState::HalfOpen, _) if self.begun - self.ended.len() >= self.probes => {
                return Err(BreakerRejected::Probing);
            }
            _ => {}
        }
        self.begun += 1;
        Ok(self.era)
    }

    fn end(&mut self, now: u64, era: usize, is_failure: bool) {
        if era != self.era {
            return;
        }
        self.ended.push((now, is_failure));
        match (self.opened.is_some(), is_failure) {
            (true, true) => self.open(now),
            (true, false) if self.ended.len() >= self.needed => self.close(),
            (false, true) if self.is_too_much(now) => self.open(now),
            _ => {}
        }
    }

    fn is_too_much(&self, now: u64) -> bool {
        match self.rule {
            TripRule::Consecutive(most) => {
                let row = self.ended.iter().rev().take_while(|(_, failed)| *failed).count();
                row >= most as usize
            }
            TripRule::Failures { count, window } => {
                let since = |at: u64| Duration::from_nanos(now - at) < window;
                let failures = self.ended.iter().filter(|(at, failed)| *failed && since(*at));
                failures.count() >= count as usize
            }
            TripRule::Ratio { percent, min_calls, window } => {
                let tenth = (window.as_nanos() as u64).div_ceil(10);
                let begin = (now / tenth).saturating_sub(9) * tenth;
                let calls: Vec<_> = self.ended.iter().filter(|(at, _)| *at >= begin).collect();
                let failures = calls.iter().filter(|(_, failed)| *failed).count();
                calls.len() >= min_calls as usize
                    && failures * 100 >= usize::from(percent) * calls.len()
            }
            other => panic!("{other:?}"),
        }
    }
}

fn take<'a>(
    running: &mut Vec<(BreakerPermit<'a>, usize)>,
    which: usize,
) -> Option<(BreakerPermit<'a>, usize)> {
    (!running.is_empty()).then(|| running.swap_remove(which % running.len()))
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn a_breaker_does_what_the_reference_does() {
    proptest!(cases(3000), |(rule in rule(), needed in 1..4_u32, probes in 1..4_u32, events in prop::collection::vec(event(), 1..100))| {
        compare(rule, needed, probes, events);
    });
}

fn compare(rule: TripRule, needed: u32, probes: u32, events: Vec<Event>) {
    let clock = Arc::new(ManualClock::new());
    let ns = Duration::from_nanos;
    let reset = Backoff { base: ns(5), factor: 2, cap: ns(15), jitter: Jitter::None };
    let config = CircuitBreakerConfig::default()
        .trip(rule)
        .success_threshold(needed)
        .probes(probes)
        .reset_backoff(reset);
    let breaker = CircuitBreaker::new(config, clock.clone()).expect("valid");
    let mut reference = Reference {
        rule,
        needed: needed as usize,
        probes: probes as usize,
        opened: None,
        is_probed: false,
        ended: Vec::new(),
        begun: 0,
        era: 0,
        openings: 0,
    };
    let mut running = Vec::new();
    for event in events {
        let now = u64::try_from(clock.monotonic().as_nanos()).expect("it is a recent origin");
        match event {
            Event::Pass(by) => clock.advance(ns(by)),
            Event::Begin => match (breaker.permit(), reference.begin(now)) {
                (Ok(permit), Ok(era)) => running.push((permit, era)),
                (ours, theirs) => assert_eq!(ours.map(drop).err(), theirs.err()),
            },
            Event::Succeed(which) => {
                if let Some((permit, era)) = take(&mut running, which) {
                    permit.success();
                    reference.end(now, era, false);
                }
            }
            Event::Fail(which) => {
                if let Some((permit, era)) = take(&mut running, which) {
                    permit.failure();
                    reference.end(now, era, true);
                }
            }
            Event::Drop(which) => {
                if let Some((permit, era)) = take(&mut running, which) {
                    drop(permit);
                    reference.end(now, era, true);
                }
            }
            Event::Trip => {
                breaker.trip();
                reference.open(now);
            }
            Event::Reset => {
                breaker.reset();
                reference.close();
            }
        }
        let now = u64::try_from(clock.monotonic().as_nanos()).expect("it is a recent origin");
        assert_eq!(breaker.state(), reference.state(now));
    }
}
