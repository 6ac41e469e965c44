//! [`Pattern`]: which signal types a route is for, and how specific it is.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use crate::error::ParsePatternError;
use crate::routing::matcher::Matcher;
use crate::routing::priority::Priority;
use crate::signal::signal_type::{BYTES_MAX, SEGMENTS_MAX, SignalType, illegal_character};

const ONE: &str = "*";
const MANY: &str = "**";

/// The three classes of patterns, in the order in which their routes are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatternClass {
    /// No wildcard.
    Exact,
    /// `*` but no `**`.
    SingleWildcard,
    /// At least one `**`.
    MultiWildcard,
}

/// A dotted pattern over signal types.
///
/// | segment | matches |
/// |---|---|
/// | `[A-Za-z0-9_-]+` | the same segment, case counts |
/// | `*` | exactly one segment |
/// | `**` | zero or more segments |
///
/// At most 32 segments and 255 bytes; a wildcard is a whole segment; `**.**` is refused.
///
/// # Order
///
/// Of the routes that match one signal, those with the more specific pattern come first: exact
/// before `*` before `**`; within a class more literal segments, then more segments of any kind but
/// `**`, then fewer places where `**` can stretch, then the pattern whose literals stand further
/// left. A pattern whose types are all matched by another one is never served after it. Only then
/// counts the [`Priority`], and last the order of registration.
///
/// # Examples
///
/// ```
/// use signal_router::Pattern;
///
/// let audit: Pattern = "audit.**".parse()?;
/// assert!(audit.matches(&"audit".parse()?));
/// assert!(audit.matches(&"audit.user.login".parse()?));
/// assert!(!audit.matches(&"auditor".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Box<str>,
    rank: Rank,
}

/// What orders patterns; the smaller one is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rank {
    class: PatternClass,
    literals: Reverse<u8>,
    fixed: Reverse<u8>,
    stretches: u8,
    literal_places: Reverse<u32>,
}

/// One segment of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    Literal(&'a str),
    One,
    Many,
}

impl Pattern {
    /// Parses `text`.
    ///
    /// # Errors
    ///
    /// [`ParsePatternError`] names the first rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, ParsePatternError> {
        if text.is_empty() {
            return Err(ParsePatternError::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(ParsePatternError::TooLong { len_bytes: text.len() });
        }
        let mut before = None;
        let mut count = 0;
        for segment in text.split('.') {
            check_segment(count, segment)?;
            if segment == MANY && before == Some(MANY) {
                return Err(ParsePatternError::AdjacentMultiWildcards { index: count });
            }
            before = Some(segment);
            count += 1;
        }
        if count > SEGMENTS_MAX {
            return Err(ParsePatternError::TooManySegments { count });
        }
        Ok(Self { text: text.into(), rank: Rank::of(text) })
    }

    /// Returns the pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the class, the first thing that orders routes.
    #[must_use]
    pub const fn class(&self) -> PatternClass {
        self.rank.class
    }

    /// Tells whether `signal_type` matches, as a [`Matcher`] with this one route says.
    ///
    /// Cost: builds that matcher. To ask more than once, keep a [`Matcher`].
    #[must_use]
    pub fn matches(&self, signal_type: &SignalType) -> bool {
        let mut matcher = Matcher::new();
        matcher.insert(self.clone(), Priority::default(), ());
        matcher.is_match(signal_type)
    }

    pub(crate) const fn rank(&self) -> Rank {
        self.rank
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        segments(&self.text)
    }
}

fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    text.split('.').map(|segment| match segment {
        ONE => Segment::One,
        MANY => Segment::Many,
        literal => Segment::Literal(literal),
    })
}

fn check_segment(index: usize, segment: &str) -> Result<(), ParsePatternError> {
    if segment.is_empty() {
        return Err(ParsePatternError::EmptySegment { index });
    }
    if segment == ONE || segment == MANY {
        return Ok(());
    }
    match illegal_character(segment) {
        None => Ok(()),
        Some('*') => Err(ParsePatternError::PartialWildcard { index }),
        Some(character) => Err(ParsePatternError::IllegalCharacter { index, character }),
    }
}

impl Rank {
    /// Ranks `text`, which has at most 32 valid segments.
    fn of(text: &str) -> Self {
        let (mut literals, mut fixed, mut stretches, mut literal_places) = (0, 0, 0, 0);
        let (mut ones, mut in_stretch) = (0, false);
        for (index, segment) in segments(text).enumerate() {
            match segment {
                Segment::Literal(_) => {
                    literals += 1;
                    fixed += 1;
                    literal_places |= 1 << (SEGMENTS_MAX - 1 - index);
                    in_stretch = false;
                }
                Segment::One => {
                    ones += 1;
                    fixed += 1;
                }
                // Between two literals, `**.*.**` stretches no more than `**.*` does.
                Segment::Many => {
                    stretches += u8::from(!in_stretch);
                    in_stretch = true;
                }
            }
        }
        let class = match (stretches, ones) {
            (0, 0) => PatternClass::Exact,
            (0, _) => PatternClass::SingleWildcard,
            _ => PatternClass::MultiWildcard,
        };
        Self {
            class,
            literals: Reverse(literals),
            fixed: Reverse(fixed),
            stretches,
            literal_places: Reverse(literal_places),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Pattern {
    type Err = ParsePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
