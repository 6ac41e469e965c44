//! How a manifest of a member is written.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{Complaint, Files};

/// A member takes the lints of the workspace; what two members use has one version; no member has a configuration that would
/// take the place of the one in the root.
pub(super) fn complaints(files: &Files, folders: &[String]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    // Package -> the manifests that give it a version of their own.
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in folders {
        let below = |name: &str| match folder.as_str() {
            "" => name.to_owned(),
            _ => format!("{folder}/{name}"),
        };
        for own in ["clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml"] {
            let path = below(own);
            if !folder.is_empty() && files.contains_key(&path) {
                complaints.push(Complaint::new(&path, 1, "takes the place of the one in the root"));
            }
        }
        let path = below("Cargo.toml");
        let Some(text) = files.get(&path) else { continue };
        let Ok(manifest) = DeTable::parse(text) else {
            complaints.push(Complaint::new(&path, 1, "is no TOML"));
            continue;
        };
        let manifest = manifest.get_ref();
        if !is_true(table(manifest, "lints").and_then(|lints| lints.get("workspace"))) {
            complaints.push(Complaint::new(&path, 1, "lacks `[lints] workspace = true`"));
        }
        for dependencies in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (name, value) in table(manifest, dependencies).into_iter().flatten() {
                if has_version(value.get_ref()) {
                    let name = name.get_ref().clone().into_owned();
                    versions.entry(name).or_default().push(path.clone());
                }
            }
        }
    }
    for (name, manifests) in versions.iter().filter(|(_, manifests)| manifests.len() > 1) {
        for path in manifests {
            let line = files[path].lines().position(|line| line.starts_with(name.as_str()));
            let what =
                format!("`{name}` has a version here and elsewhere: it belongs to the workspace");
            complaints.push(Complaint::new(path, line.map_or(1, |line| line + 1), what));
        }
    }
    complaints
}

fn table<'a, 'i>(around: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    match around.get(key)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn is_true(value: Option<&toml::Spanned<DeValue<'_>>>) -> bool {
    value.is_some_and(|value| matches!(value.get_ref(), DeValue::Boolean(true)))
}

fn has_version(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(_) => true,
        DeValue::Table(table) => table.contains_key("version"),
        _ => false,
    }
}
