//! Every exception of a workspace, and how many there may be.

use std::io::{self, Write};

use serde_json::json;

use crate::lint::config::Config;
use crate::lint::date::Date;
use crate::lint::finding::Finding;
use crate::lint::meta::Workspace;
use crate::lint::rules::{Context, Level, TOO_MANY_ALLOWS};
use crate::lint::source::Sources;

/// One exception, wherever it is written.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Allowance {
    path: String,
    line: usize,
    column: usize,
    rules: Vec<&'static str>,
    reason: String,
    until: Option<Date>,
    /// The package or item, for one in the configuration.
    of: Option<String>,
}

/// All exceptions: in the code by place, and then those of the configuration.
pub(crate) fn all(metadata: &Workspace, config: &Config, sources: &Sources) -> Vec<Allowance> {
    let mut allowances = Vec::new();
    for (file, source) in sources {
        for directive in &source.scan.directives {
            allowances.push(Allowance {
                path: metadata.relative(file),
                line: directive.at.line,
                column: directive.at.column,
                rules: directive.rules.clone(),
                reason: directive.reason.clone(),
                until: directive.until,
                of: None,
            });
        }
    }
    allowances.sort();
    allowances.extend(config.exempt.iter().map(|exempt| Allowance {
        path: config.file.to_owned(),
        line: exempt.line,
        column: 1,
        rules: vec![exempt.rule.id],
        reason: exempt.reason.clone(),
        until: exempt.until,
        of: Some(exempt.item.as_ref().unwrap_or(&exempt.package).clone()),
    }));
    allowances
}

/// `path:line:col rules: reason (until DATE)`, one a line.
pub(crate) fn human(out: &mut impl Write, all: &[Allowance], today: Date) -> io::Result<()> {
    for Allowance { path, line, column, rules, reason, until, of } in all {
        let of = of.as_ref().map(|of| format!(" in {of}")).unwrap_or_default();
        let until = until.map_or(String::new(), |until| {
            format!(" ({} {until})", if until < today { "ended" } else { "until" })
        });
        writeln!(out, "{path}:{line}:{column} {}{of}: {reason}{until}", rules.join(", "))?;
    }
    Ok(())
}

/// The same, one object a line.
pub(crate) fn json(out: &mut impl Write, all: &[Allowance]) -> io::Result<()> {
    for allowance in all {
        let object = json!({
            "file": allowance.path,
            "line": allowance.line,
            "col": allowance.column,
            "rules": allowance.rules,
            "reason": allowance.reason,
            "until": allowance.until.map(|until| until.to_string()),
            "item": allowance.of,
        });
        writeln!(out, "{object}")?;
    }
    Ok(())
}

/// The finding for more exceptions than were agreed on.
pub(crate) fn too_many(all: &[Allowance], config: &Config) -> Option<Finding> {
    let limit = config.max_allows?;
    let level = config.level(&TOO_MANY_ALLOWS, Context::Production);
    (all.len() > limit.count && level > Level::Allow).then(|| Finding {
        path: config.file.to_owned(),
        line: limit.line,
        column: 1,
        rule: &TOO_MANY_ALLOWS,
        level,
        message: format!("{} exceptions, and `max-allows` is {}", all.len(), limit.count),
        note: None,
        stands_for: Vec::new(),
    })
}
