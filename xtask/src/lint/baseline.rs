//! The baseline: findings that were there when the lint came, and may only become fewer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::lint::finding::Suppression;
use crate::lint::outcome::{Key, Placed};

/// Which file, and what to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaselineOptions {
    pub(crate) file: PathBuf,
    pub(crate) mode: Mode,
}

/// What a run does about a baseline that says too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Says so.
    Read,
    /// Writes it without what is gone; a file that does not exist yet takes all findings.
    Write,
    /// Fails.
    Locked,
}

/// How many findings of each key are known.
type Known = BTreeMap<Key, usize>;

/// Marks what the baseline covers. Returns the number of known findings that are gone.
pub(crate) fn apply(
    options: &BaselineOptions,
    placed: &mut [Placed],
    rules: &BTreeSet<&str>,
) -> Result<usize, Failure> {
    let known = read(options, placed)?;
    let mut left = known.clone();
    for one in placed.iter_mut().filter(|one| one.suppression.is_none()) {
        if let Some(count) = left.get_mut(&one.key())
            && *count > 0
        {
            *count -= 1;
            one.suppression = Some(Suppression::Baseline);
        }
    }
    // What was not looked for is not gone.
    left.retain(|key, count| *count > 0 && rules.contains(key.rule.as_str()));
    let gone = left.values().sum();
    if options.mode == Mode::Write {
        let still = known.into_iter().map(|(key, count)| {
            let gone = left.get(&key).copied().unwrap_or_default();
            (key, count - gone)
        });
        write(&options.file, &still.filter(|(_, count)| *count > 0).collect())?;
        return Ok(0);
    }
    Ok(gone)
}

fn read(options: &BaselineOptions, placed: &[Placed]) -> Result<Known, Failure> {
    let shown = options.file.display();
    match fs::read_to_string(&options.file) {
        Ok(text) => serde_json::from_str(&text)
            .ok()
            .and_then(|value| parse(&value))
            .ok_or_else(|| Failure::unanalysed(format!("{shown} is no baseline of this lint"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && options.mode == Mode::Write => {
            let mut known = Known::new();
            for one in placed.iter().filter(|one| one.suppression.is_none()) {
                *known.entry(one.key()).or_default() += 1;
            }
            Ok(known)
        }
        Err(error) => Err(Failure::unanalysed(format!("{shown}: {error}"))),
    }
}

fn parse(value: &Value) -> Option<Known> {
    if value["version"] != 1 {
        return None;
    }
    let mut known = Known::new();
    for entry in value["findings"].as_array()? {
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let key = Key {
            rule: text("rule")?,
            file: text("file")?,
            item: text("item")?,
            line_hash: text("line_hash")?,
        };
        known.insert(key, usize::try_from(entry["count"].as_u64()?).ok()?);
    }
    Some(known)
}

/// One entry a line, so that a review sees which ones went.
fn write(file: &Path, known: &Known) -> Result<(), Failure> {
    let entries: Vec<String> = known
        .iter()
        .map(|(Key { rule, file, item, line_hash }, count)| {
            let entry = json!({
                "rule": rule,
                "file": file,
                "item": item,
                "line_hash": line_hash,
                "count": count,
            });
            format!("    {entry}")
        })
        .collect();
    let entries =
        if entries.is_empty() { String::new() } else { format!("\n{}\n  ", entries.join(",\n")) };
    fs::write(file, format!("{{\n  \"version\": 1,\n  \"findings\": [{entries}]\n}}\n"))?;
    Ok(())
}
