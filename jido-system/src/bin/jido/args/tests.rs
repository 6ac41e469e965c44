//! What the command line accepts.

use clap::Parser;
use clap::error::ErrorKind;

use super::{Cli, Command, ReportForm, RunArgs};

fn parse(line: &str) -> Result<Cli, ErrorKind> {
    Cli::try_parse_from(line.split(' ')).map_err(|error| error.kind())
}

fn run(line: &str) -> RunArgs {
    match parse(line).unwrap().command {
        Command::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_line_definition_is_consistent() {
    <Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn the_defaults_are_those_of_the_help() {
    let run = run("jido run w.json");
    assert_eq!(run.store.to_str(), Some(".jido"));
    assert_eq!((run.workers, run.simulate, run.attempts.get()), (None, None, 3));
    assert_eq!((run.fresh, run.report, run.workdir), (false, ReportForm::Text, None));
}

#[test]
fn every_option_of_a_run_is_taken() {
    let run = run("jido run w.json --store s --workers 8 --simulate 0.001 --attempts 1 --fresh \
                   --report json --workdir d --task-timeout 1.5");
    assert_eq!(run.workers.unwrap().get(), 8);
    assert_eq!(run.simulate, Some(0.001));
    assert_eq!(run.task_timeout.unwrap().as_millis(), 1500);
    assert!(run.fresh && run.report == ReportForm::Json);
}

#[test]
fn values_out_of_range_are_refused() {
    for options in [
        "--workers 0",
        "--workers 65537",
        "--workers -1",
        "--attempts 0",
        "--simulate=-0.5",
        "--simulate NaN",
        "--simulate inf",
        "--simulate x",
        "--task-timeout 0",
        "--task-timeout=-1",
        "--task-timeout 1e300",
        "--report xml",
    ] {
        let error = parse(&format!("jido run w.json {options}")).unwrap_err();
        assert!(
            matches!(
                error,
                ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::UnknownArgument
            ),
            "{options}: {error:?}"
        );
    }
}

#[test]
fn what_a_shim_runs_is_taken_verbatim() {
    let Command::ExecShim { command } = parse("jido exec-shim -- run --help -- x").unwrap().command
    else {
        panic!("another command");
    };
    assert_eq!(command, ["run", "--help", "--", "x"]);
}
