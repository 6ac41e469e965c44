//! A point where a process waits until the test lets it go on.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// A gate, closed at first. A clone is the same gate.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let gate = test_helpers::Gate::new();
/// gate.open();
/// gate.pass().await;
/// assert_eq!(gate.passed(), 1);
/// # }
/// ```
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    arrivals: Semaphore,
    turns: Semaphore,
    passed: std::sync::atomic::AtomicUsize,
}

impl Gate {
    /// Creates a closed gate.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            arrivals: Semaphore::new(0),
            turns: Semaphore::new(0),
            passed: std::sync::atomic::AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Waits at the gate until it is opened, or until [`admit`](Self::admit) lets one more through.
    pub async fn pass(&self) {
        self.inner.arrivals.add_permits(1);
        // An open gate is a closed semaphore: everyone passes from then on.
        if let Ok(turn) = self.inner.turns.acquire().await {
            turn.forget();
        }
        self.inner.passed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }

    /// Waits until one more process has come to the gate than earlier calls have waited for.
    pub async fn arrival(&self) {
        if let Ok(arrival) = self.inner.arrivals.acquire().await {
            arrival.forget();
        }
    }

    /// Lets one process through.
    pub fn admit(&self) {
        self.inner.turns.add_permits(1);
    }

    /// Lets everybody through from now on.
    pub fn open(&self) {
        self.inner.turns.close();
    }

    /// Returns how many have passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.inner.passed.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("passed", &self.passed()).finish_non_exhaustive()
    }
}
