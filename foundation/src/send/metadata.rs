//! What a sender says about a message that might become a dead letter: a few short pairs of text.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The most entries.
const ENTRIES_MAX: usize = 8;
/// The most bytes of a key and its value together.
const ENTRY_BYTES_MAX: usize = 256;

type Entry = (Box<str>, Box<str>);

/// A few short pairs of text that go with a message into the dead letters: at most 8, each of at most 256 bytes.
///
/// The receiver does not see them. Without entries it costs nothing; a clone shares them.
///
/// # Examples
///
/// ```
/// use foundation::Metadata;
///
/// let metadata = Metadata::new([("trace", "4711"), ("tenant", "blue")])?;
/// assert_eq!(metadata.get("trace"), Some("4711"));
/// assert!(Metadata::new([("body", "x".repeat(1_000))]).is_err(), "it is bounded");
/// # Ok::<(), foundation::MetadataError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    entries: Option<Arc<[Entry]>>,
}

impl Metadata {
    /// Copies these pairs, in this order.
    ///
    /// # Errors
    ///
    /// [`MetadataError`]: too many, or too long. Nothing is cut off in silence.
    pub fn new<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, MetadataError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (key.as_ref(), value.as_ref());
            if entries.len() == ENTRIES_MAX {
                return Err(MetadataError::TooMany);
            }
            if key.len() + value.len() > ENTRY_BYTES_MAX {
                return Err(MetadataError::TooLong);
            }
            entries.push((key.into(), value.into()));
        }
        Ok(Self { entries: (!entries.is_empty()).then(|| entries.into()) })
    }

    /// Returns the value of the first entry with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(known, _value)| *known == key).map(|(_key, value)| value)
    }

    /// Returns the entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .flat_map(|entries| entries.iter())
            .map(|(key, value)| (&**key, &**value))
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Why pairs cannot be metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// More than 8 entries.
    TooMany,
    /// A key and its value have more than 256 bytes.
    TooLong,
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "more than 8 entries of metadata",
            Self::TooLong => "an entry of metadata has more than 256 bytes",
        })
    }
}

impl Error for MetadataError {}
