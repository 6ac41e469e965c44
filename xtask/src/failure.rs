//! What a command came to: a verdict about the code, or why there is none.

use std::error::Error;
use std::fmt;
use std::io;

/// What a command says about the code that it looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was looked at and nothing was found; exit code 0.
    Clean,
    /// Everything was looked at and something was found; exit code 1.
    Findings,
}

/// Why a command could not do its work, as opposed to what it found: nothing may be concluded about the
/// code.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The arguments make no sense; exit code 64 (`EX_USAGE` of `sysexits.h`), with the usage.
    Usage(String),
    /// The code, its manifest or the configuration could not be read or built; exit code 2.
    Unanalysed(String),
    /// The report could not be written or a program could not be started; exit code 2.
    Io(io::Error),
}

impl Failure {
    /// A complaint about the arguments of a command.
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure::Usage(text.into())
    }

    /// A complaint about what was to be looked at; names what and where.
    pub fn unanalysed(text: impl Into<String>) -> Failure {
        Failure::Unanalysed(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text) => f.write_str(text),
            Failure::Unanalysed(text) => write!(f, "could not analyse: {text}"),
            Failure::Io(error) => write!(f, "could not run: {error}"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::Usage(_) | Failure::Unanalysed(_) => None,
            Failure::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}
