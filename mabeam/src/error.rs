//! One error type per operation: what was refused, and by which rule.

use std::error::Error;
use std::fmt;

use foundation::{CallError, ProcessRef};

use crate::registry::agent::AgentId;
use crate::registry::profile::{ENTRIES_MAX, NAME_BYTES_MAX, TEXT_BYTES_MAX};

/// Why a text is not an id of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentIdError {
    /// There is no text.
    Empty,
    /// The text has more than 255 bytes.
    TooLong {
        /// Length of the text.
        len_bytes: usize,
    },
}

impl fmt::Display for AgentIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the id is empty"),
            Self::TooLong { len_bytes } => {
                write!(f, "the id has {len_bytes} bytes, at most {NAME_BYTES_MAX} are allowed")
            }
        }
    }
}

impl Error for AgentIdError {}

/// Which limit a profile breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileError {
    /// There are more than 64 capabilities.
    TooManyCapabilities {
        /// How many there are.
        count: usize,
    },
    /// There are more than 64 attributes.
    TooManyAttributes {
        /// How many there are.
        count: usize,
    },
    /// The name of a capability or attribute is empty or has more than 255 bytes.
    IllegalName {
        /// The name.
        name: String,
    },
    /// A text has more than 4,096 bytes, or a list more than 64 texts.
    TooLong {
        /// The name of the attribute.
        attribute: String,
    },
    /// A float is infinite or no number.
    NotFinite {
        /// The name of the attribute.
        attribute: String,
    },
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyCapabilities { count } => {
                write!(f, "{count} capabilities, at most {ENTRIES_MAX} are allowed")
            }
            Self::TooManyAttributes { count } => {
                write!(f, "{count} attributes, at most {ENTRIES_MAX} are allowed")
            }
            Self::IllegalName { name } => {
                write!(f, "the name {name:?} does not have 1 to {NAME_BYTES_MAX} bytes")
            }
            Self::TooLong { attribute } => write!(
                f,
                "attribute {attribute:?} has a text of more than {TEXT_BYTES_MAX} bytes or more \
                 than {ENTRIES_MAX} texts"
            ),
            Self::NotFinite { attribute } => {
                write!(f, "attribute {attribute:?} is not a finite number")
            }
        }
    }
}

impl Error for ProfileError {}

/// Why an agent is not registered. Nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegisterError {
    /// A living process holds the id; its row is as it was.
    Taken {
        /// That process.
        holder: ProcessRef,
    },
    /// The process of the agent is dead.
    NoProc,
    /// The profile breaks a limit.
    Profile(ProfileError),
    /// The registry holds as many agents as it may.
    Limit {
        /// That number.
        max: usize,
    },
    /// The registry did not answer. After a timeout the agent may be registered all the same.
    Registry(CallError),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { holder } => write!(f, "the id is held by {}", holder.pid()),
            Self::NoProc => f.write_str("the process of the agent is not alive"),
            Self::Profile(_) => f.write_str("the profile breaks a limit"),
            Self::Limit { max } => write!(f, "the registry holds {max} agents, its limit"),
            Self::Registry(_) => f.write_str("the registry did not answer"),
        }
    }
}

impl Error for RegisterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Taken { .. } | Self::NoProc | Self::Limit { .. } => None,
            Self::Profile(error) => Some(error),
            Self::Registry(error) => Some(error),
        }
    }
}

/// Why no agent of a batch is registered. Nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum BatchError {
    /// One agent was refused, and with it all others.
    Refused {
        /// The first agent that was refused.
        id: AgentId,
        /// Why.
        error: RegisterError,
    },
    /// The registry did not answer. After a timeout all agents may be registered all the same.
    Registry(CallError),
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { id, .. } => write!(f, "agent {id} was refused"),
            Self::Registry(_) => f.write_str("the registry did not answer"),
        }
    }
}

impl Error for BatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused { error, .. } => Some(error),
            Self::Registry(error) => Some(error),
        }
    }
}

/// Why a profile is not replaced, or a row not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateError {
    /// The registration has ended: the row is gone, or belongs to another process by now.
    NotRegistered,
    /// The profile breaks a limit; the old one is in force.
    Profile(ProfileError),
    /// The registry did not answer. After a timeout the change may be made all the same.
    Registry(CallError),
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegistered => f.write_str("the registration has ended"),
            Self::Profile(_) => f.write_str("the profile breaks a limit"),
            Self::Registry(_) => f.write_str("the registry did not answer"),
        }
    }
}

impl Error for UpdateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotRegistered => None,
            Self::Profile(error) => Some(error),
            Self::Registry(error) => Some(error),
        }
    }
}

/// There is no answer because no registry is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadError;

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no registry is running")
    }
}

impl Error for ReadError {}
