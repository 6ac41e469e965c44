//! A workspace whose `xtask` adds rules and a command of its own.

use std::env;
use std::path::Path;

use serde_json::Value;

use crate::fixture::{Fixture, Run, run};

fn tasks(fixture: &Fixture, args: &[&str]) -> Run {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let args = [&["run", "--quiet", "--package", "xtask", "--"], args].concat();
    run(Path::new(&cargo), &fixture.folder, &args, &[])
}

#[test]
fn rules_from_outside_are_judged_reported_and_suppressed_like_the_others() {
    let fixture = Fixture::new("own_rules");
    let found = tasks(&fixture, &["lint", "--format", "json"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    let findings = fixture.compare(&found);
    let level = |line: u64| {
        let one = findings.iter().find(|one| one["line"] == line).expect("it is marked");
        (one["code"].as_str().expect("a code"), one["level"].as_str().expect("a level"))
    };
    assert_eq!(level(5), ("ACME001", "deny"));
    // Raised by the rule itself, and lowered by the configuration.
    assert_eq!(level(47), ("ACME001", "warn"));
    assert_eq!(level(35), ("ACME002", "warn"));
    let first = findings.iter().find(|one| one["line"] == 5).expect("it is marked");
    assert_eq!(
        first["message"],
        "`std::time::SystemTime::now` reads a clock that tests cannot set"
    );

    let sarif = tasks(&fixture, &["lint", "--format", "sarif", "--rule", "wall_clock"]);
    let log: Value = serde_json::from_str(&sarif.stdout).expect("it is JSON");
    let driver = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for one in log["runs"][0]["results"].as_array().expect("results") {
        let index = usize::try_from(one["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(one["ruleId"], "ACME001");
        assert_eq!(driver[index]["id"], "ACME001");
    }
}

#[test]
fn rules_from_outside_are_listed_and_explained_and_commands_run() {
    let fixture = Fixture::copied("own_rules", "own_rules_commands");
    let listed = tasks(&fixture, &["lint", "--list-rules"]);
    assert!(listed.stdout.contains("\nwall_clock "), "{}", listed.stdout);
    let explained = tasks(&fixture, &["lint", "--explain", "ACME001"]);
    for part in [
        "A test cannot wait for tomorrow.",
        "Instead: take the time from `app::clock`",
        "Levels: production deny, tests warn, examples allow, benches allow",
        "    std::dbg",
        "not in force in app::clock",
    ] {
        assert!(explained.stdout.contains(part), "{part}: {}", explained.stdout);
    }
    let hello = tasks(&fixture, &["hello", "to", "all"]);
    assert_eq!((hello.code, hello.stdout.as_str()), (Some(1), "hello to all\n"));
    let help = tasks(&fixture, &["help"]);
    assert!(help.stdout.contains("  hello [NAME]            says so\n"), "{}", help.stdout);
    // What this workspace alone needs is no command of others.
    let ci = tasks(&fixture, &["ci"]);
    assert_eq!(ci.code, Some(64), "{}", ci.stderr);
    assert!(ci.stderr.contains("unknown command `ci`"), "{}", ci.stderr);
}
