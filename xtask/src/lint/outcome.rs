//! A finding with everything that a report or a baseline says about its place.

use std::collections::BTreeMap;
use std::fs;

use crate::lint::config::Config;
use crate::lint::finding::{Finding, Judged, Suppression};
use crate::lint::items::Items;
use crate::lint::meta::Workspace;
use crate::lint::source::Place;

/// One finding in its place.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) finding: Finding,
    /// The line it stands on, as it is in the file.
    pub(crate) source: String,
    /// The item around it.
    pub(crate) item: String,
    /// Which of the findings with the same key this is, from 0.
    pub(crate) nth: usize,
    /// What to write instead.
    pub(crate) hint: String,
    /// Why it does not count.
    pub(crate) suppression: Option<Suppression>,
}

/// What a finding is, without its line number: it survives edits elsewhere in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) rule: String,
    pub(crate) file: String,
    pub(crate) item: String,
    /// Of the line without white space.
    pub(crate) line_hash: String,
}

impl Placed {
    pub(crate) fn key(&self) -> Key {
        let line: String = self.source.split_whitespace().collect();
        Key {
            rule: self.finding.rule.id.to_owned(),
            file: self.finding.path.clone(),
            item: self.item.clone(),
            line_hash: format!("{:016x}", hash(&line)),
        }
    }

    /// A hash of the key and the position among those of the same key.
    pub(crate) fn fingerprint(&self) -> String {
        let Key { rule, file, item, line_hash } = self.key();
        format!("{:016x}:{}", hash(&[rule, file, item, line_hash].join("\n")), self.nth)
    }
}

/// FNV-1a, which is the same on every machine and in every version of Rust.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Puts findings and suppressed findings into one list, in the order of reports.
pub(crate) fn place(
    judged: Judged,
    metadata: &Workspace,
    config: &Config,
    items: &mut Items,
) -> Vec<Placed> {
    let findings = judged.findings.into_iter().map(|finding| (finding, None));
    let suppressed = judged.suppressed.into_iter().map(|it| (it.finding, Some(it.by)));
    let mut all: Vec<(Finding, Option<Suppression>)> = findings.chain(suppressed).collect();
    all.sort_by(|a, b| a.0.key().cmp(&b.0.key()));
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen: BTreeMap<Key, usize> = BTreeMap::new();
    let mut placed = Vec::new();
    for (finding, suppression) in all {
        let file = metadata.root.join(&finding.path);
        let lines = texts.entry(finding.path.clone()).or_insert_with(|| {
            let text = fs::read(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            text.lines().map(str::to_owned).collect()
        });
        let place = Place { line: finding.line, column: finding.column };
        let source = lines.get(finding.line - 1).cloned().unwrap_or_default();
        let item = items.around(&file, place);
        let hint = config.hint(finding.rule).to_owned();
        let mut one = Placed { finding, source, item, nth: 0, hint, suppression };
        let count = seen.entry(one.key()).or_default();
        one.nth = *count;
        *count += 1;
        placed.push(one);
    }
    placed
}
