//! `jido list`: the workflows in a store.

use std::time::{Duration, SystemTime};

use foundation::{Clock, SystemClock};
use indicatif::HumanDuration;
use jido_system::{System, WorkflowStatus, WorkflowSummary};

use crate::Exit;
use crate::args::ListArgs;
use crate::failure::Failure;
use crate::output::{Output, Plain};
use crate::session;

/// Prints one line a workflow, the oldest first.
pub(crate) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let runtime = session::runtime()?;
    runtime.block_on(async {
        let system = session::look(&args.store).await?;
        let printed = print(&system).await;
        system.shutdown().await;
        printed.map(|()| Exit::Done)
    })
}

async fn print(system: &System) -> Result<(), Failure> {
    let workflows = session::workflows(system).await?;
    let width = workflows.iter().map(|workflow| workflow.id.as_str().len()).max().unwrap_or(0);
    let mut output = Output::new();
    for workflow in workflows {
        let WorkflowSummary { id, name, status, tasks, completed, started_at_ms, .. } = workflow;
        let (id, status, done) = (id.as_str(), word(status), format!("{completed}/{tasks}"));
        let started = started_at_ms.map_or_else(|| "never".to_owned(), ago);
        output.line(format_args!(
            "{id:width$}  {status:11}  {done:>11}  {started:14}  {}",
            Plain(&name)
        ))?;
    }
    output.flush()?;
    Ok(())
}

/// How far it came. One that runs would hold the store: what has not ended here was interrupted.
fn word(status: WorkflowStatus) -> &'static str {
    match status {
        WorkflowStatus::New => "new",
        WorkflowStatus::Running => "interrupted",
        WorkflowStatus::Completed => "completed",
        WorkflowStatus::Failed => "failed",
        WorkflowStatus::Cancelled => "cancelled",
    }
}

/// When it was started, as people say it.
fn ago(at_ms: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(at_ms);
    match SystemClock::new().wall().duration_since(at) {
        Ok(since) => format!("{} ago", HumanDuration(since)),
        Err(_ahead_of_the_clock) => "just now".to_owned(),
    }
}
