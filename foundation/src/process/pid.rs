//! The identity of one incarnation of a process.

use std::fmt;
use std::num::NonZeroU64;

/// Identifies one incarnation of one process, for ever and within its node.
///
/// A restarted process has a new pid; a pid is never used again, so an old one cannot reach a new process by accident.
///
/// # Differs from OTP
///
/// Pids come round again there, after very many processes. Nothing can be sent to a pid alone here, and it does not
/// leave its node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroU64);

impl Pid {
    pub(crate) fn new(number: NonZeroU64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
