//! Ten thousand damaged documents: each is read or refused, none panics.

use super::{document, parse};
use crate::Workflow;

/// A small generator with a fixed seed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

const NUMBERS: [&str; 10] =
    ["-1", "1e999", "-1e999", "0", "1e-999", "18446744073709551616", "-0.0", "NaN", "1e308", "007"];
const PIECES: [&str; 12] =
    ["\"", "{", "}", "[", "]", ",", ":", "null", "\\u0000", "\\ud800", "\u{1b}", "\"id\":\"a\","];

fn slice(random: &mut Random, length: usize) -> std::ops::Range<usize> {
    let start = random.below(length);
    start..(start + 1 + random.below(64)).min(length)
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    match random.below(7) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes.truncate(at),
        2 => bytes.insert(at, random.next() as u8),
        3 => {
            let copy = bytes[slice(random, bytes.len())].to_vec();
            bytes.splice(at..at, copy);
        }
        4 => {
            let range = slice(random, bytes.len());
            bytes.drain(range);
        }
        5 => {
            let piece = PIECES[random.below(PIECES.len())];
            bytes.splice(at..at, piece.bytes());
        }
        _ => {
            let digits: Vec<usize> =
                (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).collect();
            if let Some(&at) = digits.get(random.below(digits.len())) {
                let number = NUMBERS[random.below(NUMBERS.len())];
                bytes.splice(at..=at, number.bytes());
            }
        }
    }
}

#[test]
fn ten_thousand_damaged_documents_never_panic() {
    let valid = document().to_string().into_bytes();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut read, mut refused) = (0_u32, 0_u32);
    for _ in 0..10_000 {
        let mut bytes = valid.clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &mut random);
        }
        match Workflow::parse(&bytes) {
            Ok(workflow) => {
                read += 1;
                assert_eq!(workflow.topological_order().len(), workflow.tasks().len());
                let stored = serde_json::to_string(&workflow).unwrap();
                assert_eq!(serde_json::from_str::<Workflow>(&stored).unwrap(), workflow);
            }
            Err(error) => {
                refused += 1;
                let message = error.to_string();
                assert!(!message.is_empty() && !message.contains(char::is_control), "{message:?}");
            }
        }
    }
    // Both happened often: the documents were damaged, but not beyond recognition.
    assert!(read > 300 && refused > 3_000, "{read} read, {refused} refused");
    assert!(parse(&document()).is_ok());
}
