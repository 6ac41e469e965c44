//! Ways around the bans.

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
