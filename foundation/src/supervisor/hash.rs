//! A cheap hasher for keys that the kernel numbers itself.
//!
//! Nobody outside can choose such a key, so nothing has to be defended against chosen collisions.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds a [`Mix`] for each key.
pub(crate) type MixBuilder = BuildHasherDefault<Mix>;

/// Spreads a number over all bits; a map takes its place and its tag from different ends.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Mix(u64);

/// An odd number without a pattern: the golden ratio's bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(FACTOR);
        self.0 = product ^ (product >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
