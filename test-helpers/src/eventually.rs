//! Waiting for a condition that has no event.

use std::time::Duration;

use foundation::time::{sleep, timeout};

/// How long the helpers wait for an event before they give the test up: far longer than any event takes.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How many times others may run before the clock gets a turn.
const ROUND: usize = 64;

/// Waits until `condition` holds and returns true, or returns false when `deadline` has passed.
///
/// Meant for what has no event, such as a count on another thread. The condition is looked at again each time the other tasks
/// have run; it is not looked at on a fixed schedule. After every 64 looks the clock gets one millisecond: under a paused
/// clock that is what makes timers and the deadline itself fire, under a running one it lets other threads work.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
///
/// let mut looks = 0;
/// let found = test_helpers::eventually(Duration::from_secs(5), || {
///     looks += 1;
///     looks == 100
/// });
/// assert!(found.await);
/// # }
/// ```
pub async fn eventually(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let waiting = async {
        loop {
            for _ in 0..ROUND {
                if condition() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(deadline, waiting).await.is_ok()
}
