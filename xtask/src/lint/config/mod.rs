//! `foundation-lint.toml`: what a workspace decides about its own lint.

mod layers;
mod read;
mod value;

use std::collections::BTreeMap;

use crate::lint::date::Date;
use crate::lint::rules::{Context, Level, Rule, Types};

pub(crate) use layers::Layers;
pub(crate) use read::FILE;

/// The decisions of one workspace. Without a file there are none: every rule has its own level and no
/// layers are known.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file that holds the decisions, relative to the root of the workspace.
    pub(crate) file: &'static str,
    levels: BTreeMap<&'static str, Level>,
    thresholds: BTreeMap<&'static str, Thresholds>,
    /// What the analysis compiles: one build for each set. The findings of all are one report.
    pub(crate) feature_sets: Vec<FeatureSet>,
    pub(crate) target: TargetFolder,
    /// How many exceptions there may be, and the line that says so.
    pub(crate) max_allows: Option<Limit>,
    /// Paths that a rule bans beside its own.
    pub(crate) paths: Vec<(&'static Rule, String)>,
    /// Paths that a rule bans and this workspace does not.
    pub(crate) unbanned: Vec<(&'static Rule, String)>,
    pub(crate) exempt: Vec<Exempt>,
    /// What to write instead, where the workspace has something better than the rule.
    pub(crate) hints: BTreeMap<&'static str, String>,
    /// Traits and types that rules know by name.
    pub(crate) types: Types,
    pub(crate) layers: Option<Layers>,
}

/// Arguments for cargo: `--all-features`, or what stands behind `--features`.
pub(crate) type FeatureSet = Vec<String>;

/// Where the analysis builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetFolder {
    /// In the folder of every other build: what is built once serves both.
    Shared,
    /// In a folder of its own: plain clippy and the lint never wait for nor evict each other.
    Own,
}

/// A number and the line that sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) count: usize,
    pub(crate) line: usize,
}

/// The sizes from which a rule about size warns and denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thresholds {
    pub(crate) warn: usize,
    pub(crate) deny: usize,
}

/// A package, or an item of it, in which a rule is not in force.
#[derive(Debug)]
pub(crate) struct Exempt {
    pub(crate) rule: &'static Rule,
    pub(crate) package: String,
    /// `crate::module::item`; everything below it is exempt.
    pub(crate) item: Option<String>,
    pub(crate) reason: String,
    pub(crate) until: Option<Date>,
    pub(crate) line: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            file: FILE,
            levels: BTreeMap::new(),
            thresholds: BTreeMap::new(),
            feature_sets: vec![vec!["--all-features".to_owned()]],
            target: TargetFolder::Shared,
            max_allows: None,
            paths: Vec::new(),
            unbanned: Vec::new(),
            exempt: Vec::new(),
            hints: BTreeMap::new(),
            types: Types::default(),
            layers: None,
        }
    }
}

impl Config {
    /// The level of a rule in a context. A configured level replaces those contexts that are not
    /// `allow` by themselves, so that `deny` never drags a rule into tests; a rule that is off
    /// everywhere is switched on for production.
    pub(crate) fn level(&self, rule: &Rule, context: Context) -> Level {
        let own = rule.levels.of(context);
        match self.levels.get(rule.id) {
            None => own,
            Some(&level) if own != Level::Allow => level,
            Some(&level) => {
                let off =
                    rule.levels.production == Level::Allow && rule.levels.test == Level::Allow;
                if off && context == Context::Production { level } else { own }
            }
        }
    }

    /// What to write instead of what a rule finds.
    pub(crate) fn hint(&self, rule: &Rule) -> &str {
        self.hints.get(rule.id).map_or(rule.hint, String::as_str)
    }

    /// The sizes that the workspace sets for a rule about size.
    pub(crate) fn thresholds(&self, rule: &Rule) -> Option<Thresholds> {
        self.thresholds.get(rule.id).copied()
    }

    /// The functions and methods that a rule watches by itself, without those that the workspace lets
    /// be used.
    pub(crate) fn functions<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'static str> {
        rule.functions().filter(|path| !self.unbans(rule, path))
    }

    /// Whether the workspace lets a rule's own path be used.
    fn unbans(&self, rule: &Rule, path: &str) -> bool {
        self.unbanned.iter().any(|(other, name)| other.id == rule.id && name == path)
    }
}

#[cfg(test)]
mod tests;
