//! The arguments of `bench`.

use std::path::PathBuf;

use super::targets;
use crate::usage::UsageError;

/// A round takes a minute.
const LINT_ROUNDS: usize = 3;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The kernel beside bare tokio.
    Ratios,
    /// The lint beside clippy.
    Lint,
}

/// What to measure and what to do with the figures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BenchOptions {
    pub(crate) what: What,
    /// Where to write the figures as JSON.
    pub(crate) json: Option<PathBuf>,
    /// Only these operations; all of them if empty.
    pub(crate) ops: Vec<String>,
    pub(crate) rounds: usize,
    /// A missed target is a finding.
    pub(crate) check: bool,
    /// Only see that every row works.
    pub(crate) smoke: bool,
}

impl Default for BenchOptions {
    fn default() -> BenchOptions {
        let (what, rounds) = (What::Ratios, 9);
        BenchOptions { what, json: None, ops: Vec::new(), rounds, check: false, smoke: false }
    }
}

/// Reads what follows `bench`.
pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<BenchOptions, UsageError> {
    const COMMAND: &str = "bench";
    let unknown = |argument| UsageError::UnknownArgument { command: COMMAND, argument };
    let mut options = BenchOptions::default();
    match args.next() {
        Some(what) if what == "ratios" => {}
        Some(what) if what == "lint" => {
            (options.what, options.rounds) = (What::Lint, LINT_ROUNDS);
        }
        Some(what) => return Err(unknown(what)),
        None => return Err(UsageError::MissingValue(COMMAND)),
    }
    while let Some(argument) = args.next() {
        match argument.as_str() {
            "--check" => options.check = true,
            "--smoke" if options.what == What::Ratios => options.smoke = true,
            "--json" => {
                let file = args.next().ok_or(UsageError::MissingValue("--json"))?;
                options.json = Some(PathBuf::from(file));
            }
            "--op" if options.what == What::Ratios => {
                let name = args.next().ok_or(UsageError::MissingValue("--op"))?;
                if targets::of(&name).is_none() {
                    return Err(UsageError::UnknownOperation(name));
                }
                options.ops.push(name);
            }
            "--rounds" => {
                let number = args.next().ok_or(UsageError::MissingValue("--rounds"))?;
                options.rounds = match number.parse() {
                    Ok(rounds @ 1..) => rounds,
                    _ => return Err(UsageError::NotANumber { flag: "--rounds", value: number }),
                };
            }
            _ => return Err(unknown(argument)),
        }
    }
    Ok(options)
}
