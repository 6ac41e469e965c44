//! Numbers for jitter: reproducible from a seed, and of no use for secrets.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The next number of a sequence, by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A seed that nobody else has.
pub(crate) fn seed() -> u64 {
    // The keys of the standard library's hasher are random, and others for each.
    RandomState::new().hash_one(0)
}
