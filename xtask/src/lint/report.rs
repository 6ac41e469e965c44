//! Writing findings and rules, for people and for programs.

use std::io::{self, Write};

use serde_json::json;

use crate::lint::finding::Finding;
use crate::lint::rules::{self, Level, Rule};

/// One line a finding: `path:line:col RULE message (help: ..)`.
pub(crate) fn human(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let Finding { path, line, column, rule, message, .. } = finding;
        let level = if finding.level == Level::Warn { "warning: " } else { "" };
        let note = finding.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
        let hint = rule.hint;
        writeln!(out, "{path}:{line}:{column} {} {level}{message} (help: {hint}{note})", rule.id)?;
    }
    Ok(())
}

/// One JSON object a line, with the same order and content.
pub(crate) fn json(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let object = json!({
            "schema": 1,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
            "rule": finding.rule.id,
            "level": finding.level.name(),
            "message": finding.message,
            "hint": finding.rule.hint,
            "note": finding.note,
        });
        writeln!(out, "{object}")?;
    }
    Ok(())
}

/// A table of all rules and their levels.
pub(crate) fn list_rules(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<20} {:<11} {:<6} {:<8} {:<6} {:>5}",
        "rule", "production", "tests", "examples", "benches", "paths"
    )?;
    for rule in rules::ALL {
        let levels = rule.levels;
        writeln!(
            out,
            "{:<20} {:<11} {:<6} {:<8} {:<7} {:>5}",
            rule.id,
            levels.production.name(),
            levels.test.name(),
            levels.example.name(),
            levels.bench.name(),
            rule.paths.len()
        )?;
    }
    Ok(())
}

/// Everything there is to say about one rule.
pub(crate) fn explain(out: &mut impl Write, rule: &Rule) -> io::Result<()> {
    writeln!(out, "{}: {}\n\n{}\n\nInstead: {}", rule.id, rule.message, rule.explain, rule.hint)?;
    if !rule.paths.is_empty() {
        writeln!(out, "\nPaths:")?;
    }
    for path in rule.paths {
        writeln!(out, "    {path}")?;
    }
    Ok(())
}
