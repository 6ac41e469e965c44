//! Limiters and breakers that two threads ask at once: nobody gets what the other one took.

use std::convert::Infallible;
use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::circuit_breaker::config::{CircuitBreakerConfig, TripRule};
use crate::circuit_breaker::gate::Gate;
use crate::circuit_breaker::machine::Machine;
use crate::circuit_breaker::rejected::BreakerState;
use crate::rate_limiter::quota::{Quota, Rate};
use crate::rate_limiter::shared::Shared;

const PERIOD: Duration = Duration::from_nanos(100);

fn all(limit: u32) -> [Quota; 3] {
    [
        Rate::sliding_window(limit, PERIOD),
        Rate::fixed_window(limit, PERIOD),
        Rate::gcra(limit, PERIOD),
    ]
    .map(|rate| Quota::new(rate).expect("it is valid"))
}

/// How many of `tries` at these times get through.
fn passed(shared: &Shared, tries: &[u64]) -> usize {
    tries.iter().filter(|&&now| shared.take(now, 1).is_ok()).count()
}

#[test]
fn two_threads_get_exactly_the_limit() {
    for quota in all(3) {
        loom::model(move || {
            let shared = Arc::new(Shared::new(quota));
            let other = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || passed(&shared, &[1_000, 1_000]))
            };
            let ours = passed(&shared, &[1_000, 1_000]);
            let theirs = other.join().expect("the other does not panic");
            assert_eq!(ours + theirs, 3);
        });
    }
}

#[test]
fn who_read_the_clock_first_and_comes_second_gets_no_more() {
    let quota = Quota::new(Rate::sliding_window(1, PERIOD)).expect("it is valid");
    loom::model(move || {
        let shared = Arc::new(Shared::new(quota));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || passed(&shared, &[1_000]))
        };
        let ours = passed(&shared, &[1_050]);
        let theirs = other.join().expect("the other does not panic");
        assert_eq!(ours + theirs, 1, "they are less than a period apart");
    });
}

#[test]
fn a_change_of_the_rate_meets_a_check_before_or_after_it() {
    for (small, large) in all(1).into_iter().zip(all(2)) {
        loom::model(move || {
            let shared = Arc::new(Shared::new(small));
            let changer = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.reconfigure(1_000, |_| Ok::<_, Infallible>(large)))
            };
            let during = passed(&shared, &[1_000, 1_000]);
            assert!(during == 1 || during == 2);
            assert!(changer.join().expect("the changer does not panic").is_ok());
            assert_eq!(during + passed(&shared, &[1_000, 1_000]), 2, "no count is lost");
        });
    }
}

/// Opens with the first failure for a nanosecond.
fn gate(probes: u32, successes: u32) -> Gate {
    let config = CircuitBreakerConfig::default()
        .trip(TripRule::Consecutive(1))
        .probes(probes)
        .success_threshold(successes)
        .reset_timeout(Duration::from_nanos(1))
        .seed(0);
    Gate::new(Machine::new(config), |_| {})
}

#[test]
fn a_half_open_breaker_lets_exactly_its_probes_through() {
    loom::model(|| {
        let gate = Arc::new(gate(1, 2));
        gate.with(|machine| machine.trip(0));
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.admit(|| 1).is_ok())
        };
        let ours = gate.admit(|| 1).is_ok();
        let theirs = other.join().expect("the other does not panic");
        assert_eq!(usize::from(ours) + usize::from(theirs), 1);
    });
}

#[test]
fn a_success_that_meets_the_failure_that_opens_leaves_it_open() {
    loom::model(|| {
        let gate = Arc::new(gate(1, 1));
        let (good, bad) = (gate.admit(|| 1).expect("closed"), gate.admit(|| 1).expect("closed"));
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.failure(bad, || 1))
        };
        gate.success(good, || 1);
        other.join().expect("the other does not panic");
        assert_eq!(gate.look(Machine::phase), BreakerState::Open);
        assert!(gate.admit(|| 1).is_err(), "the word says so, too");
    });
}

#[test]
fn of_two_probes_at_once_a_failure_wins_over_a_success() {
    loom::model(|| {
        let gate = Arc::new(gate(2, 2));
        gate.with(|machine| machine.trip(0));
        let (good, bad) = (gate.admit(|| 1).expect("a probe"), gate.admit(|| 1).expect("a probe"));
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.failure(bad, || 5))
        };
        gate.success(good, || 5);
        other.join().expect("the other does not panic");
        assert_eq!(gate.look(Machine::phase), BreakerState::Open);
        assert!(gate.admit(|| 5).is_err() && gate.admit(|| 6).is_ok());
    });
}
