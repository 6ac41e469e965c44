//! The form of keys and rows in the file's tables.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | big endian number |
//! | `state` | record key | revision, crc32 of key and revision, envelope |
//! | `logs` | log key | head: version, bounds, epoch, write id, crc32 of key and head |
//! | `journal` | log key, 0, position | envelope |
//!
//! A key never contains a zero byte, so the entries of one log are one unbroken range.

use crate::judge::{StoredHead, StoredRecord};
use crate::{Damage, Envelope, EnvelopeError, Epoch, Key, LogHead, Record, Revision, Seq, WriteId};

const HEAD_VERSION: u8 = 1;
const HEAD_LEN: usize = 1 + 8 + 8 + 8 + 16;

fn crc_under(key: &[u8], row: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(row);
    hasher.finalize()
}

pub(super) fn encode_record(key: &Key, revision: Revision, envelope: &Envelope) -> Vec<u8> {
    let revision = revision.get().to_be_bytes();
    let envelope = envelope.encode();
    let mut row = Vec::with_capacity(12 + envelope.len());
    row.extend_from_slice(&revision);
    row.extend_from_slice(&crc_under(key.as_str().as_bytes(), &revision).to_be_bytes());
    row.extend_from_slice(&envelope);
    row
}

pub(super) fn decode_record(key: &str, row: &[u8]) -> StoredRecord {
    let Some((revision, rest)) = row.split_first_chunk::<8>() else {
        return Err(EnvelopeError::Corrupt(Damage::Length));
    };
    let Some((crc, envelope)) = rest.split_first_chunk::<4>() else {
        return Err(EnvelopeError::Corrupt(Damage::Length));
    };
    if crc_under(key.as_bytes(), revision) != u32::from_be_bytes(*crc) {
        return Err(EnvelopeError::Corrupt(Damage::Misplaced));
    }
    let revision = Revision::new(u64::from_be_bytes(*revision));
    Ok(Some(Record::from_envelope(revision, Envelope::decode(envelope)?)))
}

pub(super) fn encode_head(key: &Key, head: &LogHead) -> Vec<u8> {
    let mut row = Vec::with_capacity(HEAD_LEN + 4);
    row.push(HEAD_VERSION);
    row.extend_from_slice(&head.trimmed.get().to_be_bytes());
    row.extend_from_slice(&head.last.get().to_be_bytes());
    row.extend_from_slice(&head.epoch.get().to_be_bytes());
    let write_id = head.write_id.map_or(0, WriteId::get);
    row.extend_from_slice(&write_id.to_be_bytes());
    let crc = crc_under(key.as_str().as_bytes(), &row);
    row.extend_from_slice(&crc.to_be_bytes());
    row
}

pub(super) fn decode_head(key: &str, row: &[u8]) -> StoredHead {
    match row.first() {
        Some(&found) if found > HEAD_VERSION => {
            return Err(EnvelopeError::TooNew { found, supported: HEAD_VERSION });
        }
        Some(_) if row.len() == HEAD_LEN + 4 => {}
        _ => return Err(EnvelopeError::Corrupt(Damage::Length)),
    }
    let (head, crc) = row.split_at(HEAD_LEN);
    if crc_under(key.as_bytes(), head).to_be_bytes() != crc {
        return Err(EnvelopeError::Corrupt(Damage::Checksum));
    }
    let number = |from: usize| u64::from_be_bytes(field(head, from));
    Ok(Some(LogHead {
        trimmed: Seq::new(number(1)),
        last: Seq::new(number(9)),
        epoch: Epoch::new(number(17)),
        write_id: Some(WriteId::new(u128::from_be_bytes(field(head, 25)))),
    }))
}

fn field<const N: usize>(row: &[u8], from: usize) -> [u8; N] {
    let (field, _rest) = row[from..].split_first_chunk().expect("the row's length was checked");
    *field
}

pub(super) fn entry_key(log: &str, seq: Seq) -> Vec<u8> {
    let mut key = Vec::with_capacity(log.len() + 9);
    key.extend_from_slice(log.as_bytes());
    key.push(0);
    key.extend_from_slice(&seq.get().to_be_bytes());
    key
}

/// The entry stored under `row_key`, checked against the position in that key.
pub(super) fn decode_entry(row_key: &[u8], row: &[u8]) -> Result<Envelope, EnvelopeError> {
    let envelope = Envelope::decode(row)?;
    if !row_key.ends_with(&envelope.seq.get().to_be_bytes()) {
        return Err(EnvelopeError::Corrupt(Damage::Misplaced));
    }
    Ok(envelope)
}
