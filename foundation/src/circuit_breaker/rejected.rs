//! What a breaker says about itself and to whom it does not let through.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Everybody may call.
    Closed,
    /// Nobody may.
    Open,
    /// Some may, to find out whether it works again.
    HalfOpen,
}

/// A breaker as one look found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerStatus {
    /// The state that a call would meet now.
    pub state: BreakerState,
    /// How long it stays open; zero unless it is.
    pub retry_after: Duration,
    /// Probes that have begun and not ended.
    pub running_probes: u32,
    /// Failures since the last success while it is closed; 0 unless that is its rule.
    pub consecutive_failures: u32,
}

/// Why a call did not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerRejected {
    /// The breaker is open.
    Open {
        /// It lets a probe through then, not earlier.
        retry_after: Duration,
    },
    /// The breaker is half-open and all probes are on their way.
    Probing,
}

impl fmt::Display for BreakerRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { retry_after } => write!(f, "the circuit is open for {retry_after:?}"),
            Self::Probing => f.write_str("the circuit is being probed"),
        }
    }
}

impl Error for BreakerRejected {}

/// Why a call through a breaker has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerError<E> {
    /// It did not begin: the breaker is open.
    Open {
        /// It lets a probe through then, not earlier.
        retry_after: Duration,
    },
    /// It did not begin: the breaker is half-open and all probes are on their way.
    Probing,
    /// It ran, and this is its error.
    Failed(E),
}

impl<E> From<BreakerRejected> for BreakerError<E> {
    fn from(rejected: BreakerRejected) -> Self {
        match rejected {
            BreakerRejected::Open { retry_after } => Self::Open { retry_after },
            BreakerRejected::Probing => Self::Probing,
        }
    }
}

impl<E: fmt::Display> fmt::Display for BreakerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { retry_after } => write!(f, "the circuit is open for {retry_after:?}"),
            Self::Probing => f.write_str("the circuit is being probed"),
            Self::Failed(error) => write!(f, "the call failed: {error}"),
        }
    }
}

impl<E: Error + 'static> Error for BreakerError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Open { .. } | Self::Probing => None,
        }
    }
}
