//! Our limiters with the clock of a node, and calls through a closed breaker.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    CircuitBreaker, CircuitBreakerConfig, KeyedRateLimiter, Rate, RateLimiter, SystemClock,
};

use crate::rig::{KEYS, Stopwatch, key, on_threads};

/// The algorithm of `governor`; more than anybody asks for.
fn rate() -> Rate {
    Rate::gcra(u32::MAX, Duration::from_secs(1))
}

/// The exact window, with some thousand permits in it at any time.
fn window() -> Rate {
    Rate::sliding_window(100_000, Duration::from_micros(100))
}

async fn one(rate: Rate, threads: usize, count: usize) -> f64 {
    let limiter = RateLimiter::new(rate, Arc::new(SystemClock::new())).expect("it is valid");
    on_threads(threads, count, move |_| assert!(limiter.check().is_ok())).await
}

/// Each of `threads` takes its part of `count` permits from one limiter; the cost of one.
pub(crate) async fn direct(threads: usize, count: usize) -> f64 {
    one(rate(), threads, count).await
}

/// The same under the exact window.
pub(crate) async fn sliding(threads: usize, count: usize) -> f64 {
    one(window(), threads, count).await
}

/// The same with a limit of its own for each of many keys, all of them known.
pub(crate) async fn keyed(threads: usize, count: usize) -> f64 {
    let most = 2 * usize::try_from(KEYS).expect("it is small");
    let clock = Arc::new(SystemClock::new());
    let limiter = KeyedRateLimiter::<u64>::new(rate(), most, clock).expect("it is valid");
    for key in 0..KEYS {
        assert!(limiter.check(&key).is_ok());
    }
    on_threads(threads, count, move |n| assert!(limiter.check(&key(n)).is_ok())).await
}

/// Calls a function that succeeds, through a breaker that is closed.
pub(crate) async fn breaker_closed(count: usize) -> f64 {
    let clock = Arc::new(SystemClock::new());
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::default(), clock).expect("it is valid");
    let watch = Stopwatch::start();
    for n in 0..count {
        assert!(black_box(breaker.call(|| Ok::<_, ()>(black_box(n)))).is_ok());
    }
    watch.ns_each(count)
}
