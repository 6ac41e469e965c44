//! Dependencies against the layers.

use std::fs;

use crate::fixture::Fixture;

#[test]
fn forbidden_edges_are_found_through_renames_optional_and_target_tables() {
    let fixture = Fixture::new("layers");
    let findings = fixture.check();
    let along = "`high` must not bring `syn` along: high -> side -> syn";
    let said = findings.iter().filter(|one| one["message"] == along);
    let lines: Vec<Option<u64>> = said.map(|one| one["line"].as_u64()).collect();
    assert_eq!(lines, [Some(8)], "{findings:?}");
    // Not the first dependency that is declared.
    let along = "`mid` must not bring `syn` along: mid -> side -> syn";
    let said = findings.iter().find(|one| one["message"] == along).expect("it is found");
    assert_eq!((&said["file"], &said["line"]), (&"mid/Cargo.toml".into(), &9.into()));

    let config = fixture.folder.join("foundation-lint.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("[\"mid\"]", "[\"mid\"], [\"gone\"]")).unwrap();
    let run = fixture.lint(&[], &[]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("`gone`"), "{}", run.stderr);
}
