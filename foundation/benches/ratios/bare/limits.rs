//! The rate limiters of `governor`, and calls that nothing stands before.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::rig::{KEYS, Stopwatch, key, on_threads};

/// More than anybody asks for.
fn quota() -> Quota {
    Quota::per_second(NonZeroU32::MAX)
}

/// Each of `threads` takes its part of `count` permits from one limiter; the cost of one.
pub(crate) async fn direct(threads: usize, count: usize) -> f64 {
    let limiter: Arc<DefaultDirectRateLimiter> = Arc::new(RateLimiter::direct(quota()));
    on_threads(threads, count, move |_| assert!(limiter.check().is_ok())).await
}

/// The exact window has no counterpart: it is compared with the same.
pub(crate) async fn sliding(threads: usize, count: usize) -> f64 {
    direct(threads, count).await
}

/// The same with a limit of its own for each of many keys, all of them known.
pub(crate) async fn keyed(threads: usize, count: usize) -> f64 {
    let limiter: Arc<DefaultKeyedRateLimiter<u64>> = Arc::new(RateLimiter::keyed(quota()));
    for key in 0..KEYS {
        assert!(limiter.check_key(&key).is_ok());
    }
    on_threads(threads, count, move |n| assert!(limiter.check_key(&key(n)).is_ok())).await
}

/// Calls a function that succeeds.
pub(crate) async fn breaker_closed(count: usize) -> f64 {
    let watch = Stopwatch::start();
    for n in 0..count {
        assert!(black_box(Ok::<_, ()>(black_box(n))).is_ok());
    }
    watch.ns_each(count)
}
