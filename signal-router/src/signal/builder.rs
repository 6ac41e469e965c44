//! [`SignalBuilder`]: the one place where the rules of the envelope are checked.
//!
//! Decoding fills a builder too, so what can be built and what can be read are the same.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;
use uuid::Uuid;

use crate::error::{AttributeError, AttributeFault};
use crate::signal::attribute::{CORE_NAMES, ExtensionValue, is_legal_name};
use crate::signal::envelope::{Data, Signal};
use crate::signal::signal_type::SignalType;
use crate::signal::timestamp;

/// Collects the attributes of a [`Signal`]; made by [`Signal::builder`].
///
/// # Examples
///
/// ```
/// use signal_router::{AttributeFault, Signal};
///
/// let signal = Signal::builder("sensor.read", "/roof")
///     .subject("rain gauge")
///     .time("2026-03-01T12:00:00Z")
///     .extension("partitionkey", "north")
///     .build()?;
/// assert_eq!(signal.extension("partitionkey").and_then(|value| value.as_text()), Some("north"));
///
/// let error = Signal::builder("sensor.read", "").build().expect_err("no source");
/// assert_eq!((error.attribute(), error.fault()), ("source", &AttributeFault::Empty));
/// # Ok::<(), signal_router::AttributeError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct SignalBuilder {
    signal_type: String,
    source: String,
    id: Option<String>,
    time: Option<String>,
    subject: Option<String>,
    datacontenttype: Option<String>,
    dataschema: Option<String>,
    extensions: Vec<(String, ExtensionValue)>,
    json: Option<Value>,
    binary: Option<Vec<u8>>,
}

impl SignalBuilder {
    pub(crate) const fn new(signal_type: String, source: String) -> Self {
        Self {
            signal_type,
            source,
            id: None,
            time: None,
            subject: None,
            datacontenttype: None,
            dataschema: None,
            extensions: Vec::new(),
            json: None,
            binary: None,
        }
    }

    /// Sets the id; without this call it is a new UUIDv7.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the time from RFC 3339 text, which is kept as it is.
    pub fn time(mut self, time: impl Into<String>) -> Self {
        self.time = Some(time.into());
        self
    }

    /// Sets the time from a clock reading, in UTC with milliseconds.
    ///
    /// A reading outside the years 1970 to 9999 makes [`build`](Self::build) fail.
    pub fn time_at(self, time: SystemTime) -> Self {
        let text = timestamp::format(time).unwrap_or_default();
        self.time(text)
    }

    /// Sets what the signal is about, within its source.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the media type of the data.
    pub fn datacontenttype(mut self, media_type: impl Into<String>) -> Self {
        self.datacontenttype = Some(media_type.into());
        self
    }

    /// Sets the schema that the data follows.
    pub fn dataschema(mut self, uri: impl Into<String>) -> Self {
        self.dataschema = Some(uri.into());
        self
    }

    /// Adds an extension attribute; a name may be added once.
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<ExtensionValue>) -> Self {
        self.extensions.push((name.into(), value.into()));
        self
    }

    /// Sets the data to a JSON value.
    pub fn data(mut self, value: Value) -> Self {
        self.json = Some(value);
        self
    }

    /// Sets the data to bytes.
    pub fn binary(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.binary = Some(bytes.into());
        self
    }

    /// Checks every attribute and returns the signal.
    ///
    /// The size is not checked here: [`Signal::to_json`] does that, and routing inside one program
    /// never encodes.
    ///
    /// # Errors
    ///
    /// [`AttributeError`] names the first attribute that breaks a rule, and the rule.
    pub fn build(self) -> Result<Signal, AttributeError> {
        if self.signal_type.is_empty() {
            return Err(AttributeError::new("type", AttributeFault::Empty));
        }
        let signal_type = SignalType::parse(&self.signal_type)
            .map_err(|fault| AttributeError::new("type", AttributeFault::IllegalType(fault)))?;
        let source = required("source", self.source)?;
        let id = required("id", self.id.unwrap_or_else(|| Uuid::now_v7().to_string()))?;
        let time = optional("time", self.time)?;
        if time.as_deref().is_some_and(|text| !timestamp::is_rfc3339(text)) {
            return Err(AttributeError::new("time", AttributeFault::NotRfc3339));
        }
        let data = match (self.json, self.binary) {
            (Some(_), Some(_)) => {
                return Err(AttributeError::new("data", AttributeFault::DataTwice));
            }
            (Some(value), None) => Data::Json(value),
            (None, Some(bytes)) => Data::Binary(bytes),
            (None, None) => Data::None,
        };
        Ok(Signal {
            id,
            source,
            signal_type,
            time,
            subject: optional("subject", self.subject)?,
            datacontenttype: optional("datacontenttype", self.datacontenttype)?,
            dataschema: optional("dataschema", self.dataschema)?,
            extensions: extensions(self.extensions)?,
            data,
        })
    }
}

fn required(name: &str, text: String) -> Result<String, AttributeError> {
    if text.is_empty() {
        return Err(AttributeError::new(name, AttributeFault::Empty));
    }
    printable(name, text)
}

fn optional(name: &str, text: Option<String>) -> Result<Option<String>, AttributeError> {
    text.map(|text| required(name, text)).transpose()
}

fn printable(name: &str, text: String) -> Result<String, AttributeError> {
    if text.chars().any(char::is_control) {
        return Err(AttributeError::new(name, AttributeFault::ControlCharacter));
    }
    Ok(text)
}

fn extensions(
    given: Vec<(String, ExtensionValue)>,
) -> Result<BTreeMap<String, ExtensionValue>, AttributeError> {
    let mut kept = BTreeMap::new();
    for (name, value) in given {
        if !is_legal_name(&name) {
            return Err(AttributeError::new(&name, AttributeFault::IllegalName));
        }
        if CORE_NAMES.contains(&name.as_str()) {
            return Err(AttributeError::new(&name, AttributeFault::Reserved));
        }
        if let ExtensionValue::Text(text) = &value
            && text.chars().any(char::is_control)
        {
            return Err(AttributeError::new(&name, AttributeFault::ControlCharacter));
        }
        if kept.contains_key(&name) {
            return Err(AttributeError::new(&name, AttributeFault::Duplicate));
        }
        kept.insert(name, value);
    }
    Ok(kept)
}
