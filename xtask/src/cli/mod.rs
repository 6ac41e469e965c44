//! The command line: what was asked for, or why it makes no sense.

mod lint;

use std::error::Error;
use std::fmt;

use crate::builder::Own;
use crate::lint::LintOptions;
use crate::lint::init::InitOptions;
use crate::lint::rules::Rule;

const LINT: &str = "  lint [OPTION]...        the source rules, for this workspace or another one
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
";

/// The help, with the commands that a program has added.
pub(crate) fn usage(commands: &[Own]) -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\ncommands:\n");
    for command in commands {
        text.push_str(command.usage.trim_end());
        text.push('\n');
    }
    text.push_str(LINT);
    text.push_str(
        "  help                    this text\n\n\
         exit codes: 0 clean, 1 findings or a failed check, 2 could not analyse, 64 usage",
    );
    text
}

/// One parsed command line.
#[derive(Debug)]
pub(crate) enum Command<'a> {
    Help,
    Lint(LintOptions),
    ListRules,
    Explain(&'static Rule),
    Init(InitOptions),
    /// A command that the program has added, and its arguments.
    Own(&'a Own, Vec<String>),
}

/// A command line that was not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    NoCommand,
    UnknownCommand(String),
    UnknownArgument { command: &'static str, argument: String },
    MissingValue(&'static str),
    UnknownRule(String),
    UnknownFormat(String),
    NotADay(String),
    Without { flag: &'static str, other: &'static str },
    Together { flag: &'static str, other: &'static str },
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
            UsageError::UnknownRule(name) => write!(f, "unknown rule `{name}`"),
            UsageError::UnknownFormat(name) => write!(f, "unknown format `{name}`"),
            UsageError::NotADay(text) => write!(f, "`{text}` is no day, such as 2026-12-31"),
            UsageError::Without { flag, other } => write!(f, "`{flag}` needs `{other}`"),
            UsageError::Together { flag, other } => {
                write!(f, "`{flag}` and `{other}` do not go together")
            }
        }
    }
}

impl Error for UsageError {}

/// Reads the arguments after the program name. `--help` means the same anywhere.
pub(crate) fn parse<'a>(
    args: impl IntoIterator<Item = String>,
    commands: &'a [Own],
) -> Result<Command<'a>, UsageError> {
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return Ok(Command::Help);
    }
    let mut args = args.into_iter();
    let name = args.next().ok_or(UsageError::NoCommand)?;
    match name.as_str() {
        "help" => nothing_more("help", args).map(|()| Command::Help),
        "lint" => lint::parse(args),
        _ => match commands.iter().find(|command| command.name == name) {
            Some(command) => Ok(Command::Own(command, args.collect())),
            None => Err(UsageError::UnknownCommand(name)),
        },
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

#[cfg(test)]
mod tests;
