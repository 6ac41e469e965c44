//! Tasks that belong to a pool with one shared limit: alone, through handles, or many, as a stream.
//!
//! A pool is a child of a supervisor. However it ends, its tasks are gone before its end is known. Invariants: a task holds a
//! place from before it runs until nothing of its future is left; there are never more places than the limit.

pub(crate) mod count;
pub(crate) mod error;
pub(crate) mod handle;
pub(crate) mod place;
pub(crate) mod pool;
pub(crate) mod spec;
pub(crate) mod stream;
