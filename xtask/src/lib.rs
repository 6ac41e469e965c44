//! The checks of this workspace, and the lint against raw sends and unsupervised spawns.
//!
//! | command | does |
//! |---|---|
//! | `cargo xtask ci` | every check in order; never writes to the tree |
//! | `cargo xtask conformance` | the supervisors of Erlang/OTP and of foundation, compared |
//! | `cargo xtask fix` | the only command that writes: format, clippy suggestions, the catalogue of metrics |
//! | `cargo xtask lint` | the source rules, here or in any other workspace |
//! | `cargo xtask lint init` | what another workspace needs to be linted |
//! | `cargo xtask bench ratios` | what the kernel costs beside bare tokio, against its targets |
//!
//! This crate depends on no crate of the workspace, so it runs when the workspace does not compile.
//! It decides nothing about the code itself: what is checked stands in `docs/LINTS.md`,
//! `foundation-lint.toml` and `clippy.toml`.
//!
//! Another workspace uses it through a package of its own, called `xtask` by custom, whose `main` is
//! the line below, or installs it and calls `cargo foundation lint`.

mod bench;
mod cargo;
mod ci;
mod cli;
mod conformance;
mod failure;
mod fix;
mod lint;
mod metrics;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use cli::Command;
use failure::Failure;

/// Everything was checked and nothing was found.
const EXIT_CLEAN: u8 = 0;
/// The analysis is complete and found something.
const EXIT_FINDINGS: u8 = 1;
/// The analysis is incomplete: nothing may be concluded from it.
const EXIT_UNANALYSED: u8 = 2;
/// The command line makes no sense (`EX_USAGE` of `sysexits.h`).
const EXIT_USAGE: u8 = 64;

/// Runs the command line of this process and returns its exit code.
///
/// 0 = clean, 1 = findings or a failed check, 2 = could not analyse, 64 = usage error. Reports go to
/// standard output, progress and complaints to standard error.
///
/// # Examples
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     foundation_xtask::main()
/// }
/// ```
#[must_use]
pub fn main() -> ExitCode {
    let code = match cli::parse(arguments()) {
        Ok(command) => run(command),
        Err(usage) => {
            return match writeln!(io::stderr().lock(), "xtask: {usage}\n\n{}", cli::USAGE) {
                Ok(()) | Err(_) => ExitCode::from(EXIT_USAGE),
            };
        }
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(failure) => match writeln!(io::stderr().lock(), "xtask: {failure}") {
            Ok(()) | Err(_) => ExitCode::from(EXIT_UNANALYSED),
        },
    }
}

/// The arguments behind the name of the program; cargo repeats the subcommand to a program that it
/// found by name, as in `cargo-foundation foundation lint`.
fn arguments() -> impl Iterator<Item = String> {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).peekable();
    let program = args.next().unwrap_or_default();
    let by_cargo = Path::new(&program).file_stem().is_some_and(|stem| stem == "cargo-foundation");
    args.next_if(|first| by_cargo && first == "foundation");
    args
}

fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Help => {
            writeln!(io::stdout().lock(), "{}", cli::USAGE)?;
            Ok(EXIT_CLEAN)
        }
        Command::Bench(options) => bench::command(&options),
        Command::Ci(stages) => ci::run(&stages),
        Command::Conformance(options) => conformance::run(options),
        Command::Fix => fix::run(),
        Command::Lint(options) => lint::command(&options),
        Command::ListRules => {
            lint::report::list_rules(&mut io::stdout().lock())?;
            Ok(EXIT_CLEAN)
        }
        Command::Explain(rule) => lint::explain(rule),
        Command::Init(options) => lint::init::command(&options),
    }
}
