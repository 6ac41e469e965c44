//! The command line: what was asked for, or why it makes no sense.

mod lint;

use std::error::Error;
use std::fmt;

use crate::bench::{self, BenchOptions};
use crate::ci::Stage;
use crate::conformance::{self, ConformanceOptions};
use crate::lint::LintOptions;
use crate::lint::init::InitOptions;
use crate::lint::rules::Rule;

pub(crate) const USAGE: &str = "\
usage: cargo xtask COMMAND

commands:
  ci [--stage STAGE]...   every check in order, or the named ones; never writes to the tree
                          stages: fmt lint clippy alone doc loom doctest bench
                          conformance test
  conformance [--seeds N] [--seed S]
                          random scripts on Erlang/OTP and on foundation, compared: N scripts
                          (200; with --seed, 1) from seed S (1) on
  fix                     format, apply clippy's suggestions, write docs/METRICS.md; the only
                          command that writes
  lint [OPTION]...        the source rules, for this workspace or another one
    --manifest-path FILE    the workspace of this Cargo.toml
    --locked                leave Cargo.lock as it is
    --rule A,B              report these rules only
    --changed REV           report only files that changed since a git revision
    -D warnings             warnings fail, too
    --format FORMAT [--output FILE]
                            human (default), json, github or sarif; may be repeated
    --baseline FILE         known findings do not count
    --write-baseline        ... and those that are gone are taken out of the file
    --locked-baseline       ... and those that are gone fail the run
    --list-allows           print every exception instead
  lint --list-rules       every rule with its level per context
  lint --explain RULE     what a rule finds, why, and what to write instead
  lint init [--manifest-path FILE] [--path FOLDER | --git URL]
                          configuration, alias, xtask package and CI workflow for a workspace;
                          FOLDER or URL is where it gets this tool from
  bench ratios [--json FILE] [--op NAME]... [--rounds N] [--check] [--smoke]
                          the cost of the kernel beside bare tokio, and its targets
  help                    this text

exit codes: 0 clean, 1 findings or a failed check, 2 could not analyse, 64 usage";

/// One parsed command line.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Bench(BenchOptions),
    Ci(Vec<Stage>),
    Conformance(ConformanceOptions),
    Fix,
    Lint(LintOptions),
    ListRules,
    Explain(&'static Rule),
    Init(InitOptions),
}

/// A command line that was not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    NoCommand,
    UnknownCommand(String),
    UnknownArgument { command: &'static str, argument: String },
    MissingValue(&'static str),
    UnknownStage(String),
    UnknownRule(String),
    UnknownOperation(String),
    UnknownFormat(String),
    NotADay(String),
    Without { flag: &'static str, other: &'static str },
    Together { flag: &'static str, other: &'static str },
    NotANumber { flag: &'static str, value: String },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::NoCommand => f.write_str("no command given"),
            UsageError::UnknownCommand(name) => write!(f, "unknown command `{name}`"),
            UsageError::UnknownArgument { command, argument } => {
                write!(f, "`{command}` takes no argument `{argument}`")
            }
            UsageError::MissingValue(flag) => write!(f, "`{flag}` needs a value"),
            UsageError::UnknownStage(name) => write!(f, "unknown stage `{name}`"),
            UsageError::UnknownRule(name) => write!(f, "unknown rule `{name}`"),
            UsageError::UnknownOperation(name) => write!(f, "unknown operation `{name}`"),
            UsageError::UnknownFormat(name) => write!(f, "unknown format `{name}`"),
            UsageError::NotADay(text) => write!(f, "`{text}` is no day, such as 2026-12-31"),
            UsageError::Without { flag, other } => write!(f, "`{flag}` needs `{other}`"),
            UsageError::Together { flag, other } => {
                write!(f, "`{flag}` and `{other}` do not go together")
            }
            UsageError::NotANumber { flag, value } => {
                write!(f, "`{flag}` needs a number above zero, not `{value}`")
            }
        }
    }
}

impl Error for UsageError {}

/// Reads the arguments after the program name.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command, UsageError> {
    let mut args = args.into_iter();
    match args.next().as_deref() {
        None => Err(UsageError::NoCommand),
        Some("help" | "--help" | "-h") => nothing_more("help", args).map(|()| Command::Help),
        Some("bench") => bench::parse(args).map(Command::Bench),
        Some("ci") => parse_ci(args),
        Some("conformance") => conformance::parse(args).map(Command::Conformance),
        Some("fix") => nothing_more("fix", args).map(|()| Command::Fix),
        Some("lint") => lint::parse(args),
        Some(other) => Err(UsageError::UnknownCommand(other.to_owned())),
    }
}

fn nothing_more(
    command: &'static str,
    mut args: impl Iterator<Item = String>,
) -> Result<(), UsageError> {
    match args.next() {
        None => Ok(()),
        Some(argument) => Err(UsageError::UnknownArgument { command, argument }),
    }
}

fn parse_ci(mut args: impl Iterator<Item = String>) -> Result<Command, UsageError> {
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
    Ok(Command::Ci(if stages.is_empty() { Stage::ALL.to_vec() } else { stages }))
}

#[cfg(test)]
mod tests;
