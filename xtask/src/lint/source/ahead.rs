//! Parses the files of a workspace on all cores, ahead of the walk that asks for them.
//!
//! It goes wherever module declarations may lead and decides nothing: what the walk does not ask for is
//! dropped, and what was not read ahead is parsed by the walk itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::depth;
use super::files::{locate, parse};
use super::nodes::Scan;
use crate::failure::Failure;
use crate::lint::meta::Workspace;

/// Each has a stack as deep as that of `with_deep_stack`.
const THREADS_MAX: usize = 8;

/// What became of each file.
pub(super) type Parsed = BTreeMap<PathBuf, Result<Scan, Failure>>;

/// Parses the roots of all targets, then the modules that they declare, then those of these.
pub(super) fn parse_all(metadata: &Workspace) -> io::Result<Parsed> {
    let roots = metadata.members.iter().flat_map(|member| &member.targets);
    let roots = roots.map(|target| (target.source.clone(), true));
    let mut wave: BTreeSet<(PathBuf, bool)> = roots.filter(|(path, _)| path.is_file()).collect();
    let mut seen = BTreeSet::new();
    let mut parsed = Parsed::new();
    while !wave.is_empty() {
        let unread: BTreeSet<&Path> = wave.iter().map(|(path, _)| path.as_path()).collect();
        let unread: Vec<&Path> =
            unread.into_iter().filter(|path| !parsed.contains_key(*path)).collect();
        parsed.extend(parse_each(metadata, &unread)?);
        // A file that is a root and a module declares two sets of files.
        let next: BTreeSet<(PathBuf, bool)> = wave
            .iter()
            .filter_map(|(path, root)| Some((path, *root, parsed.get(path)?.as_ref().ok()?)))
            .flat_map(|(path, root, scan)| {
                scan.modules.iter().filter_map(move |module| locate(path, root, module))
            })
            .map(|path| (path, false))
            .collect();
        seen.extend(wave);
        wave = next.into_iter().filter(|file| !seen.contains(file)).collect();
    }
    Ok(parsed)
}

fn parse_each(metadata: &Workspace, files: &[&Path]) -> io::Result<Parsed> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut parsed = Vec::new();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            parsed.push((path.to_path_buf(), parse(metadata, path)));
        }
        parsed
    };
    thread::scope(|scope| {
        let spawn = |_| depth::deep_thread().spawn_scoped(scope, work);
        let others: Vec<_> = (1..threads.min(files.len())).map(spawn).collect::<io::Result<_>>()?;
        let mut parsed = Parsed::from_iter(work());
        for other in others {
            parsed.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        Ok(parsed)
    })
}
