//! From hits to findings: context, level, suppression.

mod shape;
mod sight;

pub(crate) use sight::Sight;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::lint::clippy::{Hit, Resolved};
use crate::lint::config::Config;
use crate::lint::finding::Finding;
use crate::lint::meta::Metadata;
use crate::lint::rules::{BARE_ALLOW, Context, Level, Rule, Seen, UNUSED_ALLOW};
use crate::lint::source::{Form, Own, Place, RegionKind, Sources};

/// Judges one workspace.
pub(crate) struct Judge<'a> {
    pub(crate) metadata: &'a Metadata,
    pub(crate) config: &'a Config,
    pub(crate) sources: &'a Sources,
    /// The suppressions that were needed, by file and index.
    used: BTreeSet<(PathBuf, usize)>,
    findings: Vec<Finding>,
    /// What each member defines itself, by its name.
    own: BTreeMap<&'a str, Own>,
    nobody: Own,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        metadata: &'a Metadata,
        config: &'a Config,
        sources: &'a Sources,
    ) -> Judge<'a> {
        let mut own: BTreeMap<&str, Own> = BTreeMap::new();
        for (file, source) in sources {
            let Some(member) = metadata.member_of(file) else { continue };
            let known = own.entry(&member.name).or_default();
            known.name = member.name.replace('-', "_");
            known.traits.extend(source.scan.facts.traits.iter().cloned());
        }
        let (used, findings) = (BTreeSet::new(), Vec::new());
        Judge { metadata, config, sources, used, findings, own, nobody: Own::default() }
    }

    /// The package of a file.
    fn own(&self, file: &Path) -> &Own {
        let member = self.metadata.member_of(file);
        member.and_then(|member| self.own.get(member.name.as_str())).unwrap_or(&self.nobody)
    }

    /// All findings in source code.
    pub(crate) fn judge(mut self, resolved: &Resolved) -> Vec<Finding> {
        for hit in &resolved.hits {
            for rule in &hit.rules {
                self.hit(hit, rule);
            }
        }
        self.shapes(resolved);
        self.suppressions(resolved);
        self.findings
    }

    fn hit(&mut self, hit: &Hit, rule: &'static Rule) {
        let Some((file, place)) = hit.frames.first() else { return };
        let sight = self.sight(rule, hit);
        let level = self.config.level(rule, sight.context);
        let (level, words) = match (rule.sees)(&sight) {
            Seen::Fine => (Level::Allow, rule.message),
            Seen::Finding(words) => (level, words),
            Seen::Weak(words) => (level.min(Level::Warn), words),
        };
        if self.is_suppressed(&hit.frames, rule, level) || level == Level::Allow {
            return;
        }
        let nameless =
            hit.frames.iter().any(|(file, at)| self.is_in(RegionKind::NamelessAllow, file, *at));
        let note = nameless.then(|| {
            format!("the attribute on this code counts when its reason begins `{}: `", rule.id)
        });
        // `task_local!` is written with `thread_local!`, and an unused monitor has both a path and a
        // type: one use, one finding.
        let path = self.metadata.relative(file);
        let by_line = !rule.lints.is_empty() && !rule.paths.is_empty();
        let by_place = !rule.macros.is_empty();
        let is_same = |known: &Finding| {
            known.rule.id == rule.id
                && (&known.path, known.line) == (&path, place.line)
                && (by_line || by_place && known.column == place.column)
        };
        if !self.findings.iter().any(is_same) {
            let Place { line, column } = *place;
            let message = format!("`{}` {words}", hit.banned);
            self.findings.push(Finding { path, line, column, rule, level, message, note });
        }
    }

    /// Whether a suppression covers any of the places. An attribute is in use as soon as clippy has
    /// a hit there, because plain clippy needs it in every context; a comment only when it hides a
    /// finding.
    fn is_suppressed(&mut self, frames: &[(PathBuf, Place)], rule: &Rule, level: Level) -> bool {
        let mut suppressed = false;
        for (file, place) in frames {
            let Some(source) = self.sources.get(file) else { continue };
            for (index, directive) in source.scan.directives.iter().enumerate() {
                if !directive.rules.contains(&rule.id) || !directive.covers.contains(*place) {
                    continue;
                }
                if directive.form == Form::Attribute || level > Level::Allow {
                    self.used.insert((file.clone(), index));
                    suppressed = true;
                }
            }
        }
        suppressed
    }

    /// Unacceptable suppressions, and those that suppress nothing.
    fn suppressions(&mut self, resolved: &Resolved) {
        for (file, source) in self.sources {
            let file: &PathBuf = file;
            for complaint in &source.scan.complaints {
                self.report(&BARE_ALLOW, file, complaint.at, complaint.message.clone());
            }
            if !resolved.compiled.contains_key(file) {
                continue;
            }
            for (index, directive) in source.scan.directives.iter().enumerate() {
                let judged = !source.scan.is_in(RegionKind::Conditional, directive.at)
                    && !source.scan.is_in(RegionKind::Conditional, directive.covers.start);
                if judged && !self.used.contains(&(file.clone(), index)) {
                    let rules = directive.rules.join(", ");
                    let message = match directive.form {
                        Form::Comment => format!("nothing here breaks {rules}"),
                        Form::Attribute => format!(
                            "nothing here breaks {rules}; a reason for another ban must not begin \
                             with the name of a rule"
                        ),
                    };
                    self.report(&UNUSED_ALLOW, file, directive.at, message);
                }
            }
        }
    }

    fn report(&mut self, rule: &'static Rule, file: &Path, at: Place, message: String) {
        let level = self.config.level(rule, self.context(file, at));
        if level > Level::Allow {
            self.add(rule, file, at, level, message);
        }
    }

    fn add(&mut self, rule: &'static Rule, file: &Path, at: Place, level: Level, message: String) {
        let path = self.metadata.relative(file);
        let Place { line, column } = at;
        self.findings.push(Finding { path, line, column, rule, level, message, note: None });
    }

    fn context(&self, file: &Path, place: Place) -> Context {
        match self.sources.get(file) {
            Some(source) if source.scan.is_in(RegionKind::Test, place) => Context::Test,
            Some(source) => source.context,
            None => Context::Production,
        }
    }

    fn is_in(&self, kind: RegionKind, file: &Path, place: Place) -> bool {
        self.sources.get(file).is_some_and(|source| source.scan.is_in(kind, place))
    }
}
