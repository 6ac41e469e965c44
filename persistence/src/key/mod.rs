//! Names of records and logs.
//!
//! This module decides what a name may look like on every backend; it knows nothing of what is
//! stored under it.
//!
//! Invariant: a `Key` is 1 to [`Key::LEN_MAX`] bytes of UTF-8 without control characters.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The name of one record or one log.
///
/// A clone shares the text. Keys order by their bytes, which is the order of every listing.
/// Records and logs live in separate spaces: a record and a log may share a key.
///
/// # Examples
///
/// ```
/// use persistence::Key;
///
/// let key = Key::new("workflow/42")?;
/// assert_eq!(key.as_str(), "workflow/42");
/// assert!(Key::new("").is_err());
/// # Ok::<(), persistence::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// Longest key, in bytes.
    pub const LEN_MAX: usize = 512;

    /// Checks `text` and makes a key of it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Empty`], [`KeyError::TooLong`] or [`KeyError::ControlCharacter`].
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, KeyError> {
        let text = text.into();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.len() > Self::LEN_MAX {
            return Err(KeyError::TooLong { len: text.len() });
        }
        if let Some(at) = text.find(char::is_control) {
            return Err(KeyError::ControlCharacter { at });
        }
        Ok(Self(text))
    }

    /// The text of the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a text is no [`Key`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has no characters.
    Empty,
    /// The text is longer than [`Key::LEN_MAX`] bytes.
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The text holds a control character.
    ControlCharacter {
        /// Byte position of the first one.
        at: usize,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty key"),
            Self::TooLong { len } => {
                write!(f, "key of {len} bytes is longer than {}", Key::LEN_MAX)
            }
            Self::ControlCharacter { at } => write!(f, "control character at byte {at} of the key"),
        }
    }
}

impl std::error::Error for KeyError {}
