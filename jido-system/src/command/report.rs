//! What the shim tells its owner: one line of text a fact.
//!
//! Pure: the two directions of the translation, side by side, so that they cannot drift apart.

use super::CommandStatus;

/// One fact about a command, as its shim saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShimReport {
    /// The command is running.
    Started {
        /// Its process id.
        pid: u32,
    },
    /// The operating system refused to start it. Nothing follows.
    Refused {
        /// The error number; 0 when there is none.
        errno: i32,
    },
    /// The command ended. Nothing follows.
    Ended(CommandStatus),
}

impl ShimReport {
    /// The line for this fact, with its end of line.
    pub(crate) fn to_line(self) -> String {
        match self {
            Self::Started { pid } => format!("started {pid}\n"),
            Self::Refused { errno } => format!("refused {errno}\n"),
            Self::Ended(CommandStatus::Exited(code)) => format!("exited {code}\n"),
            Self::Ended(CommandStatus::Signaled(signal)) => format!("signaled {signal}\n"),
        }
    }

    /// The fact in a line, or `None` when the line is none of ours.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (word, number) = line.strip_suffix('\n')?.split_once(' ')?;
        match word {
            "started" => Some(Self::Started { pid: number.parse().ok()? }),
            "refused" => Some(Self::Refused { errno: number.parse().ok()? }),
            "exited" => Some(Self::Ended(CommandStatus::Exited(number.parse().ok()?))),
            "signaled" => Some(Self::Ended(CommandStatus::Signaled(number.parse().ok()?))),
            _ => None,
        }
    }
}
