//! Which files belong to the workspace, and what each one is for.
//!
//! Module declarations are followed from the root file of every target; file names alone decide
//! nothing. Files that only the compiler found (modules declared by a macro, an `include!` of what a
//! build script wrote) are added from its own list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::ahead::{self, Parsed};
use super::nodes::{ModuleFile, RegionKind, Scan, scan};
use crate::failure::Failure;
use crate::lint::meta::Workspace;
use crate::lint::rules::Context;

/// One parsed file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) context: Context,
    pub(crate) scan: Scan,
}

/// Every parsed file of the workspace, by absolute path.
pub(crate) type Sources = BTreeMap<PathBuf, Source>;

/// Parses every file that module declarations of a member lead to.
pub(crate) fn load(metadata: &Workspace) -> Result<Sources, Failure> {
    let ahead = ahead::parse_all(metadata)?;
    let mut loader = Loader { metadata, ahead, sources: Sources::new() };
    for target in metadata.members.iter().flat_map(|member| &member.targets) {
        if target.source.is_file() {
            loader.follow(&target.source, target.context, Reached::Root)?;
        }
    }
    if loader.sources.is_empty() {
        return Err(Failure::unanalysed("no source file belongs to this workspace"));
    }
    Ok(loader.sources)
}

/// Adds what only the compiler found: the files that it read, with their context.
pub(crate) fn add_compiled(
    sources: &mut Sources,
    compiled: &BTreeMap<PathBuf, Context>,
) -> Result<(), Failure> {
    for (path, &context) in compiled {
        if !sources.contains_key(path) {
            let scan = scan(&fs::read_to_string(path)?).unwrap_or_default();
            sources.insert(path.to_owned(), Source { context, scan });
        }
    }
    Ok(())
}

/// What a file is to the one that led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// Of a target.
    Root,
    Module,
    Included,
}

struct Loader<'a> {
    metadata: &'a Workspace,
    /// What is parsed and not asked for yet.
    ahead: Parsed,
    sources: Sources,
}

impl Loader<'_> {
    /// Adds a file and the modules it declares. A file that is reached twice keeps the stricter
    /// context, and so do the files below it.
    fn follow(&mut self, path: &Path, context: Context, reached: Reached) -> Result<(), Failure> {
        match self.sources.get_mut(path) {
            Some(known) if known.context >= context => return Ok(()),
            Some(known) => known.context = context,
            None => {
                let scan = self.ahead.remove(path);
                let scan = scan.unwrap_or_else(|| parse(self.metadata, path));
                // What is included need not be a list of items; what is none has no regions.
                let scan = match (scan, reached) {
                    (Err(_), Reached::Included) => Scan::default(),
                    (scan, _) => scan?,
                };
                self.sources.insert(path.to_owned(), Source { context, scan });
            }
        }
        let Some(source) = self.sources.get(path) else { return Ok(()) };
        let mut next = Vec::new();
        for module in &source.scan.modules {
            let test = source.scan.is_in(RegionKind::Test, module.at);
            let context = if test { Context::Test } else { context };
            let found = locate(path, reached == Reached::Root, module);
            let reached = if module.name.is_some() { Reached::Module } else { Reached::Included };
            next.extend(found.map(|file| (file, context, reached)));
        }
        for (file, context, reached) in next {
            self.follow(&file, context, reached)?;
        }
        Ok(())
    }
}

/// Reads one file.
pub(super) fn parse(metadata: &Workspace, path: &Path) -> Result<Scan, Failure> {
    let shown = metadata.relative(path);
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::unanalysed(format!("{shown}: {error}")))?;
    let scan = scan(&text).map_err(|error| {
        let at = error.span().start();
        Failure::unanalysed(format!(
            "{shown}:{}:{}: syn 3 cannot parse this file: {error}",
            at.line,
            at.column + 1
        ))
    });
    // Nothing keeps a token, so the text need not stay for the places of tokens.
    proc_macro2::extra::invalidate_current_thread_spans();
    scan
}

/// The file of a module declared in `path`, if it exists. A module under an inactive `cfg` may lack
/// its file; the compiler complains about every other one.
pub(crate) fn locate(path: &Path, root: bool, module: &ModuleFile) -> Option<PathBuf> {
    let folder = path.parent()?;
    let is_folder_module = root || path.file_name().is_some_and(|name| name == "mod.rs");
    let mut base = folder.to_owned();
    if !is_folder_module {
        base.push(path.file_stem()?);
    }
    base.extend(&module.parents);
    let candidates = match (&module.path, &module.name) {
        (Some(given), None) => vec![folder.join(given)],
        (Some(given), Some(_)) if module.parents.is_empty() => vec![folder.join(given)],
        (Some(given), Some(_)) => vec![base.join(given)],
        (None, Some(name)) => {
            vec![base.join(format!("{name}.rs")), base.join(name).join("mod.rs")]
        }
        (None, None) => Vec::new(),
    };
    candidates.into_iter().map(|file| normal(&file)).find(|file| file.is_file())
}

/// The path without `.` and `..`, so that one file has one name.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            _ => clean.push(part),
        }
    }
    clean
}
