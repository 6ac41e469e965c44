//! Supervisors: who is started, in what order, and what happens when a child ends.
//!
//! `strategy.rs` and its neighbours decide, without async, clock or tokio; `driver.rs` executes and decides nothing.

mod action;
mod admin;
pub(crate) mod child_spec;
mod driver;
pub(crate) mod handle;
mod hash;
mod intensity;
mod kids;
pub(crate) mod report;
pub(crate) mod root;
mod roster;
pub(crate) mod spec;
pub(crate) mod starting;
mod strategy;
pub(crate) mod supervisor_spec;
mod table;
pub(crate) mod tree;

#[cfg(test)]
mod tests;
