//! A new member of a workspace, added to its root manifest as `cargo new` would.

use std::fs;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::say;
use crate::failure::Failure;
use crate::lint::meta::Workspace;

/// Makes `xtask` a member, or says how.
pub(super) fn add_member(root: &Path) -> Result<(), Failure> {
    if Workspace::load(root, false)?.members.iter().any(|member| member.name == "xtask") {
        return Ok(());
    }
    let path = root.join("Cargo.toml");
    let text = fs::read_to_string(&path)?;
    match with_member(&text) {
        Some(changed) => {
            fs::write(&path, changed)?;
            say("added xtask to the members in Cargo.toml")?;
        }
        None => say("add \"xtask\" to `members` in `[workspace]` of Cargo.toml")?,
    }
    Ok(())
}

/// The manifest with one member more, everything else as it was.
pub(super) fn with_member(text: &str) -> Option<String> {
    let manifest = DeTable::parse(text).ok()?;
    let Some(workspace) = manifest.get_ref().get("workspace") else {
        return Some(format!("{}\n\n[workspace]\nmembers = [\"xtask\"]\n", text.trim_end()));
    };
    let DeValue::Table(workspace) = workspace.get_ref() else { return None };
    let members = workspace.get("members")?;
    let list = members.get_ref().as_array()?;
    let start = members.span().start;
    let (before, behind) = text.split_at(start + 1);
    if !before.ends_with('[') {
        return None;
    }
    let several_lines = text[members.span()].contains('\n');
    let member = match (several_lines, list.is_empty()) {
        (true, _) => "\n    \"xtask\",",
        (false, true) => "\"xtask\"",
        (false, false) => "\"xtask\", ",
    };
    Some(format!("{before}{member}{behind}"))
}
