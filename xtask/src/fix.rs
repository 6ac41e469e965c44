//! `cargo xtask fix`: the only command that writes to the tree.

use std::io::{self, Write};
use std::path::Path;

use crate::cargo::cargo;
use crate::failure::Failure;
use crate::lint::meta::Metadata;
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

/// Applies clippy's machine-applicable suggestions, then formats.
pub(crate) fn run() -> Result<u8, Failure> {
    let root = Metadata::load(Path::new("."), false)?.root;
    for step in STEPS {
        writeln!(io::stderr().lock(), "$ cargo {}", step.join(" "))?;
        if !cargo(&root).args(step).status()?.success() {
            return Ok(EXIT_FINDINGS);
        }
    }
    Ok(EXIT_CLEAN)
}
