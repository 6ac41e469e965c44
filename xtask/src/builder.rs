//! A program around the lint: with more rules and more commands.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::ban::Ban;
use crate::cli::{self, Command};
use crate::failure::{Failure, Verdict};
use crate::lint::{self, rules};

/// The analysis is complete and found something.
const EXIT_FINDINGS: u8 = 1;
/// The analysis is incomplete: nothing may be concluded from it.
const EXIT_UNANALYSED: u8 = 2;
/// The command line makes no sense (`EX_USAGE` of `sysexits.h`).
const EXIT_USAGE: u8 = 64;

/// What runs a command: the arguments behind its name to a verdict.
type Run = Box<dyn Fn(Vec<String>) -> Result<Verdict, Failure>>;

/// A command of the program that is built.
pub(crate) struct Own {
    pub(crate) name: &'static str,
    pub(crate) usage: &'static str,
    run: Run,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The `main` of an `xtask` package with rules or commands of its own.
///
/// The commands `lint`, `lint init` and `help` are always there.
///
/// # Examples
///
/// ```no_run
/// use foundation_xtask::{Ban, Builder, Verdict};
///
/// fn main() -> std::process::ExitCode {
///     let clock = Ban::new("ACME001", "wall_clock")
///         .paths(["std::time::SystemTime::now"])
///         .message("reads a clock that tests cannot set")
///         .hint("take the time from `acme::Clock`");
///     Builder::new()
///         .rule(clock)
///         .command("hello", "  hello                   says so", |_| {
///             println!("hello");
///             Ok(Verdict::Clean)
///         })
///         .main()
/// }
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    rules: Vec<Ban>,
    commands: Vec<Own>,
}

impl Builder {
    /// A program that lints, and nothing else.
    #[must_use]
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Adds a rule. It has a level in each context, obeys allowances, exemptions, the baseline and
    /// `[levels]`, and stands in every report like the rules that are built in.
    ///
    /// A code or name that another rule has, and a rule without a path, end [`main`](Builder::main) with
    /// exit code 2.
    #[must_use]
    pub fn rule(mut self, rule: Ban) -> Builder {
        self.rules.push(rule);
        self
    }

    /// Adds a command. `usage` is its part of the help: one or more lines, each indented by two spaces.
    /// `run` gets the arguments behind the name; [`Failure::usage`] for those that make no sense prints
    /// the help and exits with 64.
    ///
    /// `lint` and `help` cannot be replaced, and of two commands of one name the first is taken. `--help` and `-h`,
    /// wherever they stand, print the help and reach no command.
    #[must_use]
    pub fn command(
        mut self,
        name: &'static str,
        usage: &'static str,
        run: impl Fn(Vec<String>) -> Result<Verdict, Failure> + 'static,
    ) -> Builder {
        self.commands.push(Own { name, usage, run: Box::new(run) });
        self
    }

    #[cfg(test)]
    pub(crate) fn commands(&self) -> &[Own] {
        &self.commands
    }

    /// Runs the command line of this process and returns its exit code.
    ///
    /// 0 = clean, 1 = findings or a failed check, 2 = could not analyse, 64 = usage error. Reports go to
    /// standard output, progress and complaints to standard error.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let usage = cli::usage(&self.commands);
        let failure = match self.run(arguments()) {
            Ok(Verdict::Clean) => return ExitCode::SUCCESS,
            Ok(Verdict::Findings) => return ExitCode::from(EXIT_FINDINGS),
            Err(failure) => failure,
        };
        let (complaint, code) = match &failure {
            Failure::Usage(_) => (format!("xtask: {failure}\n\n{usage}"), EXIT_USAGE),
            Failure::Unanalysed(_) | Failure::Io(_) => {
                (format!("xtask: {failure}"), EXIT_UNANALYSED)
            }
        };
        match writeln!(io::stderr().lock(), "{complaint}") {
            // Nobody is left to tell when standard error is closed.
            Ok(()) | Err(_) => ExitCode::from(code),
        }
    }

    /// Runs one command line, given without the name of the program.
    ///
    /// After `Ok(Verdict::Clean)` of `lint` everything that was compiled was looked at and nothing is denied. Warnings may stand,
    /// and code that no feature set compiles was read by its syntax alone. Rules are added to the process, once: a later
    /// `run` has them, too, and cannot add others.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] for arguments that make no sense, and every other [`Failure`] for what could
    /// not be looked at.
    pub fn run(self, args: impl IntoIterator<Item = String>) -> Result<Verdict, Failure> {
        let Builder { rules, commands } = self;
        rules::add(rules)?;
        let command =
            cli::parse(args, &commands).map_err(|error| Failure::usage(error.to_string()))?;
        match command {
            Command::Help => {
                writeln!(io::stdout().lock(), "{}", cli::usage(&commands))?;
                Ok(Verdict::Clean)
            }
            Command::Own(own, args) => (own.run)(args),
            Command::Lint(options) => lint::command(&options),
            Command::ListRules => {
                lint::report::list_rules(&mut io::stdout().lock())?;
                Ok(Verdict::Clean)
            }
            Command::Explain(rule) => lint::explain(rule),
            Command::Init(options) => lint::init::command(&options),
        }
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
