//! What the errors of this crate are about, for callers that do not match every variant; see `foundation::Classify`.

#![deny(clippy::wildcard_enum_match_arm)]

use foundation::{Classification, Classify, Severity};

use crate::error::{
    AttributeError, DecodeError, EncodeError, ParsePatternError, ParseTypeError, PriorityError,
    SubscribeError,
};
use crate::router::report::RouteError;

impl Classify for ParseTypeError {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for ParsePatternError {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for PriorityError {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for AttributeError {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for DecodeError {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for EncodeError {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for SubscribeError {
    fn classification(&self) -> Classification {
        match self {
            Self::NoProc => Classification::business(),
            Self::Limit { .. } => Classification::passing(Severity::Medium),
            Self::Router(error) => error.classification(),
        }
    }
}

impl Classify for RouteError {
    fn classification(&self) -> Classification {
        match self {
            Self::NoMatch => Classification::business(),
            Self::NoRouter => Classification::passing(Severity::Medium),
        }
    }
}
