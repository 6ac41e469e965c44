//! The dotted type of a signal: the only thing the router reads.
//!
//! A [`SignalType`] is parsed once, at the edge, so that routing cannot fail on a malformed type.

use std::fmt;
use std::str::FromStr;

use crate::error::ParseTypeError;

/// Most segments a type or a pattern may have.
pub(crate) const SEGMENTS_MAX: usize = 32;
/// Most bytes a type or a pattern may have, dots included.
pub(crate) const BYTES_MAX: usize = 255;

/// A validated dotted type such as `workflow.task.completed`.
///
/// One to 32 segments of `[A-Za-z0-9_-]+` joined by dots, at most 255 bytes. This is narrower than
/// CloudEvents, which allows any non-empty text: a type outside the grammar could never be
/// subscribed to, so it is refused where it enters instead of being dropped silently later.
///
/// # Examples
///
/// ```
/// use signal_router::SignalType;
///
/// let kind: SignalType = "workflow.task.completed".parse()?;
/// assert_eq!(kind.segments().collect::<Vec<_>>(), ["workflow", "task", "completed"]);
/// assert!("workflow..completed".parse::<SignalType>().is_err());
/// # Ok::<(), signal_router::ParseTypeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignalType(Box<str>);

impl SignalType {
    /// Parses `text`.
    ///
    /// # Errors
    ///
    /// [`ParseTypeError`] names the first rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, ParseTypeError> {
        if text.is_empty() {
            return Err(ParseTypeError::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(ParseTypeError::TooLong { len_bytes: text.len() });
        }
        let mut count = 0;
        for segment in text.split('.') {
            if segment.is_empty() {
                return Err(ParseTypeError::EmptySegment { index: count });
            }
            if let Some(character) = illegal_character(segment) {
                return Err(ParseTypeError::IllegalCharacter { index: count, character });
            }
            count += 1;
        }
        if count > SEGMENTS_MAX {
            return Err(ParseTypeError::TooManySegments { count });
        }
        Ok(Self(text.into()))
    }

    /// Returns the type as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Iterates over the segments, left to right.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

/// Returns the first character of `segment` that no segment may contain.
pub(crate) fn illegal_character(segment: &str) -> Option<char> {
    segment.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
}

impl fmt::Display for SignalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SignalType {
    type Err = ParseTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
