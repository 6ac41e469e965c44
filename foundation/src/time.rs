//! DOOR: waiting for time to pass.
//!
//! Thin names over tokio's timers, so that a paused runtime controls them and no other crate reaches around. Invariant: no
//! type of tokio appears in a signature.

use std::fmt;
use std::future::Future;
use std::time::Duration;

/// The deadline passed before the future was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline passed")
    }
}

impl std::error::Error for Elapsed {}

/// Waits for at least `duration`, rounded up to the next millisecond.
///
/// # Cancel safety
///
/// Dropping the future stops the wait; nothing else happens.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// foundation::time::sleep(std::time::Duration::from_millis(1)).await;
/// # }
/// ```
#[expect(
    clippy::disallowed_methods,
    reason = "sleep: this is the door that all waiting goes through"
)]
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits for `future`, for at most `duration`.
///
/// # Errors
///
/// [`Elapsed`] when the deadline passed first; the future is dropped then.
///
/// # Cancel safety
///
/// That of `future`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use foundation::time::{timeout, Elapsed};
///
/// let never = std::future::pending::<()>();
/// assert_eq!(timeout(std::time::Duration::from_millis(1), never).await, Err(Elapsed));
/// # }
/// ```
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(duration, future)
        .await
        .map_err(|_elapsed: tokio::time::error::Elapsed| Elapsed)
}

/// About thirty years: further than any process lives, and safe to add.
pub(crate) const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The instant `delay` from now, on the clock of the runtime's timers.
pub(crate) fn after(delay: Duration) -> tokio::time::Instant {
    tokio::time::Instant::now() + delay.min(FAR)
}

/// The first instant after now on the grid of `period` through `due`.
pub(crate) fn next_tick(due: tokio::time::Instant, period: Duration) -> tokio::time::Instant {
    let now = tokio::time::Instant::now();
    let period = period.min(FAR);
    // A period of at most thirty years has less than 2^64 nanoseconds.
    let past = now.duration_since(due).as_nanos() % period.as_nanos();
    now + period - Duration::from_nanos(u64::try_from(past).unwrap_or(0))
}
