//! What there is to say about the rules themselves.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::lint::config::Config;
use crate::lint::rules::{self, Rule};

/// A table of all rules and their levels.
pub(crate) fn list_rules(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<35} {:<7} {:<11} {:<6} {:<8} {:<7} {:>5}",
        "rule", "code", "production", "tests", "examples", "benches", "paths"
    )?;
    for rule in rules::all() {
        let levels = rule.levels;
        writeln!(
            out,
            "{:<35} {:<7} {:<11} {:<6} {:<8} {:<7} {:>5}",
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

/// Everything there is to say about one rule, and what the workspace here decides about it.
pub(crate) fn explain(
    out: &mut impl Write,
    rule: &Rule,
    config: Option<&Config>,
) -> io::Result<()> {
    writeln!(
        out,
        "{} ({}): {}\n\n{}\n\nInstead: {}",
        rule.id,
        rule.code,
        rule.message,
        rule.explain,
        config.map_or(rule.hint, |config| config.hint(rule))
    )?;
    let levels = rule.levels;
    writeln!(
        out,
        "\nLevels: production {}, tests {}, examples {}, benches {}",
        levels.production.name(),
        levels.test.name(),
        levels.example.name(),
        levels.bench.name()
    )?;
    let decisions = config.map(|config| decisions(rule, config)).unwrap_or_default();
    if !decisions.is_empty() {
        writeln!(out, "\nIn this workspace:")?;
    }
    for decision in decisions {
        writeln!(out, "  {decision}")?;
    }
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

fn decisions(rule: &Rule, config: &Config) -> Vec<String> {
    let mut decisions = Vec::new();
    if let Some(sizes) = config.thresholds(rule) {
        decisions.push(format!("warns from {}, denies from {}", sizes.warn, sizes.deny));
    }
    for (other, path) in &config.paths {
        decisions.extend((other.id == rule.id).then(|| format!("bans `{path}` as well")));
    }
    for (other, path) in &config.unbanned {
        decisions.extend((other.id == rule.id).then(|| format!("does not ban `{path}`")));
    }
    for exempt in config.exempt.iter().filter(|exempt| exempt.rule.id == rule.id) {
        let of = exempt.item.as_ref().unwrap_or(&exempt.package);
        decisions.push(format!("not in force in {of}: {}", exempt.reason));
    }
    let types = match rule.id {
        "monitor_leak" => &config.types.monitor,
        "telemetry_control_flow" => &config.types.sinks,
        "stateful_agent_without_persistence" => &config.types.agents,
        _ => return decisions,
    };
    decisions.extend(types.iter().map(|name| format!("knows the type `{name}`")));
    if rule.id == "stateful_agent_without_persistence" {
        let durable = config.types.durable.iter();
        decisions.extend(durable.map(|name| format!("takes `{name}` for durable")));
    }
    decisions
}
