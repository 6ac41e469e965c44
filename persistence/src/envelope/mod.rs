//! The form in which every backend keeps the bytes of a record or log entry.
//!
//! ```text
//! "FAS" | format u8 | header_len u16 | body_len u32
//!       | epoch u64 | seq u64 | write_id u128 | saved_at_ms u64 | schema_version u32
//!       | codec u8 | flags u8 | name_len u8 | name | body | crc32 of all before it
//! ```
//! All numbers are big endian. `header_len` counts from the first byte to the body, so that a
//! later writer may append header fields which this reader skips; a flag that this reader does
//! not know means "not readable without it".
//!
//! Invariants: a decoded envelope is the encoded one; any single damaged bit and any truncation is
//! an error; decoding never panics and never allocates more than its input.

use std::borrow::Cow;
use std::fmt;

use crate::{Codec, Epoch, Schema, Seq, WriteId};

#[cfg(test)]
mod tests;

const MAGIC: &[u8; 3] = b"FAS";
const FORMAT: u8 = 1;
/// Bytes of the header before the schema name.
const FIXED_LEN: usize = 57;
const CRC_LEN: usize = 4;

/// A record's bytes with all that is needed to judge them.
///
/// The revision is not part of it: the backend assigns that.
///
/// # Examples
///
/// ```
/// use persistence::{Envelope, EnvelopeError, Epoch, Schema, Seq, WriteId};
///
/// let envelope = Envelope {
///     schema: Schema::json("counter", 1),
///     epoch: Epoch::new(2),
///     seq: Seq::new(9),
///     write_id: WriteId::new(77),
///     saved_at_ms: 1_700_000_000_000,
///     bytes: b"41".to_vec(),
/// };
/// let mut stored = envelope.encode();
/// assert_eq!(Envelope::decode(&stored)?, envelope);
///
/// stored[20] ^= 1;
/// assert!(matches!(Envelope::decode(&stored), Err(EnvelopeError::Corrupt(_))));
/// # Ok::<(), EnvelopeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the bytes mean.
    pub schema: Schema,
    /// The activation that wrote.
    pub epoch: Epoch,
    /// The owner's count of the state, or the entry's position in its log.
    pub seq: Seq,
    /// The identity of the write.
    pub write_id: WriteId,
    /// Wall clock of the store at the write, in milliseconds since 1970.
    pub saved_at_ms: u64,
    /// The bytes, at most `u32::MAX` of them.
    pub bytes: Vec<u8>,
}

impl Envelope {
    /// Encodes with header and checksum; one allocation, O(len).
    ///
    /// # Panics
    ///
    /// Panics if `bytes` is longer than `u32::MAX`; stores refuse such a record long before.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let name = self.schema.name().as_bytes();
        let header_len = FIXED_LEN + name.len();
        let body_len = u32::try_from(self.bytes.len()).expect("a record is less than 4 GiB");
        let mut out = Vec::with_capacity(header_len + self.bytes.len() + CRC_LEN);
        out.extend_from_slice(MAGIC);
        out.push(FORMAT);
        let header_len = u16::try_from(header_len).expect("a schema name is at most 255 bytes");
        out.extend_from_slice(&header_len.to_be_bytes());
        out.extend_from_slice(&body_len.to_be_bytes());
        out.extend_from_slice(&self.epoch.get().to_be_bytes());
        out.extend_from_slice(&self.seq.get().to_be_bytes());
        out.extend_from_slice(&self.write_id.get().to_be_bytes());
        out.extend_from_slice(&self.saved_at_ms.to_be_bytes());
        out.extend_from_slice(&self.schema.version().to_be_bytes());
        out.push(self.schema.codec().get());
        out.push(0);
        out.push(u8::try_from(name.len()).expect("a schema name is at most 255 bytes"));
        out.extend_from_slice(name);
        out.extend_from_slice(&self.bytes);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_be_bytes());
        out
    }

    /// Decodes and verifies.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::TooNew`] if a newer program wrote it in a way this one cannot read;
    /// [`EnvelopeError::Corrupt`] if the bytes are damaged, cut short, or no envelope.
    pub fn decode(stored: &[u8]) -> Result<Self, EnvelopeError> {
        let mut fields = Fields(stored);
        if fields.take::<3>()? != *MAGIC {
            return Err(EnvelopeError::Corrupt(Damage::Magic));
        }
        let format = fields.u8()?;
        if format > FORMAT {
            return Err(EnvelopeError::TooNew { found: format, supported: FORMAT });
        }
        if format < FORMAT {
            return Err(EnvelopeError::Corrupt(Damage::Magic));
        }
        let header_len = usize::from(u16::from_be_bytes(fields.take()?));
        let body_len = u32::from_be_bytes(fields.take()?) as usize;
        let Some((content, crc)) = stored.split_last_chunk::<CRC_LEN>() else {
            return Err(EnvelopeError::Corrupt(Damage::Length));
        };
        if header_len.checked_add(body_len) != Some(content.len()) {
            return Err(EnvelopeError::Corrupt(Damage::Length));
        }
        if crc32fast::hash(content) != u32::from_be_bytes(*crc) {
            return Err(EnvelopeError::Corrupt(Damage::Checksum));
        }
        let epoch = Epoch::new(u64::from_be_bytes(fields.take()?));
        let seq = Seq::new(u64::from_be_bytes(fields.take()?));
        let write_id = WriteId::new(u128::from_be_bytes(fields.take()?));
        let saved_at_ms = u64::from_be_bytes(fields.take()?);
        let version = u32::from_be_bytes(fields.take()?);
        let codec = Codec::new(fields.u8()?);
        if fields.u8()? != 0 {
            return Err(EnvelopeError::TooNew { found: format, supported: FORMAT });
        }
        let name_len = usize::from(fields.u8()?);
        let header_end = FIXED_LEN + name_len;
        if header_end > header_len || header_len > content.len() {
            return Err(EnvelopeError::Corrupt(Damage::Length));
        }
        let name = std::str::from_utf8(&content[FIXED_LEN..header_end])
            .map_err(|_utf8| EnvelopeError::Corrupt(Damage::SchemaName))?;
        Ok(Self {
            schema: Schema::new(Cow::Owned(name.to_owned()), version, codec),
            epoch,
            seq,
            write_id,
            saved_at_ms,
            bytes: content[header_len..].to_vec(),
        })
    }
}

/// Takes fixed-width fields off the front of a slice.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EnvelopeError> {
        let Some((field, rest)) = self.0.split_first_chunk::<N>() else {
            return Err(EnvelopeError::Corrupt(Damage::Length));
        };
        self.0 = rest;
        Ok(*field)
    }

    fn u8(&mut self) -> Result<u8, EnvelopeError> {
        Ok(self.take::<1>()?[0])
    }
}

/// Why stored bytes are no [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The bytes are damaged. They are never treated as absent.
    Corrupt(Damage),
    /// The envelope has a form that only a newer program reads.
    TooNew {
        /// Format number of the stored envelope.
        found: u8,
        /// Greatest format number this program reads.
        supported: u8,
    },
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(damage) => write!(f, "corrupt record: {damage}"),
            Self::TooNew { found, supported } => {
                write!(f, "record of format {found} is newer than the supported {supported}")
            }
        }
    }
}

impl std::error::Error for EnvelopeError {}

/// What is wrong with stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// They do not begin as an envelope does.
    Magic,
    /// They are shorter or longer than they say.
    Length,
    /// The checksum differs.
    Checksum,
    /// The schema's name is not text.
    SchemaName,
    /// They stand under a name or position that is not theirs.
    Misplaced,
    /// An entry between two others is not there.
    MissingEntry,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "unknown leading bytes",
            Self::Length => "wrong length",
            Self::Checksum => "checksum mismatch",
            Self::SchemaName => "schema name is not text",
            Self::Misplaced => "stored under a name or position that is not its own",
            Self::MissingEntry => "an entry is missing",
        })
    }
}
