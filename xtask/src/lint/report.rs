//! Writing findings and rules, for people and for programs.

use std::collections::BTreeSet;
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
            "code": finding.rule.code,
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
        "{:<34} {:<6} {:<11} {:<6} {:<8} {:<7} {:>5}",
        "rule", "code", "production", "tests", "examples", "benches", "paths"
    )?;
    for rule in rules::ALL {
        let levels = rule.levels;
        writeln!(
            out,
            "{:<34} {:<6} {:<11} {:<6} {:<8} {:<7} {:>5}",
            rule.id,
            rule.code,
            levels.production.name(),
            levels.test.name(),
            levels.example.name(),
            levels.bench.name(),
            rule.functions().count() + rule.macros.len() + rule.types.len()
        )?;
    }
    Ok(())
}

/// Everything there is to say about one rule.
pub(crate) fn explain(out: &mut impl Write, rule: &Rule) -> io::Result<()> {
    let Rule { code, id, message, explain, hint, levels, .. } = rule;
    writeln!(out, "{code} {id}: {message}\n\n{explain}\n\nInstead: {hint}\n")?;
    writeln!(
        out,
        "Levels: production {}, tests {}, examples {}, benches {}",
        levels.production.name(),
        levels.test.name(),
        levels.example.name(),
        levels.bench.name()
    )?;
    let functions: BTreeSet<&str> = rule.functions().collect();
    let lists: [(&str, Vec<&str>); 4] = [
        ("Paths", functions.into_iter().collect()),
        ("Macros", rule.macros.to_vec()),
        ("Types", rule.types.to_vec()),
        ("Lints", rule.lints.to_vec()),
    ];
    for (title, paths) in lists.iter().filter(|(_, paths)| !paths.is_empty()) {
        writeln!(out, "\n{title}:")?;
        for path in paths {
            writeln!(out, "    {path}")?;
        }
    }
    Ok(())
}
