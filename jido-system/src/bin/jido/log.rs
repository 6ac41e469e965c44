//! `jido log`: the durable journal, for people and for programs.

use jido_system::{ArchiveError, System, WorkflowId};

use crate::Exit;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session;

/// How many lines are asked for at once.
const PAGE: usize = 1000;

/// Prints the journal, page by page, for as long as somebody reads.
pub(crate) fn log(args: &LogArgs) -> Result<Exit, Failure> {
    let runtime = session::runtime()?;
    runtime.block_on(async {
        let system = session::look(&args.store).await?;
        let printed = print(&system, args).await;
        system.shutdown().await;
        printed.map(|()| Exit::Done)
    })
}

/// Prints one journal, or all of them, each as a whole, the oldest first.
async fn print(system: &System, args: &LogArgs) -> Result<(), Failure> {
    let ids = match &args.id {
        Some(id) => vec![WorkflowId::new(id.as_str())],
        None => session::workflows(system).await?.into_iter().map(|workflow| workflow.id).collect(),
    };
    let mut output = Output::new();
    for id in ids {
        let mut after = 0;
        while output.is_open() {
            let lines = match system.gateway().journal(&id, after, PAGE).await {
                Err(ArchiveError::Unknown { .. }) => {
                    let (store, id) = (args.store.clone(), id.to_string());
                    return Err(Failure::UnknownId { store, id });
                }
                lines => lines?,
            };
            let Some(last) = lines.last() else { break };
            after = last.seq;
            for line in &lines {
                output.line(line.event.log_line(line.seq, line.at_ms))?;
            }
        }
    }
    output.flush()?;
    Ok(())
}
