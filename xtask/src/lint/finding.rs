//! One finding, in the order in which findings are reported, and what may keep it from being one.

use std::collections::BTreeMap;

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
    /// The rules that would find something here, had it been compiled.
    pub(crate) stands_for: Vec<&'static str>,
}

/// Path, line and column.
type Spot = (String, usize, usize);

impl Finding {
    fn place(&self) -> Spot {
        (self.path.clone(), self.line, self.column)
    }

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
    /// Makes one finding of two rules at one place: one defect with one cure. The second stays a
    /// finding of its own where the first is none or weighs less.
    pub(crate) fn fold(&mut self, kept: &Rule, folded: &Rule) {
        let levels = |rule: &Rule| {
            let own = self.findings.iter().filter(|one| one.rule.id == rule.id);
            own.map(|one| (one.place(), one.level)).collect::<BTreeMap<_, _>>()
        };
        let (keeping, folding) = (levels(kept), levels(folded));
        let both = |place: &Spot| {
            let levels = keeping.get(place).zip(folding.get(place));
            levels.is_some_and(|(kept, folded)| kept >= folded)
        };
        self.findings.retain(|one| one.rule.id != folded.id || !both(&one.place()));
        for one in self.findings.iter_mut().filter(|one| one.rule.id == kept.id) {
            if both(&one.place()) {
                one.message.push_str(", and ");
                one.message.push_str(folded.message);
            }
        }
    }

    /// Puts both lists into their order, each place once.
    pub(crate) fn sort(&mut self) {
        self.findings.sort_by(|a, b| a.key().cmp(&b.key()));
        self.findings.dedup_by(|a, b| a.key() == b.key());
        self.suppressed.sort_by(|a, b| a.finding.key().cmp(&b.finding.key()));
        self.suppressed.dedup_by(|a, b| a.finding.key() == b.finding.key());
    }
}
