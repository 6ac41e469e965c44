//! `layer_violation`: the declared dependencies of every member against the configured layers.

mod transitive;

use std::fs;

use crate::failure::Failure;
use crate::lint::config::{Config, FILE, Layers};
use crate::lint::finding::Finding;
use crate::lint::meta::{Dependency, DependencyKind, Member, Workspace};
use crate::lint::rules::{Context, LAYER_VIOLATION, Level};

/// Every edge that the layers forbid, and every member that no layer names.
pub(crate) fn check(
    metadata: &Workspace,
    config: &Config,
    locked: bool,
) -> Result<Vec<Finding>, Failure> {
    let level = config.level(&LAYER_VIOLATION, Context::Production);
    let (Some(layers), true) = (&config.layers, level > Level::Allow) else {
        return Ok(Vec::new());
    };
    reject_unknown_names(metadata, layers)?;
    let mut findings = Vec::new();
    for member in &metadata.members {
        let manifest = fs::read_to_string(&member.manifest)?;
        let mut report = |line: usize, message: String| {
            findings.push(Finding {
                path: metadata.relative(&member.manifest),
                line,
                column: 1,
                rule: &LAYER_VIOLATION,
                level,
                message,
                note: None,
                stands_for: Vec::new(),
            });
        };
        if !layers.places(&member.name) {
            report(1, format!("`{}` is in no layer", member.name));
        }
        for dependency in &member.dependencies {
            if let Some(message) = layers.judge(member, dependency) {
                report(line_of(&manifest, dependency), message);
            }
        }
        if let Some(globs) = layers.forbid_transitive.get(&member.name) {
            for way in transitive::ways(metadata, member, globs, locked)? {
                let declares = |edge: &&Dependency| {
                    edge.package == way.first() && edge.kind != DependencyKind::Dev
                };
                let declared = member.dependencies.iter().find(declares);
                let line = declared.map_or(1, |edge| line_of(&manifest, edge));
                let (to, way) = (way.packages.last(), way.packages.join(" -> "));
                let to = to.map_or("", String::as_str);
                report(line, format!("`{}` must not bring `{to}` along: {way}", member.name));
            }
        }
    }
    Ok(findings)
}

/// A layer of a crate that does not exist protects nothing: most likely the crate was renamed.
fn reject_unknown_names(metadata: &Workspace, layers: &Layers) -> Result<(), Failure> {
    let known = |name: &str| {
        metadata.members.iter().any(|member| {
            member.name == name || member.dependencies.iter().any(|edge| edge.package == name)
        })
    };
    match layers.own_names().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(Failure::unanalysed(format!(
            "{FILE}: the layers name `{name}`, which is neither a member nor a dependency of one"
        ))),
    }
}

impl Layers {
    fn rank(&self, name: &str) -> Option<usize> {
        self.order.iter().position(|layer| layer.iter().any(|other| other == name))
    }

    fn places(&self, name: &str) -> bool {
        self.rank(name).is_some() || has(&self.dev_only, name) || has(&self.standalone, name)
    }

    /// Why this edge is forbidden, if it is.
    fn judge(&self, member: &Member, edge: &Dependency) -> Option<String> {
        let (from, to) = (member.name.as_str(), edge.package.as_str());
        if from == to {
            return None;
        }
        self.judge_lists(from, to, edge.kind).or_else(|| self.judge_order(from, to, edge.kind))
    }

    fn judge_lists(&self, from: &str, to: &str, kind: DependencyKind) -> Option<String> {
        if kind != DependencyKind::Dev
            && self.forbid.get(from).is_some_and(|list| list.iter().any(|glob| matches(glob, to)))
        {
            return Some(format!("`{from}` must not depend on `{to}`"));
        }
        if let Some(users) = self.only.get(to)
            && !has(users, from)
        {
            return Some(format!("`{to}` may be used by {} only, not by `{from}`", quoted(users)));
        }
        if let Some(allowed) = self.may_use.get(from)
            && self.places(to)
            && !has(allowed, to)
        {
            return Some(format!("`{from}` may use {} only, not `{to}`", quoted(allowed)));
        }
        None
    }

    fn judge_order(&self, from: &str, to: &str, kind: DependencyKind) -> Option<String> {
        if !self.places(to) {
            return None;
        }
        if has(&self.standalone, from) || has(&self.standalone, to) {
            return Some(format!(
                "`{from}` depends on `{to}`, but a standalone crate has no edge to another one"
            ));
        }
        if has(&self.dev_only, to) {
            let fine = kind == DependencyKind::Dev || has(&self.dev_only, from);
            return (!fine).then(|| {
                format!("`{from}` depends on `{to}`, which is for dev-dependencies only")
            });
        }
        if kind == DependencyKind::Dev && !self.dev_denied {
            return None;
        }
        let (own, other) = (self.rank(from)?, self.rank(to)?);
        (own <= other).then(|| {
            let way = if own == other { "sideways" } else { "upward" };
            format!("`{from}` (layer {own}) depends {way} on `{to}` (layer {other})")
        })
    }
}

fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|other| other == name)
}

/// Whether a name, or a name that ends in `*`, matches a package.
pub(crate) fn matches(glob: &str, name: &str) -> bool {
    match glob.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => glob == name,
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The line that declares a dependency, or the first line where it cannot be told.
fn line_of(manifest: &str, edge: &Dependency) -> usize {
    let declares = |line: &str| {
        let line = line.trim_start();
        let header = line.strip_prefix('[').is_some_and(|header| {
            let name = header.split(']').next().unwrap_or_default();
            name.rsplit_once('.').is_some_and(|(table, key)| {
                table.ends_with("dependencies") && key.trim_matches('"') == edge.key
            })
        });
        let unquoted = line.trim_start_matches('"');
        let key = unquoted
            .strip_prefix(edge.key.as_str())
            .is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(['=', '.']));
        header || key
    };
    let in_table = |table: &str| match edge.kind {
        DependencyKind::Dev => table.contains("dev-dependencies"),
        DependencyKind::Build => table.contains("build-dependencies"),
        DependencyKind::Normal => {
            table.contains("dependencies")
                && !table.contains("dev-dep")
                && !table.contains("build-dep")
        }
    };
    let mut table = "";
    for (index, line) in manifest.lines().enumerate() {
        if line.trim_start().starts_with('[') {
            table = line.trim();
        }
        if in_table(table) && declares(line) {
            return index + 1;
        }
    }
    1
}

#[cfg(test)]
mod tests;
