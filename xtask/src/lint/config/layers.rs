//! `[layers]`: which crate may depend on which.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::value::{Read, entries, mistake};

/// Which crate may depend on which.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// The crates of each layer, lowest first.
    pub(crate) order: Vec<Vec<String>>,
    /// Crates that may be used as a dev-dependency only.
    pub(crate) dev_only: Vec<String>,
    /// Crates without an edge to or from any other crate of the workspace.
    pub(crate) standalone: Vec<String>,
    /// Whether dev-dependencies keep the order as well.
    pub(crate) dev_denied: bool,
    /// Crate -> the only workspace crates it may use.
    pub(crate) may_use: BTreeMap<String, Vec<String>>,
    /// Crate -> packages that it may not use (normal and build; `*` at the end of a name is a glob).
    pub(crate) forbid: BTreeMap<String, Vec<String>>,
    /// Crate -> packages that it may not bring along, by whatever way.
    pub(crate) forbid_transitive: BTreeMap<String, Vec<String>>,
    /// Package -> the only workspace crates that may use it, in any table.
    pub(crate) only: BTreeMap<String, Vec<String>>,
}

impl Layers {
    pub(super) fn read(table: &DeTable<'_>) -> Read<Layers> {
        let mut layers = Layers::default();
        for entry in entries(table) {
            match entry.key {
                "order" => layers.order = entry.lists()?,
                "dev-only" => layers.dev_only = entry.names()?,
                "standalone" => layers.standalone = entry.names()?,
                "dev" => {
                    layers.dev_denied = match entry.text()? {
                        "allow" => false,
                        "deny" => true,
                        _ => return mistake(entry.at, "`dev` is \"allow\" or \"deny\""),
                    };
                }
                "may-use" => layers.may_use = lists(entry.table()?)?,
                "forbid" => layers.forbid = lists(entry.table()?)?,
                "forbid-transitive" => layers.forbid_transitive = lists(entry.table()?)?,
                "only" => layers.only = lists(entry.table()?)?,
                _ => return entry.unknown("layers"),
            }
        }
        Ok(layers)
    }

    /// Every crate name that the layers speak of as one of this workspace's own.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &String> {
        let lists = self.may_use.values().chain(self.only.values()).flatten();
        let keys = self.may_use.keys().chain(self.forbid.keys());
        let keys = keys.chain(self.forbid_transitive.keys());
        let groups = self.order.iter().flatten().chain(&self.dev_only).chain(&self.standalone);
        groups.chain(lists).chain(keys)
    }
}

fn lists(table: &DeTable<'_>) -> Read<BTreeMap<String, Vec<String>>> {
    entries(table).into_iter().map(|entry| Ok((entry.key.to_owned(), entry.names()?))).collect()
}
