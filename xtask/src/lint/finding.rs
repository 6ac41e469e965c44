//! One finding, in the order in which findings are reported, and what may keep it from being one.

use crate::lint::rules::{Level, Rule};

/// A place that breaks a rule.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// Relative to the workspace root, with `/`.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    pub(crate) message: String,
    /// Stands after the hint of the rule.
    pub(crate) note: Option<String>,
}

impl Finding {
    /// Reports are sorted by this, and two findings with the same key are one.
    pub(crate) fn key(&self) -> (&str, usize, usize, &str, &str) {
        (&self.path, self.line, self.column, self.rule.id, &self.message)
    }
}

/// A finding that does not count, and why.
#[derive(Debug, Clone)]
pub(crate) struct Suppressed {
    pub(crate) finding: Finding,
    pub(crate) by: Suppression,
}

/// Where it is said that a finding does not count.
#[derive(Debug, Clone)]
pub(crate) enum Suppression {
    /// A comment or an attribute, with its reason.
    InSource(String),
    /// The configuration, with its reason.
    Exempt(String),
    /// The baseline.
    Baseline,
}

/// What an analysis came to.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) suppressed: Vec<Suppressed>,
}

impl Judged {
    /// Puts both lists into their order, each place once.
    pub(crate) fn sort(&mut self) {
        self.findings.sort_by(|a, b| a.key().cmp(&b.key()));
        self.findings.dedup_by(|a, b| a.key() == b.key());
        self.suppressed.sort_by(|a, b| a.finding.key().cmp(&b.finding.key()));
        self.suppressed.dedup_by(|a, b| a.finding.key() == b.finding.key());
    }
}
