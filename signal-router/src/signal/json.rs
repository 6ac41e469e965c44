//! The CloudEvents JSON format, with its limits.
//!
//! Input is refused by its length before it is parsed; output stops as soon as it is too long, so
//! neither direction holds more than [`SIGNAL_BYTES_MAX`] bytes of text.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::error::{AttributeError, AttributeFault, DecodeError, EncodeError};
use crate::signal::attribute::ExtensionValue;
use crate::signal::envelope::{Data, SIGNAL_BYTES_MAX, Signal};

/// Deepest nesting of data that is written; below what the reader accepts, envelope included.
const DATA_DEPTH_MAX: usize = 120;

pub(crate) fn decode(bytes: &[u8]) -> Result<Signal, DecodeError> {
    check_len(bytes)?;
    let members: Members = serde_json::from_slice(bytes).map_err(DecodeError::Json)?;
    signal(members).map_err(DecodeError::Attribute)
}

pub(crate) fn decode_batch(bytes: &[u8]) -> Result<Vec<Signal>, DecodeError> {
    check_len(bytes)?;
    let batch: Vec<Members> = serde_json::from_slice(bytes).map_err(DecodeError::Json)?;
    let decoded = batch.into_iter().enumerate().map(|(index, members)| {
        signal(members).map_err(|error| DecodeError::Batch { index, error })
    });
    decoded.collect()
}

pub(crate) fn encode(signal: &Signal) -> Result<Vec<u8>, EncodeError> {
    check_depth(signal)?;
    write(&Wire(signal))
}

pub(crate) fn encode_batch(signals: &[Signal]) -> Result<Vec<u8>, EncodeError> {
    signals.iter().try_for_each(check_depth)?;
    write(&signals.iter().map(Wire).collect::<Vec<_>>())
}

const fn check_len(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() > SIGNAL_BYTES_MAX {
        return Err(DecodeError::TooLarge { len_bytes: bytes.len() });
    }
    Ok(())
}

/// The members of a JSON object in their order, duplicates included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a signal, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

fn signal(members: Members) -> Result<Signal, AttributeError> {
    let mut members = members.0;
    if let Some(name) = duplicate(&members) {
        return Err(AttributeError::new(name, AttributeFault::Duplicate));
    }
    // JSON null means that an attribute is not set; for the data it is a value.
    members.retain(|(name, value)| name == "data" || !value.is_null());
    let mut take = |name: &str| {
        let position = members.iter().position(|(member, _)| member == name)?;
        Some(members.swap_remove(position).1)
    };
    let version = text("specversion", required("specversion", take("specversion"))?)?;
    if !matches!(version.as_str(), "1.0" | "1.0.2") {
        return Err(AttributeError::new("specversion", AttributeFault::UnsupportedVersion));
    }
    let signal_type = text("type", required("type", take("type"))?)?;
    let source = text("source", required("source", take("source"))?)?;
    let mut builder = Signal::builder(signal_type, source);
    builder = builder.id(text("id", required("id", take("id"))?)?);
    if let Some(value) = take("time") {
        builder = builder.time(text("time", value)?);
    }
    if let Some(value) = take("subject") {
        builder = builder.subject(text("subject", value)?);
    }
    if let Some(value) = take("datacontenttype") {
        builder = builder.datacontenttype(text("datacontenttype", value)?);
    }
    if let Some(value) = take("dataschema") {
        builder = builder.dataschema(text("dataschema", value)?);
    }
    if let Some(value) = take("data") {
        builder = builder.data(value);
    }
    if let Some(value) = take("data_base64") {
        builder = builder.binary(bytes("data_base64", value)?);
    }
    members.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, value) in members {
        let value = extension(&name, value)?;
        builder = builder.extension(name, value);
    }
    builder.build()
}

fn duplicate(members: &[(String, Value)]) -> Option<&str> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

fn required(name: &str, value: Option<Value>) -> Result<Value, AttributeError> {
    value.ok_or_else(|| AttributeError::new(name, AttributeFault::Missing))
}

fn text(name: &str, value: Value) -> Result<String, AttributeError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(AttributeError::new(name, AttributeFault::NotText)),
    }
}

fn bytes(name: &str, value: Value) -> Result<Vec<u8>, AttributeError> {
    let text = text(name, value)?;
    match STANDARD.decode(text) {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(AttributeError::new(name, AttributeFault::NotBase64)),
    }
}

fn extension(name: &str, value: Value) -> Result<ExtensionValue, AttributeError> {
    let fault = match value {
        Value::Bool(flag) => return Ok(ExtensionValue::Bool(flag)),
        Value::String(text) => return Ok(ExtensionValue::Text(text)),
        Value::Number(number) => match number.as_i64().map(i32::try_from) {
            Some(Ok(number)) => return Ok(ExtensionValue::Integer(number)),
            _ => AttributeFault::NotInt32,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => AttributeFault::NotScalar,
    };
    Err(AttributeError::new(name, fault))
}

/// A signal on its way out.
struct Wire<'a>(&'a Signal);

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let signal = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &signal.id)?;
        map.serialize_entry("source", &signal.source)?;
        map.serialize_entry("type", signal.signal_type.as_str())?;
        let optional = [
            ("time", &signal.time),
            ("subject", &signal.subject),
            ("datacontenttype", &signal.datacontenttype),
            ("dataschema", &signal.dataschema),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        for (name, value) in &signal.extensions {
            match value {
                ExtensionValue::Bool(flag) => map.serialize_entry(name, flag)?,
                ExtensionValue::Integer(number) => map.serialize_entry(name, number)?,
                ExtensionValue::Text(text) => map.serialize_entry(name, text)?,
            }
        }
        match &signal.data {
            Data::None => {}
            Data::Json(value) => map.serialize_entry("data", value)?,
            Data::Binary(bytes) => map.serialize_entry("data_base64", &STANDARD.encode(bytes))?,
        }
        map.end()
    }
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    let mut out = Bounded { bytes: Vec::new(), overflow: false };
    match serde_json::to_writer(&mut out, value) {
        Ok(()) => Ok(out.bytes),
        Err(_) if out.overflow => Err(EncodeError::TooLarge),
        Err(error) => Err(EncodeError::Json(error)),
    }
}

/// A buffer that refuses to grow beyond [`SIGNAL_BYTES_MAX`].
struct Bounded {
    bytes: Vec<u8>,
    overflow: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + part.len() > SIGNAL_BYTES_MAX {
            self.overflow = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Walks the data with a list instead of recursion: its depth is the caller's.
fn check_depth(signal: &Signal) -> Result<(), EncodeError> {
    let Some(data) = signal.json() else {
        return Ok(());
    };
    let mut open = vec![(data, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > DATA_DEPTH_MAX {
            return Err(EncodeError::TooDeep);
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}
