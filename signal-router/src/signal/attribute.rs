//! Context attributes: which names are legal, and what an extension may hold.
//!
//! The rules are those of CloudEvents 1.0, narrowed where that standard leaves freedom: a name
//! starts with a letter and has at most 20 characters.

/// Names that an extension may not take, because the envelope gives them a meaning.
pub(crate) const CORE_NAMES: [&str; 9] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "dataschema",
    "data",
];

const NAME_BYTES_MAX: usize = 20;

/// Tells whether `name` is `[a-z][a-z0-9]{0,19}`.
pub(crate) fn is_legal_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// The value of an extension attribute.
///
/// Binary values have no shape of their own in the JSON format: they travel as base64
/// [`Text`](ExtensionValue::Text).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionValue {
    /// A flag.
    Bool(bool),
    /// A whole number of 32 bits, as CloudEvents has it.
    Integer(i32),
    /// Text without control characters; may be empty.
    Text(String),
}

impl ExtensionValue {
    /// Returns the text, or `None` for a flag or a number.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::Integer(_) => None,
        }
    }
}

impl From<bool> for ExtensionValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for ExtensionValue {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for ExtensionValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for ExtensionValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
