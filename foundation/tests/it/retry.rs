//! Retries: how many attempts, after which waits, and what is left of them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use foundation::{
    Backoff, Clock, Jitter, RetryBudget, RetryEnd, RetryPolicy, SystemClock, Verdict,
};
use test_helpers::Recorder;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Without jitter: 10 ms, 20 ms, 40 ms, ...
fn plain() -> RetryPolicy {
    RetryPolicy::default().backoff(Backoff { jitter: Jitter::None, ..Backoff::default() })
}

fn always<E>(_: &E) -> Verdict {
    Verdict::Retry
}

/// Fails with its number until attempt `good`.
async fn from(good: u32, attempt: u32) -> Result<u32, u32> {
    if attempt >= good { Ok(attempt) } else { Err(attempt) }
}

#[tokio::test(start_paused = true)]
async fn two_failures_and_a_success_are_three_calls_and_two_waits() {
    let clock = SystemClock::new();
    let calls = RefCell::new(Vec::new());
    let done = plain()
        .run(
            async |attempt| {
                calls.borrow_mut().push((attempt, clock.monotonic()));
                from(3, attempt).await
            },
            always,
        )
        .await;
    assert_eq!(done, Ok(3));
    assert_eq!(calls.into_inner(), [(1, ms(0)), (2, ms(10)), (3, ms(30))]);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_not_worth_it_is_one_call() {
    let calls = Cell::new(0);
    let failed = plain()
        .run(
            async |_| {
                calls.set(calls.get() + 1);
                Err::<(), _>("forbidden")
            },
            |_| Verdict::Stop,
        )
        .await
        .expect_err("it always fails");
    assert_eq!((calls.get(), failed.end(), failed.attempts()), (1, RetryEnd::Stopped, 1));
    assert_eq!(failed.into_last(), Some("forbidden"));
}

#[tokio::test(start_paused = true)]
async fn the_classification_is_asked_about_each_error() {
    let failed = plain()
        .attempts(9)
        .run(
            async |attempt| from(99, attempt).await,
            |error| if *error < 3 { Verdict::Retry } else { Verdict::Stop },
        )
        .await
        .expect_err("the third is not worth it");
    assert_eq!((failed.end(), failed.attempts()), (RetryEnd::Stopped, 3));
}

#[tokio::test(start_paused = true)]
async fn the_last_error_comes_with_the_history_of_all() {
    let failed = plain().run(async |attempt| from(99, attempt).await, always).await;
    let failed = failed.expect_err("it always fails");
    let history: Vec<_> =
        failed.history().iter().map(|one| (one.number, one.waited, one.error)).collect();
    assert_eq!(history, [(1, ms(0), 1), (2, ms(10), 2), (3, ms(20), 3), (4, ms(40), 4)]);
    assert_eq!((failed.end(), failed.last()), (RetryEnd::Exhausted, Some(&4)));
    assert_eq!(failed.to_string(), "no attempt left, attempt 4: 4");
}

#[tokio::test(start_paused = true)]
async fn the_history_is_bounded_and_keeps_the_last_error() {
    let failed = plain().attempts(100).run(async |attempt| from(999, attempt).await, always).await;
    let failed = failed.expect_err("it always fails");
    let numbers: Vec<u32> = failed.history().iter().map(|one| one.number).collect();
    assert_eq!(numbers, (1..=32).chain([100]).collect::<Vec<_>>());
    assert_eq!(failed.last(), Some(&100));
}

#[tokio::test(start_paused = true)]
async fn no_attempts_are_one_attempt() {
    let failed = plain().attempts(0).run(async |attempt| from(9, attempt).await, always).await;
    assert_eq!(failed.map_err(|failed| failed.attempts()), Err(1));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_cuts_an_attempt_off_and_forbids_a_wait_beyond_it() {
    let clock = SystemClock::new();
    let cut = plain()
        .deadline(ms(50))
        .run(
            async |_| {
                std::future::pending::<()>().await;
                Err::<(), _>(())
            },
            always,
        )
        .await
        .expect_err("it hangs");
    assert_eq!((cut.end(), cut.attempts(), cut.last()), (RetryEnd::Deadline, 1, None));
    let waited = clock.monotonic();
    assert!(waited >= ms(50) && waited <= ms(52), "{waited:?}");
    // 10 + 20 have passed after the third attempt; another 40 would be too late.
    let began = clock.monotonic();
    let policy = plain().deadline(ms(60));
    let late = policy.run(async |attempt| from(9, attempt).await, always).await;
    let late = late.expect_err("it always fails");
    assert_eq!((late.end(), late.attempts()), (RetryEnd::Deadline, 3));
    assert_eq!(clock.monotonic() - began, ms(30), "it does not wait in vain");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_makes_no_further_attempt() {
    let calls = Cell::new(0);
    let policy = plain();
    let run = policy.run(
        async |_| {
            calls.set(calls.get() + 1);
            Err::<(), _>(())
        },
        always,
    );
    foundation::time::timeout(ms(15), run).await.expect_err("it takes longer");
    foundation::time::sleep(ms(1_000)).await;
    assert_eq!(calls.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_budget_limits_the_retries_of_all_runs_and_successes_earn_some() {
    let budget = RetryBudget::new(3, 2);
    let policy = plain().attempts(3).budget(&budget);
    let run = async |good| {
        let done = policy.run(async |attempt| from(good, attempt).await, always).await;
        done.map_err(|failed| (failed.end(), failed.attempts()))
    };
    assert_eq!(run(9).await, Err((RetryEnd::Exhausted, 3)));
    assert_eq!(run(9).await, Err((RetryEnd::Budget, 2)));
    assert_eq!(run(9).await, Err((RetryEnd::Budget, 1)));
    assert_eq!((run(1).await, budget.remaining()), (Ok(1), 0));
    assert_eq!((run(1).await, budget.remaining()), (Ok(1), 1), "two successes are a retry");
    assert_eq!(run(2).await, Ok(2));
    for _ in 0..20 {
        assert_eq!(run(1).await, Ok(1));
    }
    assert_eq!(budget.remaining(), 3, "never more than at the beginning");
}

#[tokio::test(start_paused = true)]
async fn the_waits_of_a_run_are_those_of_its_seed() {
    let policy = RetryPolicy::default().attempts(8).seed(7);
    let waits: Vec<Duration> = policy.delays().collect();
    assert_eq!(waits.len(), 7);
    assert_eq!(policy.delays().collect::<Vec<_>>(), waits);
    let other: Vec<Duration> = policy.clone().seed(8).delays().collect();
    assert_ne!(other, waits);
    let failed = policy.run(async |attempt| from(99, attempt).await, always).await;
    let failed = failed.expect_err("it always fails");
    let waited: Vec<Duration> = failed.history().iter().skip(1).map(|one| one.waited).collect();
    assert_eq!(waited, waits);
}

#[test]
fn runs_without_a_seed_do_not_wait_alike() {
    let policy = RetryPolicy::default().attempts(8);
    assert_ne!(policy.delays().collect::<Vec<_>>(), policy.delays().collect::<Vec<_>>());
}

#[test]
fn waits_can_be_fixed_or_none() {
    let fixed = Backoff { base: ms(7), factor: 1, cap: ms(100), jitter: Jitter::None };
    let policy = RetryPolicy::default().attempts(4);
    assert_eq!(policy.clone().backoff(fixed).delays().collect::<Vec<_>>(), [ms(7); 3]);
    let none = Backoff { base: Duration::ZERO, ..fixed };
    assert_eq!(policy.backoff(none).delays().collect::<Vec<_>>(), [ms(0); 3]);
}

#[test]
fn what_is_counted_is_what_happened() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let run = async |good| plain().run(async |n| from(good, n).await, always).await;
        run(9).await.expect_err("it always fails");
        assert_eq!(run(3).await, Ok(3));
    });
    drop(installed);
    let runs = |result| recorder.counter("foundation.retry.runs_total", &[("result", result)]);
    assert_eq!((runs("success"), runs("exhausted"), runs("stopped")), (1, 1, 0));
    assert_eq!(recorder.counter("foundation.retry.retries_total", &[]), 5);
}

#[tokio::test(start_paused = true)]
async fn a_run_can_move_to_another_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let policy = plain();
    let names = ["a".to_owned()];
    let run = async move {
        policy.run(async |attempt| names.get(attempt as usize).ok_or(attempt), always).await.is_ok()
    };
    assert!(!is_send(run).await);
}
