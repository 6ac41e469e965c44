//! The source pass: what clippy cannot say about a place.
//!
//! It reads every file that belongs to a target of a member, by following module declarations, and
//! knows for each place whether it is test code, whether the clock is paused there, and which
//! suppressions cover it, who runs it, and what becomes of a result. Names are clippy's part: `names` is
//! for traits and for code that no compiler saw.

mod ahead;
mod attributes;
mod declarations;
mod depth;
mod directives;
mod discards;
mod facts;
mod files;
mod lines;
mod macros;
mod names;
mod nodes;
mod span;
mod tokens;

pub(crate) use attributes::Truth;
pub(crate) use depth::{beside, with_deep_stack};
pub(crate) use directives::Form;
pub(crate) use discards::{Discard, Fate};
pub(crate) use facts::{Body, Own, Stretch};
pub(crate) use files::{Source, Sources, add_compiled, load, locate, normal};
pub(crate) use nodes::RegionKind;
pub(crate) use span::{Place, Range};

#[cfg(test)]
mod nasty;
#[cfg(test)]
mod tests;
