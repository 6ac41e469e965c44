//! A lint against raw sends, unsupervised spawns and other ways around supervision, for any workspace.
//!
//! | command | does |
//! |---|---|
//! | `cargo xtask lint` | the source rules, here or in any other workspace |
//! | `cargo xtask lint init` | what another workspace needs to be linted |
//! | `cargo foundation lint` | the same, installed for all workspaces |
//!
//! Another workspace uses it through a package of its own, called `xtask` by custom, whose `main` is
//! [`main`] or, with rules or commands of its own, a [`Builder`]. This crate depends on no crate of its
//! workspace, so it runs when the workspace does not compile. What each rule finds stands in
//! `docs/LINTS.md` and behind `lint --explain RULE`.
//!
//! # Examples
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     foundation_xtask::main()
//! }
//! ```

mod ban;
mod builder;
mod cargo;
mod cli;
mod failure;
mod lint;

use std::process::ExitCode;

pub use ban::Ban;
pub use builder::Builder;
pub use cargo::{cargo, has_subcommand};
pub use failure::{Failure, Verdict};
pub use lint::meta::{Member, Workspace};
pub use lint::rules::{Context, Level};

/// Runs the command line of this process and returns its exit code.
///
/// 0 = clean, 1 = findings or a failed check, 2 = could not analyse, 64 = usage error. Reports go to
/// standard output, progress and complaints to standard error. The same as
/// [`Builder::new().main()`](Builder::main).
///
/// # Examples
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     foundation_xtask::main()
/// }
/// ```
#[must_use]
pub fn main() -> ExitCode {
    Builder::new().main()
}
