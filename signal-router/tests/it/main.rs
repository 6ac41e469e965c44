//! The router as its users see it: real processes, public API only.

mod delivery;
mod lifetime;
mod order;
mod probe;
mod restart;
