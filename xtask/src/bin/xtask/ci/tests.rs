//! What the arguments of `ci` mean.

use super::{Stage, parse};
use crate::usage::UsageError;

fn check(line: &str) -> Result<Vec<Stage>, UsageError> {
    parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn ci_without_stages_runs_all_of_them_in_order() {
    assert_eq!(check(""), Ok(Stage::ALL.to_vec()));
}

#[test]
fn ci_runs_the_named_stages_only() {
    assert_eq!(check("--stage fmt --stage test"), Ok(vec![Stage::Fmt, Stage::Test]));
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    let unknown = UsageError::UnknownArgument { command: "ci", argument: "now".to_owned() };
    assert_eq!(check("now"), Err(unknown));
    assert_eq!(check("--stage"), Err(UsageError::MissingValue("--stage")));
    assert_eq!(check("--stage bake"), Err(UsageError::UnknownStage("bake".to_owned())));
}
