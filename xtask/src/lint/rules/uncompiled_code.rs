//! `uncompiled_code`: what the compiler did not see.

use super::{Level, Levels, Rule};

pub(crate) const UNCOMPILED_CODE: Rule = Rule {
    code: "FND018",
    id: "uncompiled_code",
    levels: Levels {
        production: Level::Warn,
        test: Level::Warn,
        example: Level::Warn,
        bench: Level::Warn,
    },
    message: "stands in code that the analysis did not compile",
    hint: "compile it (`[run] feature-sets`), or read it as if the rule had found it",
    explain: "\
Code behind a `cfg` that is off has no types for the compiler, and so none for this lint. It is read by
its syntax instead, which follows imports, aliases and the types of parameters, fields and constructors.

Found: a use that breaks another rule, in a file that no target compiled, or in an item, statement or
block under a `cfg` that is off here (another system, `not(feature)`, a feature that is not switched on,
a custom `cfg`). Rules that need more than a path are judged as in compiled code.
Not found: what needs types from another file, and lints of the compiler itself (lock_across_await).",
    ..Rule::BLANK
};
