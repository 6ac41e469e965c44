//! The rules of this house that are about files and not about code: what lies in the root, how a manifest and a module begin,
//! and what must not be left behind. What is about code is the business of clippy and of the lint.

mod manifest;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use foundation_xtask::{Failure, Verdict, Workspace};

/// What lies in the root beside the packages.
const ROOT: [&str; 13] = [
    ".cargo",
    ".ci",
    ".config",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "docs",
    "rustfmt.toml",
];
/// The configuration of the lint is a file of the root, too.
const LINT: &str = "foundation-lint.toml";
/// Code that is wrong on purpose.
const FIXTURES: &str = "tests/fixtures/";
/// What says that something is missing, in halves, so that this file does not say it.
const LEFTOVERS: [(&str, &str); 6] = [
    ("to", "do!("),
    ("unimple", "mented!("),
    ("db", "g!("),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X:"),
];

/// A place that breaks a rule of the house.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    path: String,
    line: usize,
    what: String,
}

impl Complaint {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Looks at every file that git knows; in a copy without its history at those of the packages.
pub(crate) fn run(workspace: &Workspace) -> Result<Verdict, Failure> {
    let files = match known_to_git(workspace.root())? {
        Some(files) => files,
        None => {
            writeln!(io::stderr().lock(), "   git knows no file here: the root is not looked at")?;
            of_packages(workspace)?
        }
    };
    let complaints = complaints(workspace, &files);
    let mut out = io::stdout().lock();
    for complaint in &complaints {
        writeln!(out, "{complaint}")?;
    }
    writeln!(io::stderr().lock(), "   {} files, {} complaints", files.len(), complaints.len())?;
    Ok(if complaints.is_empty() { Verdict::Clean } else { Verdict::Findings })
}

/// The files of the workspace, by path from its root, with their text.
type Files = BTreeMap<String, String>;

/// `None` where there is no git, or no history that it would read.
fn known_to_git(root: &Path) -> io::Result<Option<Files>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z"]).current_dir(root).stdin(Stdio::null());
    let Ok(output) = git.output() else { return Ok(None) };
    if !output.status.success() || output.stdout.is_empty() {
        return Ok(None);
    }
    let mut files = Files::new();
    let listing = String::from_utf8_lossy(&output.stdout);
    for path in listing.split('\0').filter(|path| !path.is_empty()) {
        // One that is deleted and not committed is no file any more.
        if root.join(path).is_file() {
            read(root, &root.join(path), &mut files)?;
        }
    }
    Ok(Some(files))
}

fn of_packages(workspace: &Workspace) -> io::Result<Files> {
    let mut files = Files::new();
    for member in workspace.members() {
        walk(workspace.root(), member.folder(), workspace.target_folder(), &mut files)?;
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path, target: &Path, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path != target && path.file_name().is_some_and(|name| name != ".git") {
            walk(root, &path, target, files)?;
        } else if path.is_file() {
            read(root, &path, files)?;
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path, files: &mut Files) -> io::Result<()> {
    let shown = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    files.insert(shown, String::from_utf8_lossy(&fs::read(path)?).into_owned());
    Ok(())
}

fn complaints(workspace: &Workspace, files: &Files) -> Vec<Complaint> {
    let folders: Vec<String> = workspace
        .members()
        .iter()
        .filter_map(|member| member.folder().strip_prefix(workspace.root()).ok())
        .map(|folder| folder.to_string_lossy().into_owned())
        .collect();
    let mut complaints = root_tree(files, &folders);
    for (path, text) in files.iter().filter(|(path, _)| !path.contains(FIXTURES)) {
        complaints.extend(module_header(path, text));
        complaints.extend(leftovers(path, text));
    }
    complaints.extend(manifest::complaints(files, &folders));
    complaints.sort();
    complaints
}

/// Nothing lies in the root but packages and what the whole workspace is about, unless the root is a package itself.
fn root_tree(files: &Files, folders: &[String]) -> Vec<Complaint> {
    if folders.iter().any(String::is_empty) {
        return Vec::new();
    }
    let is_known = |name: &str| {
        ROOT.contains(&name) || name == LINT || folders.iter().any(|folder| folder == name)
    };
    let stray = files.keys().filter(|path| !is_known(path.split('/').next().unwrap_or_default()));
    stray.map(|path| Complaint::new(path, 1, "has no place in the root")).collect()
}

/// A file of code begins by saying what it is about.
fn module_header(path: &str, text: &str) -> Option<Complaint> {
    let is_code = path.ends_with(".rs");
    let begins = text.trim_start_matches('\u{feff}').starts_with("//! ");
    (is_code && !begins).then(|| Complaint::new(path, 1, "does not begin with what it is about"))
}

/// Nothing says that it is not done.
fn leftovers(path: &str, text: &str) -> Vec<Complaint> {
    let is_text = [".rs", ".md", ".toml", ".json", "/run"].iter().any(|end| path.ends_with(end));
    let lines = (1..).zip(text.lines()).filter(|_| is_text);
    let found = |line: &str| LEFTOVERS.iter().find(|(a, b)| line.contains(&format!("{a}{b}")));
    lines
        .filter_map(|(number, line)| Some((number, found(line)?)))
        .map(|(number, (a, b))| Complaint::new(path, number, format!("`{a}{b}` was left behind")))
        .collect()
}

#[cfg(test)]
mod tests;
