//! What each command line means.

use std::path::PathBuf;

use super::{Command, UsageError, parse};
use crate::ci::Stage;
use crate::lint::baseline::{BaselineOptions, Mode};
use crate::lint::init::Origin;
use crate::lint::report::{Format, Output};

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
fn lint_takes_its_flags_in_any_order() {
    let line = "lint --format human --locked --format sarif --output a/b -D warnings --changed HEAD \
                --rule raw_send,FND003 --manifest-path c/Cargo.toml --baseline d --locked-baseline";
    let Ok(Command::Lint(options)) = check(line) else { panic!("not a lint command") };
    assert!(options.warnings_denied && options.locked);
    assert_eq!(options.manifest, Some(PathBuf::from("c/Cargo.toml")));
    assert_eq!(options.changed.as_deref(), Some("HEAD"));
    let rules: Vec<&str> = options.rules.iter().map(|rule| rule.id).collect();
    assert_eq!(rules, ["raw_send", "unsupervised_spawn"]);
    let human = Output { format: Format::Human, file: None };
    let sarif = Output { format: Format::Sarif, file: Some(PathBuf::from("a/b")) };
    assert_eq!(options.outputs, [human, sarif]);
    let baseline = BaselineOptions { file: PathBuf::from("d"), mode: Mode::Locked };
    assert_eq!(options.baseline, Some(baseline));
}

#[test]
fn a_rule_is_explained_by_name_or_code() {
    for line in ["lint --explain raw_send", "lint --explain FND001"] {
        let Ok(Command::Explain(rule)) = check(line) else { panic!("nothing to explain") };
        assert_eq!(rule.id, "raw_send");
    }
}

#[test]
fn init_takes_the_place_of_the_tool() {
    let Ok(Command::Init(options)) = check("lint init --git https://host/repo") else {
        panic!("not an init command")
    };
    assert_eq!(options.origin, Some(Origin::Git("https://host/repo".to_owned())));
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    let without = |flag| UsageError::Without { flag, other: "--baseline" };
    let cases = [
        ("", UsageError::NoCommand),
        ("bake", UsageError::UnknownCommand("bake".to_owned())),
        ("ci --stage", UsageError::MissingValue("--stage")),
        ("ci --stage bake", UsageError::UnknownStage("bake".to_owned())),
        ("ci now", UsageError::UnknownArgument { command: "ci", argument: "now".to_owned() }),
        ("fix it", UsageError::UnknownArgument { command: "fix", argument: "it".to_owned() }),
        ("lint a", UsageError::UnknownArgument { command: "lint", argument: "a".to_owned() }),
        (
            "lint -D all",
            UsageError::UnknownArgument { command: "lint", argument: "-D all".to_owned() },
        ),
        ("lint --format xml", UsageError::UnknownFormat("xml".to_owned())),
        ("lint --output a", UsageError::Without { flag: "--output", other: "--format" }),
        ("lint --today soon", UsageError::NotADay("soon".to_owned())),
        ("lint --changed --cached", UsageError::MissingValue("--changed")),
        ("lint --rule raw_send,no_such", UsageError::UnknownRule("no_such".to_owned())),
        ("lint --write-baseline", without("--write-baseline")),
        ("lint --locked-baseline", without("--locked-baseline")),
        (
            "lint --baseline a --write-baseline --locked-baseline",
            UsageError::Together { flag: "--write-baseline", other: "--locked-baseline" },
        ),
        (
            "lint --baseline a --write-baseline --rule raw_send",
            UsageError::Together { flag: "--write-baseline", other: "--rule" },
        ),
        ("lint init --path a --git b", UsageError::Together { flag: "--path", other: "--git" }),
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
