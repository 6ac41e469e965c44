//! `cargo xtask fix`: the only command that writes to the tree.

use std::io::{self, Write};
use std::path::Path;

use crate::cargo::cargo;
use crate::failure::Failure;
use crate::lint::meta::Metadata;
use crate::metrics;
use crate::{EXIT_CLEAN, EXIT_FINDINGS};

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
pub(crate) fn run() -> Result<u8, Failure> {
    let metadata = Metadata::load(Path::new("."), false)?;
    for step in STEPS {
        writeln!(io::stderr().lock(), "$ cargo {}", step.join(" "))?;
        if !cargo(&metadata.root).args(step).status()?.success() {
            return Ok(EXIT_FINDINGS);
        }
    }
    metrics::write_page(&metadata)?;
    Ok(EXIT_CLEAN)
}
