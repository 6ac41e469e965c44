//! Ways around the bans.

use std::fs;

use crate::fixture::Fixture;

#[test]
fn aliases_values_macros_and_attributes_do_not_evade_the_lint() {
    let fixture = Fixture::new("evasions");
    fixture.check();

    let strict = fixture.lint(&["--json"], &[("RUSTFLAGS", "-Dwarnings")]);
    let plain = fixture.lint(&["--json"], &[]);
    assert_eq!(strict.stdout, plain.stdout, "{}", strict.stderr);
    assert_eq!(strict.code, Some(1));
}

#[test]
fn only_the_configured_features_are_analysed() {
    let fixture = Fixture::copied("evasions", "evasions_by_feature");
    let lines = |config: &str| {
        fs::write(fixture.folder.join("foundation-lint.toml"), config).unwrap();
        let report = fixture.lint(&[], &[]).stdout;
        report.lines().filter(|line| line.contains(" unsupervised_spawn ")).count()
    };
    let all = lines("version = 1");
    assert_eq!(lines("version = 1\n[run]\nfeatures = \"default\""), all - 1);
    assert_eq!(lines("version = 1\n[run]\nfeatures = [\"extra\"]"), all);
}
