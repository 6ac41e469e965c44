//! How much of the workspace an analysis saw. On standard error, beside the report.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::lint::clippy::Resolved;
use crate::lint::meta::Workspace;
use crate::lint::source::Sources;

/// So many files are named.
const PARSED_ONLY_NAMED_MAX: usize = 20;
const NOT_SEEN_NAMED_MAX: usize = 5;

/// What was seen, and how long it took.
#[derive(Debug)]
pub(crate) struct Coverage {
    typed: usize,
    /// Parsed and not compiled: no name in them was resolved.
    parsed_only: Vec<String>,
    /// Neither: no target leads to them.
    not_seen: Vec<String>,
    started: Instant,
}

impl Coverage {
    pub(crate) fn new(
        metadata: &Workspace,
        sources: &Sources,
        resolved: &Resolved,
        started: Instant,
    ) -> Coverage {
        let untyped = sources.keys().filter(|path| !resolved.compiled.contains_key(*path));
        let parsed_only: Vec<String> = untyped.map(|path| metadata.relative(path)).collect();
        let mut files = Vec::new();
        for member in &metadata.members {
            collect(member.folder(), metadata, &mut files);
        }
        files.sort();
        files.dedup();
        let unseen = files.iter().filter(|path| !sources.contains_key(*path));
        Coverage {
            typed: sources.len() - parsed_only.len(),
            parsed_only,
            not_seen: unseen.map(|path| metadata.relative(path)).collect(),
            started,
        }
    }

    pub(crate) fn print(&self, findings: usize, warnings: usize) -> io::Result<()> {
        let mut err = io::stderr().lock();
        let kinds = [
            (
                &self.parsed_only,
                PARSED_ONLY_NAMED_MAX,
                "was not compiled, so no name in it was resolved",
            ),
            (&self.not_seen, NOT_SEEN_NAMED_MAX, "belongs to no target and was not seen"),
        ];
        for (paths, named, what) in kinds {
            for path in paths.iter().take(named) {
                writeln!(err, "lint: {path} {what}")?;
            }
            if paths.len() > named {
                writeln!(err, "lint: {} more like it", paths.len() - named)?;
            }
        }
        writeln!(
            err,
            "lint: {} files with types, {} parsed only, {} not seen, in {:.1} s: \
             {findings} findings, {warnings} warnings",
            self.typed,
            self.parsed_only.len(),
            self.not_seen.len(),
            self.started.elapsed().as_secs_f64()
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "the time that the analysis takes is real")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The Rust files below a folder, without build output, hidden folders and other packages. A folder
/// that cannot be read has none.
fn collect(folder: &Path, metadata: &Workspace, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !path.is_symlink() {
            let output = path == metadata.target_folder || path.join("CACHEDIR.TAG").exists();
            if !hidden && !output && !path.join("Cargo.toml").exists() {
                collect(&path, metadata, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
