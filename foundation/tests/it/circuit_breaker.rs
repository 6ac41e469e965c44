//! Circuit breakers: who may call, and what that depends on.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use foundation::{
    Backoff, BreakerConfigError, BreakerError, BreakerRejected, BreakerState, CircuitBreaker,
    CircuitBreakerConfig, Jitter, TripRule,
};
use futures_util::FutureExt;
use test_helpers::{ManualClock, Recorder};

use crate::support::{Meeting, on_thread};

const fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn breaker(config: CircuitBreakerConfig) -> (CircuitBreaker, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (CircuitBreaker::new(config, clock.clone()).expect("the settings are valid"), clock)
}

/// Opens after two failures in a row, for 10 s; one success closes it.
fn quick() -> CircuitBreakerConfig {
    CircuitBreakerConfig::default()
        .trip(TripRule::Consecutive(2))
        .success_threshold(1)
        .reset_timeout(s(10))
}

type Outcome = Result<&'static str, BreakerError<&'static str>>;

fn good(breaker: &CircuitBreaker) -> Outcome {
    breaker.call(|| Ok("good"))
}

fn bad(breaker: &CircuitBreaker) -> Outcome {
    breaker.call(|| Err("bad"))
}

const FAILED: Outcome = Err(BreakerError::Failed("bad"));

fn open(breaker: &CircuitBreaker) {
    breaker.trip();
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn what_cannot_work_is_refused() {
    let config = CircuitBreakerConfig::default;
    let window = s(1);
    let many = TripRule::Failures { count: 1 << 17, window };
    for (config, error) in [
        (config().trip(TripRule::Consecutive(0)), BreakerConfigError::NoThreshold),
        (config().success_threshold(0), BreakerConfigError::NoThreshold),
        (config().probes(0), BreakerConfigError::NoProbes),
        (config().reset_timeout(Duration::ZERO), BreakerConfigError::NoResetTimeout),
        (config().trip(many), BreakerConfigError::TooMany { most: 1 << 16 }),
        (
            config().trip(TripRule::Failures { count: 1, window: Duration::ZERO }),
            BreakerConfigError::NoWindow,
        ),
        (
            config().trip(TripRule::Ratio { percent: 101, min_calls: 1, window }),
            BreakerConfigError::Percent,
        ),
        (
            config().trip(TripRule::Ratio { percent: 1, min_calls: 0, window }),
            BreakerConfigError::NoThreshold,
        ),
    ] {
        let refused = CircuitBreaker::new(config, Arc::new(ManualClock::new()));
        assert_eq!(refused.map(drop), Err(error), "{config:?}");
    }
}

#[test]
fn it_opens_after_its_failures_and_calls_nothing_until_the_reset_time() {
    let (breaker, clock) = breaker(quick());
    assert_eq!((bad(&breaker), bad(&breaker)), (FAILED, FAILED));
    clock.advance(s(4));
    let has_run = Cell::new(false);
    let rejected = breaker.call(|| {
        has_run.set(true);
        Ok::<_, ()>(())
    });
    assert_eq!(rejected, Err(BreakerError::Open { retry_after: s(6) }));
    assert!(!has_run.get());
    assert_eq!(breaker.status().retry_after, s(6));
    clock.advance(s(6) - Duration::from_nanos(1));
    assert!(matches!(good(&breaker), Err(BreakerError::Open { .. })), "not before");
    clock.advance(Duration::from_nanos(1));
    assert_eq!(good(&breaker), Ok("good"));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_success_between_failures_starts_the_row_again() {
    let (breaker, _) = breaker(quick());
    for _ in 0..5 {
        assert_eq!((bad(&breaker), breaker.status().consecutive_failures), (FAILED, 1));
        assert_eq!((good(&breaker), breaker.status().consecutive_failures), (Ok("good"), 0));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_failure_of_a_probe_opens_it_again_for_the_whole_time() {
    let (breaker, clock) = breaker(quick().success_threshold(3));
    open(&breaker);
    clock.advance(s(10));
    assert_eq!((good(&breaker), good(&breaker)), (Ok("good"), Ok("good")));
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "three are wanted");
    assert_eq!(bad(&breaker), FAILED);
    assert_eq!(breaker.status().retry_after, s(10));
    clock.advance(s(10));
    assert_eq!((good(&breaker), good(&breaker)), (Ok("good"), Ok("good")));
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "those before the failure do not count");
    assert_eq!((good(&breaker), breaker.state()), (Ok("good"), BreakerState::Closed));
}

#[test]
fn half_open_admits_exactly_its_probes() {
    let (breaker, clock) = breaker(quick().probes(3).success_threshold(9));
    open(&breaker);
    clock.advance(s(10));
    let probes: Vec<_> = (0..3).map(|_| breaker.permit().expect("a probe")).collect();
    assert_eq!(breaker.permit().map(drop), Err(BreakerRejected::Probing));
    assert_eq!(breaker.status().running_probes, 3);
    probes.into_iter().next().expect("there are three").success();
    // The other two were dropped with the list, and have failed.
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn a_probe_that_succeeded_makes_place_for_the_next() {
    let (breaker, clock) = breaker(quick().success_threshold(3));
    open(&breaker);
    clock.advance(s(10));
    for left in (0..3).rev() {
        let probe = breaker.permit().expect("a probe");
        assert!(breaker.permit().is_err());
        probe.success();
        assert_eq!(breaker.state() == BreakerState::Closed, left == 0);
    }
}

#[test]
fn many_at_once_find_exactly_the_probes_half_open() {
    for _ in 0..50 {
        let (breaker, clock) = breaker(quick().probes(5).success_threshold(99));
        open(&breaker);
        clock.advance(s(10));
        let (admitted, meeting) = (AtomicUsize::new(0), Meeting::new());
        let shared = Arc::new((breaker, admitted, meeting));
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                on_thread(move || {
                    let (breaker, admitted, meeting) = &*shared;
                    meeting.wait();
                    let permits: Vec<_> = (0..20).filter_map(|_| breaker.permit().ok()).collect();
                    admitted.fetch_add(permits.len(), Ordering::SeqCst);
                    meeting.wait();
                    permits.into_iter().for_each(|permit| permit.success());
                })
            })
            .collect();
        callers.into_iter().for_each(|caller| caller.join().expect("no caller panics"));
        assert_eq!(shared.1.load(Ordering::SeqCst), 5);
        assert_eq!(shared.0.status().running_probes, 0);
    }
}

#[test]
fn a_call_that_ends_under_another_state_counts_for_nothing() {
    let (breaker, clock) = breaker(quick());
    let (old_good, old_bad) =
        (breaker.permit().expect("closed"), breaker.permit().expect("closed"));
    open(&breaker);
    clock.advance(s(10));
    let probe = breaker.permit().expect("a probe");
    old_good.success();
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "a success of before closes nothing");
    assert!(breaker.permit().is_err(), "and gives back no place");
    old_bad.failure();
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "a failure of before opens nothing");
    probe.success();
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn failures_in_a_window_open_it_whatever_succeeds() {
    let rule = TripRule::Failures { count: 3, window: s(10) };
    let (breaker, clock) = breaker(quick().trip(rule));
    for _ in 0..2 {
        assert_eq!((bad(&breaker), good(&breaker)), (FAILED, Ok("good")));
    }
    clock.advance(s(10));
    assert_eq!((bad(&breaker), bad(&breaker)), (FAILED, FAILED), "the first two are too old");
    assert_eq!(breaker.state(), BreakerState::Closed);
    clock.advance(s(10) - Duration::from_nanos(1));
    assert_eq!((bad(&breaker), breaker.state()), (FAILED, BreakerState::Open));
}

#[test]
fn a_ratio_opens_it_once_there_are_enough_calls() {
    let rule = TripRule::Ratio { percent: 50, min_calls: 4, window: s(10) };
    let (breaker, clock) = breaker(quick().trip(rule));
    assert_eq!((bad(&breaker), bad(&breaker), bad(&breaker)), (FAILED, FAILED, FAILED));
    assert_eq!(breaker.state(), BreakerState::Closed, "three calls say nothing");
    clock.advance(s(20));
    for _ in 0..5 {
        assert_eq!(good(&breaker), Ok("good"));
    }
    for _ in 0..4 {
        assert_eq!((bad(&breaker), breaker.state()), (FAILED, BreakerState::Closed));
    }
    assert_eq!((bad(&breaker), breaker.state()), (FAILED, BreakerState::Open), "5 of 10");
}

#[test]
fn the_classification_decides_what_a_failure_is() {
    let (breaker, _) = breaker(quick());
    let is_failure = |outcome: &Result<u16, u16>| matches!(outcome, Err(500..));
    for _ in 0..9 {
        assert_eq!(breaker.call_if(is_failure, || Err(404)), Ok(Err(404)));
    }
    assert_eq!(breaker.state(), BreakerState::Closed, "not its fault");
    for _ in 0..2 {
        assert_eq!(breaker.call_if(|outcome| *outcome == Ok(0), || Ok::<_, ()>(0)), Ok(Ok(0)));
    }
    assert_eq!(breaker.state(), BreakerState::Open, "an Ok can be one");
}

#[test]
fn a_panic_is_a_failure() {
    let (breaker, _) = breaker(quick());
    for _ in 0..2 {
        let caller = {
            let breaker = breaker.clone();
            on_thread(move || breaker.call(|| -> Result<(), ()> { panic!("boom") }))
        };
        assert!(caller.join().is_err(), "the caller gets it");
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn a_future_that_is_dropped_is_a_failure_and_one_that_never_began_is_not() {
    let (breaker, _) = breaker(quick());
    for _ in 0..5 {
        drop(breaker.call_async(std::future::pending::<Result<(), ()>>));
    }
    assert_eq!(breaker.status().consecutive_failures, 0);
    for _ in 0..2 {
        let call = breaker.call_async(std::future::pending::<Result<(), ()>>);
        assert!(call.now_or_never().is_none());
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_future_is_not_even_made_while_it_is_open() {
    let (breaker, clock) = breaker(quick());
    assert_eq!(breaker.call_async(async || Ok::<_, ()>(1)).await, Ok(1));
    open(&breaker);
    let call = breaker.call_async(|| -> std::future::Ready<Result<(), ()>> { panic!("made") });
    assert_eq!(call.await, Err(BreakerError::Open { retry_after: s(10) }));
    clock.advance(s(10));
    let rejected = breaker.call_async_if(|n| *n == 1, async || 1).await;
    assert_eq!((rejected, breaker.state()), (Ok(1), BreakerState::Open));
}

#[test]
fn a_slow_call_delays_nobody() {
    let (breaker, _) = breaker(quick());
    let meeting = Arc::new(Meeting::new());
    let slow = {
        let (breaker, meeting) = (breaker.clone(), Arc::clone(&meeting));
        on_thread(move || {
            breaker.call(|| {
                meeting.wait();
                meeting.wait();
                Ok::<_, ()>("slow")
            })
        })
    };
    meeting.wait();
    assert_eq!((good(&breaker), bad(&breaker)), (Ok("good"), FAILED));
    assert_eq!(breaker.status().consecutive_failures, 1);
    meeting.wait();
    assert_eq!(slow.join().expect("it does not panic"), Ok("slow"));
}

#[test]
fn the_time_that_it_stays_open_grows_up_to_its_cap_and_falls_back_when_it_closes() {
    let backoff = Backoff { base: s(1), factor: 3, cap: s(8), jitter: Jitter::None };
    let (breaker, clock) = breaker(quick().reset_backoff(backoff));
    let mut times = Vec::new();
    open(&breaker);
    for _ in 0..4 {
        times.push(breaker.status().retry_after);
        clock.advance(breaker.status().retry_after);
        assert_eq!(bad(&breaker), FAILED);
    }
    assert_eq!(times, [1, 3, 8, 8].map(s));
    clock.advance(s(8));
    assert_eq!(good(&breaker), Ok("good"));
    open(&breaker);
    assert_eq!(breaker.status().retry_after, s(1));
}

#[test]
fn jitter_follows_its_seed_and_stays_below_the_cap() {
    let backoff = Backoff { base: s(4), factor: 2, cap: s(9), jitter: Jitter::Equal };
    let times = |config: CircuitBreakerConfig| {
        let (breaker, _) = breaker(config.reset_backoff(backoff));
        [(); 6].map(|()| {
            breaker.trip();
            breaker.status().retry_after
        })
    };
    assert_eq!(times(quick().seed(3)), times(quick().seed(3)));
    assert_ne!(times(quick()), times(quick()));
    assert!(times(quick()).iter().all(|time| (s(2)..=s(9)).contains(time)));
}

#[test]
fn it_can_be_opened_and_closed_by_hand() {
    let (breaker, _) = breaker(quick());
    assert_eq!(bad(&breaker), FAILED);
    breaker.reset();
    assert_eq!((bad(&breaker), breaker.state()), (FAILED, BreakerState::Closed), "forgotten");
    breaker.trip();
    assert!(matches!(good(&breaker), Err(BreakerError::Open { .. })));
    breaker.reset();
    assert_eq!(good(&breaker), Ok("good"));
}

#[test]
fn a_hundred_mixed_calls_at_once_all_end_in_one_of_the_ways() {
    let (breaker, _) = breaker(quick().trip(TripRule::Consecutive(1_000)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let breaker = breaker.clone();
            on_thread(move || {
                (0..25)
                    .map(|n| if n % 5 == 0 { bad(&breaker) } else { good(&breaker) }.is_ok())
                    .filter(|is_ok| *is_ok)
                    .count()
            })
        })
        .collect();
    let good: usize = callers.into_iter().map(|caller| caller.join().expect("no panic")).sum();
    assert_eq!(good, 80);
}

#[test]
fn only_what_happened_is_counted() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let (breaker, clock) = breaker(quick());
    assert_eq!((bad(&breaker), bad(&breaker)), (FAILED, FAILED));
    good(&breaker).expect_err("it is open");
    clock.advance(s(10));
    assert_eq!(good(&breaker), Ok("good"));
    breaker.reset();
    drop(installed);
    let calls = "foundation.circuit_breaker.calls_total";
    for (result, count) in [("success", 1), ("failure", 2), ("rejected", 1)] {
        assert_eq!(recorder.counter(calls, &[("result", result)]), count, "{result}");
    }
    let changes = "foundation.circuit_breaker.state_changes_total";
    for to in ["open", "half_open", "closed"] {
        assert_eq!(recorder.counter(changes, &[("to", to)]), 1, "{to}");
    }
}
