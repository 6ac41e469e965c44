//! Numbers that tell one thing from all others.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::send::dedup::MessageId;

/// Numbers that are drawn, and numbers that are counted.
pub(super) struct Numbers {
    /// Drawn once: it tells this node, and this run of the program, from all others.
    run: u64,
    messages: AtomicU64,
    drawn: AtomicU64,
}

impl Numbers {
    pub(super) fn new() -> Self {
        // The keys of the standard library's hash maps come from the operating system.
        let chance = RandomState::new();
        let drawn = AtomicU64::new(chance.hash_one("drawn"));
        Self { run: chance.hash_one("run"), messages: AtomicU64::new(0), drawn }
    }

    /// Of this node, this run of the program, and no other message.
    pub(super) fn message_id(&self) -> MessageId {
        MessageId::from_parts(self.run, self.messages.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(super) fn random(&self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014): a counter in large steps, and a function that mixes all of its bits.
        let step = 0x9e37_79b9_7f4a_7c15;
        let mixed = self.drawn.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
