//! `layer_violation`: a dependency that points upward or sideways.

use super::{Levels, Rule};

pub(crate) const LAYER_VIOLATION: Rule = Rule {
    code: "FND015",
    id: "layer_violation",
    levels: Levels::EVERYWHERE,
    message: "breaks the layers of this workspace",
    hint: "let the lower layer offer what the higher one needs; the layers stand in \
           `foundation-lint.toml`",
    explain: "\
A layer that knows a higher one can no longer be used, tested or understood without it.

Found, in the declared dependencies of every member (normal, build and dev; optional, renamed and
target-specific ones included): an edge upward or sideways; a crate that is in no layer; a normal edge
to a dev-only crate; any edge to or from a standalone crate; a crate that `forbid`, `only` or `may-use`
does not let in. Dev-dependencies may point upward unless the configuration says `dev = \"deny\"`.
Not found: what a dependency brings along itself.",
    ..Rule::BLANK
};
