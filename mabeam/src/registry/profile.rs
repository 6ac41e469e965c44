//! [`Profile`]: what an agent says about itself, within limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ProfileError;
use crate::registry::value::Value;

/// Most capabilities, and most attributes, of one agent; also most texts of one list.
pub(crate) const ENTRIES_MAX: usize = 64;
/// Most bytes of an id, a capability or the name of an attribute.
pub(crate) const NAME_BYTES_MAX: usize = 255;
/// Most bytes of a text value.
pub(crate) const TEXT_BYTES_MAX: usize = 4096;

/// The capabilities and attributes of one agent.
///
/// A profile is replaced as a whole, so no reader ever sees half of an update. Limits: 64
/// capabilities and 64 attributes; names of 1 to 255 bytes; texts of up to 4,096 bytes; lists of up
/// to 64 texts; finite numbers. They are checked when the profile is registered.
///
/// # Examples
///
/// ```
/// use mabeam::{Profile, Value};
///
/// let profile = Profile::new().capability("resize").attribute("load", 0).attribute("zone", "eu");
/// assert!(profile.has_capability("resize"));
/// assert_eq!(profile.get("load"), Some(&Value::Integer(0)));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    capabilities: BTreeSet<String>,
    attributes: BTreeMap<String, Value>,
}

impl Profile {
    /// Makes an empty profile.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a capability.
    #[must_use]
    pub fn capability(mut self, name: impl Into<String>) -> Self {
        self.capabilities.insert(name.into());
        self
    }

    /// Sets an attribute; an earlier value of the same name is replaced.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Tells whether the capability `name` is there.
    #[must_use]
    pub fn has_capability(&self, name: &str) -> bool {
        self.capabilities.contains(name)
    }

    /// Iterates over the capabilities in the order of their names.
    pub fn capabilities(&self) -> impl Iterator<Item = &str> {
        self.capabilities.iter().map(String::as_str)
    }

    /// Returns the attribute `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }

    /// Iterates over the attributes in the order of their names.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Checks every limit.
    pub(crate) fn check(&self) -> Result<(), ProfileError> {
        if self.capabilities.len() > ENTRIES_MAX {
            return Err(ProfileError::TooManyCapabilities { count: self.capabilities.len() });
        }
        if self.attributes.len() > ENTRIES_MAX {
            return Err(ProfileError::TooManyAttributes { count: self.attributes.len() });
        }
        for name in self.capabilities.iter().chain(self.attributes.keys()) {
            if name.is_empty() || name.len() > NAME_BYTES_MAX {
                return Err(ProfileError::IllegalName { name: name.clone() });
            }
        }
        for (name, value) in &self.attributes {
            check_value(name, value)?;
        }
        Ok(())
    }
}

fn check_value(name: &str, value: &Value) -> Result<(), ProfileError> {
    let fits = |text: &String| text.len() <= TEXT_BYTES_MAX;
    let ok = match value {
        Value::Text(text) => fits(text),
        Value::TextList(texts) => texts.len() <= ENTRIES_MAX && texts.iter().all(fits),
        Value::Float(number) if !number.is_finite() => {
            return Err(ProfileError::NotFinite { attribute: name.to_owned() });
        }
        Value::Float(_) | Value::Integer(_) | Value::Bool(_) => true,
    };
    if ok { Ok(()) } else { Err(ProfileError::TooLong { attribute: name.to_owned() }) }
}
