//! `cargo xtask lint`: two engines, one report.
//!
//! Clippy resolves names and types (`clippy`), the source pass knows contexts and suppressions
//! (`source`), cargo's metadata gives the layers (`layers`), and `judge` makes findings of them. No
//! rule is decided by the name of a file or by text. What the workspace decided (`config`, `exempt`,
//! `allowances`, `baseline`) is applied to the findings afterwards.

mod allowances;
pub(crate) mod baseline;
mod changed;
mod clippy;
mod config;
mod coverage;
pub(crate) mod date;
mod exempt;
mod finding;
pub(crate) mod init;
mod items;
mod judge;
pub(crate) mod layers;
pub(crate) mod meta;
mod outcome;
pub(crate) mod report;
pub(crate) mod rules;
mod source;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use baseline::{BaselineOptions, Mode};
pub(crate) use config::Config;
use coverage::Coverage;
use date::Date;
use finding::Judged;
use items::Items;
use judge::Judge;
use meta::Workspace;
use outcome::Placed;
use report::{Format, Output};
use rules::{DETACHED_HANDLE, Level, Rule, UNSUPERVISED_SPAWN};

use crate::Verdict;
use crate::failure::Failure;

/// What to lint and how to report it.
#[derive(Debug, Default)]
pub(crate) struct LintOptions {
    /// The manifest of another workspace.
    pub(crate) manifest: Option<PathBuf>,
    /// Refuse to change `Cargo.lock`.
    pub(crate) locked: bool,
    /// Report these rules only; all without one.
    pub(crate) rules: Vec<&'static Rule>,
    /// Report only what lies in files that changed since this revision.
    pub(crate) changed: Option<String>,
    /// Count warnings as findings at deny.
    pub(crate) warnings_denied: bool,
    /// Human, to standard output, without one.
    pub(crate) outputs: Vec<Output>,
    pub(crate) baseline: Option<BaselineOptions>,
    /// Print the exceptions instead of linting.
    pub(crate) list_allows: bool,
    /// The day on which exceptions are judged, if it is not this one.
    pub(crate) today: Option<Date>,
}

/// Lints a workspace and reports: findings on standard output, coverage on standard error.
pub(crate) fn command(options: &LintOptions) -> Result<Verdict, Failure> {
    source::with_deep_stack(|| if options.list_allows { list(options) } else { lint(options) })?
}

/// Explains a rule, with the decisions of the workspace around the current folder, if there is one.
pub(crate) fn explain(rule: &Rule) -> Result<Verdict, Failure> {
    let config = match Workspace::of(None, false) {
        Ok(metadata) => Some(Config::load(&metadata.root)?),
        Err(_) => None,
    };
    report::explain(&mut io::stdout().lock(), rule, config.as_ref())?;
    Ok(Verdict::Clean)
}

fn list(options: &LintOptions) -> Result<Verdict, Failure> {
    let metadata = Workspace::of(options.manifest.as_deref(), options.locked)?;
    let config = Config::load(&metadata.root)?;
    let sources = source::load(&metadata)?;
    let all = allowances::all(&metadata, &config, &sources);
    let mut out = io::stdout().lock();
    if options.outputs.iter().any(|output| output.format == Format::Json) {
        allowances::json(&mut out, &all)?;
    } else {
        allowances::human(&mut out, &all, options.today.unwrap_or_else(Date::today))?;
    }
    writeln!(io::stderr().lock(), "lint: {} exceptions", all.len())?;
    Ok(Verdict::Clean)
}

fn lint(options: &LintOptions) -> Result<Verdict, Failure> {
    let started = coverage::now();
    let metadata = Workspace::of(options.manifest.as_deref(), options.locked)?;
    let config = Config::load(&metadata.root)?;
    let (mut judged, mut items, coverage) = analyse(&metadata, &config, options, started)?;
    let wanted = |rule: &Rule| {
        options.rules.is_empty() || options.rules.iter().any(|other| other.id == rule.id)
    };
    if wanted(&UNSUPERVISED_SPAWN) {
        judged.fold(&UNSUPERVISED_SPAWN, &DETACHED_HANDLE);
    }
    let mut placed = outcome::place(judged, &metadata, &config, &mut items);
    placed.retain(|one| wanted(one.finding.rule));
    let stale = match &options.baseline {
        None => 0,
        Some(baseline) => {
            let looked_for = rules::all().iter().filter(|rule| wanted(rule)).map(|rule| rule.id);
            let looked_for: BTreeSet<&str> = looked_for.collect();
            baseline::apply(baseline, &mut placed, &looked_for)?
        }
    };
    if let Some(revision) = &options.changed {
        let changed = changed::since(&metadata, revision)?;
        placed.retain(|one| changed.contains(&one.finding.path));
    }
    conclude(options, &mut placed, (&metadata, &config), &coverage, stale)
}

/// Everything that is found, before anybody asks for a part of it.
fn analyse(
    metadata: &Workspace,
    config: &Config,
    options: &LintOptions,
    started: std::time::Instant,
) -> Result<(Judged, Items, Coverage), Failure> {
    let today = options.today.unwrap_or_else(Date::today);
    let edges = layers::check(metadata, config, options.locked)?;
    // Most of the time of the one is waiting for other programs.
    let (resolved, sources) = source::beside(
        || clippy::resolve(metadata, config, options.locked),
        || source::load(metadata),
    )?;
    let (resolved, mut sources) = (resolved?, sources?);
    source::add_compiled(&mut sources, &resolved.compiled)?;
    let mut judged = Judge::new(metadata, config, &sources, today).judge(&resolved);
    judged.findings.extend(edges);
    let mut items = Items::new(metadata, &sources);
    exempt::apply(&mut judged, metadata, config, &mut items, today)?;
    let allowances = allowances::all(metadata, config, &sources);
    judged.findings.extend(allowances::too_many(&allowances, config));
    judged.sort();
    Ok((judged, items, Coverage::new(metadata, &sources, &resolved, started)))
}

/// Reports, and says what the exit code is.
fn conclude(
    options: &LintOptions,
    placed: &mut [Placed],
    (metadata, config): (&Workspace, &Config),
    coverage: &Coverage,
    stale: usize,
) -> Result<Verdict, Failure> {
    let (mut denied, mut warned) = (0, 0);
    for one in placed.iter_mut().filter(|one| one.suppression.is_none()) {
        if options.warnings_denied || one.finding.level == Level::Deny {
            one.finding.level = Level::Deny;
            denied += 1;
        } else {
            warned += 1;
        }
    }
    let human = [Output { format: Format::Human, file: None }];
    let outputs = if options.outputs.is_empty() { &human[..] } else { &options.outputs };
    report::write(outputs, placed, &metadata.root, config)?;
    coverage.print(denied, warned)?;
    let mut code = if denied > 0 { Verdict::Findings } else { Verdict::Clean };
    if stale > 0 {
        writeln!(
            io::stderr().lock(),
            "lint: the baseline is stale: {stale} of its findings are gone; \
             `--write-baseline` takes them out"
        )?;
        if options.baseline.as_ref().is_some_and(|baseline| baseline.mode == Mode::Locked) {
            code = Verdict::Findings;
        }
    }
    Ok(code)
}
