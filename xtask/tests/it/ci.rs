//! `ci` on a small workspace: what it runs, that it changes nothing, and how it ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::{Fixture, cargo_without, collect, xtask_in};

fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files
        .into_iter()
        .filter(|file| !file.strip_prefix(folder).is_ok_and(|file| file.starts_with(".git")))
        .map(|file| (file.clone(), fs::read_to_string(file).expect("it is text")))
        .collect()
}

/// The runner's own last line about the tests, whichever runner there is.
fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [") || line.starts_with("test result: ")
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn every_stage_runs_nothing_is_written_and_the_summary_of_the_tests_comes_last() {
    let fixture = Fixture::new("ci");
    for args in [&["init", "-q"][..], &["add", "."]] {
        let git = Command::new("git").args(args).current_dir(&fixture.folder).status();
        assert!(git.expect("git starts").success(), "{args:?}");
    }
    let before = contents(&fixture.folder);
    let run = xtask_in(&fixture.folder, &["ci"], &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(contents(&fixture.folder), before);
    let stages = "fmt house lint clippy alone doc loom doctest bench conformance test";
    for stage in stages.split(' ') {
        assert!(run.stderr.contains(&format!("== {stage}: passed in ")), "{stage}: {}", run.stderr);
    }
    assert!(run.stderr.contains("nothing to run"), "a stage without work says so");
    assert!(run.stderr.contains("$ cargo fetch --locked\n"), "{}", run.stderr);
    assert!(is_summary(last_line(&run.stderr)), "{}", run.stderr);

    fails_at_the_first_wrong_thing(&fixture);
}

fn fails_at_the_first_wrong_thing(fixture: &Fixture) {
    let library = fixture.folder.join("src/lib.rs");
    let good = fs::read_to_string(&library).expect("the fixture has a library");
    let cases = [
        ("fmt", good.replace("n + 1", "n+1")),
        ("house", good.replace("//! ", "// ")),
        ("lint", good.replace("    n + 1", "    std::thread::spawn(|| ());\n    n + 1")),
        ("clippy", good.replace("    n + 1", "    return n + 1;")),
        ("doc", good.replace("One more.", "One more [nowhere].")),
        ("doctest", good.replace("next(1), 2);\n/// `", "next(1), 3);\n/// `")),
        ("test", good.replace("super::next(1), 2", "super::next(1), 3")),
    ];
    for (stage, text) in cases {
        assert_ne!(text, good, "{stage}");
        fs::write(&library, text).expect("the library can be changed");
        let run = xtask_in(&fixture.folder, &["ci"], &[]);
        assert_eq!(run.code, Some(1), "{stage}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("ci: stage `{stage}` failed")), "{}", run.stderr);
        let summary = run.stderr.lines().rev().take(4).any(is_summary);
        assert_eq!(summary, stage == "test", "{stage}: {}", run.stderr);
    }
}

#[test]
fn the_bench_stage_fails_when_a_bench_or_an_example_does() {
    let fixture = Fixture::copied("ci", "ci_bench");
    let files = [
        (
            "examples/million_idle.rs",
            "//! Idles.\nfn main() {}\n",
            "//! Fails.\nfn main() { assert!(false) }\n",
        ),
        (
            "examples/million_monitors.rs",
            "//! Watches.\nfn main() {}\n",
            "//! Fails.\nfn main() { assert!(false) }\n",
        ),
        (
            "examples/flaky_service.rs",
            "//! Orders.\nfn main() {}\n",
            "//! Fails.\nfn main() { assert!(false) }\n",
        ),
        (
            "benches/kernel.rs",
            "//! Works.\n",
            "//! Fails.\n#[test]\nfn fails() { assert!(false) }\n",
        ),
    ];
    for (file, good, bad) in files {
        let file = fixture.folder.join(file);
        fs::create_dir_all(file.parent().expect("it has a folder")).expect("it can be made");
        for (text, code) in [(bad, 1), (good, 0)] {
            fs::write(&file, text).expect("it can be written");
            let run = xtask_in(&fixture.folder, &["ci", "--stage", "bench"], &[]);
            assert_eq!(run.code, Some(code), "{}", run.stderr);
        }
    }
}

#[test]
fn an_unchecked_lint_stage_is_not_a_passed_one() {
    let fixture = Fixture::copied("broken", "ci_broken");
    let run = xtask_in(&fixture.folder, &["ci", "--stage", "lint"], &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn without_nextest_the_tests_run_under_cargo_test_and_it_is_said() {
    let fixture = Fixture::copied("ci", "ci_without_nextest");
    let cargo = cargo_without("nextest");
    let run = xtask_in(&fixture.folder, &["ci", "--stage", "test"], &[("CARGO", &cargo)]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("nextest is missing"), "{}", run.stderr);
    assert!(last_line(&run.stderr).starts_with("test result: ok. 1 passed"), "{}", run.stderr);
}

#[test]
fn without_clippy_nothing_that_needs_it_passes() {
    let fixture = Fixture::copied("ci", "ci_without_clippy");
    let cargo = cargo_without("clippy");
    for (stage, code) in [("lint", 2), ("clippy", 1)] {
        let run = xtask_in(&fixture.folder, &["ci", "--stage", stage], &[("CARGO", &cargo)]);
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert!(run.stderr.contains("`cargo clippy` is missing"), "{}", run.stderr);
    }
}
