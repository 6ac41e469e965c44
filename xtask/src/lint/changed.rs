//! The files that differ from a revision, as git sees them.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::lint::meta::Workspace;

/// Paths relative to the root of the workspace: changed since the revision, or not yet tracked.
pub(crate) fn since(metadata: &Workspace, revision: &str) -> Result<BTreeSet<String>, Failure> {
    let mut files = git(metadata, &["diff", "--name-only", "-z", "--relative", revision, "--"])?;
    files.extend(git(metadata, &["ls-files", "-z", "--others", "--exclude-standard"])?);
    Ok(files)
}

fn git(metadata: &Workspace, args: &[&str]) -> Result<BTreeSet<String>, Failure> {
    let mut command = Command::new("git");
    let output = command.args(args).current_dir(&metadata.root).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::unanalysed(format!("git {} failed: {}", args[0], complaint.trim())));
    }
    let listing = String::from_utf8_lossy(&output.stdout);
    Ok(listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}
