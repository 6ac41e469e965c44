//! What a sender holds when its message has been delivered: one type for each guarantee.

use crate::process::pid::Pid;

/// The message is in the mailbox of a living process. It may still be lost if that process ends before taking it; then it is a
/// dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The process that accepted it.
    pub pid: Pid,
}

/// The handler of the message ran to its end and its process lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handled {
    /// The process that handled it.
    pub pid: Pid,
}
