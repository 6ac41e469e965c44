//! `foundation-lint.toml`: what a workspace decides about its own lint.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::failure::Failure;
use crate::lint::rules::{self, Context, Level, LineLimits, Rule, Types};
use crate::lint::toml::{self, Entry};

pub(crate) const FILE: &str = "foundation-lint.toml";

/// The decisions of one workspace. Without a file there are none: every rule has its own level and no
/// layers are known.
#[derive(Debug, Default)]
pub(crate) struct Config {
    levels: BTreeMap<String, Level>,
    /// What the analysis compiles.
    pub(crate) features: Features,
    /// Paths that a rule bans beside its own.
    pub(crate) paths: Vec<(&'static Rule, String)>,
    pub(crate) layers: Option<Layers>,
    /// Traits and types that rules know by name.
    pub(crate) types: Types,
    pub(crate) line_limits: LineLimits,
}

/// The features that the analysis switches on. Code under others is not seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Features {
    #[default]
    All,
    Default,
    Named(Vec<String>),
}

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
    /// Package -> the only workspace crates that may use it, in any table.
    pub(crate) only: BTreeMap<String, Vec<String>>,
}

impl Config {
    /// Reads the file at the root of a workspace, if there is one.
    pub(crate) fn load(root: &Path) -> Result<Config, Failure> {
        match fs::read_to_string(root.join(FILE)) {
            Ok(text) => Config::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
            Err(error) => Err(Failure::unanalysed(format!("{FILE}: {error}"))),
        }
    }

    /// Reads a configuration; an unknown table, key, rule or level is an error.
    pub(crate) fn parse(text: &str) -> Result<Config, Failure> {
        let entries =
            toml::parse(text).map_err(|error| Failure::unanalysed(format!("{FILE}: {error}")))?;
        let mut config = Config::default();
        let mut version = false;
        for entry in &entries {
            version |= entry.table.is_empty() && entry.key == "version";
            config.apply(entry).map_err(|what| {
                Failure::unanalysed(format!("{FILE}: line {}: {what}", entry.line))
            })?;
        }
        if !version {
            return Err(Failure::unanalysed(format!("{FILE}: `version = 1` is missing")));
        }
        Ok(config)
    }

    /// The level of a rule in a context. A configured level replaces those contexts that are not
    /// `allow` by themselves, so that `deny` never drags a rule into tests; a rule that is off
    /// everywhere is switched on for production.
    pub(crate) fn level(&self, rule: &Rule, context: Context) -> Level {
        let own = rule.levels.of(context);
        match self.levels.get(rule.id) {
            None => own,
            Some(&level) if own != Level::Allow => level,
            Some(&level) => {
                let off =
                    rule.levels.production == Level::Allow && rule.levels.test == Level::Allow;
                if off && context == Context::Production { level } else { own }
            }
        }
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), String> {
        match (entry.table.as_str(), entry.key.as_str()) {
            ("", "version") if entry.value == toml::Value::Integer(1) => Ok(()),
            ("", "version") => Err("only version 1 is known".to_owned()),
            ("run", "features") => {
                self.features = match entry.value.text() {
                    Some("all") => Features::All,
                    Some("default") => Features::Default,
                    Some(_) => {
                        return Err("`features` is \"all\", \"default\" or an array".to_owned());
                    }
                    None => Features::Named(names(entry)?),
                };
                Ok(())
            }
            ("levels", id) => {
                let rule = known_rule(id)?;
                let level = entry.value.text().and_then(Level::named);
                let level = level.ok_or("a level is \"allow\", \"warn\" or \"deny\"")?;
                self.levels.insert(rule.id.to_owned(), level);
                Ok(())
            }
            ("paths", id) => {
                let rule = known_rule(id)?;
                for path in names(entry)? {
                    if !path.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                        return Err(format!("`{path}` is no path"));
                    }
                    self.paths.push((rule, path));
                }
                Ok(())
            }
            ("types", _) => types_entry(&mut self.types, entry),
            (table, _) if table == "layers" || table.starts_with("layers.") => {
                self.layers.get_or_insert_default().apply(entry)
            }
            (table, key) => Err(format!("unknown key `{key}` in `[{table}]`")),
        }
    }
}

impl Layers {
    fn apply(&mut self, entry: &Entry) -> Result<(), String> {
        match (entry.table.as_str(), entry.key.as_str()) {
            ("layers", "order") => {
                let groups = entry.value.list().ok_or("`order` is an array of arrays")?;
                for group in groups {
                    self.order.push(group.texts().ok_or("a layer is an array of crate names")?);
                }
            }
            ("layers", "dev-only") => self.dev_only = names(entry)?,
            ("layers", "standalone") => self.standalone = names(entry)?,
            ("layers", "dev") => match entry.value.text() {
                Some("allow") => self.dev_denied = false,
                Some("deny") => self.dev_denied = true,
                _ => return Err("`dev` is \"allow\" or \"deny\"".to_owned()),
            },
            ("layers.may-use", name) => {
                self.may_use.insert(name.to_owned(), names(entry)?);
            }
            ("layers.forbid", name) => {
                self.forbid.insert(name.to_owned(), names(entry)?);
            }
            ("layers.only", name) => {
                self.only.insert(name.to_owned(), names(entry)?);
            }
            (table, key) => return Err(format!("unknown key `{key}` in `[{table}]`")),
        }
        Ok(())
    }

    /// Every crate name that the layers speak of as one of this workspace's own.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &String> {
        let lists = self.may_use.values().chain(self.only.values()).flatten();
        let keys = self.may_use.keys().chain(self.forbid.keys());
        let groups = self.order.iter().flatten().chain(&self.dev_only).chain(&self.standalone);
        groups.chain(lists).chain(keys)
    }
}

/// `[types]`: each list replaces the built-in one.
fn types_entry(types: &mut Types, entry: &Entry) -> Result<(), String> {
    let list = types.list(&entry.key);
    let list = list.ok_or_else(|| format!("unknown key `{}` in `[types]`", entry.key))?;
    *list = names(entry)?;
    Ok(())
}

fn known_rule(id: &str) -> Result<&'static Rule, String> {
    rules::named(id).ok_or_else(|| format!("unknown rule `{id}`"))
}

fn names(entry: &Entry) -> Result<Vec<String>, String> {
    entry.value.texts().ok_or_else(|| format!("`{}` is an array of names", entry.key))
}

#[cfg(test)]
mod tests;
