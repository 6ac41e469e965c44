//! `bare_allow`: a suppression that does not say what or why.

use super::{Levels, Rule};

pub(crate) const BARE_ALLOW: Rule = Rule {
    code: "FND016",
    id: "bare_allow",
    levels: Levels::EVERYWHERE,
    message: "suppresses without saying what and why",
    hint: "write `// lint: allow(rule) -- reason` on one statement or item",
    explain: "\
An exception is only reviewable when it names the rule, gives a reason of at least ten characters and
covers one statement or item.

Found: a `// lint:` comment that is malformed, names no known rule or gives no reason; one that covers a
whole module; a declaration (`// lint: durable`, `stateless`) without a reason; `allow` or `expect` of
clippy's disallowed_methods, disallowed_macros, await_holding_lock or await_holding_refcell_ref without a
reason, on a module, or as an inner attribute; and `cfg(clippy)`, which would hide code from the lint.",
    ..Rule::BLANK
};
