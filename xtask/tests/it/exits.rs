//! What each exit code needs. The command lines that make no sense are in `program`.

use std::fs;

use crate::fixture::{Fixture, cargo_without};

const WARNS: &str = "\
//! Sends.
fn main() {
    let (tx, _rx) = std::sync::mpsc::sync_channel(1);
    assert!(tx.send(1).is_ok());
}
";

#[test]
fn warnings_alone_are_clean_unless_they_are_denied() {
    let fixture = Fixture::library("exits_warnings", "//! Nothing.\n");
    assert_eq!(fixture.lint(&[], &[]).code, Some(0));
    fixture.write("examples/show.rs", WARNS);
    let warned = fixture.lint(&[], &[]);
    assert_eq!(warned.code, Some(0), "{}", warned.stderr);
    assert!(warned.stdout.starts_with("warning[FND001 raw_send]: "), "{}", warned.stdout);
    assert!(warned.stderr.contains(": 0 findings, 1 warnings"), "{}", warned.stderr);
    for args in [&["-D", "warnings"][..], &["-Dwarnings"]] {
        let denied = fixture.lint(args, &[]);
        assert_eq!(denied.code, Some(1), "{}", denied.stderr);
        assert!(denied.stdout.starts_with("error[FND001 raw_send]: "), "{}", denied.stdout);
    }
    let other = fixture.lint(&["-D", "warnings", "--rule", "FND003,raw_reply"], &[]);
    assert_eq!((other.code, other.stdout.as_str()), (Some(0), ""), "{}", other.stderr);
}

/// Each is complained about in one line, and none is a finding.
#[test]
fn what_could_not_be_analysed_exits_2() {
    let fixture = Fixture::library("exits_unanalysed", "//! Nothing.\n");
    let complaint = |expected: &str| {
        let run = fixture.lint(&["--format", "json"], &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{expected}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
    };
    fixture.write("src/lib.rs", "fn f( {");
    complaint("does not build");
    fixture.write("src/lib.rs", "#[cfg(any())]\nmod other;\n");
    fixture.write("src/other.rs", "fn f( {");
    complaint("src/other.rs:1:7: syn 3 cannot parse this file");
    fixture.write("src/lib.rs", "//! Nothing.\n");
    fixture.write("foundation-lint.toml", "version = 1\n[run]\nmax = 1\n");
    complaint("foundation-lint.toml:3: unknown key `max` in `[run]`");
    fixture.write("foundation-lint.toml", "version = 1\n");
    let manifest = fixture.read("Cargo.toml");
    fixture.write("Cargo.toml", &format!("{manifest}members = [\"gone\"]\n"));
    complaint("cargo metadata failed");
    fixture.write("Cargo.toml", &manifest);

    let cargo = cargo_without("clippy");
    let run = fixture.lint(&[], &[("CARGO", &cargo)]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("rustup component add clippy"), "{}", run.stderr);
}

#[test]
fn a_workspace_without_anything_to_compile_is_not_clean() {
    let fixture = Fixture::empty("exits_empty");
    fixture.write("Cargo.toml", "[workspace]\nmembers = []\n");
    let run = fixture.lint(&[], &[]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_file_that_no_target_reaches_is_counted_as_not_seen() {
    let fixture = Fixture::library("exits_unseen", "//! Nothing.\n#[cfg(any())]\nmod off;\n");
    fixture.write("src/off.rs", "//! Off.\n");
    fixture.write("src/lost.rs", "//! Lost.\n");
    let run = fixture.lint(&[], &[]);
    let expected = "lint: 1 files with types, 1 parsed only, 1 not seen, in ";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    assert!(run.stderr.contains("src/off.rs was not compiled"), "{}", run.stderr);
    assert!(run.stderr.contains("src/lost.rs belongs to no target"), "{}", run.stderr);
    fs::remove_file(fixture.folder.join("src/lost.rs")).expect("it can go");
    assert!(fixture.lint(&[], &[]).stderr.contains(" 0 not seen, "));
}

/// What was found and cannot be told is neither clean nor a finding.
#[test]
fn a_report_that_cannot_be_written_exits_2() {
    let fixture = Fixture::library("unwritable", "//! Nothing.\n");
    let below_a_file = fixture.folder.join("Cargo.toml/report.json");
    let run = fixture.lint(&["--format", "json", "--output", &below_a_file.to_string_lossy()], &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("could not run: "), "{}", run.stderr);
}
