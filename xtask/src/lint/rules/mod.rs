//! The rules: what each one bans, in which context, and what to write instead.
//!
//! A rule is data. Clippy resolves its paths, the source pass says in which context a hit lies, and
//! `judge` in the parent module puts the two together.

mod ambient_state;
mod bare_allow;
mod blocking_in_async;
mod broad_catch;
mod call_without_deadline;
mod detached_handle;
mod god_module;
mod ignored_send_result;
mod layer_violation;
mod lock_across_await;
mod monitor_leak;
mod own;
mod raw_reply;
mod raw_send;
mod sleep_in_test;
mod stateful_agent;
mod telemetry_control_flow;
mod too_many_allows;
mod types;
mod unbounded_channel;
mod uncompiled_code;
mod unsupervised_spawn;
mod unused_allow;

pub(crate) use ambient_state::AMBIENT_STATE;
pub(crate) use bare_allow::BARE_ALLOW;
pub(crate) use detached_handle::DETACHED_HANDLE;
pub(crate) use god_module::{GOD_MODULE, LINES_DENY, LINES_WARN};
pub(crate) use layer_violation::LAYER_VIOLATION;
pub(crate) use monitor_leak::MONITOR_LEAK;
pub(crate) use stateful_agent::STATEFUL_AGENT;
pub(crate) use too_many_allows::TOO_MANY_ALLOWS;
pub(crate) use types::Types;
pub(crate) use uncompiled_code::UNCOMPILED_CODE;
pub(crate) use unsupervised_spawn::UNSUPERVISED_SPAWN;
pub(crate) use unused_allow::UNUSED_ALLOW;

use std::sync::OnceLock;

use crate::ban::Ban;
use crate::failure::Failure;
use crate::lint::judge::Sight;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not reported.
    Allow,
    /// Reported; the exit code stays 0.
    Warn,
    /// Reported; the exit code is 1.
    Deny,
}

impl Level {
    pub(crate) const ALL: [Level; 3] = [Level::Allow, Level::Warn, Level::Deny];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// What a piece of code is for. The order is that of strictness: code that belongs to two targets
/// counts as the stricter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// `tests/` folders, `#[test]`-like functions, `cfg(test)`.
    Test,
    /// `examples/`.
    Example,
    /// `benches/`.
    Bench,
    /// Everything else, build scripts included.
    Production,
}

/// The level of a rule in each context.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    pub(crate) production: Level,
    pub(crate) test: Level,
    pub(crate) example: Level,
    pub(crate) bench: Level,
}

impl Levels {
    const EVERYWHERE: Levels = Levels {
        production: Level::Deny,
        test: Level::Deny,
        example: Level::Deny,
        bench: Level::Deny,
    };
    const NOWHERE: Levels = Levels {
        production: Level::Allow,
        test: Level::Allow,
        example: Level::Allow,
        bench: Level::Allow,
    };
    const PRODUCTION: Levels = Levels { production: Level::Deny, ..Levels::NOWHERE };
    const PRODUCTION_AND_TESTS: Levels = Levels { test: Level::Deny, ..Levels::PRODUCTION };

    pub(crate) fn of(&self, context: Context) -> Level {
        match context {
            Context::Production => self.production,
            Context::Test => self.test,
            Context::Example => self.example,
            Context::Bench => self.bench,
        }
    }
}

/// One rule of the lint.
#[derive(Debug)]
pub(crate) struct Rule {
    /// `FND` and a number, for machines; it never changes and is never given to another rule.
    pub(crate) code: &'static str,
    /// The name in reports and suppressions.
    pub(crate) id: &'static str,
    pub(crate) levels: Levels,
    /// What a hit is; stands after the path in a finding.
    pub(crate) message: &'static str,
    /// What to write instead; names the replacement.
    pub(crate) hint: &'static str,
    /// Why, for `--explain`.
    pub(crate) explain: &'static str,
    /// The functions and methods that this rule watches, as clippy spells them. A crate that is not
    /// part of the build costs nothing.
    pub(crate) paths: &'static [&'static str],
    /// The lists of other rules that it watches as well.
    pub(crate) more_paths: &'static [&'static [&'static str]],
    pub(crate) macros: &'static [&'static str],
    /// Types that must not be mentioned in the places that `sees` picks.
    pub(crate) types: &'static [&'static str],
    /// Lints of clippy whose every finding is one of this rule.
    pub(crate) lints: &'static [&'static str],
    /// What the place of a hit says about it.
    pub(crate) sees: fn(&Sight<'_>) -> Seen,
}

/// What a rule makes of a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// This use is fine.
    Fine,
    /// A finding, with the words behind the path.
    Finding(&'static str),
    /// The same, and never more than a warning.
    Weak(&'static str),
}

impl Rule {
    /// A rule that is off and finds nothing.
    const BLANK: Rule = Rule {
        code: "",
        id: "",
        levels: Levels::NOWHERE,
        message: "",
        hint: "",
        explain: "",
        paths: &[],
        more_paths: &[],
        macros: &[],
        types: &[],
        lints: &[],
        sees: |sight| Seen::Finding(sight.rule.message),
    };

    /// The functions and methods that it watches, its own and those of other rules.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &'static str> {
        self.paths.iter().chain(self.more_paths.iter().copied().flatten()).copied()
    }
}

/// The rules that are built in, by code.
static BUILT_IN: [&Rule; 21] = [
    &raw_send::RAW_SEND,
    &raw_reply::RAW_REPLY,
    &UNSUPERVISED_SPAWN,
    &DETACHED_HANDLE,
    &unbounded_channel::UNBOUNDED_CHANNEL,
    &sleep_in_test::SLEEP_IN_TEST,
    &blocking_in_async::BLOCKING_IN_ASYNC,
    &lock_across_await::LOCK_ACROSS_AWAIT,
    &AMBIENT_STATE,
    &MONITOR_LEAK,
    &broad_catch::BROAD_CATCH,
    &telemetry_control_flow::TELEMETRY_CONTROL_FLOW,
    &ignored_send_result::IGNORED_SEND_RESULT,
    &GOD_MODULE,
    &LAYER_VIOLATION,
    &BARE_ALLOW,
    &UNUSED_ALLOW,
    &UNCOMPILED_CODE,
    &STATEFUL_AGENT,
    &call_without_deadline::CALL_WITHOUT_DEADLINE,
    &TOO_MANY_ALLOWS,
];

/// All rules of this program, once it has added its own.
static ALL: OnceLock<Vec<&'static Rule>> = OnceLock::new();

/// Every rule, those that are built in first.
pub(crate) fn all() -> &'static [&'static Rule] {
    ALL.get().map_or(&BUILT_IN[..], Vec::as_slice)
}

/// Adds the rules of a program, once and before anything is linted.
pub(crate) fn add(bans: Vec<Ban>) -> Result<(), Failure> {
    if bans.is_empty() {
        return Ok(());
    }
    let mut rules = BUILT_IN.to_vec();
    for ban in bans {
        own::check(&ban, &rules)?;
        rules.push(own::rule(ban));
    }
    match ALL.set(rules) {
        Ok(()) => Ok(()),
        Err(_) => Err(Failure::unanalysed("this program has added its rules already")),
    }
}

/// The rule of this name.
pub(crate) fn named(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id).copied()
}

/// The rule of this name or code.
pub(crate) fn named_or_coded(name: &str) -> Option<&'static Rule> {
    named(name).or_else(|| all().iter().find(|rule| rule.code == name).copied())
}
