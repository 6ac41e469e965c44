//! The reports of a run.

use std::path::Path;
use std::process::Command;

use crate::fixture::{Fixture, xtask_in};
use crate::sarif;

const LIBRARY: &str = "\
//! Spawns.
pub fn f() {
    std::thread::spawn(|| ()).join().unwrap();
    // lint: allow(unsupervised_spawn) -- one may, so that it is suppressed
    std::thread::spawn(|| ()).join().unwrap();
}
";

#[test]
fn every_form_goes_where_it_is_sent_and_is_the_same_on_every_run() {
    let fixture = Fixture::library("output", LIBRARY);
    let file = |name: &str| fixture.folder.join("out").join(name).to_string_lossy().into_owned();
    let forms = ["human", "json", "github", "sarif"];
    let run = |name: &str| {
        let files: Vec<String> = forms.iter().map(|form| file(&format!("{name}.{form}"))).collect();
        let mut args = vec!["--format", "github"];
        for (form, file) in forms.iter().zip(&files) {
            args.extend(["--format", form, "--output", file]);
        }
        let run = fixture.lint(&args, &[]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert_eq!(run.stdout, fixture.read(&format!("out/{name}.github")));
    };
    run("first");
    run("second");
    for form in forms {
        let text = fixture.read(&format!("out/first.{form}"));
        assert_eq!(text, fixture.read(&format!("out/second.{form}")), "{form}");
        assert!(text.contains("std::thread::spawn"), "{form}: {text}");
    }
    let log = serde_json::from_str(&fixture.read("out/first.sarif")).expect("it is JSON");
    sarif::check(&log);
    let results = log["runs"][0]["results"].as_array().expect("there are results");
    assert_eq!(results.len(), 2);
    let justification = &results[1]["suppressions"][0]["justification"];
    assert_eq!(justification, "one may, so that it is suppressed");
    let names: Vec<_> = results
        .iter()
        .map(|result| &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])
        .collect();
    assert_eq!(names, ["output::f", "output::f"]);
    let prints = |index: usize| results[index]["partialFingerprints"].to_string();
    assert_ne!(prints(0), prints(1));
}

#[test]
fn people_can_follow_the_place_from_wherever_they_are() {
    let fixture = Fixture::library("output_here", LIBRARY);
    let there = fixture.lint(&[], &[]);
    let place = there.stdout.lines().find_map(|line| line.split_once("--> "));
    let path = place.expect("there is a place").1.trim_end_matches(":3:5");
    assert!(Path::new(path).is_file(), "{path}");
    let here = xtask_in(&fixture.folder, &["lint"], &[]);
    assert!(here.stdout.contains("--> src/lib.rs:3:5\n"), "{}", here.stdout);
    assert!(
        here.stdout.contains("\n3 |     std::thread::spawn(|| ()).join().unwrap();\n"),
        "{}",
        here.stdout
    );
    assert!(here.stdout.contains("= help: "), "{}", here.stdout);
}

#[test]
fn only_files_that_changed_since_a_revision_are_reported() {
    let fixture = Fixture::library("output_changed", LIBRARY);
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
        let mut command = Command::new("git");
        let output = command.args(identity).args(args).current_dir(&fixture.folder).output();
        assert!(output.expect("git starts").status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "src", "Cargo.toml"]);
    git(&["commit", "-q", "-m", "first"]);
    let lint = || fixture.lint(&["--format", "json", "--changed", "HEAD"], &[]);
    let unchanged = lint();
    assert_eq!((unchanged.code, unchanged.stdout.as_str()), (Some(0), ""), "{}", unchanged.stderr);
    fixture.write("src/lib.rs", &format!("{LIBRARY}pub mod new;\n"));
    fixture.write("src/new.rs", LIBRARY);
    let files: Vec<String> = lint().findings().iter().map(|one| one["file"].to_string()).collect();
    assert_eq!(files, ["\"src/lib.rs\"", "\"src/new.rs\""]);
    git(&["add", "src"]);
    git(&["commit", "-q", "-m", "second"]);
    assert_eq!(lint().code, Some(0));
    let unknown = fixture.lint(&["--changed", "no-such-revision"], &[]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stdout);
}

/// A workspace without foundation has other things to write instead.
#[test]
fn every_form_says_the_hint_of_the_workspace() {
    let text = "//! Threads.\npub fn start() {\n    std::thread::spawn(|| ());\n}\n";
    let fixture = Fixture::library("hints", text);
    let hint = "start it with `acme::Pool::start`";
    let config = format!("version = 1\n[hints]\nunsupervised_spawn = \"{hint}\"\n");
    fixture.write("foundation-lint.toml", &config);
    for form in ["human", "json", "github", "sarif"] {
        let run = fixture.lint(&["--format", form], &[]);
        assert!(run.stdout.contains(hint), "{form}: {}", run.stdout);
        assert!(!run.stdout.contains("start it under a supervisor"), "{form}: {}", run.stdout);
    }
    let explained = xtask_in(&fixture.folder, &["lint", "--explain", "unsupervised_spawn"], &[]);
    assert!(explained.stdout.contains(&format!("Instead: {hint}\n")), "{}", explained.stdout);
}
