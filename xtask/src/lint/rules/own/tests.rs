//! Which rules cannot stand beside the others.

use super::{check, rule};
use crate::ban::Ban;
use crate::lint::rules::{self, Context, Level};

fn complaint(ban: &Ban) -> Option<String> {
    check(ban, rules::all()).err().map(|failure| failure.to_string())
}

fn ban(code: &str, id: &str) -> Ban {
    Ban::new(code, id).paths(["std::time::SystemTime::now"])
}

#[test]
fn a_rule_needs_a_name_a_code_and_a_path_of_its_own() {
    assert_eq!(complaint(&ban("ACME001", "wall_clock")), None);
    let cases = [
        (
            ban("ACME001", "Wall-Clock"),
            "the rule `Wall-Clock` (ACME001) needs a name in snake_case",
        ),
        (ban("ACME001", ""), "needs a name in snake_case"),
        (ban("acme1", "wall_clock"), "needs a code of capitals and digits"),
        (ban("", "wall_clock"), "needs a code of capitals and digits"),
        (ban("FND001", "wall_clock"), "has the name or the code of `raw_send` (FND001)"),
        (ban("ACME001", "raw_send"), "has the name or the code of `raw_send` (FND001)"),
        (Ban::new("ACME001", "wall_clock"), "bans no path"),
        (ban("ACME001", "wall_clock").paths(["now"]), "bans `now`, which is no path"),
        (ban("ACME001", "wall_clock").macros(["std::dbg!"]), "bans `std::dbg!`, which is no path"),
        (ban("ACME001", "wall_clock").paths(["a::\" b"]), "bans `a::\" b`, which is no path"),
    ];
    for (ban, expected) in cases {
        let complaint = complaint(&ban).unwrap_or_default();
        assert!(complaint.ends_with(expected), "{complaint}");
    }
}

#[test]
fn a_level_holds_in_its_context_alone() {
    let rule = rule(ban("ACME001", "wall_clock").level(Context::Test, Level::Warn));
    let levels = [Context::Production, Context::Test, Context::Example, Context::Bench]
        .map(|context| rule.levels.of(context));
    assert_eq!(levels, [Level::Deny, Level::Warn, Level::Allow, Level::Allow]);
}
