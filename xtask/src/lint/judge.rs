//! From hits to findings: context, level, suppression.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::lint::clippy::{Hit, Resolved};
use crate::lint::config::Config;
use crate::lint::date::Date;
use crate::lint::finding::{Finding, Judged, Suppressed, Suppression};
use crate::lint::meta::Metadata;
use crate::lint::rules::{
    BARE_ALLOW, Context, Level, Rule, SLEEP_IN_TEST, UNUSED_ALLOW, follows_tokio_clock,
};
use crate::lint::source::{Form, Place, RegionKind, Sources};

/// Judges one workspace.
pub(crate) struct Judge<'a> {
    pub(crate) metadata: &'a Metadata,
    pub(crate) config: &'a Config,
    pub(crate) sources: &'a Sources,
    /// The suppressions that were needed, by file and index.
    used: BTreeSet<(PathBuf, usize)>,
    judged: Judged,
    today: Date,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        metadata: &'a Metadata,
        config: &'a Config,
        sources: &'a Sources,
        today: Date,
    ) -> Judge<'a> {
        let judged = Judged::default();
        Judge { metadata, config, sources, used: BTreeSet::new(), judged, today }
    }

    /// All findings in source code, and those that a suppression covers.
    pub(crate) fn judge(mut self, resolved: &Resolved) -> Judged {
        for hit in &resolved.hits {
            for rule in &hit.rules {
                self.hit(hit, rule);
            }
        }
        self.suppressions(resolved);
        self.judged
    }

    fn hit(&mut self, hit: &Hit, rule: &'static Rule) {
        let (Some((file, place)), Some((outer_file, outer))) =
            (hit.frames.first(), hit.frames.last())
        else {
            return;
        };
        let context = self.context(outer_file, *outer);
        let mut level = self.config.level(rule, context);
        let paused = follows_tokio_clock(&hit.banned)
            && hit.frames.iter().any(|(file, at)| self.is_in(RegionKind::Paused, file, *at));
        if rule.id == SLEEP_IN_TEST.id && paused {
            level = Level::Allow;
        }
        let reason = self.suppression(hit, rule, level);
        if level == Level::Allow {
            return;
        }
        let nameless =
            hit.frames.iter().any(|(file, at)| self.is_in(RegionKind::NamelessAllow, file, *at));
        let finding = Finding {
            path: self.metadata.relative(file),
            line: place.line,
            column: place.column,
            rule,
            level,
            message: format!("`{}` {}", hit.banned, rule.message),
            note: nameless.then(|| {
                format!("the attribute on this code counts when its reason begins `{}: `", rule.id)
            }),
        };
        match reason {
            None => self.judged.findings.push(finding),
            Some(reason) => {
                let by = Suppression::InSource(reason);
                self.judged.suppressed.push(Suppressed { finding, by });
            }
        }
    }

    /// The reason of a suppression that covers any frame of the hit. An attribute is in use as soon as
    /// clippy has a hit there, because plain clippy needs it in every context; a comment only when it
    /// hides a finding. What has expired covers nothing.
    fn suppression(&mut self, hit: &Hit, rule: &Rule, level: Level) -> Option<String> {
        let mut reason = None;
        for (file, place) in &hit.frames {
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
            for complaint in &source.scan.complaints {
                self.report(&BARE_ALLOW, file, complaint.at, complaint.message.clone());
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
        let level = self.config.level(rule, self.context(file, at));
        if level > Level::Allow {
            self.judged.findings.push(Finding {
                path: self.metadata.relative(file),
                line: at.line,
                column: at.column,
                rule,
                level,
                message,
                note: None,
            });
        }
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
