//! `jido run`: from a file to a report.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::thread::available_parallelism;

use jido_system::{Gateway, Mode, Report, ReportStatus, RouterHandle, StartRequest, System};

use crate::Exit;
use crate::args::{ReportForm, RunArgs};
use crate::failure::Failure;
use crate::input::Input;
use crate::output::{Output, notice};
use crate::progress::{Display, Tally};
use crate::session;
use crate::stop::StopSignals;

/// Runs the workflow, or continues it.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let input = Input::read(args)?;
    let runtime = session::runtime()?;
    let exit = runtime.block_on(run_until_stopped(args, input));
    // Whatever still runs at a second Ctrl-C is not waited for.
    runtime.shutdown_background();
    exit
}

async fn run_until_stopped(args: &RunArgs, input: Input) -> Result<Exit, Failure> {
    let mut stop = StopSignals::catch().map_err(Failure::Runtime)?;
    let workers =
        args.workers.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let system = tokio::select! {
        system = session::start(&args.store, workers) => system?,
        exit = stop.next() => return Ok(exit),
    };
    let mut work = pin!(work(system.gateway(), system.router(), args, input));
    let ended = tokio::select! {
        report = &mut work => Ok(report),
        exit = stop.next() => Err(exit),
    };
    match ended {
        Ok(report) => {
            let report = report?;
            finish(system, &mut stop).await;
            print(&report, args.report)?;
            Ok(exit_of(&report))
        }
        Err(exit) => {
            notice("stopping; once more to leave at once");
            // The shutdown ends the workflow, and with it the wait for its report.
            let stopped = async { tokio::join!(system.shutdown(), work).1 };
            let report = tokio::select! {
                report = stopped => report,
                exit = stop.next() => return Ok(exit),
            };
            if let Ok(report) = report {
                print(&report, args.report)?;
            }
            Ok(exit)
        }
    }
}

/// Starts the workflow and waits for its end, with a display where there is a terminal.
async fn work(
    gateway: Gateway,
    router: RouterHandle,
    args: &RunArgs,
    input: Input,
) -> Result<Report, Failure> {
    let Input { workflow, workdir } = input;
    let (name, tasks) = (workflow.name().to_owned(), workflow.tasks().len() as u64);
    let mode = match args.simulate {
        Some(scale) => Mode::Simulate { scale },
        None => Mode::Execute { workdir, timeout: args.task_timeout },
    };
    let request =
        StartRequest { workflow, mode, attempts: args.attempts.get(), fresh: args.fresh };
    let started = gateway.start(request).await?;
    if let Some(report) = started.already {
        notice(format_args!("{name:?} has ended already, as {}; --fresh starts over", started.id));
        return Ok(report);
    }
    let mut tally = Tally::new(tasks, 0);
    if started.resumed {
        let known = gateway.list().await.into_iter().find(|summary| summary.id == started.id);
        tally = Tally::new(tasks, known.map_or(0, |summary| u64::from(summary.completed)));
        notice(format_args!("continuing {}: {} of {tasks} tasks done", started.id, tally.ended()));
    }
    let display = Display::start(router, &name, tally).await;
    let report = gateway.wait(&started.id).await;
    if let Some(display) = display {
        display.finish().await;
    }
    Ok(report?)
}

/// Stops the system in order, unless somebody is in a hurry: everything is durable by now.
async fn finish(system: System, stop: &mut StopSignals) {
    tokio::select! {
        () = system.shutdown() => {}
        _hurry = stop.next() => {}
    }
}

fn print(report: &Report, form: ReportForm) -> Result<(), Failure> {
    let mut output = Output::new();
    match form {
        ReportForm::Text => output.text(report.text())?,
        ReportForm::Json => output.line(serde_json::to_string(report).map_err(std::io::Error::from)?)?,
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
