//! `cargo xtask lint`: two engines, one report.
//!
//! Clippy resolves names and types (`clippy`), the source pass knows contexts and suppressions
//! (`source`), cargo's metadata gives the layers (`layers`), and `judge` makes findings of them. No
//! rule is decided by the name of a file or by text.

mod clippy;
mod config;
mod finding;
mod judge;
pub(crate) mod layers;
pub(crate) mod meta;
pub(crate) mod report;
pub(crate) mod rules;
mod source;
mod toml;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

pub(crate) use config::Config;
use finding::Finding;
use judge::Judge;
use meta::Metadata;
use rules::Level;

use crate::failure::Failure;
use crate::{EXIT_CLEAN, EXIT_FINDINGS};

/// What to lint and how to report it.
#[derive(Debug)]
pub(crate) struct LintOptions {
    /// A folder of the workspace.
    pub(crate) path: PathBuf,
    pub(crate) json: bool,
    /// Refuse to change `Cargo.lock`.
    pub(crate) locked: bool,
}

/// Lints a workspace and reports: findings on standard output, coverage on standard error.
pub(crate) fn command(options: &LintOptions) -> Result<u8, Failure> {
    let metadata = Metadata::load(&options.path, options.locked)?;
    let config = Config::load(&metadata.root)?;
    let mut findings = layers::check(&metadata, &config)?;
    let resolved = clippy::resolve(&metadata, &config, options.locked)?;
    let sources = source::load(&metadata, &resolved.compiled)?;
    findings.extend(Judge::new(&metadata, &config, &sources).judge(&resolved));
    findings.sort_by(|a, b| a.key().cmp(&b.key()));
    findings.dedup_by(|a, b| a.key() == b.key());

    let mut out = BufWriter::new(io::stdout().lock());
    if options.json {
        report::json(&mut out, &findings)?;
    } else {
        report::human(&mut out, &findings)?;
    }
    out.flush()?;
    let uncompiled: Vec<String> = sources
        .keys()
        .filter(|path| !resolved.compiled.contains_key(*path))
        .map(|path| metadata.relative(path))
        .collect();
    coverage(sources.len(), &uncompiled, &findings)?;
    let denied = findings.iter().any(|finding| finding.level == Level::Deny);
    Ok(if denied { EXIT_FINDINGS } else { EXIT_CLEAN })
}

fn coverage(parsed: usize, uncompiled: &[String], findings: &[Finding]) -> io::Result<()> {
    let denied = findings.iter().filter(|finding| finding.level == Level::Deny).count();
    let warned = findings.len() - denied;
    let mut err = io::stderr().lock();
    for path in uncompiled {
        writeln!(err, "lint: {path} was not compiled, so no name in it was resolved")?;
    }
    let typed = parsed - uncompiled.len();
    writeln!(
        err,
        "lint: analysed {typed} files with types, {parsed} parsed: {denied} findings, {warned} warnings"
    )
}
