//! One error type per operation: what was refused, and by which rule.

use std::error::Error;
use std::fmt;

use foundation::CallError;

use crate::signal::envelope::SIGNAL_BYTES_MAX;
use crate::signal::signal_type::{BYTES_MAX, SEGMENTS_MAX};

/// Why a text is not a signal type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseTypeError {
    /// There is no text.
    Empty,
    /// The text has more than 255 bytes.
    TooLong {
        /// Length of the text.
        len_bytes: usize,
    },
    /// There are more than 32 segments.
    TooManySegments {
        /// How many there are.
        count: usize,
    },
    /// Two dots in a row, or a dot at an end.
    EmptySegment {
        /// Position of the segment, from 0.
        index: usize,
    },
    /// A segment contains something else than `A-Z a-z 0-9 _ -`.
    IllegalCharacter {
        /// Position of the segment, from 0.
        index: usize,
        /// The first such character.
        character: char,
    },
}

impl fmt::Display for ParseTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the type is empty"),
            Self::TooLong { len_bytes } => too_long(f, *len_bytes),
            Self::TooManySegments { count } => too_many_segments(f, *count),
            Self::EmptySegment { index } => write!(f, "segment {index} is empty"),
            Self::IllegalCharacter { index, character } => {
                write!(f, "segment {index} contains {character:?}")
            }
        }
    }
}

impl Error for ParseTypeError {}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsePatternError {
    /// There is no text.
    Empty,
    /// The text has more than 255 bytes.
    TooLong {
        /// Length of the text.
        len_bytes: usize,
    },
    /// There are more than 32 segments.
    TooManySegments {
        /// How many there are.
        count: usize,
    },
    /// Two dots in a row, or a dot at an end.
    EmptySegment {
        /// Position of the segment, from 0.
        index: usize,
    },
    /// A segment contains something else than `A-Z a-z 0-9 _ -`.
    IllegalCharacter {
        /// Position of the segment, from 0.
        index: usize,
        /// The first such character.
        character: char,
    },
    /// A `*` stands beside other characters; it is a whole segment or nothing.
    PartialWildcard {
        /// Position of the segment, from 0.
        index: usize,
    },
    /// `**.**` says no more than `**`.
    AdjacentMultiWildcards {
        /// Position of the second `**`, from 0.
        index: usize,
    },
}

impl fmt::Display for ParsePatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the pattern is empty"),
            Self::TooLong { len_bytes } => too_long(f, *len_bytes),
            Self::TooManySegments { count } => too_many_segments(f, *count),
            Self::EmptySegment { index } => write!(f, "segment {index} is empty"),
            Self::IllegalCharacter { index, character } => {
                write!(f, "segment {index} contains {character:?}")
            }
            Self::PartialWildcard { index } => {
                write!(f, "segment {index} mixes a wildcard with other characters")
            }
            Self::AdjacentMultiWildcards { index } => {
                write!(f, "segment {index} repeats the `**` before it")
            }
        }
    }
}

impl Error for ParsePatternError {}

fn too_long(f: &mut fmt::Formatter<'_>, len_bytes: usize) -> fmt::Result {
    write!(f, "{len_bytes} bytes, at most {BYTES_MAX} are allowed")
}

fn too_many_segments(f: &mut fmt::Formatter<'_>, count: usize) -> fmt::Result {
    write!(f, "{count} segments, at most {SEGMENTS_MAX} are allowed")
}

/// A number is no priority: it is outside -100 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorityError {
    pub(crate) value: i32,
}

impl fmt::Display for PriorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "priority {} is outside -100 to 100", self.value)
    }
}

impl Error for PriorityError {}

/// Which attribute of an envelope breaks which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeError {
    attribute: String,
    fault: AttributeFault,
}

impl AttributeError {
    pub(crate) fn new(attribute: &str, fault: AttributeFault) -> Self {
        Self { attribute: attribute.to_owned(), fault }
    }

    /// Returns the name of the attribute as it is on the wire.
    #[must_use]
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Returns the rule it breaks.
    #[must_use]
    pub const fn fault(&self) -> &AttributeFault {
        &self.fault
    }
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attribute {:?} {}", self.attribute, self.fault)
    }
}

impl Error for AttributeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            AttributeFault::IllegalType(error) => Some(error),
            _ => None,
        }
    }
}

/// The rules an attribute can break.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeFault {
    /// It is required and not there.
    Missing,
    /// It is there and empty.
    Empty,
    /// It is there twice.
    Duplicate,
    /// It contains a control character.
    ControlCharacter,
    /// It is not JSON text.
    NotText,
    /// It is an array or an object.
    NotScalar,
    /// It is a number, but not a whole one of 32 bits.
    NotInt32,
    /// It is not base64 with padding.
    NotBase64,
    /// It is not an RFC 3339 date-time.
    NotRfc3339,
    /// Its name is not `[a-z][a-z0-9]{0,19}`.
    IllegalName,
    /// Its name belongs to the envelope.
    Reserved,
    /// The version is neither 1.0 nor 1.0.2.
    UnsupportedVersion,
    /// There is JSON data and binary data.
    DataTwice,
    /// The type is not a dotted type.
    IllegalType(ParseTypeError),
}

impl fmt::Display for AttributeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Empty => "is empty",
            Self::Duplicate => "is there twice",
            Self::ControlCharacter => "contains a control character",
            Self::NotText => "is not text",
            Self::NotScalar => "is not text, a number or a flag",
            Self::NotInt32 => "is not a whole number of 32 bits",
            Self::NotBase64 => "is not base64",
            Self::NotRfc3339 => "is not an RFC 3339 date-time",
            Self::IllegalName => "has an illegal name",
            Self::Reserved => "has a reserved name",
            Self::UnsupportedVersion => "is an unsupported version",
            Self::DataTwice => "is given as JSON and as bytes",
            Self::IllegalType(_) => "is not a dotted type",
        })
    }
}

/// Why bytes are not a signal, or not a batch of signals.
#[derive(Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are more than 10,000,000 bytes; nothing was parsed.
    TooLarge {
        /// Length of the input.
        len_bytes: usize,
    },
    /// The bytes are not JSON of the right shape.
    Json(serde_json::Error),
    /// An attribute breaks a rule.
    Attribute(AttributeError),
    /// An attribute of one signal of a batch breaks a rule; nothing was decoded.
    Batch {
        /// Position of that signal, from 0.
        index: usize,
        /// What is wrong with it.
        error: AttributeError,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { len_bytes } => {
                write!(f, "{len_bytes} bytes, at most {SIGNAL_BYTES_MAX} are allowed")
            }
            Self::Json(_) => f.write_str("not a signal in JSON"),
            Self::Attribute(_) => f.write_str("not a valid signal"),
            Self::Batch { index, .. } => write!(f, "signal {index} of the batch is not valid"),
        }
    }
}

impl Error for DecodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Json(error) => Some(error),
            Self::Attribute(error) | Self::Batch { error, .. } => Some(error),
        }
    }
}

/// Why a signal cannot be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The JSON text would have more than 10,000,000 bytes.
    TooLarge,
    /// The data nests deeper than 120 levels; no decoder would take it.
    TooDeep,
    /// The data has no form in JSON.
    Json(serde_json::Error),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "more than {SIGNAL_BYTES_MAX} bytes of JSON"),
            Self::TooDeep => f.write_str("the data nests too deep"),
            Self::Json(_) => f.write_str("the data has no form in JSON"),
        }
    }
}

impl Error for EncodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge | Self::TooDeep => None,
            Self::Json(error) => Some(error),
        }
    }
}

/// Why there is no subscription.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The subscriber is dead, or its name belongs to nobody.
    NoProc,
    /// The router holds as many subscriptions as it may.
    Limit {
        /// That number.
        max: usize,
    },
    /// The router did not answer. After a timeout a subscription that was made is released again.
    Router(CallError),
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProc => f.write_str("the subscriber is not alive"),
            Self::Limit { max } => write!(f, "the router holds {max} subscriptions, its limit"),
            Self::Router(_) => f.write_str("the router did not answer"),
        }
    }
}

impl Error for SubscribeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoProc | Self::Limit { .. } => None,
            Self::Router(error) => Some(error),
        }
    }
}
