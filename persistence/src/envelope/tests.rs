//! Round trips, and every way a stored envelope can be damaged.

use proptest::prelude::*;

use super::{Damage, Envelope, EnvelopeError, FORMAT};
use crate::{Codec, Epoch, Schema, Seq, WriteId};

fn any_envelope() -> impl Strategy<Value = Envelope> {
    let schema = ("\\PC{0,40}", any::<u32>(), any::<u8>())
        .prop_map(|(name, version, codec)| Schema::new(name, version, Codec::new(codec)));
    let numbers = (any::<u64>(), any::<u64>(), any::<u128>(), any::<u64>());
    (schema, numbers, prop::collection::vec(any::<u8>(), 0..300)).prop_map(
        |(schema, (epoch, seq, write_id, saved_at_ms), bytes)| Envelope {
            schema,
            epoch: Epoch::new(epoch),
            seq: Seq::new(seq),
            write_id: WriteId::new(write_id),
            saved_at_ms,
            bytes,
        },
    )
}

fn sample() -> Envelope {
    Envelope {
        schema: Schema::json("sample", 4),
        epoch: Epoch::new(3),
        seq: Seq::new(8),
        write_id: WriteId::new(1 << 90),
        saved_at_ms: 12,
        bytes: b"{\"a\":1}".to_vec(),
    }
}

/// Writes a valid checksum over a changed envelope.
fn reseal(mut stored: Vec<u8>) -> Vec<u8> {
    let content = stored.len() - 4;
    let crc = crc32fast::hash(&stored[..content]);
    stored[content..].copy_from_slice(&crc.to_be_bytes());
    stored
}

proptest! {
    #[test]
    fn a_decoded_envelope_equals_the_encoded_one(envelope in any_envelope()) {
        prop_assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
    }

    #[test]
    fn every_flipped_bit_is_detected(envelope in any_envelope()) {
        let stored = envelope.encode();
        for bit in 0..stored.len() * 8 {
            let mut damaged = stored.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Envelope::decode(&damaged).is_err(), "bit {} went unnoticed", bit);
        }
    }

    #[test]
    fn every_truncation_is_corrupt_and_none_panics(envelope in any_envelope()) {
        let stored = envelope.encode();
        for len in 0..stored.len() {
            let decoded = Envelope::decode(&stored[..len]);
            prop_assert!(matches!(decoded, Err(EnvelopeError::Corrupt(_))), "length {}", len);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _first = Envelope::decode(&bytes).is_ok();
        if bytes.len() > 8 {
            bytes[..4].copy_from_slice(b"FAS\x01");
            let _second = Envelope::decode(&reseal(bytes)).is_ok();
        }
    }
}

#[test]
fn a_newer_format_is_too_new_and_not_corrupt() {
    let mut stored = sample().encode();
    stored[3] = FORMAT + 1;
    let too_new = EnvelopeError::TooNew { found: FORMAT + 1, supported: FORMAT };
    assert_eq!(Envelope::decode(&stored), Err(too_new.clone()));
    // Whatever follows belongs to the newer format.
    assert_eq!(Envelope::decode(&stored[..9]), Err(too_new));
}

#[test]
fn an_unknown_flag_is_too_new() {
    let mut stored = sample().encode();
    stored[55] = 1;
    assert!(matches!(Envelope::decode(&reseal(stored)), Err(EnvelopeError::TooNew { .. })));
}

#[test]
fn header_fields_of_a_later_writer_are_skipped() {
    let mut stored = sample().encode();
    let header_len = 57 + "sample".len();
    stored.splice(header_len..header_len, *b"later");
    stored[4..6].copy_from_slice(&u16::try_from(header_len + 5).unwrap().to_be_bytes());
    assert_eq!(Envelope::decode(&reseal(stored)), Ok(sample()));
}

#[test]
fn a_sealed_header_that_lies_about_its_length_is_corrupt() {
    let stored = sample().encode();
    for header_len in [0_u16, 10, 56, 62, 64, u16::MAX] {
        let mut lying = stored.clone();
        lying[4..6].copy_from_slice(&header_len.to_be_bytes());
        let content = u32::try_from(lying.len() - 4).unwrap();
        lying[6..10].copy_from_slice(&content.wrapping_sub(header_len.into()).to_be_bytes());
        let decoded = Envelope::decode(&reseal(lying));
        // 64 claims one byte of the body as a header field: allowed, and never a panic.
        if header_len != 64 {
            assert_eq!(decoded, Err(EnvelopeError::Corrupt(Damage::Length)), "{header_len}");
        }
    }
}
