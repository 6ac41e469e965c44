//! Whole workspaces: one that uses foundation from outside, one that does not build.

use crate::fixture::Fixture;

#[test]
fn a_downstream_workspace_is_linted_like_this_one() {
    let fixture = Fixture::new("downstream");
    let findings = fixture.check();
    let rules = ["raw_send", "unsupervised_spawn", "unbounded_channel", "sleep_in_test"];
    for rule in rules.iter().chain(&["layer_violation"]) {
        assert!(findings.iter().any(|finding| finding["rule"] == *rule), "{rule}");
    }

    let first = fixture.lint(&[], &[]);
    let second = fixture.lint(&[], &[]);
    assert_eq!(first.stdout, second.stdout);
    let lines = |part: &str| first.stdout.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines("--> "), findings.len(), "{}", first.stdout);
    assert_eq!(lines("= help: "), findings.len(), "{}", first.stdout);
    assert!(
        first.stderr.contains("lint: 3 files with types, 0 parsed only, 0 not seen, in "),
        "{}",
        first.stderr
    );
}

#[test]
fn a_member_that_does_not_build_is_never_clean_nor_a_finding() {
    let run = Fixture::new("broken").lint(&[], &[]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("mismatched types"), "{}", run.stderr);
    assert!(run.stderr.contains("does not build"), "{}", run.stderr);
}
