//! `jido log`: the durable journal, for people and for programs.

use jido_system::WorkflowId;

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
        let gateway = system.gateway();
        let id = args.id.as_deref().map(WorkflowId::new);
        if let Some(id) = &id
            && !gateway.list().await.iter().any(|summary| summary.id == *id)
        {
            return Err(Failure::UnknownId { store: args.store.clone(), id: id.to_string() });
        }
        let mut output = Output::new();
        let mut after = 0;
        while output.is_open() {
            let lines = gateway.journal(id.as_ref(), after, PAGE).await;
            let Some(last) = lines.last() else { break };
            after = last.seq;
            for line in &lines {
                output.line(serde_json::to_string(line).map_err(std::io::Error::from)?)?;
            }
        }
        output.flush()?;
        system.shutdown().await;
        Ok(Exit::Done)
    })
}
