//! Why the arguments of a command make no sense.

use std::error::Error;
use std::fmt;

/// Arguments that were not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    UnknownArgument { command: &'static str, argument: String },
    MissingValue(&'static str),
    UnknownStage(String),
    UnknownOperation(String),
    NotANumber { flag: &'static str, value: String },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::UnknownArgument { command, argument } => {
                write!(f, "`{command}` takes no argument `{argument}`")
            }
            UsageError::MissingValue(flag) => write!(f, "`{flag}` needs a value"),
            UsageError::UnknownStage(name) => write!(f, "unknown stage `{name}`"),
            UsageError::UnknownOperation(name) => write!(f, "unknown operation `{name}`"),
            UsageError::NotANumber { flag, value } => {
                write!(f, "`{flag}` needs a number above zero, not `{value}`")
            }
        }
    }
}

impl Error for UsageError {}

/// Refuses arguments of a command that takes none.
pub(crate) fn nothing_more(command: &'static str, args: Vec<String>) -> Result<(), UsageError> {
    match args.into_iter().next() {
        None => Ok(()),
        Some(argument) => Err(UsageError::UnknownArgument { command, argument }),
    }
}
