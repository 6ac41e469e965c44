//! `god_module`: a module that nobody reads to its end.

use super::{Levels, Rule};

pub(crate) const GOD_MODULE: Rule = Rule {
    code: "FND014",
    id: "god_module",
    levels: Levels::PRODUCTION,
    message: "is too long",
    hint: "give each type a file of its own; what changes together stays together",
    explain: "\
A module of a thousand lines has no single reason to change. It is where state is shared because it is
near, and where a review stops reading.

Found: a file or an inline module with 600 lines of code (a warning) or 1000 (deny). A line counts when it
carries code: not blank, not a comment, not documentation, not test code. The innermost module over the
limit is reported, and counts no more in what contains it. `god_module = { warn = 400, deny = 800 }` in
`[levels]` of the configuration sets other sizes.
Not found: a file that says `@generated` in its first five lines, where generators say it.
Not in force in tests, examples and benches.",
    ..Rule::BLANK
};

/// From how many lines of code a module is reported, unless the configuration says otherwise.
pub(crate) const LINES_WARN: usize = 600;
pub(crate) const LINES_DENY: usize = 1000;
