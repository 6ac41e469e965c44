//! What is found without clippy: by the shape of the source alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Judge, Sight};
use crate::lint::clippy::{Hit, Resolved};
use crate::lint::config::{Config, Thresholds};
use crate::lint::rules::{
    self, AMBIENT_STATE, Context, GOD_MODULE, LINES_DENY, LINES_WARN, Level, Rule, STATEFUL_AGENT,
    Seen, UNCOMPILED_CODE, UNUSED_ALLOW,
};
use crate::lint::source::{Place, Range, Source, Truth};

impl<'a> Judge<'a> {
    pub(super) fn shapes(&mut self, resolved: &Resolved) {
        for (file, source) in self.sources {
            self.mutable_statics(file, source);
            if !source.scan.generated {
                self.modules(file, source);
            }
        }
        self.statics_of_aliases(resolved);
        self.agents();
        self.uncompiled(resolved);
    }

    fn mutable_statics(&mut self, file: &Path, source: &Source) {
        for one in source.scan.facts.statics.iter().filter(|one| one.mutable) {
            let message = format!("`static mut` {}", AMBIENT_STATE.message);
            self.shape(&AMBIENT_STATE, file, one.at, message, Level::Deny);
        }
    }

    /// A static whose type is an alias of a lock.
    fn statics_of_aliases(&mut self, resolved: &Resolved) {
        let mut locks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let of_types = |hit: &&Hit| AMBIENT_STATE.types.contains(&hit.banned.as_str());
        for hit in resolved.hits.iter().filter(of_types) {
            if let Some((file, alias)) = self.sight(&AMBIENT_STATE, hit).alias() {
                locks.entry(self.own(&file).name.clone()).or_default().insert(alias);
            }
        }
        for (file, source) in self.sources {
            let Some(aliases) = locks.get(&self.own(file).name) else { continue };
            let facts = &source.scan.facts;
            for one in &facts.statics {
                let Range { start, end } = one.kind;
                let named = |alias: &&String| !facts.words.uses(alias, start, end).is_empty();
                if let Some(alias) = aliases.iter().find(named) {
                    let message = format!(
                        "`{alias}` makes a static of shared state that every caller can lock"
                    );
                    self.shape(&AMBIENT_STATE, file, start, message, Level::Warn);
                }
            }
        }
    }

    /// The innermost modules over the limit, then what is left of the file.
    fn modules(&mut self, file: &Path, source: &Source) {
        let facts = &source.scan.facts;
        let mut counted: Vec<Range> = source.scan.test_ranges();
        let mut modules: Vec<(Option<Range>, Option<Place>)> =
            facts.modules.iter().map(|module| (Some(module.range), Some(module.at))).collect();
        // An inner module begins behind the one around it.
        modules.sort_by_key(|(range, _)| std::cmp::Reverse(range.map(|range| range.start)));
        modules.push((None, None));
        let own = Thresholds { warn: LINES_WARN, deny: LINES_DENY };
        let limits = self.config.thresholds(&GOD_MODULE).unwrap_or(own);
        for (range, at) in modules {
            let (lines, first) = facts.lines.count(range, &counted);
            if lines < limits.warn {
                continue;
            }
            let most = if lines < limits.deny { Level::Warn } else { Level::Deny };
            counted.extend(range);
            let what = if range.is_some() { "this module" } else { "this file" };
            let message = format!("{what} carries {lines} lines of code");
            if let Some(at) = at.or(first) {
                self.shape(&GOD_MODULE, file, at, message, most);
            }
        }
    }

    fn agents(&mut self) {
        if self.config.level(&STATEFUL_AGENT, Context::Production) == Level::Allow {
            return;
        }
        for (file, at, name) in self.undeclared_agents() {
            let message = format!("`{name}` {}", STATEFUL_AGENT.message);
            self.shape(&STATEFUL_AGENT, file, at, message, Level::Deny);
        }
        for (file, source) in self.sources {
            let facts = &source.scan.facts;
            for declaration in &source.scan.declarations {
                let covers = |at: &Place| declaration.covers.contains(*at);
                let used = facts.impls.iter().any(|block| covers(&block.at))
                    || facts.types.iter().any(|(_, at)| covers(at));
                if !used {
                    let message = "there is neither a type nor an `impl` below it".to_owned();
                    self.report(&UNUSED_ALLOW, file, declaration.at, message);
                }
            }
        }
    }

    /// The agents that neither are durable nor carry a declaration, by type or by `impl`.
    fn undeclared_agents(&self) -> Vec<(&'a Path, Place, &'a str)> {
        let types = &self.config.types;
        // Package and type.
        let mut declared: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (file, source) in self.sources {
            let own = self.own(file);
            let facts = &source.scan.facts;
            let durable = facts.impls.iter().filter(|block| block.is_of(&types.durable, own));
            declared.extend(durable.map(|block| (own.name.as_str(), block.name.as_str())));
            for declaration in &source.scan.declarations {
                let below = facts.types.iter().filter(|(_, at)| declaration.covers.contains(*at));
                declared.extend(below.map(|(name, _)| (own.name.as_str(), name.as_str())));
            }
        }
        let mut undeclared = Vec::new();
        for (file, source) in self.sources {
            let own = self.own(file);
            let agents = source.scan.facts.impls.iter();
            for block in agents.filter(|block| block.is_of(&types.agents, own)) {
                let mut above = source.scan.declarations.iter();
                let is_declared = above.any(|one| one.covers.contains(block.at))
                    || declared.contains(&(own.name.as_str(), block.name.as_str()));
                if !is_declared {
                    undeclared.push((file.as_path(), block.at, block.name.as_str()));
                }
            }
        }
        undeclared
    }

    /// What the other rules would say of code that the compiler did not see.
    fn uncompiled(&mut self, resolved: &Resolved) {
        let seen: BTreeSet<(&PathBuf, Place)> = resolved
            .hits
            .iter()
            .flat_map(|hit| hit.frames.iter().map(|(file, place)| (file, *place)))
            .collect();
        let watched = watched(self.config);
        for (file, source) in self.sources {
            let compiled = resolved.compiled.contains_key(file);
            // A method may be that of several traits; a rule says one thing of a place.
            let mut said: BTreeSet<(Place, &str)> = BTreeSet::new();
            for (place, path) in &source.scan.facts.named {
                let Some(rules) = watched.get(path.as_str()) else { continue };
                if compiled && !self.is_off(source, *place) || seen.contains(&(file, *place)) {
                    continue;
                }
                let mut rules = rules.clone();
                rules.retain(|rule| said.insert((*place, rule.id)));
                let hit = Hit {
                    rules,
                    banned: path.clone(),
                    frames: vec![(file.clone(), *place)],
                    foreign: false,
                };
                self.uncompiled_hit(&hit, file, *place);
            }
        }
    }

    /// One finding for all rules that nobody suppressed, and one for each that somebody did.
    fn uncompiled_hit(&mut self, hit: &Hit, file: &Path, place: Place) {
        let mut open = Vec::new();
        for rule in hit.rules.iter().copied() {
            let sight = self.sight(rule, hit);
            let level = self.config.level(rule, sight.context);
            if level == Level::Allow || (rule.sees)(&sight) == Seen::Fine {
                continue;
            }
            match self.suppression(&hit.frames, rule, level) {
                Some(reason) => self.uncompiled_rules(&[rule], hit, file, place, Some(reason)),
                None => open.push(rule),
            }
        }
        if !open.is_empty() {
            self.uncompiled_rules(&open, hit, file, place, None);
        }
    }

    fn uncompiled_rules(
        &mut self,
        rules: &[&'static Rule],
        hit: &Hit,
        file: &Path,
        place: Place,
        reason: Option<String>,
    ) {
        let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
        let (path, ids) = (&hit.banned, ids.join(", "));
        let message = format!("`{path}` ({ids}) {}", UNCOMPILED_CODE.message);
        let mut finding = self.finding(&UNCOMPILED_CODE, file, place, message);
        finding.stands_for = rules.iter().map(|rule| rule.id).collect();
        let of_this = self.suppression(&hit.frames, &UNCOMPILED_CODE, finding.level);
        self.conclude(finding, reason.or(of_this));
    }

    fn is_off(&self, source: &Source, place: Place) -> bool {
        let around = source.scan.conditions.iter().filter(|(_, range)| range.contains(place));
        let sets = &self.config.feature_sets;
        around.into_iter().any(|(truth, _)| match truth {
            Truth::On => false,
            // With some features only, clippy's own hits tell.
            Truth::OnWithFeatures => !sets.iter().flatten().any(|word| word == "--all-features"),
            Truth::OnWithoutFeatures => !sets.iter().any(|set| *set == ["--no-default-features"]),
            Truth::Off => true,
        })
    }

    /// A finding that may be suppressed; its level is at most `most`.
    fn shape(&mut self, rule: &'static Rule, file: &Path, at: Place, message: String, most: Level) {
        let mut finding = self.finding(rule, file, at, message);
        finding.level = finding.level.min(most);
        let reason = self.suppression(&[(file.to_owned(), at)], rule, finding.level);
        self.conclude(finding, reason);
    }

    pub(super) fn sight<'s>(&'s self, rule: &'static Rule, hit: &'s Hit) -> Sight<'s> {
        let context = hit.frames.last().map(|(file, place)| self.context(file, *place));
        Sight {
            rule,
            hit,
            context: context.unwrap_or(Context::Production),
            types: &self.config.types,
            sources: self.sources,
            own: hit.frames.last().map_or(&self.nobody, |(file, _)| self.own(file)),
        }
    }
}

/// Every watched path with its rules.
fn watched(config: &Config) -> BTreeMap<&str, Vec<&'static Rule>> {
    let mut watched: BTreeMap<&str, Vec<&'static Rule>> = BTreeMap::new();
    for rule in rules::all() {
        for path in config.functions(rule).chain(rule.macros.iter().copied()) {
            watched.entry(path).or_default().push(rule);
        }
    }
    for (rule, path) in &config.paths {
        watched.entry(path).or_default().push(*rule);
    }
    watched
}
