//! The baseline only shrinks.

use crate::fixture::{Fixture, Run};

const SPAWN: &str = "    std::thread::spawn(|| ()).join().unwrap();\n";

/// A function with so many spawns on equal lines, so far down.
fn library(down: usize, count: usize) -> String {
    let lines = "// A line.\n".repeat(down);
    format!("//! Spawns.\n{lines}pub fn f() {{\n{}}}\n", SPAWN.repeat(count))
}

fn findings(run: &Run) -> usize {
    run.findings().len()
}

#[test]
fn known_findings_do_not_count_new_ones_do_and_those_that_are_gone_do_not_come_back() {
    let fixture = Fixture::library("baseline", &library(0, 2));
    let file = fixture.folder.join("lint-baseline.json").to_string_lossy().into_owned();
    let lint = |extra: &[&str]| {
        let args = [&["--format", "json", "--baseline", &file], extra].concat();
        fixture.lint(&args, &[])
    };
    let missing = lint(&[]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert_eq!(lint(&["--write-baseline"]).code, Some(0));
    let first = fixture.read("lint-baseline.json");
    assert!(first.contains("\"count\":2") && first.contains("\"item\":\"baseline::f\""), "{first}");
    assert!(!first.contains("\"line\":"), "{first}");

    fixture.write("src/lib.rs", &library(9, 2));
    let moved = lint(&["--locked-baseline"]);
    assert_eq!((moved.code, findings(&moved)), (Some(0), 0), "{}", moved.stderr);

    fixture.write("src/lib.rs", &library(0, 3));
    let more = lint(&["--write-baseline"]);
    assert_eq!((more.code, findings(&more)), (Some(1), 1), "{}", more.stdout);
    assert_eq!(fixture.read("lint-baseline.json"), first, "it takes nothing new");

    fixture.write("src/lib.rs", &library(0, 1));
    let fewer = lint(&[]);
    assert_eq!(fewer.code, Some(0), "{}", fewer.stderr);
    assert!(fewer.stderr.contains("the baseline is stale: 1 of its"), "{}", fewer.stderr);
    assert_eq!(lint(&["--locked-baseline"]).code, Some(1));
    let other = lint(&["--locked-baseline", "--rule", "raw_send"]);
    assert_eq!(other.code, Some(0), "what was not looked for is not gone: {}", other.stderr);
    assert_eq!(lint(&["--write-baseline"]).code, Some(0));
    assert!(fixture.read("lint-baseline.json").contains("\"count\":1"));

    fixture.write("src/lib.rs", &library(0, 2));
    assert_eq!(lint(&[]).code, Some(1));

    fixture.write("lint-baseline.json", "{ \"version\": 2 }");
    assert_eq!(lint(&[]).code, Some(2));
}
