//! Starting cargo from a program that cargo itself may have started.
//!
//! A nested cargo inherits what the outer one set for the crate it ran. Those variables end in build
//! scripts and fingerprints, so they are removed; what the user set (target folder, offline mode,
//! flags, toolchain) stays.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// A cargo command that runs in `folder`, without standard input.
///
/// It is the cargo that started this program where there is one, so that a toolchain override of the
/// caller holds for the nested call as well.
///
/// # Examples
///
/// ```no_run
/// use std::path::Path;
///
/// let built = foundation_xtask::cargo(Path::new(".")).args(["build", "--workspace"]).status()?;
/// assert!(built.success());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn cargo(folder: &Path) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if is_of_outer_crate(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether cargo set this variable for the crate that it ran, and for that crate alone.
fn is_of_outer_crate(name: &str) -> bool {
    const EXACT: [&str; 7] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_MANIFEST_LINKS",
        "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
    ];
    EXACT.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_")
}

/// Whether `cargo SUBCOMMAND --version` works, that is, whether the component or plug-in is there.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// assert!(!foundation_xtask::has_subcommand(Path::new("."), "no-such-subcommand"));
/// ```
#[must_use]
pub fn has_subcommand(folder: &Path, subcommand: &str) -> bool {
    cargo(folder)
        .args([subcommand, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
