//! What a sender writes beside a message that became a dead letter: bounded text.

use std::fmt;
use std::sync::Arc;

/// Keys and values that go with a dead letter, in the order in which they were added.
///
/// At most [`PAIRS_MAX`](Self::PAIRS_MAX) pairs; a key has at most [`KEY_BYTES_MAX`](Self::KEY_BYTES_MAX) bytes and a value
/// [`VALUE_BYTES_MAX`](Self::VALUE_BYTES_MAX).
///
/// # Examples
///
/// ```
/// use foundation::DeadLetterMetadata;
///
/// let mut metadata = DeadLetterMetadata::new();
/// metadata.insert("order", "4711")?;
/// assert_eq!(metadata.get("order"), Some("4711"));
/// assert!(metadata.insert("note", &"x".repeat(10_000)).is_err(), "it is bounded");
/// # Ok::<(), foundation::DeadLetterMetadataError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterMetadata {
    pairs: Vec<(Arc<str>, Arc<str>)>,
}

impl DeadLetterMetadata {
    /// Most pairs.
    pub const PAIRS_MAX: usize = 16;
    /// Longest key, in bytes.
    pub const KEY_BYTES_MAX: usize = 64;
    /// Longest value, in bytes.
    pub const VALUE_BYTES_MAX: usize = 512;

    /// Creates one without pairs.
    #[must_use]
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// Adds a pair, or replaces the value of its key.
    ///
    /// # Errors
    ///
    /// [`DeadLetterMetadataError`] if it has no room for it; nothing has changed then.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), DeadLetterMetadataError> {
        if key.len() > Self::KEY_BYTES_MAX || value.len() > Self::VALUE_BYTES_MAX {
            return Err(DeadLetterMetadataError::TooLong);
        }
        if let Some(pair) = self.pairs.iter_mut().find(|(known, _)| &**known == key) {
            pair.1 = Arc::from(value);
            return Ok(());
        }
        if self.pairs.len() == Self::PAIRS_MAX {
            return Err(DeadLetterMetadataError::TooMany);
        }
        self.pairs.push((Arc::from(key), Arc::from(value)));
        Ok(())
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Returns the pairs, as added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (&**key, &**value))
    }
}

/// Metadata that has no room for a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadLetterMetadataError {
    /// The key or the value is too long.
    TooLong,
    /// There are too many pairs.
    TooMany,
}

impl fmt::Display for DeadLetterMetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the key or the value is too long",
            Self::TooMany => "there are too many pairs",
        })
    }
}

impl std::error::Error for DeadLetterMetadataError {}
