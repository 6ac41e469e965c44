//! Why a command did not run to its end.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::Captured;

/// Why a command did not run to an end of its own. Whatever the reason, nothing of it is running
/// any more.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommandError {
    /// The program does not exist any more, or the interpreter that its first line names does not.
    NotFound {
        /// The program as it was asked for.
        program: PathBuf,
    },
    /// The operating system refused to start the program.
    Spawn {
        /// The program as it was asked for.
        program: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The working directory cannot be entered.
    Workdir {
        /// The directory as it was asked for.
        workdir: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The shim could not be started; the command was not started either.
    Shim {
        /// The program that was to be the shim.
        shim: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The shim ended before it had reported what became of the command; its group was killed.
    ShimLost {
        /// How the shim ended, when that could be learnt.
        status: Option<ExitStatus>,
    },
    /// The command ran longer than its timeout; its group was killed.
    TimedOut {
        /// The timeout.
        after: Duration,
        /// What it had written to its standard output by then.
        stdout: Captured,
        /// What it had written to its standard error by then.
        stderr: Captured,
    },
    /// The channel to the shim failed; the group was killed.
    Io {
        /// The failure.
        source: io::Error,
    },
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { program } => write!(f, "program not found: {}", program.display()),
            Self::Spawn { program, source } => {
                write!(f, "cannot start {}: {source}", program.display())
            }
            Self::Workdir { workdir, source } => {
                write!(f, "cannot enter the working directory {}: {source}", workdir.display())
            }
            Self::Shim { shim, source } => {
                write!(f, "cannot start the command shim {}: {source}", shim.display())
            }
            Self::ShimLost { status: Some(status) } => {
                write!(f, "the command shim ended before its command did: {status}")
            }
            Self::ShimLost { status: None } => {
                f.write_str("the command shim ended before its command did")
            }
            Self::TimedOut { after, .. } => write!(f, "timed out after {after:?}"),
            Self::Io { source } => write!(f, "lost the channel to the command shim: {source}"),
        }
    }
}

impl Error for CommandError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Spawn { source, .. }
            | Self::Workdir { source, .. }
            | Self::Shim { source, .. }
            | Self::Io { source } => Some(source),
            Self::NotFound { .. } | Self::ShimLost { .. } | Self::TimedOut { .. } => None,
        }
    }
}
