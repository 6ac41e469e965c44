//! The lint against workspaces that were made to be found out.

mod ci;
mod docs;
mod evasions;
mod fixture;
mod layers;
mod program;
mod rules;
mod suppression;
mod workspaces;
