//! The source pass: what clippy cannot say about a place.
//!
//! It reads every file that belongs to a target of a member, by following module declarations, and
//! knows for each place whether it is test code, whether the clock is paused there, and which
//! suppressions cover it. It resolves no names: that is clippy's part.

mod attributes;
mod depth;
mod directives;
mod files;
mod nodes;
mod span;

pub(crate) use depth::{beside, with_deep_stack};
pub(crate) use directives::Form;
pub(crate) use files::{Sources, add_compiled, load, locate, normal};
pub(crate) use nodes::RegionKind;
pub(crate) use span::{Place, Range};

#[cfg(test)]
mod nasty;
#[cfg(test)]
mod tests;
