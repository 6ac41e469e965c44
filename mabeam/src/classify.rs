//! What the errors of this crate are about, for callers that do not match every variant; see `foundation::Classify`.

#![deny(clippy::wildcard_enum_match_arm)]

use foundation::{Classification, Classify, Severity};

use crate::error::{AgentIdError, BatchError, ProfileError, ReadError, RegisterError, UpdateError};

impl Classify for AgentIdError {
    fn classification(&self) -> Classification {
        match self {
            Self::Empty | Self::TooLong { .. } => Classification::validation(),
        }
    }
}

impl Classify for ProfileError {
    fn classification(&self) -> Classification {
        match self {
            Self::TooManyCapabilities { .. }
            | Self::TooManyAttributes { .. }
            | Self::IllegalName { .. }
            | Self::TooLong { .. }
            | Self::NotFinite { .. } => Classification::validation(),
        }
    }
}

impl Classify for RegisterError {
    fn classification(&self) -> Classification {
        match self {
            Self::Taken { .. } | Self::NoProc => Classification::business(),
            Self::Profile(error) => error.classification(),
            Self::Limit { .. } => Classification::passing(Severity::Medium),
            Self::Registry(error) => error.classification(),
        }
    }
}

impl Classify for BatchError {
    fn classification(&self) -> Classification {
        match self {
            Self::Refused { error, .. } => error.classification(),
            Self::Registry(error) => error.classification(),
        }
    }
}

impl Classify for UpdateError {
    fn classification(&self) -> Classification {
        match self {
            Self::NotRegistered => Classification::business(),
            Self::Profile(error) => error.classification(),
            Self::Registry(error) => error.classification(),
        }
    }
}

impl Classify for ReadError {
    fn classification(&self) -> Classification {
        Classification::passing(Severity::Medium)
    }
}
