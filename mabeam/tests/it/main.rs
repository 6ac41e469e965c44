//! The registry as its users see it: real processes, public API only.

mod least_loaded;
mod registry;
mod world;
