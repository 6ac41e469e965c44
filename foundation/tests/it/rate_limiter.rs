//! Rate limiters: how many get through, and when.

use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Algorithm, Clock, KeyedRateLimiter, Rate, RateDenied, RateError, RateLimiter, RateWaitError,
    SystemClock,
};
use futures_util::FutureExt;
use test_helpers::{ManualClock, Recorder};

use crate::support::on_thread;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn all(limit: u32, period: Duration) -> [Rate; 3] {
    [
        Rate::sliding_window(limit, period),
        Rate::fixed_window(limit, period),
        Rate::gcra(limit, period),
    ]
}

fn limiter(rate: Rate) -> (RateLimiter, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (RateLimiter::new(rate, clock.clone()).expect("the rate is valid"), clock)
}

fn keyed<K: std::hash::Hash + Eq>(
    rate: Rate,
    keys: usize,
) -> (KeyedRateLimiter<K>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (KeyedRateLimiter::new(rate, keys, clock.clone()).expect("the rate is valid"), clock)
}

fn limited(retry_after: Duration) -> Result<(), RateDenied> {
    Err(RateDenied::Limited { retry_after })
}

/// How many of `tries` get through.
fn passed(limiter: &RateLimiter, tries: usize) -> usize {
    (0..tries).filter(|_| limiter.check().is_ok()).count()
}

#[test]
fn what_is_no_rate_is_refused_and_changes_nothing() {
    let year = Duration::from_secs(366 * 24 * 60 * 60);
    for rate in all(1, Duration::ZERO) {
        assert_eq!(
            RateLimiter::new(rate, Arc::new(ManualClock::new())).map(drop),
            Err(RateError::NoPeriod)
        );
    }
    for rate in all(1, year + Duration::from_nanos(1)) {
        let clock = Arc::new(ManualClock::new());
        let refused = KeyedRateLimiter::<u8>::new(rate, 1, clock).map(drop);
        assert_eq!(refused, Err(RateError::PeriodTooLong));
    }
    assert!(all(1, year).iter().all(|&rate| limiter(rate).0.check().is_ok()));
    let (limiter, clock) = limiter(Rate::sliding_window(2, ms(10)));
    let too_large = limiter.reconfigure(Rate::sliding_window(u32::MAX, ms(10)));
    assert_eq!(too_large, Err(RateError::LimitTooLarge { most: 1 << 20 }));
    assert_eq!(
        limiter.reconfigure(Rate::gcra(9, ms(10))),
        Err(RateError::OtherAlgorithm { current: Algorithm::SlidingWindow })
    );
    assert_eq!(passed(&limiter, 9), 2);
    let no_keys = KeyedRateLimiter::<u8>::new(Rate::gcra(1, ms(1)), 0, clock).map(drop);
    assert_eq!(no_keys, Err(RateError::NoKeys));
}

#[test]
fn a_limit_of_two_lets_two_through_and_says_when_the_third_may_come() {
    for (rate, wait) in all(2, ms(60)).into_iter().zip([60, 60, 30]) {
        let (limiter, clock) = limiter(rate);
        assert_eq!((limiter.check(), limiter.check()), (Ok(()), Ok(())));
        assert_eq!(limiter.check(), limited(ms(wait)), "{rate:?}");
        clock.advance(ms(wait) - Duration::from_nanos(1));
        assert_eq!(limiter.check(), limited(Duration::from_nanos(1)));
        clock.advance(Duration::from_nanos(1));
        assert_eq!(limiter.check(), Ok(()));
    }
}

#[test]
fn a_limit_of_zero_denies_the_first_one_too() {
    for rate in all(0, ms(10)) {
        let (limiter, clock) = limiter(rate);
        for _ in 0..3 {
            assert_eq!(limiter.check(), Err(RateDenied::Never { limit: 0 }));
            assert_eq!(limiter.check_n(0), Ok(()));
            clock.advance(ms(100));
        }
        let (keyed, _) = keyed::<u8>(rate, 4);
        assert_eq!(keyed.check(&1), Err(RateDenied::Never { limit: 0 }));
        assert_eq!(keyed.keys(), 0, "who is denied takes no room");
    }
}

#[test]
fn a_cost_above_the_limit_is_never_possible_and_counts_nothing() {
    for rate in all(5, ms(10)) {
        let (limiter, _) = limiter(rate);
        assert_eq!(limiter.check_n(6), Err(RateDenied::Never { limit: 5 }));
        assert_eq!(limiter.check_n(u32::MAX), Err(RateDenied::Never { limit: 5 }));
        assert_eq!(limiter.check_n(3), Ok(()));
        assert!(matches!(limiter.check_n(3), Err(RateDenied::Limited { .. })));
        assert_eq!(limiter.peek().remaining, 2, "a denial takes nothing");
        assert_eq!(limiter.check_n(2), Ok(()));
    }
}

#[test]
fn a_sliding_window_has_no_burst_at_a_boundary_and_a_fixed_one_has() {
    let period = ms(100);
    let around_a_boundary = |rate| {
        let (limiter, clock) = limiter(rate);
        clock.advance(ms(90));
        let before = passed(&limiter, 10);
        clock.advance(ms(20));
        before + passed(&limiter, 10)
    };
    assert_eq!(around_a_boundary(Rate::sliding_window(5, period)), 5);
    assert_eq!(around_a_boundary(Rate::fixed_window(5, period)), 10);
}

#[test]
fn a_fixed_window_ends_at_the_next_multiple_of_its_period() {
    let (limiter, clock) = limiter(Rate::fixed_window(1, ms(100)));
    clock.advance(ms(70));
    assert_eq!(limiter.check(), Ok(()));
    assert_eq!(limiter.peek().full_after, ms(30));
    assert_eq!(limiter.check(), limited(ms(30)));
}

#[test]
fn a_look_says_what_remains_and_takes_nothing() {
    for (rate, full_after) in all(4, ms(40)).into_iter().zip([40, 40, 30]) {
        let (limiter, clock) = limiter(rate);
        limiter.check_n(3).expect("there are four");
        for _ in 0..9 {
            assert_eq!((limiter.peek().remaining, limiter.peek().limit), (1, 4));
            assert_eq!(limiter.peek().full_after, ms(full_after));
        }
        clock.advance(ms(40));
        assert_eq!((limiter.peek().remaining, limiter.peek().full_after), (4, Duration::ZERO));
    }
}

#[test]
fn after_the_window_the_same_number_gets_through_again() {
    for rate in all(5, ms(50)) {
        let (limiter, clock) = limiter(rate);
        assert_eq!(passed(&limiter, 6), 5);
        clock.advance(ms(50));
        assert_eq!(passed(&limiter, 6), 5);
    }
    for rate in all(10, ms(100)) {
        assert_eq!(passed(&limiter(rate).0, 20), 10);
    }
}

#[test]
fn of_two_hundred_at_once_exactly_a_hundred_get_through() {
    for rate in all(100, Duration::from_secs(60)) {
        for _ in 0..20 {
            let (limiter, _) = limiter(rate);
            let askers: Vec<_> = (0..8)
                .map(|_| {
                    let limiter = limiter.clone();
                    on_thread(move || passed(&limiter, 25))
                })
                .collect();
            let passed: usize = askers.into_iter().map(|asker| asker.join().expect("ok")).sum();
            assert_eq!(passed, 100, "{rate:?}");
        }
    }
}

#[test]
fn of_many_at_once_exactly_the_limit_gets_through_for_each_key() {
    for rate in all(10, Duration::from_secs(60)) {
        for max_keys in [5, 5_000] {
            let (limiter, _) = keyed::<String>(rate, max_keys);
            let users: Vec<String> = (0..5).map(|user| format!("user {user}")).collect();
            let askers: Vec<_> = (0..3)
                .map(|_| {
                    let (limiter, users) = (limiter.clone(), users.clone());
                    on_thread(move || {
                        let each = |user: &String| {
                            (0..5).filter(|_| limiter.check(user.as_str()).is_ok()).count()
                        };
                        users.iter().map(each).collect::<Vec<_>>()
                    })
                })
                .collect();
            let passed = askers.into_iter().map(|asker| asker.join().expect("ok"));
            let passed = passed.reduce(|sum, next| {
                sum.iter().zip(&next).map(|(one, other)| one + other).collect()
            });
            assert_eq!(passed, Some(vec![10; 5]));
        }
    }
}

#[test]
fn limiters_are_independent_and_clones_are_not() {
    let (one, _) = limiter(Rate::sliding_window(1, ms(10)));
    let (other, _) = limiter(Rate::sliding_window(1, ms(10)));
    assert!(one.check().is_ok() && other.check().is_ok());
    assert!(one.clone().check().is_err());
}

#[test]
fn a_change_of_the_rate_loses_no_count() {
    for [before, after] in [4, 6].map(|limit| all(limit, ms(120))).into_iter().collect::<Pairs>().0
    {
        let (limiter, _) = limiter(before);
        assert_eq!(passed(&limiter, 9), 4);
        limiter.reconfigure(after).expect("it is valid");
        assert_eq!(passed(&limiter, 9), 2, "{after:?}");
        limiter.reconfigure(before).expect("it is valid");
        assert_eq!(passed(&limiter, 9), 0, "more are out than the limit");
    }
}

/// The rates of two lists, side by side.
struct Pairs(Vec<[Rate; 2]>);

impl FromIterator<[Rate; 3]> for Pairs {
    fn from_iter<I: IntoIterator<Item = [Rate; 3]>>(lists: I) -> Self {
        let lists: Vec<_> = lists.into_iter().collect();
        Self((0..3).map(|at| [lists[0][at], lists[1][at]]).collect())
    }
}

#[test]
fn many_changes_of_the_rate_at_once_admit_no_more_than_the_larger_limit() {
    for (small, large) in all(50, ms(100)).into_iter().zip(all(100, ms(200))) {
        let (limiter, _) = limiter(small);
        let changer = {
            let limiter = limiter.clone();
            on_thread(move || {
                for at in 0..400 {
                    limiter.reconfigure(if at % 2 == 0 { large } else { small }).expect("valid");
                }
            })
        };
        let passed = passed(&limiter, 4_000);
        changer.join().expect("the changer does not panic");
        assert!((50..=100).contains(&passed), "{passed} under {small:?}");
    }
}

#[test]
fn idle_keys_make_room_and_the_others_keep_their_count() {
    for rate in all(1, ms(10)) {
        let recorder = Recorder::new();
        let installed = recorder.install();
        let (limiter, clock) = keyed::<u32>(rate, 3);
        assert!((0..3).all(|key| limiter.check(&key).is_ok()));
        clock.advance(ms(10));
        assert!(limiter.check(&0).is_ok(), "it counts again");
        assert!(limiter.check(&3).is_ok(), "1 and 2 were idle");
        assert_eq!(limiter.keys(), 2);
        assert!(matches!(limiter.check(&0), Err(RateDenied::Limited { .. })), "0 stayed");
        drop(installed);
        let forgotten = recorder.counter("foundation.rate_limiter.keys_forgotten_total", &[]);
        assert_eq!(forgotten, 2);
    }
}

#[test]
fn inventing_keys_gives_nobody_a_fresh_count() {
    for rate in all(2, ms(10)) {
        let (limiter, clock) = keyed::<u32>(rate, 8);
        assert!(limiter.check_n(&0, 2).is_ok());
        clock.advance(ms(1));
        let invented = (1..1_000).filter(|key| limiter.check_n(key, 2).is_ok()).count();
        assert_eq!((invented, limiter.keys()), (7, 8));
        assert!(matches!(limiter.check(&0), Err(RateDenied::Limited { .. })));
        assert_eq!(limiter.check(&5_000), Err(RateDenied::NoRoom { retry_after: ms(9) }));
        clock.advance(ms(9));
        assert!(limiter.check(&5_000).is_ok());
    }
}

#[test]
fn a_million_keys_leave_no_more_than_the_bound() {
    let (limiter, clock) = keyed::<u32>(Rate::gcra(1, ms(1)), 2_048);
    for key in 0..1_000_000 {
        if key % 1_000 == 0 {
            clock.advance(ms(2));
        }
        assert!(limiter.check(&key).is_ok());
    }
    assert!(limiter.keys() <= 2_048);
}

#[test]
fn a_key_that_is_removed_starts_anew() {
    let (limiter, _) = keyed::<String>(Rate::sliding_window(1, ms(10)), 2);
    assert!(limiter.check("ann").is_ok() && limiter.check("bob").is_ok());
    assert!(limiter.remove("ann") && !limiter.remove("ann"));
    assert_eq!((limiter.keys(), limiter.peek("ann").remaining), (1, 1));
    assert!(limiter.check("cid").is_ok(), "there is room at once");
    assert_eq!(limiter.peek("bob").remaining, 0);
}

#[test]
fn a_change_of_the_rate_reaches_every_key() {
    for (before, after) in all(1, ms(10)).into_iter().zip(all(3, ms(10))) {
        let (limiter, _) = keyed::<u32>(before, 2_000);
        assert!((0..100).all(|key| limiter.check(&key).is_ok()));
        limiter.reconfigure(after).expect("it is valid");
        assert!((0..100).all(|key| limiter.peek(&key).remaining == 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_there_is_a_permit_and_not_earlier() {
    for (rate, wait) in all(2, ms(60)).into_iter().zip([60, 60, 30]) {
        let clock = Arc::new(SystemClock::new());
        let limiter = RateLimiter::new(rate, clock.clone()).expect("the rate is valid");
        limiter.until_ready_n(2, Duration::ZERO).await.expect("they are there");
        let began = clock.monotonic();
        limiter.until_ready(ms(1_000)).await.expect("in time");
        let waited = clock.monotonic() - began;
        assert!(waited >= ms(wait) && waited <= ms(wait + 2), "{waited:?} under {rate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_its_deadline_and_at_once_when_it_is_in_vain() {
    let clock = Arc::new(SystemClock::new());
    let rate = Rate::sliding_window(1, Duration::from_secs(60));
    let limiter = RateLimiter::new(rate, clock.clone()).expect("the rate is valid");
    let began = clock.monotonic();
    let never = limiter.until_ready_n(2, Duration::from_secs(5)).await;
    assert_eq!(never, Err(RateWaitError::Never { limit: 1 }));
    assert_eq!(clock.monotonic(), began);
    limiter.check().expect("it is there");
    assert_eq!(limiter.until_ready(Duration::from_secs(5)).await, Err(RateWaitError::Timeout));
    let waited = clock.monotonic() - began;
    assert!(waited >= ms(5_000) && waited <= ms(5_002), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_has_taken_nothing() {
    let clock = Arc::new(SystemClock::new());
    let limiter = RateLimiter::new(Rate::sliding_window(1, ms(10)), clock).expect("valid");
    limiter.check().expect("it is there");
    {
        let mut wait = Box::pin(limiter.until_ready(ms(1_000)));
        assert!(wait.as_mut().now_or_never().is_none());
        foundation::time::sleep(ms(20)).await;
    }
    assert_eq!(limiter.peek().remaining, 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_waits_for_a_place() {
    let clock = Arc::new(SystemClock::new());
    let limiter = KeyedRateLimiter::<String>::new(Rate::gcra(1, ms(10)), 1, clock).expect("valid");
    limiter.check("ann").expect("it is there");
    limiter.until_ready("bob", ms(100)).await.expect("ann is idle by then");
    assert_eq!(limiter.keys(), 1);
}

#[test]
fn checks_are_counted_by_their_result() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let (limiter, _) = keyed::<u8>(Rate::sliding_window(1, ms(10)), 1);
    let outcomes =
        [limiter.check(&1), limiter.check(&1), limiter.check(&2), limiter.check_n(&1, 2)];
    drop(installed);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for result in ["allowed", "limited", "no_room", "never"] {
        let name = "foundation.rate_limiter.checks_total";
        assert_eq!(recorder.counter(name, &[("result", result)]), 1, "{result}");
    }
}

#[test]
fn a_limiter_and_its_waits_go_to_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn is_sync<T: Sync>(_: &T) {}
    let (limiter, _) = limiter(Rate::gcra(1, ms(1)));
    is_sync(&limiter);
    let wait = limiter.until_ready(ms(1));
    is_send(&wait);
}
