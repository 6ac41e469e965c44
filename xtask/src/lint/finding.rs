//! One finding, in the order in which findings are reported.

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
