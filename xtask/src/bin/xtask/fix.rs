//! `cargo xtask fix`: the only command that writes to the tree.

use std::io::{self, Write};
use std::path::Path;

use crate::metrics;
use foundation_xtask::{Failure, Verdict, Workspace, cargo};

const STEPS: [&[&str]; 2] = [
    &[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--fix",
        "--allow-dirty",
        "--allow-staged",
    ],
    &["fmt", "--all"],
];

/// Applies clippy's machine-applicable suggestions, then formats, and writes the catalogue of metrics.
pub(crate) fn run() -> Result<Verdict, Failure> {
    let metadata = Workspace::load(Path::new("."), false)?;
    for step in STEPS {
        writeln!(io::stderr().lock(), "$ cargo {}", step.join(" "))?;
        if !cargo(metadata.root()).args(step).status()?.success() {
            return Ok(Verdict::Findings);
        }
    }
    metrics::write_page(&metadata)?;
    Ok(Verdict::Clean)
}
