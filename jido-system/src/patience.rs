//! Waiting for a neighbour that restarts, instead of crashing along.
//!
//! When a process dies, those that use it notice before their supervisor has taken them down with it. Were each to crash for
//! its own, one crash would count several times against the restart intensity. So they wait: either the supervisor ends them,
//! or the neighbour comes back, or their patience is over.

use std::future::Future;
use std::time::Duration;

use foundation::time;

/// How long a neighbour may be away. Longer than any orderly restart, shorter than a person's.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Repeats `attempt` while it fails in a passing way and patience lasts; returns the last outcome.
pub(crate) async fn patiently<T, E, F, A>(
    mut attempt: A,
    is_passing: impl Fn(&E) -> bool,
) -> Result<T, E>
where
    A: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
{
    let mut left = PATIENCE;
    loop {
        match attempt().await {
            Err(error) if is_passing(&error) && !left.is_zero() => {}
            outcome => return outcome,
        }
        time::sleep(LOOK_AGAIN).await;
        left = left.saturating_sub(LOOK_AGAIN);
    }
}
