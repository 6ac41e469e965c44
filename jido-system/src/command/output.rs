//! What became of a command that ran to its end.

use std::fmt;
use std::time::Duration;

use super::Captured;

/// How a command ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommandStatus {
    /// It exited with this code.
    Exited(i32),
    /// A signal ended it.
    Signaled(i32),
}

impl CommandStatus {
    /// Whether this is exit code 0, the one way to succeed.
    ///
    /// # Examples
    ///
    /// ```
    /// use jido_system::CommandStatus;
    ///
    /// assert!(CommandStatus::Exited(0).is_success());
    /// assert!(!CommandStatus::Exited(1).is_success());
    /// assert!(!CommandStatus::Signaled(9).is_success());
    /// ```
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signaled(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(f, "killed by {signal}"),
                Err(_) => write!(f, "killed by signal {number}"),
            },
        }
    }
}

/// A command that ran and ended by itself, successfully or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutput {
    /// How it ended.
    pub status: CommandStatus,
    /// What it wrote to its standard output.
    pub stdout: Captured,
    /// What it wrote to its standard error.
    pub stderr: Captured,
    /// From before its start to after its end and the end of its group.
    pub duration: Duration,
}
