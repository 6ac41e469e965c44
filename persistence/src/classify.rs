//! What the errors of this crate are about, for callers that do not match every variant; see `foundation::Classify`.

#![deny(clippy::wildcard_enum_match_arm)]

use foundation::{Classification, Classify, Severity};

use crate::{
    AppendError, CommitError, EnvelopeError, Fault, KeyError, OpenError, ReadError, SaveError,
};

/// Of a fault alone: the request may be served later.
impl Classify for Fault {
    fn classification(&self) -> Classification {
        match self {
            Self::Timeout | Self::Full | Self::Down(_) => Classification::passing(Severity::Medium),
            Self::NoReply | Self::Backend(_) => Classification::passing(Severity::High),
        }
    }
}

impl Classify for KeyError {
    fn classification(&self) -> Classification {
        match self {
            Self::Empty | Self::TooLong { .. } | Self::ControlCharacter { .. } => {
                Classification::validation()
            }
        }
    }
}

impl Classify for EnvelopeError {
    fn classification(&self) -> Classification {
        match self {
            Self::Corrupt(_) | Self::TooNew { .. } => Classification::broken(),
        }
    }
}

impl Classify for ReadError {
    fn classification(&self) -> Classification {
        match self {
            Self::Unavailable(fault) => fault.classification(),
            Self::Closed => Classification::passing(Severity::Medium),
            Self::Corrupt { .. } | Self::TooNew { .. } => Classification::broken(),
        }
    }
}

impl Classify for SaveError {
    fn classification(&self) -> Classification {
        match self {
            Self::Conflict { .. } | Self::Fenced { .. } => Classification::business(),
            Self::Indeterminate(fault) | Self::Unavailable(fault) => fault.classification(),
            Self::Closed => Classification::passing(Severity::Medium),
            Self::TooLarge { .. } => Classification::validation(),
            Self::Corrupt { .. } | Self::SchemaTooNew { .. } | Self::TooNew { .. } => {
                Classification::broken()
            }
        }
    }
}

impl Classify for AppendError {
    fn classification(&self) -> Classification {
        match self {
            Self::Conflict { .. } | Self::Fenced { .. } => Classification::business(),
            Self::Indeterminate(fault) | Self::Unavailable(fault) => fault.classification(),
            Self::Closed => Classification::passing(Severity::Medium),
            Self::TooLarge { .. } => Classification::validation(),
            Self::Corrupt { .. } => Classification::broken(),
        }
    }
}

/// A part that was refused is what its own error is; the whole was not written.
impl Classify for CommitError {
    fn classification(&self) -> Classification {
        match self {
            Self::Save { error, .. } | Self::Remove { error, .. } => error.classification(),
            Self::Append { error, .. } => error.classification(),
            Self::Duplicate { .. } | Self::TooLarge { .. } => Classification::validation(),
            Self::Indeterminate(fault) | Self::Unavailable(fault) => fault.classification(),
            Self::Closed => Classification::passing(Severity::Medium),
        }
    }
}

impl Classify for OpenError {
    fn classification(&self) -> Classification {
        match self {
            Self::Locked { .. } => Classification::passing(Severity::High),
            Self::Corrupt { .. } | Self::TooNew { .. } => Classification::broken(),
            Self::NotAStore { .. } | Self::UnsupportedDurability { .. } => {
                Classification::validation()
            }
            Self::Io { .. } => Classification::infrastructure(Severity::High),
        }
    }
}
