//! `too_many_allows`: more exceptions than the workspace agreed on.

use super::{Levels, Rule};

pub(crate) const TOO_MANY_ALLOWS: Rule = Rule {
    code: "FND021",
    id: "too_many_allows",
    levels: Levels::EVERYWHERE,
    message: "there are more exceptions than `max-allows`",
    hint: "remove one; `--list-allows` prints them all",
    explain: "\
A ratchet. Each exception has its reason, and together they can still be too many. `max-allows` in the
`[run]` table of the configuration is the number that this workspace has agreed on; lower it whenever one
goes.

Counted: what `--list-allows` prints, that is, comments, attributes and `[[exempt]]` entries.",
    ..Rule::BLANK
};
