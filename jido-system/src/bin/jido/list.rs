//! `jido list`: the workflows in a store.

use std::time::{Duration, SystemTime};

use crate::Exit;
use crate::args::ListArgs;
use crate::failure::Failure;
use crate::output::{Output, Plain};
use crate::session;

/// Prints one line a workflow, oldest first.
pub(crate) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let runtime = session::runtime()?;
    runtime.block_on(async {
        let system = session::look(&args.store).await?;
        let mut workflows = system.gateway().list().await;
        workflows.sort_by_key(|summary| summary.started_at_ms);
        let mut output = Output::new();
        let width = workflows.iter().map(|summary| summary.id.as_str().len()).max().unwrap_or(0);
        for summary in workflows {
            let done = format!("{}/{}", summary.completed, summary.tasks);
            let (id, status) = (summary.id.as_str(), summary.status);
            output.line(format_args!(
                "{id:width$}  {status:9}  {done:>11}  {}  {}",
                started(summary.started_at_ms),
                Plain(&summary.name),
            ))?;
        }
        output.flush()?;
        system.shutdown().await;
        Ok(Exit::Done)
    })
}
