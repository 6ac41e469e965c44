//! The program `jido`: runs workflows on a supervised tree with a durable store.
//!
//! This module decides which part answers and with which exit code; the parts do the work.
//! Invariant: what is wrong with the command line or the workflow file is found before the store is
//! created or opened.

mod args;
mod failure;
mod input;
mod list;
mod log;
mod output;
mod progress;
mod run;
mod session;
mod stop;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::output::{Output, explain, notice};

/// What the exit code of the program says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// It did what was asked.
    Done,
    /// The workflow ran to its end, and at least one task failed.
    WorkflowFailed,
    /// The command line, the file or the store cannot be used.
    BadInput,
    /// Ctrl-C.
    Interrupted,
    /// The signal TERM.
    Terminated,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::WorkflowFailed => Self::from(1),
            Exit::BadInput => Self::from(2),
            // As a shell reports a program that a signal ended: 128 and the number of the signal.
            Exit::Interrupted => Self::from(130),
            Exit::Terminated => Self::from(143),
        }
    }
}

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => dispatch(cli.command),
        Err(error) => usage(&error),
    };
    let exit = exit.unwrap_or_else(|failure| {
        notice(&failure);
        failure.exit()
    });
    exit.into()
}

fn dispatch(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Log(args) => log::log(&args),
        Command::List(args) => list::list(&args),
        Command::ExecShim { command } => match jido_system::exec_shim(command) {
            Ok(never) => match never {},
            Err(refused) => Err(Failure::Shim(refused)),
        },
    }
}

/// Prints what clap has to say: the help somebody asked for, or what is wrong with the command
/// line.
fn usage(error: &clap::Error) -> Result<Exit, Failure> {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        explain(error.render());
        return Ok(Exit::BadInput);
    }
    if error.use_stderr() {
        let message = error.render().to_string();
        notice(message.trim_start_matches("error: ").trim_end());
        return Ok(Exit::BadInput);
    }
    let mut output = Output::new();
    output.text(error.render())?;
    output.flush()?;
    Ok(Exit::Done)
}
