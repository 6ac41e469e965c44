//! From the file to the decisions; whatever is not understood is an error with its line.

use std::fs;
use std::io;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::value::{Entry, Read, entries, mistake};
use super::{Config, Exempt, Layers, Limit, TargetFolder, Thresholds};
use crate::failure::Failure;
use crate::lint::date::Date;
use crate::lint::rules::{self, Level, Rule};

pub(crate) const FILE: &str = "foundation-lint.toml";
const MANIFEST: &str = "Cargo.toml";
/// As in a comment: a shorter reason explains nothing.
const REASON_LENGTH_MIN: usize = 10;
/// The rules whose level is a size.
const SIZED: [&str; 1] = ["god_module"];

impl Config {
    /// Reads the file at the root of a workspace, or `[workspace.metadata.foundation-lint]` of its
    /// manifest. Without either there are no decisions; both is an error.
    pub(crate) fn load(root: &Path) -> Result<Config, Failure> {
        let own = read(root, FILE)?;
        let manifest = read(root, MANIFEST)?.filter(|text| text.contains("foundation-lint"));
        let in_manifest = manifest.as_deref().map_or(Ok(None), from_manifest)?;
        match (own, in_manifest) {
            (None, None) => Ok(Config::default()),
            (Some(text), None) => Config::parse(&text),
            (None, Some(config)) => Ok(config),
            (Some(_), Some(_)) => Err(Failure::unanalysed(format!(
                "{FILE} and `[workspace.metadata.foundation-lint]` both configure the lint"
            ))),
        }
    }

    /// Reads a configuration; an unknown table, key, rule or level is an error.
    pub(crate) fn parse(text: &str) -> Result<Config, Failure> {
        let table = DeTable::parse(text).map_err(|error| broken(FILE, text, &error))?;
        whole(FILE, text, table.get_ref(), 0)
    }
}

fn read(root: &Path, name: &str) -> Result<Option<String>, Failure> {
    match fs::read_to_string(root.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::unanalysed(format!("{name}: {error}"))),
    }
}

fn from_manifest(text: &str) -> Result<Option<Config>, Failure> {
    let manifest = DeTable::parse(text).map_err(|error| broken(MANIFEST, text, &error))?;
    let mut at = manifest.span().start;
    let mut table = manifest.get_ref();
    for name in ["workspace", "metadata", "foundation-lint"] {
        match table.get(name).map(|value| (value.span().start, value.get_ref())) {
            Some((start, DeValue::Table(inner))) => (at, table) = (start, inner),
            Some(_) | None => return Ok(None),
        }
    }
    whole(MANIFEST, text, table, at).map(Some)
}

fn broken(file: &str, text: &str, error: &toml::de::Error) -> Failure {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    Failure::unanalysed(format!("{file}:{line}: {}", error.message()))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

fn whole(
    file: &'static str,
    text: &str,
    table: &DeTable<'_>,
    at: usize,
) -> Result<Config, Failure> {
    let mut reader = Reader { text, config: Config { file, ..Config::default() }, version: false };
    let read = entries(table).iter().try_for_each(|entry| reader.top(entry));
    let read = match read {
        Ok(()) if !reader.version => mistake(at, "`version = 1` is missing"),
        read => read,
    };
    match read {
        Ok(()) => Ok(reader.config),
        Err(mistake) => Err(Failure::unanalysed(format!(
            "{file}:{}: {}",
            line_of(text, mistake.at),
            mistake.what
        ))),
    }
}

struct Reader<'a> {
    text: &'a str,
    config: Config,
    version: bool,
}

impl Reader<'_> {
    fn top(&mut self, entry: &Entry<'_, '_>) -> Read<()> {
        match entry.key {
            "version" if entry.number()? == 1 => self.version = true,
            "version" => return mistake(entry.at, "only version 1 is known"),
            "run" => self.run(entry.table()?)?,
            "levels" => {
                for level in entries(entry.table()?) {
                    self.level(&level)?;
                }
            }
            "paths" => {
                for (at, table) in entry.tables()? {
                    self.paths(at, table)?;
                }
            }
            "exempt" => {
                for (at, table) in entry.tables()? {
                    let exempt = self.exempt(at, table)?;
                    self.config.exempt.push(exempt);
                }
            }
            "hints" => {
                for hint in entries(entry.table()?) {
                    self.hint(&hint)?;
                }
            }
            "types" => self.types(entry.table()?)?,
            "layers" => self.config.layers = Some(Layers::read(entry.table()?)?),
            key => return mistake(entry.at, format!("unknown key `{key}`")),
        }
        Ok(())
    }

    fn run(&mut self, table: &DeTable<'_>) -> Read<()> {
        for entry in entries(table) {
            match entry.key {
                "feature-sets" => {
                    let sets = entry.lists()?;
                    if sets.is_empty() {
                        return mistake(entry.at, "without a feature set nothing is analysed");
                    }
                    for word in sets.iter().flatten() {
                        feature(word).map_or(Ok(()), |what| mistake(entry.at, what))?;
                    }
                    self.config.feature_sets = sets;
                }
                "target-dir" => {
                    self.config.target = match entry.text()? {
                        "shared" => TargetFolder::Shared,
                        "own" => TargetFolder::Own,
                        _ => return mistake(entry.at, "`target-dir` is \"shared\" or \"own\""),
                    };
                }
                "max-allows" => {
                    let line = line_of(self.text, entry.at);
                    self.config.max_allows = Some(Limit { count: entry.number()?, line });
                }
                _ => return entry.unknown("run"),
            }
        }
        Ok(())
    }

    fn level(&mut self, entry: &Entry<'_, '_>) -> Read<()> {
        let rule = rule(entry.at, entry.key)?;
        if let DeValue::Table(sizes) = entry.value.get_ref() {
            if !SIZED.contains(&rule.id) {
                return mistake(entry.at, format!("`{}` is not about sizes", rule.id));
            }
            self.config.thresholds.insert(rule.id, thresholds(entry.at, sizes)?);
            return Ok(());
        }
        let Some(level) = entry.text().ok().and_then(Level::named) else {
            return mistake(entry.at, "a level is \"allow\", \"warn\" or \"deny\"");
        };
        self.config.levels.insert(rule.id, level);
        Ok(())
    }

    fn hint(&mut self, entry: &Entry<'_, '_>) -> Read<()> {
        let rule = rule(entry.at, entry.key)?;
        let text = entry.text()?.trim();
        if text.is_empty() || text.contains(char::is_control) {
            return mistake(entry.at, "a hint is one line of text");
        }
        self.config.hints.insert(rule.id, text.to_owned());
        Ok(())
    }

    fn paths(&mut self, at: usize, table: &DeTable<'_>) -> Read<()> {
        let (mut known, mut add, mut remove) = (None, Vec::new(), Vec::new());
        for entry in entries(table) {
            match entry.key {
                "rule" => known = Some(rule(entry.at, entry.text()?)?),
                "add" => add = paths(&entry)?,
                "remove" => remove = paths(&entry)?,
                _ => return entry.unknown("paths"),
            }
        }
        let Some(rule) = known else { return mistake(at, "`rule` is missing") };
        if let Some(path) = remove.iter().find(|path| !rule.functions().any(|own| own == *path)) {
            return mistake(at, format!("`{}` does not ban `{path}`", rule.id));
        }
        self.config.paths.extend(add.into_iter().map(|path| (rule, path)));
        self.config.unbanned.extend(remove.into_iter().map(|path| (rule, path)));
        Ok(())
    }

    fn exempt(&self, at: usize, table: &DeTable<'_>) -> Read<Exempt> {
        let (mut known, mut package, mut item) = (None, None, None);
        let (mut reason, mut until) = (String::new(), None);
        for entry in entries(table) {
            match entry.key {
                "rule" => known = Some(rule(entry.at, entry.text()?)?),
                "package" => package = Some(entry.text()?.to_owned()),
                "item" => item = Some(one_path(&entry, entry.text()?)?),
                "reason" => reason = entry.text()?.trim().to_owned(),
                "until" => match Date::parse(entry.text()?) {
                    Some(date) => until = Some(date),
                    None => return mistake(entry.at, "`until` is a date: \"2026-12-31\""),
                },
                _ => return entry.unknown("exempt"),
            }
        }
        let (Some(rule), Some(package)) = (known, package) else {
            return mistake(at, "an exemption needs `rule`, `package` and `reason`");
        };
        if reason.chars().count() < REASON_LENGTH_MIN {
            return mistake(at, "an exemption needs a `reason` that explains it");
        }
        Ok(Exempt { rule, package, item, reason, until, line: line_of(self.text, at) })
    }

    /// Each list replaces the built-in one.
    fn types(&mut self, table: &DeTable<'_>) -> Read<()> {
        for entry in entries(table) {
            match self.config.types.list(entry.key) {
                Some(list) => *list = paths(&entry)?,
                None => return entry.unknown("types"),
            }
        }
        Ok(())
    }
}

/// What is wrong with a word of a feature set.
fn feature(word: &str) -> Option<String> {
    let flag = ["--all-features", "--no-default-features"].contains(&word);
    let name = !word.is_empty() && !word.starts_with('-') && !word.contains([',', ' ']);
    (!flag && !name).then(|| {
        format!("`{word}` is neither a feature, `--all-features` nor `--no-default-features`")
    })
}

fn rule(at: usize, id: &str) -> Read<&'static Rule> {
    rules::named(id).map_or_else(|| mistake(at, format!("unknown rule `{id}`")), Ok)
}

pub(super) fn thresholds(at: usize, table: &DeTable<'_>) -> Read<Thresholds> {
    let (mut warn, mut deny) = (None, None);
    for entry in entries(table) {
        match entry.key {
            "warn" => warn = Some(entry.number()?),
            "deny" => deny = Some(entry.number()?),
            _ => return entry.unknown("levels"),
        }
    }
    match (warn, deny) {
        (Some(warn), Some(deny)) if warn <= deny => Ok(Thresholds { warn, deny }),
        _ => mistake(at, "sizes are `{ warn = 600, deny = 1000 }`, in this order"),
    }
}

fn paths(entry: &Entry<'_, '_>) -> Read<Vec<String>> {
    entry.names()?.iter().map(|path| one_path(entry, path)).collect()
}

fn one_path(entry: &Entry<'_, '_>, path: &str) -> Read<String> {
    let word = |word: &str| {
        let first = word.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        first && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if path.split("::").all(word) {
        Ok(path.to_owned())
    } else {
        mistake(entry.value.span().start, format!("`{path}` is no path"))
    }
}
