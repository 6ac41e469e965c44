//! From hits to findings: context, level, suppression.

mod shape;
mod sight;

pub(crate) use sight::Sight;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::lint::clippy::{Hit, Resolved};
use crate::lint::config::Config;
use crate::lint::date::Date;
use crate::lint::finding::{Finding, Judged, Suppressed, Suppression};
use crate::lint::meta::Workspace;
use crate::lint::rules::{BARE_ALLOW, Context, Level, Rule, Seen, UNUSED_ALLOW};
use crate::lint::source::{Form, Own, Place, RegionKind, Sources};

/// Judges one workspace.
pub(crate) struct Judge<'a> {
    pub(crate) metadata: &'a Workspace,
    pub(crate) config: &'a Config,
    pub(crate) sources: &'a Sources,
    /// The suppressions that were needed, by file and index.
    used: BTreeSet<(PathBuf, usize)>,
    judged: Judged,
    today: Date,
    /// What each member defines itself, by its name.
    own: BTreeMap<&'a str, Own>,
    nobody: Own,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        metadata: &'a Workspace,
        config: &'a Config,
        sources: &'a Sources,
        today: Date,
    ) -> Judge<'a> {
        let mut own: BTreeMap<&str, Own> = BTreeMap::new();
        for (file, source) in sources {
            let Some(member) = metadata.member_of(file) else { continue };
            let known = own.entry(&member.name).or_default();
            known.name = member.name.replace('-', "_");
            known.traits.extend(source.scan.facts.traits.iter().cloned());
        }
        let (used, judged, nobody) = (BTreeSet::new(), Judged::default(), Own::default());
        Judge { metadata, config, sources, used, judged, today, own, nobody }
    }

    /// The package of a file.
    fn own(&self, file: &Path) -> &Own {
        let member = self.metadata.member_of(file);
        member.and_then(|member| self.own.get(member.name.as_str())).unwrap_or(&self.nobody)
    }

    /// All findings in source code, and those that a suppression covers.
    pub(crate) fn judge(mut self, resolved: &Resolved) -> Judged {
        for hit in &resolved.hits {
            for rule in &hit.rules {
                self.hit(hit, rule);
            }
        }
        self.shapes(resolved);
        self.suppressions(resolved);
        self.judged
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
        let reason = self.suppression(&hit.frames, rule, level);
        if level == Level::Allow {
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
        let Judged { findings, suppressed } = &self.judged;
        let mut known = findings.iter().chain(suppressed.iter().map(|one| &one.finding));
        if !known.any(is_same) {
            let Place { line, column } = *place;
            let message = format!("`{}` {words}", hit.banned);
            let stands_for = Vec::new();
            let finding = Finding { path, line, column, rule, level, message, note, stands_for };
            self.conclude(finding, reason);
        }
    }

    /// A finding, or a suppressed one if there is a reason for it; nothing where the rule is off.
    fn conclude(&mut self, finding: Finding, reason: Option<String>) {
        match reason {
            _ if finding.level == Level::Allow => {}
            None => self.judged.findings.push(finding),
            Some(reason) => {
                let by = Suppression::InSource(reason);
                self.judged.suppressed.push(Suppressed { finding, by });
            }
        }
    }

    /// The reason of a suppression that covers any of the places. An attribute is in use as soon as
    /// clippy has a hit there, because plain clippy needs it in every context; a comment only when it
    /// hides a finding. What has expired covers nothing.
    fn suppression(
        &mut self,
        frames: &[(PathBuf, Place)],
        rule: &Rule,
        level: Level,
    ) -> Option<String> {
        let mut reason = None;
        for (file, place) in frames {
            let Some(source) = self.sources.get(file) else { continue };
            for (index, directive) in source.scan.directives.iter().enumerate() {
                if !directive.rules.contains(&rule.id)
                    || !directive.covers.contains(*place)
                    || directive.has_expired(self.today)
                {
                    continue;
                }
                if directive.form == Form::Attribute || level > Level::Allow {
                    self.used.insert((file.clone(), index));
                    reason.get_or_insert_with(|| directive.reason.clone());
                }
            }
        }
        reason
    }

    /// Unacceptable suppressions, and those that suppress nothing.
    fn suppressions(&mut self, resolved: &Resolved) {
        for (file, source) in self.sources {
            let file: &PathBuf = file;
            for complaint in &source.scan.complaints {
                let rule = if complaint.stale { &UNUSED_ALLOW } else { &BARE_ALLOW };
                self.report(rule, file, complaint.at, complaint.message.clone());
            }
            for (index, directive) in source.scan.directives.iter().enumerate() {
                if let Some(until) = directive.until
                    && directive.has_expired(self.today)
                {
                    let message = format!("this exception ended on {until}");
                    self.report(&UNUSED_ALLOW, file, directive.at, message);
                    continue;
                }
                let judged = resolved.compiled.contains_key(file)
                    && !source.scan.is_in(RegionKind::Conditional, directive.at)
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
        let finding = self.finding(rule, file, at, message);
        self.conclude(finding, None);
    }

    /// What a rule says of a place, at its level there.
    fn finding(&self, rule: &'static Rule, file: &Path, at: Place, message: String) -> Finding {
        let level = self.config.level(rule, self.context(file, at));
        let path = self.metadata.relative(file);
        let Place { line, column } = at;
        let (note, stands_for) = (None, Vec::new());
        Finding { path, line, column, rule, level, message, note, stands_for }
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
