//! What a crate must not bring along, by whatever way.

use super::matches;
use crate::cargo::cargo;
use crate::failure::Failure;
use crate::lint::meta::{Member, Workspace};

/// A way from a member to a package that it must not bring along.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The packages from the member on.
    pub(super) packages: Vec<String>,
}

impl Way {
    /// The package that the member declares.
    pub(super) fn first(&self) -> &str {
        self.packages.get(1).map_or("", String::as_str)
    }
}

/// The ways from a member to every package that one of the globs names: of each package one.
///
/// Resolved for this member alone with all its features, so that what another member switches on does
/// not count; along normal and build edges of this machine's target.
pub(super) fn ways(
    metadata: &Workspace,
    member: &Member,
    globs: &[String],
    locked: bool,
) -> Result<Vec<Way>, Failure> {
    let mut command = cargo(&metadata.root);
    command.args(["tree", "--package", &member.name, "--edges", "normal,build", "--all-features"]);
    command.args(["--prefix", "depth", "--format", "{p}"]);
    if locked {
        command.arg("--locked");
    }
    let output = command.output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::unanalysed(format!("cargo tree failed: {}", complaint.trim())));
    }
    Ok(read(&String::from_utf8_lossy(&output.stdout), globs))
}

/// Each line is a depth, a name, and more: `2serde v1.0.0`. A package that was listed before is listed
/// without what is below it.
pub(super) fn read(listing: &str, globs: &[String]) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    let mut around: Vec<String> = Vec::new();
    for line in listing.lines() {
        let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
        let (depth, rest) = line.split_at(digits);
        let (Ok(depth), Some(name)) = (depth.parse::<usize>(), rest.split_whitespace().next())
        else {
            continue;
        };
        around.truncate(depth);
        around.push(name.to_owned());
        let is_known = |way: &Way| way.packages.last().is_some_and(|last| last == name);
        if depth > 0 && globs.iter().any(|glob| matches(glob, name)) && !ways.iter().any(is_known) {
            ways.push(Way { packages: around.clone() });
        }
    }
    ways
}
