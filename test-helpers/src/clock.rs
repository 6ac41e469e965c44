//! A clock that stands still until the test moves it.

use std::time::{Duration, SystemTime};

use foundation::Clock;
use parking_lot::Mutex;

/// A clock that the test owns. Calendar time moves along with monotonic time, from the epoch.
///
/// It drives the restart windows of supervisors and the stamps of dead letters, not timers: those follow tokio's clock.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use foundation::Clock;
///
/// let clock = test_helpers::ManualClock::new();
/// let before = clock.monotonic();
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.monotonic() - before, Duration::from_secs(5));
/// ```
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Duration>,
}

impl ManualClock {
    /// Creates a clock that shows an hour, so that tests can look back.
    #[must_use]
    pub fn new() -> Self {
        Self { now: Mutex::new(Duration::from_secs(3_600)) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.now.lock() += by;
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        *self.now.lock()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + *self.now.lock()
    }
}
