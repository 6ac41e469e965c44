//! The program itself: exit codes and what needs no workspace.

use crate::fixture::xtask;

#[test]
fn a_command_line_that_makes_no_sense_exits_64() {
    for args in [
        &["bake"][..],
        &[],
        &["lint", "--jsn"],
        &["lint", "--format", "xml"],
        &["lint", "--write-baseline"],
        &["ci", "--stage", "bake"],
    ] {
        let run = xtask(args, &[]);
        assert_eq!(run.code, Some(64), "{args:?}");
        assert!(run.stderr.contains("usage: cargo xtask"), "{args:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn what_is_no_manifest_exits_2() {
    for path in ["no/such/Cargo.toml", "/", "README.md"] {
        let run = xtask(&["lint", "--manifest-path", path], &[]);
        assert_eq!(run.code, Some(2), "{path}: {}", run.stderr);
        assert!(run.stderr.contains("could not analyse"), "{path}: {}", run.stderr);
    }
}

#[test]
fn every_listed_rule_explains_itself_and_names_a_replacement() {
    let listed = xtask(&["lint", "--list-rules"], &[]);
    assert_eq!(listed.code, Some(0));
    let rules = listed.stdout.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let mut count = 0;
    for rule in rules {
        let run = xtask(&["lint", "--explain", rule], &[]);
        assert_eq!(run.code, Some(0), "{rule}");
        assert!(run.stdout.contains("Instead: "), "{rule}");
        count += 1;
    }
    assert_eq!(count, 21);
}
