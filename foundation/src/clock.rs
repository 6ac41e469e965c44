//! DOOR: the only readings of a clock.
//!
//! A [`Clock`] is given to a node once; everything that must know the time asks its node. Invariant: no other file of the
//! workspace reads a system clock.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A source of time, injected into a [`Node`](crate::Node).
///
/// Supervisors use it for their restart windows, dead letters and journals for their stamps. It does not drive timers: those
/// follow the time of the tokio runtime, which a test can pause.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// #[derive(Debug)]
/// struct Frozen;
///
/// impl foundation::Clock for Frozen {
///     fn monotonic(&self) -> Duration {
///         Duration::from_secs(7)
///     }
///     fn wall(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH
///     }
/// }
/// let node = foundation::Node::new(
///     foundation::NodeConfig::default().clock(std::sync::Arc::new(Frozen)),
/// )?;
/// assert_eq!(node.clock().monotonic(), Duration::from_secs(7));
/// # Ok::<(), foundation::NodeError>(())
/// ```
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since an origin of the clock's choice; never goes back.
    fn monotonic(&self) -> Duration;

    /// Calendar time, for stamps that people read. May jump.
    fn wall(&self) -> SystemTime;
}

/// The clock of a running machine: tokio's monotonic time (which tests can pause) and the system's calendar time.
///
/// # Examples
///
/// ```
/// use foundation::{Clock, SystemClock};
///
/// let clock = SystemClock::new();
/// assert!(clock.monotonic() <= clock.monotonic());
/// ```
#[derive(Debug)]
pub struct SystemClock {
    origin: tokio::time::Instant,
}

impl SystemClock {
    /// Creates a clock whose origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        tokio::time::Instant::now().saturating_duration_since(self.origin)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "clock: this is the one reading of calendar time"
    )]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
