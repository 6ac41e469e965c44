//! The bytes of the records: the letter, written once, and its status, written at each failed attempt.
//!
//! ```text
//! letter: run u64 | seq u64 | first_failure_ms u64 | kind text | reason text | name opt | label opt | codec text
//!       | pairs u16 | (key text | value text)* | bytes to the end
//! status: attempts u32 | last_attempt_ms u64
//! text:   len u32 | UTF-8             opt: 0 u8, or 1 u8 | text
//! ```
//! All numbers are big endian. Version and checksum are those of the store's envelope.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use foundation::{DeadLetterId, DeadLetterReasonKind, DeadLetterRecord, Metadata};

use crate::Schema;

pub(crate) const VERSION: u32 = 1;

pub(crate) fn letter_schema() -> Schema {
    Schema::raw("dead-letter", VERSION)
}

pub(crate) fn status_schema() -> Schema {
    Schema::raw("dead-letter-status", VERSION)
}

/// What of a letter changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) attempts: u32,
    pub(crate) at: SystemTime,
}

pub(crate) fn encode_status(status: Status) -> Vec<u8> {
    let mut out = status.attempts.to_be_bytes().to_vec();
    out.extend_from_slice(&millis(status.at).to_be_bytes());
    out
}

pub(crate) fn decode_status(bytes: &[u8]) -> Option<Status> {
    let mut fields = Fields(bytes);
    let attempts = u32::from_be_bytes(fields.take()?);
    let at = time(u64::from_be_bytes(fields.take()?));
    fields.0.is_empty().then_some(Status { attempts, at })
}

pub(crate) fn encode_letter(record: &DeadLetterRecord) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.bytes.len() + 256);
    out.extend_from_slice(&record.id.run().to_be_bytes());
    out.extend_from_slice(&record.id.seq().to_be_bytes());
    out.extend_from_slice(&millis(record.first_failure).to_be_bytes());
    put_text(&mut out, record.reason.label());
    put_text(&mut out, &record.reason_text);
    put_optional(&mut out, record.name.as_deref());
    put_optional(&mut out, record.label.as_deref());
    put_text(&mut out, &record.codec);
    let pairs = u16::try_from(record.metadata.iter().count()).expect("metadata is bounded");
    out.extend_from_slice(&pairs.to_be_bytes());
    for (key, value) in record.metadata.iter() {
        put_text(&mut out, key);
        put_text(&mut out, value);
    }
    out.extend_from_slice(&record.bytes);
    out
}

/// Reads a letter, without its status. `None` if the bytes are not one.
pub(crate) fn decode_letter(bytes: &[u8]) -> Option<DeadLetterRecord> {
    let mut fields = Fields(bytes);
    let run = u64::from_be_bytes(fields.take()?);
    let seq = u64::from_be_bytes(fields.take()?);
    let first_failure = time(u64::from_be_bytes(fields.take()?));
    let reason = DeadLetterReasonKind::from_label(fields.text()?)?;
    let reason_text = Arc::from(fields.text()?);
    let name = fields.optional()?;
    let label = fields.optional()?;
    let codec = Arc::from(fields.text()?);
    let mut pairs = Vec::new();
    for _ in 0..u16::from_be_bytes(fields.take()?) {
        pairs.push((fields.text()?, fields.text()?));
    }
    let metadata = Metadata::new(pairs).ok()?;
    Some(DeadLetterRecord {
        id: DeadLetterId::new(run, seq),
        name,
        label,
        codec,
        reason,
        reason_text,
        metadata,
        attempts: 0,
        first_failure,
        last_attempt: None,
        bytes: fields.0.to_vec(),
    })
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn time(millis: u64) -> SystemTime {
    let since = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis));
    since.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let len = u32::try_from(text.len()).expect("a text of a letter is less than 4 GiB");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_optional(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

/// Takes fields off the front of a slice.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(u32::from_be_bytes(self.take()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn optional(&mut self) -> Option<Option<Arc<str>>> {
        match self.take::<1>()? {
            [0] => Some(None),
            [1] => Some(Some(Arc::from(self.text()?))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    //! Any letter survives its bytes, and no bytes are a panic.

    use proptest::prelude::*;

    use super::*;

    fn letter() -> impl Strategy<Value = DeadLetterRecord> {
        let text = || "[a-z0-9 ]{0,40}";
        let times = (0_u64..4_000_000_000_000, any::<(u64, u64)>());
        let texts = (text(), text(), proptest::option::of(text()), proptest::option::of(text()));
        let pairs = proptest::collection::btree_map("[a-z]{1,9}", text(), 0..8);
        (times, texts, pairs, proptest::collection::vec(any::<u8>(), 0..99), 0..6_usize).prop_map(
            |((first, (run, seq)), (reason_text, codec, name, label), pairs, bytes, kind)| {
                let metadata = Metadata::new(&pairs).unwrap();
                DeadLetterRecord {
                    id: DeadLetterId::new(run, seq),
                    name: name.map(Arc::from),
                    label: label.map(Arc::from),
                    codec: Arc::from(codec),
                    reason: DeadLetterReasonKind::ALL[kind],
                    reason_text: Arc::from(reason_text),
                    metadata,
                    attempts: 0,
                    first_failure: time(first),
                    last_attempt: None,
                    bytes,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_letter_is_read_as_it_was_written(letter in letter()) {
            prop_assert_eq!(decode_letter(&encode_letter(&letter)), Some(letter));
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop((decode_letter(&bytes), decode_status(&bytes)));
        }
    }

    #[test]
    fn a_status_is_read_as_it_was_written() {
        let status = Status { attempts: 7, at: time(1_700_000_000_123) };
        assert_eq!(decode_status(&encode_status(status)), Some(status));
        assert_eq!(decode_status(&[0; 11]), None);
    }
}
