//! Rate limiters: how often something may happen.
//!
//! The decisions are in types without a clock (`quota`, `meter` and the three algorithms), which are told what time it is. `shared`
//! makes one of them safe for many threads at once, `keys` does so for many; `direct` and `keyed` are the handles. Nobody asks a
//! process: a check is done in the caller.

pub(crate) mod alone;
pub(crate) mod denied;
pub(crate) mod direct;
pub(crate) mod fixed_window;
pub(crate) mod gcra;
pub(crate) mod keyed;
pub(crate) mod keys;
pub(crate) mod meter;
pub(crate) mod quota;
pub(crate) mod shard;
pub(crate) mod shared;
pub(crate) mod sliding_window;
pub(crate) mod wait;
