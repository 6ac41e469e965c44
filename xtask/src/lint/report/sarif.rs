//! SARIF 2.1.0, the form that code scanning services read.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::help;
use crate::lint::config::Config;
use crate::lint::finding::Suppression;
use crate::lint::outcome::Placed;
use crate::lint::rules::{self, Level, Rule};

/// One run with every rule, every finding, and every suppressed finding with its justification.
pub(super) fn write(out: &mut impl Write, placed: &[Placed], config: &Config) -> io::Result<()> {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "foundation-lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules::all().iter().map(|rule| descriptor(rule, config)).collect::<Vec<_>>(),
            } },
            "invocations": [{ "executionSuccessful": true }],
            "originalUriBaseIds": {
                "%SRCROOT%": { "description": { "text": "The root of the workspace." } },
            },
            "columnKind": "unicodeCodePoints",
            "results": placed.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    writeln!(out, "{log:#}")
}

fn descriptor(rule: &Rule, config: &Config) -> Value {
    let levels = rule.levels;
    let strictest = levels.production.max(levels.test).max(levels.example).max(levels.bench);
    json!({
        "id": rule.code,
        "name": rule.id,
        "shortDescription": { "text": format!("{}: {}", rule.id, rule.message) },
        "fullDescription": { "text": rule.explain },
        "help": { "text": format!("Instead: {}\n\n{}", config.hint(rule), rule.explain) },
        "defaultConfiguration": {
            "enabled": strictest > Level::Allow,
            "level": level(strictest.max(Level::Warn)),
        },
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Allow => "none",
        Level::Warn => "warning",
        Level::Deny => "error",
    }
}

fn result(placed: &Placed) -> Value {
    let finding = &placed.finding;
    let index = rules::all().iter().position(|rule| rule.id == finding.rule.id);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.path), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": finding.line, "startColumn": finding.column },
        },
    });
    if !placed.item.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": placed.item }]);
    }
    let mut result = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": index,
        "level": level(finding.level),
        "message": { "text": format!("{} (help: {})", finding.message, help(placed)) },
        "locations": [location],
        "partialFingerprints": { "foundationLint/v1": placed.fingerprint() },
    });
    if let Some(suppression) = &placed.suppression {
        let (kind, justification) = match suppression {
            Suppression::InSource(reason) => ("inSource", reason.as_str()),
            Suppression::Exempt(reason) => ("external", reason.as_str()),
            Suppression::Baseline => ("external", "in the baseline"),
        };
        result["suppressions"] = json!([{ "kind": kind, "justification": justification }]);
    }
    result
}

/// A path as a relative reference (RFC 3986).
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    uri
}
