//! The options of every command, their defaults and their ranges.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs workflows of OS commands durably: after a crash, a kill or a power cut the same command
/// continues where it was.
#[derive(Debug, Parser)]
#[command(name = "jido", version, max_term_width = 100)]
#[command(after_help = "\
Exit codes: 0 completed, 1 the workflow failed, 2 bad input or store, 130 stopped by Ctrl-C, 143 by SIGTERM.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a workflow, or continue it where it was interrupted
    Run(RunArgs),
    /// Print the durable journal, one JSON object a line
    Log(LogArgs),
    /// List the workflows in a store
    List(ListArgs),
    /// Supervise one command; started by the program itself
    #[command(hide = true)]
    ExecShim {
        /// The program and its arguments
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

/// Where the store is, if not told otherwise.
const DEFAULT_STORE: &str = ".jido";

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The workflow, in WfFormat 1.5 or 1.6
    pub(crate) file: PathBuf,
    /// The folder that holds the durable state
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STORE)]
    pub(crate) store: PathBuf,
    /// How many tasks run at a time [default: one per processor]
    #[arg(long, value_name = "N", value_parser = workers)]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Instead of running commands, let each task take its recorded runtime times SCALE
    #[arg(long, value_name = "SCALE", value_parser = scale)]
    pub(crate) simulate: Option<f64>,
    /// How often a task is tried before it counts as failed
    #[arg(long, value_name = "K", default_value = "3")]
    pub(crate) attempts: NonZeroU32,
    /// Start over under a new id, even if the store holds this workflow
    #[arg(long)]
    pub(crate) fresh: bool,
    /// The report at the end: a summary for people, or one JSON object as the last line
    #[arg(long, value_enum, default_value_t = ReportForm::Text)]
    pub(crate) report: ReportForm,
    /// Run the commands in this folder [default: the folder of FILE]
    #[arg(long, value_name = "DIR")]
    pub(crate) workdir: Option<PathBuf>,
    /// Kill a command that runs longer than this
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) task_timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportForm {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The folder that holds the durable state
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STORE)]
    pub(crate) store: PathBuf,
    /// Only what concerns this workflow
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The folder that holds the durable state
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STORE)]
    pub(crate) store: PathBuf,
}

/// More tasks in flight than this are a slip of the keyboard.
const WORKERS_MAX: usize = 65_536;

fn workers(text: &str) -> Result<NonZeroUsize, String> {
    let workers: NonZeroUsize = text.parse().map_err(|error| format!("{error}"))?;
    if workers.get() > WORKERS_MAX {
        return Err(format!("at most {WORKERS_MAX}"));
    }
    Ok(workers)
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale.is_finite() && scale >= 0.0 => Ok(scale.abs()),
        Ok(_) => Err("a scale is a finite number that is not negative".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("a timeout is longer than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
