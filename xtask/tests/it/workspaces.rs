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
    assert_eq!(first.stdout.lines().count(), findings.len());
    assert!(first.stdout.lines().all(|line| line.contains("(help: ")), "{}", first.stdout);
    assert!(
        first.stderr.contains("lint: analysed 3 files with types, 3 parsed: 7 findings"),
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
