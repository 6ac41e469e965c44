//! The lint against workspaces that were made to be found out.

mod allowances;
mod baseline;
mod ci;
mod docs;
mod evasions;
mod exits;
mod fixture;
mod init;
mod layers;
mod output;
mod own_rules;
mod program;
mod rules;
mod sarif;
mod suppression;
mod workspaces;
