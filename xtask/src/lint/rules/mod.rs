//! The rules: what each one bans, in which context, and what to write instead.
//!
//! A rule is data. Clippy resolves its paths, the source pass says in which context a hit lies, and
//! `judge` in the parent module puts the two together.

mod bare_allow;
mod layer_violation;
mod raw_reply;
mod raw_send;
mod sleep_in_test;
mod too_many_allows;
mod unbounded_channel;
mod unsupervised_spawn;
mod unused_allow;

pub(crate) use bare_allow::BARE_ALLOW;
pub(crate) use layer_violation::LAYER_VIOLATION;
pub(crate) use sleep_in_test::{SLEEP_IN_TEST, follows_tokio_clock};
pub(crate) use too_many_allows::TOO_MANY_ALLOWS;
pub(crate) use unused_allow::UNUSED_ALLOW;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
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
pub(crate) enum Context {
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
    /// The name in reports and suppressions.
    pub(crate) id: &'static str,
    /// The same for machines; never given to another rule.
    pub(crate) code: &'static str,
    pub(crate) levels: Levels,
    /// What a hit is; stands after the path in a finding.
    pub(crate) message: &'static str,
    /// What to write instead; names the replacement.
    pub(crate) hint: &'static str,
    /// Why, for `--explain`.
    pub(crate) explain: &'static str,
    /// The functions and methods that this rule bans, as clippy spells them. A crate that is not
    /// part of the build costs nothing.
    pub(crate) paths: &'static [&'static str],
}

/// Every rule, by name.
pub(crate) static ALL: [&Rule; 9] = [
    &BARE_ALLOW,
    &LAYER_VIOLATION,
    &raw_reply::RAW_REPLY,
    &raw_send::RAW_SEND,
    &SLEEP_IN_TEST,
    &TOO_MANY_ALLOWS,
    &unbounded_channel::UNBOUNDED_CHANNEL,
    &unsupervised_spawn::UNSUPERVISED_SPAWN,
    &UNUSED_ALLOW,
];

/// The rule of this name.
pub(crate) fn named(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id).copied()
}

/// The rule of this name or code.
pub(crate) fn named_or_coded(name: &str) -> Option<&'static Rule> {
    named(name).or_else(|| ALL.iter().find(|rule| rule.code == name).copied())
}
