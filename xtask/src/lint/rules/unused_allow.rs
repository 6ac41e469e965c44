//! `unused_allow`: a suppression that suppresses nothing.

use super::{Levels, Rule};

pub(crate) const UNUSED_ALLOW: Rule = Rule {
    code: "FND017",
    id: "unused_allow",
    levels: Levels::EVERYWHERE,
    message: "suppresses nothing",
    hint: "delete it, or what it was to excuse",
    explain: "\
A suppression that outlived its cause hides the next one. A comment is stale when no finding of its rule
lies in what it covers; an attribute when clippy has no hit of that rule there; an `[[exempt]]` entry of
the configuration when no finding of its rule lies in the package or item. An exception with an `until`
suppresses nothing any more on the day after, and is found as well.
A declaration (`// lint: durable`, `stateless`) is stale when there is neither a type nor an `impl` below it
and the rule that reads it is on.
Not judged: suppressions in code under a `cfg` that the lint cannot evaluate (features, targets, loom).",
    ..Rule::BLANK
};
