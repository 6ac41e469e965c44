//! Why a command could not do its work, as opposed to what it found.

use std::error::Error;
use std::fmt;
use std::io;

/// Nothing may be concluded about the checked code: the exit code is 2, never 0 or 1.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The code, its manifest or the lint configuration could not be read or built.
    Unanalysed(String),
    /// The report could not be written or a program could not be started.
    Io(io::Error),
}

impl Failure {
    pub(crate) fn unanalysed(text: impl Into<String>) -> Failure {
        Failure::Unanalysed(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unanalysed(text) => write!(f, "could not analyse: {text}"),
            Failure::Io(error) => write!(f, "could not run: {error}"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::Unanalysed(_) => None,
            Failure::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}
