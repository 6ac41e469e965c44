//! The command line: what can be asked of the program, and nothing of how it is done.

mod command_line;

pub(crate) use command_line::{Cli, Command, ListArgs, LogArgs, ReportForm, RunArgs};

#[cfg(test)]
mod tests;
