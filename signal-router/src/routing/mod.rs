//! Patterns and the one matcher: who gets a signal, and in which order.
//!
//! Pure: no process, no clock, no I/O. Routing, filtering and replay all ask this matcher, so they
//! cannot disagree about what a wildcard means.

pub(crate) mod matcher;
pub(crate) mod node;
pub(crate) mod pattern;
pub(crate) mod priority;

#[cfg(test)]
mod tests;
