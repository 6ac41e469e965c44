//! Ways around the bans.

use std::fs;

use crate::fixture::Fixture;

#[test]
fn aliases_values_macros_and_attributes_do_not_evade_the_lint() {
    let fixture = Fixture::new("evasions");
    fixture.check();

    let strict = fixture.lint(&["--format", "json"], &[("RUSTFLAGS", "-Dwarnings")]);
    let plain = fixture.lint(&["--format", "json"], &[]);
    assert_eq!(strict.stdout, plain.stdout, "{}", strict.stderr);
    assert_eq!(strict.code, Some(1));
}

#[test]
fn only_the_configured_features_are_analysed() {
    let fixture = Fixture::copied("evasions", "evasions_by_feature");
    let lines = |config: &str| {
        fs::write(fixture.folder.join("foundation-lint.toml"), config).unwrap();
        let findings = fixture.lint(&["--format", "json"], &[]).findings();
        findings.iter().filter(|finding| finding["rule"] == "unsupervised_spawn").count()
    };
    let all = lines("version = 1");
    let sets = |sets: &str| lines(&format!("version = 1\n[run]\nfeature-sets = {sets}"));
    assert_eq!(sets("[[]]"), all - 1);
    assert_eq!(sets("[[\"extra\"]]"), all);
    // Nothing is found twice, and what one set does not compile another one may.
    assert_eq!(sets("[[], [\"extra\"], [\"--no-default-features\"]]"), all);
}
