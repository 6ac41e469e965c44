//! [`Signal`]: the CloudEvents 1.0 envelope.
//!
//! A `Signal` that exists is valid: every way to make one goes through the same checks. It is
//! immutable, and routed as `Arc<Signal>`: ten thousand receivers share one copy of the data.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{DecodeError, EncodeError};
use crate::signal::attribute::ExtensionValue;
use crate::signal::builder::SignalBuilder;
use crate::signal::json;
use crate::signal::signal_type::SignalType;

/// Most bytes that an encoded signal, or a batch of them, may have.
pub const SIGNAL_BYTES_MAX: usize = 10_000_000;

/// What a signal carries.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Data {
    /// Nothing: neither `data` nor `data_base64` is on the wire.
    #[default]
    None,
    /// A JSON value; `data` on the wire. JSON `null` is a value and survives.
    Json(Value),
    /// Bytes; `data_base64` on the wire.
    Binary(Vec<u8>),
}

/// An event with the CloudEvents 1.0 context attributes.
///
/// | attribute | rule |
/// |---|---|
/// | `id` | not empty; a UUIDv7 unless given, and then later ids of one program sort later |
/// | `source`, `type` | required; the type follows [`SignalType`] |
/// | `time` | optional RFC 3339 text, kept as written; never invented |
/// | `subject`, `datacontenttype`, `dataschema` | optional, not empty; never inferred |
/// | extensions | `[a-z][a-z0-9]{0,19}`; a flag, a 32-bit number or text; unknown ones are kept |
/// | data | a JSON value or bytes or nothing |
///
/// Text attributes hold no control characters.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use signal_router::Signal;
///
/// let signal = Signal::builder("order.paid", "/shop/7").data(json!({"cents": 1250})).build()?;
/// let wire = signal.to_json()?;
/// assert_eq!(Signal::from_json(&wire)?, signal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) signal_type: SignalType,
    pub(crate) time: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) datacontenttype: Option<String>,
    pub(crate) dataschema: Option<String>,
    pub(crate) extensions: BTreeMap<String, ExtensionValue>,
    pub(crate) data: Data,
}

impl Signal {
    /// Starts a signal of type `signal_type` that came from `source`.
    ///
    /// Nothing is checked before [`SignalBuilder::build`].
    pub fn builder(signal_type: impl Into<String>, source: impl Into<String>) -> SignalBuilder {
        SignalBuilder::new(signal_type.into(), source.into())
    }

    /// Decodes one signal in the CloudEvents JSON format.
    ///
    /// Nothing is guessed: an absent time stays absent. `specversion` may be `1.0` or `1.0.2`.
    /// An optional attribute that is JSON `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLarge`] above [`SIGNAL_BYTES_MAX`], before anything is parsed;
    /// [`DecodeError::Json`] for text that is not a JSON object; [`DecodeError::Attribute`] names
    /// the attribute that breaks a rule, also one that is there twice.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        json::decode(bytes)
    }

    /// Encodes the signal in the CloudEvents JSON format, `specversion` `1.0`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] once more than [`SIGNAL_BYTES_MAX`] bytes would be written;
    /// [`EncodeError::TooDeep`] if the data nests deeper than a decoder would accept.
    pub fn to_json(&self) -> Result<Vec<u8>, EncodeError> {
        json::encode(self)
    }

    /// Decodes a JSON array of signals, all or none.
    ///
    /// # Errors
    ///
    /// Those of [`from_json`](Self::from_json); what is wrong with one member is
    /// [`DecodeError::Batch`] with its position, and no signal is returned.
    pub fn batch_from_json(bytes: &[u8]) -> Result<Vec<Self>, DecodeError> {
        json::decode_batch(bytes)
    }

    /// Encodes `signals` as one JSON array; [`SIGNAL_BYTES_MAX`] holds for the whole.
    ///
    /// # Errors
    ///
    /// Those of [`to_json`](Self::to_json).
    pub fn batch_to_json(signals: &[Self]) -> Result<Vec<u8>, EncodeError> {
        json::encode_batch(signals)
    }

    /// Returns the id, unique together with [`source`](Self::source).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns where the signal came from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the dotted type that subscriptions match.
    #[must_use]
    pub const fn signal_type(&self) -> &SignalType {
        &self.signal_type
    }

    /// Returns the time as it was written, if there is one.
    #[must_use]
    pub fn time(&self) -> Option<&str> {
        self.time.as_deref()
    }

    /// Returns what the signal is about, within its source.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Returns the media type of the data.
    #[must_use]
    pub fn datacontenttype(&self) -> Option<&str> {
        self.datacontenttype.as_deref()
    }

    /// Returns the schema that the data follows.
    #[must_use]
    pub fn dataschema(&self) -> Option<&str> {
        self.dataschema.as_deref()
    }

    /// Returns the extension attribute `name`.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&ExtensionValue> {
        self.extensions.get(name)
    }

    /// Iterates over the extension attributes in the order of their names.
    pub fn extensions(&self) -> impl Iterator<Item = (&str, &ExtensionValue)> {
        self.extensions.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns what the signal carries.
    #[must_use]
    pub const fn data(&self) -> &Data {
        &self.data
    }

    /// Returns the data if it is a JSON value.
    #[must_use]
    pub const fn json(&self) -> Option<&Value> {
        match &self.data {
            Data::Json(value) => Some(value),
            Data::None | Data::Binary(_) => None,
        }
    }
}
