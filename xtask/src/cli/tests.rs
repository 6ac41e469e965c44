//! What each command line means.

use std::path::PathBuf;

use super::{Command, UsageError, parse, usage};
use crate::Verdict;
use crate::lint::baseline::{BaselineOptions, Mode};
use crate::lint::init::Origin;
use crate::lint::report::{Format, Output};

fn check(line: &str) -> Result<Command<'static>, UsageError> {
    parse(line.split_whitespace().map(str::to_owned), &[])
}

#[test]
fn help_is_help_wherever_it_stands() {
    for line in ["help", "--help", "-h", "lint --help", "lint --rule raw_send -h"] {
        assert!(matches!(check(line), Ok(Command::Help)), "{line}");
    }
}

#[test]
fn a_command_of_the_program_gets_what_stands_behind_its_name() {
    let program = crate::Builder::new().command("bake", "  bake [CAKE]   bakes", |args| {
        assert_eq!(args, ["a", "--b"]);
        Ok(Verdict::Findings)
    });
    let commands = program.commands();
    assert!(usage(commands).contains("\n  bake [CAKE]   bakes\n  lint [OPTION]"));
    let line = ["bake", "a", "--b"].map(str::to_owned);
    let Ok(Command::Own(own, args)) = parse(line.clone(), commands) else { panic!("no command") };
    assert_eq!((own.name, args.len()), ("bake", 2));
    assert_eq!(program.run(line).expect("it runs"), Verdict::Findings);
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
        ("help me", UsageError::UnknownArgument { command: "help", argument: "me".to_owned() }),
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

/// Before anything is linted, and whatever was asked for.
#[test]
fn a_rule_that_cannot_stand_beside_the_others_ends_the_program() {
    let program = crate::Builder::new().rule(crate::Ban::new("FND001", "mine").paths(["a::b"]));
    let failure = program.run(["help".to_owned()]).expect_err("the code is taken");
    assert!(matches!(failure, crate::Failure::Unanalysed(_)), "{failure}");
}
