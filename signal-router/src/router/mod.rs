//! The router process, and what its users hold: a handle to route with, a guard for each
//! subscription.
//!
//! The process owns the subscriptions and is the only writer of the table; routing reads the table
//! in the caller and never asks the process.

pub(crate) mod handle;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod spec;
pub(crate) mod subscription;
pub(crate) mod table;

#[cfg(test)]
mod tests;
