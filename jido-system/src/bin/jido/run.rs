//! `jido run`: from a file to a report.

use std::num::NonZeroUsize;

use jido_system::{
    Gateway, Mode, Report, ReportStatus, StartRequest, Started, System, WaitError, WorkflowId,
};

use crate::Exit;
use crate::args::{ReportForm, RunArgs};
use crate::failure::Failure;
use crate::input::Input;
use crate::output::{Output, notice};
use crate::progress::Display;
use crate::session;
use crate::stop::StopSignals;

/// Runs the workflow, or continues it.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let input = Input::read(args)?;
    let runtime = session::runtime()?;
    let exit = runtime.block_on(run_until_stopped(args, input));
    // What still runs after a second Ctrl-C is not waited for.
    runtime.shutdown_background();
    exit
}

/// Does everything between the file and the exit code, unless a signal comes first.
async fn run_until_stopped(args: &RunArgs, input: Input) -> Result<Exit, Failure> {
    let mut stop = StopSignals::catch().map_err(Failure::Runtime)?;
    let system = tokio::select! {
        system = session::start(&args.store, args.workers.map(NonZeroUsize::get)) => system?,
        exit = stop.next() => return Ok(exit),
    };
    let ended = run_on(&system, args, input, &mut stop).await;
    match ended {
        Ok(Ended::Report(report)) => {
            shut_down(system, &mut stop).await;
            print(&report, args.report)?;
            Ok(exit_of(&report))
        }
        Ok(Ended::Stopped(exit, id)) => {
            notice("stopping; once more to leave at once");
            tokio::select! {
                report = interrupt(system, id.as_ref()) => {
                    if let Some(report) = report? {
                        print(&report, args.report)?;
                    }
                    Ok(exit)
                }
                hurry = stop.next() => Ok(hurry),
            }
        }
        Err(failure) => {
            shut_down(system, &mut stop).await;
            Err(failure)
        }
    }
}

/// How the work on a workflow came to an end.
enum Ended {
    /// There is nothing more to do.
    Report(Report),
    /// A signal asked to stop; the workflow, if it was started by then.
    Stopped(Exit, Option<WorkflowId>),
}

/// Starts the workflow and waits for its end or for a signal, with a display where there is a
/// terminal.
async fn run_on(
    system: &System,
    args: &RunArgs,
    input: Input,
    stop: &mut StopSignals,
) -> Result<Ended, Failure> {
    let gateway = system.gateway();
    let Started { id, already, .. } = tokio::select! {
        started = start(gateway, args, input) => started?,
        exit = stop.next() => return Ok(Ended::Stopped(exit, None)),
    };
    if let Some(report) = already {
        notice(format_args!("{id} has ended already; --fresh starts over"));
        return Ok(Ended::Report(report));
    }
    let display = Display::start(system, &id).await;
    let ended = tokio::select! {
        report = gateway.wait(&id) => report.map(Ended::Report),
        exit = stop.next() => Ok(Ended::Stopped(exit, Some(id))),
    };
    if let Some(display) = display {
        display.finish().await;
    }
    Ok(ended?)
}

async fn start(gateway: &Gateway, args: &RunArgs, input: Input) -> Result<Started, Failure> {
    let Input { workflow, workdir } = input;
    let mode = match args.simulate {
        Some(scale) => Mode::Simulate { scale },
        None => Mode::Execute { workdir, timeout: args.task_timeout },
    };
    let request = StartRequest { workflow, mode, attempts: args.attempts.get(), fresh: args.fresh };
    let started = gateway.start(request).await?;
    if started.resumed {
        notice(format_args!("continuing {}", started.id));
    }
    Ok(started)
}

/// Stops the workflow where it is, and says where that is.
async fn interrupt(system: System, id: Option<&WorkflowId>) -> Result<Option<Report>, WaitError> {
    let mut report = Ok(None);
    if let Some(id) = id {
        // A workflow whose supervisor is gone has stopped as well; the journal says how far it
        // came.
        drop(system.gateway().interrupt(id).await);
        report = system.gateway().report(id).await.map(Some);
    }
    system.shutdown().await;
    report
}

/// Stops the system in order, unless somebody is in a hurry: everything is durable by now.
async fn shut_down(system: System, stop: &mut StopSignals) {
    tokio::select! {
        () = system.shutdown() => {}
        _hurry = stop.next() => {}
    }
}

fn print(report: &Report, form: ReportForm) -> Result<(), Failure> {
    let mut output = Output::new();
    match form {
        ReportForm::Text => output.text(report.text())?,
        ReportForm::Json => {
            let object = serde_json::to_string(report).map_err(std::io::Error::from)?;
            output.line(object)?;
        }
    }
    output.flush()?;
    Ok(())
}

fn exit_of(report: &Report) -> Exit {
    match report.status {
        ReportStatus::Completed => Exit::Done,
        ReportStatus::Failed | ReportStatus::Interrupted => Exit::WorkflowFailed,
    }
}
