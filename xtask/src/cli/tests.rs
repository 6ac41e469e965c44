//! What each command line means.

use super::{Command, UsageError, parse};
use crate::ci::Stage;

fn check(line: &str) -> Result<Command, UsageError> {
    parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn ci_without_stages_runs_all_of_them_in_order() {
    let Ok(Command::Ci(stages)) = check("ci") else { panic!("not a ci command") };
    assert_eq!(stages, Stage::ALL);
}

#[test]
fn ci_runs_the_named_stages_only() {
    let Ok(Command::Ci(stages)) = check("ci --stage fmt --stage test") else {
        panic!("not a ci command")
    };
    assert_eq!(stages, [Stage::Fmt, Stage::Test]);
}

#[test]
fn lint_takes_one_path_and_flags_in_any_order() {
    let Ok(Command::Lint(options)) = check("lint --json some/where --locked") else {
        panic!("not a lint command")
    };
    assert!(options.json && options.locked);
    assert_eq!(options.path.to_str(), Some("some/where"));
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    let cases = [
        ("", UsageError::NoCommand),
        ("bake", UsageError::UnknownCommand("bake".to_owned())),
        ("ci --stage", UsageError::MissingValue("--stage")),
        ("ci --stage bake", UsageError::UnknownStage("bake".to_owned())),
        ("ci now", UsageError::UnknownArgument { command: "ci", argument: "now".to_owned() }),
        ("fix it", UsageError::UnknownArgument { command: "fix", argument: "it".to_owned() }),
        ("lint a b", UsageError::UnknownArgument { command: "lint", argument: "b".to_owned() }),
        ("lint --js", UsageError::UnknownArgument { command: "lint", argument: "--js".to_owned() }),
        ("lint --explain", UsageError::MissingValue("--explain")),
        ("lint --explain no_such", UsageError::UnknownRule("no_such".to_owned())),
    ];
    for (line, expected) in cases {
        assert_eq!(check(line).err(), Some(expected), "{line}");
    }
}

#[test]
fn a_seed_alone_is_one_script_and_a_count_starts_at_the_first_seed() {
    let options = |line| match check(line) {
        Ok(Command::Conformance(options)) => (options.seed, options.seeds),
        other => panic!("not a conformance command: {other:?}"),
    };
    assert_eq!(options("conformance"), (1, 200));
    assert_eq!(options("conformance --seeds 2000"), (1, 2000));
    assert_eq!(options("conformance --seed 17"), (17, 1));
    assert_eq!(options("conformance --seed 17 --seeds 3"), (17, 3));
}
