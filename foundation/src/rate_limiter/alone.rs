//! What lies on cache lines of its own.

/// What is only read beside it stays with every core that reads it, and neighbours do not wait for each other.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Alone<T>(pub(crate) T);
