//! `cargo xtask ci`: every check in order, none of which writes to the tree.
//!
//! Cheap stages come first, the tests last, so that the last thing printed is the summary of the test
//! runner. All stages share one target folder and the same features; only loom, which needs its own
//! compiler flag, has a folder of its own.

mod runner;
mod stages;

use std::io::{self, Write};
use std::path::Path;

use foundation_xtask::{Failure, Verdict, Workspace};
use runner::Runner;

use crate::usage::UsageError;

/// One check of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The format is rustfmt's.
    Fmt,
    /// The rules of this house about files.
    House,
    /// The rules of `xtask lint`.
    Lint,
    /// Clippy on everything, warnings denied.
    Clippy,
    /// Each library builds without the features that other crates switch on.
    Alone,
    /// The documentation builds without warnings.
    Doc,
    /// The concurrency models.
    Loom,
    /// The examples in the documentation.
    Doctest,
    /// Every row of the benchmarks once, and a small run of a large example, to see that they work.
    Bench,
    /// The supervisors against those of Erlang/OTP.
    Conformance,
    /// Unit and integration tests.
    Test,
}

impl Stage {
    /// All stages in the order in which they run.
    pub(crate) const ALL: [Stage; 11] = [
        Stage::Fmt,
        Stage::House,
        Stage::Lint,
        Stage::Clippy,
        Stage::Alone,
        Stage::Doc,
        Stage::Loom,
        Stage::Doctest,
        Stage::Bench,
        Stage::Conformance,
        Stage::Test,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Fmt => "fmt",
            Stage::House => "house",
            Stage::Lint => "lint",
            Stage::Clippy => "clippy",
            Stage::Alone => "alone",
            Stage::Doc => "doc",
            Stage::Loom => "loom",
            Stage::Doctest => "doctest",
            Stage::Bench => "bench",
            Stage::Conformance => "conformance",
            Stage::Test => "test",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// Reads what follows `ci`.
pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Vec<Stage>, UsageError> {
    let mut stages = Vec::new();
    while let Some(argument) = args.next() {
        match argument.as_str() {
            "--stage" => {
                let name = args.next().ok_or(UsageError::MissingValue("--stage"))?;
                stages.push(Stage::named(&name).ok_or(UsageError::UnknownStage(name))?);
            }
            _ => return Err(UsageError::UnknownArgument { command: "ci", argument }),
        }
    }
    Ok(if stages.is_empty() { Stage::ALL.to_vec() } else { stages })
}

/// Runs the stages; the first one that fails ends the run with its verdict.
pub(crate) fn run(stages: &[Stage]) -> Result<Verdict, Failure> {
    let metadata = Workspace::load(Path::new("."), true)?;
    let mut runner = Runner::new(&metadata);
    for &stage in stages {
        let verdict = runner.stage(stage);
        if !matches!(verdict, Ok(Verdict::Clean)) {
            writeln!(io::stderr().lock(), "ci: stage `{}` failed", stage.name())?;
            runner.repeat_summary()?;
            return verdict;
        }
    }
    runner.repeat_summary()?;
    Ok(Verdict::Clean)
}

#[cfg(test)]
mod tests;
