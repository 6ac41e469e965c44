//! `cargo xtask ci`: every check in order, none of which writes to the tree.
//!
//! Cheap stages come first, the tests last, so that the last thing printed is the summary of the test
//! runner. All stages share one target folder and the same features; only loom, which needs its own
//! compiler flag, has a folder of its own.

mod runner;
mod stages;

use std::io::{self, Write};
use std::path::Path;

use crate::failure::Failure;
use crate::lint::meta::Metadata;
use crate::{EXIT_CLEAN, EXIT_UNANALYSED};
use runner::Runner;

/// One check of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The format is rustfmt's.
    Fmt,
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
    pub(crate) const ALL: [Stage; 10] = [
        Stage::Fmt,
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

/// Runs the stages; the first one that fails ends the run with its exit code.
pub(crate) fn run(stages: &[Stage]) -> Result<u8, Failure> {
    let metadata = Metadata::load(Path::new("."), true)?;
    let mut runner = Runner::new(&metadata);
    for &stage in stages {
        let code = match runner.stage(stage) {
            Ok(code) => code,
            Err(failure) => {
                writeln!(io::stderr().lock(), "ci: {failure}")?;
                EXIT_UNANALYSED
            }
        };
        if code != EXIT_CLEAN {
            writeln!(io::stderr().lock(), "ci: stage `{}` failed", stage.name())?;
            runner.repeat_summary()?;
            return Ok(code);
        }
    }
    runner.repeat_summary()?;
    Ok(EXIT_CLEAN)
}
