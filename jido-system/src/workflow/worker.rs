//! What a worker does with one attempt of one task.

use std::sync::Arc;
use std::time::Duration;

use foundation::{TaskPool, time};
use serde_json::{Value, json};

use super::id::WorkflowId;
use super::mode::Mode;
use crate::{
    Captured, CommandError, CommandOutput, CommandShim, CommandSpec, CommandStatus, Outcome, Task,
    resolve_program,
};

/// How much of each output stream goes into the journal.
const JOURNAL_OUTPUT_BYTES: usize = 1_024;

/// Everything that an attempt needs; shared by all attempts of a workflow.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) id: WorkflowId,
    pub(crate) mode: Mode,
    pub(crate) shim: CommandShim,
    /// One place for each OS process, whichever workflow starts it.
    pub(crate) commands: TaskPool,
}

impl Executor {
    /// Executes one attempt to its end. Dropping the future ends the OS process with all its descendants.
    pub(crate) async fn execute(self: Arc<Self>, task: Task, attempt: u32) -> Outcome {
        match &self.mode {
            Mode::Simulate { scale } => simulate(&task, *scale).await,
            Mode::Execute { workdir, timeout } => {
                let spec = match self.command(&task, attempt, workdir, *timeout) {
                    Ok(spec) => spec,
                    Err(reason) => return Outcome::Failed { reason },
                };
                match self.commands.acquire().await {
                    Ok(place) => {
                        let outcome = judge(self.shim.run(spec).await);
                        drop(place);
                        outcome
                    }
                    Err(error) => Outcome::Crashed { reason: error.to_string() },
                }
            }
        }
    }

    fn command(
        &self,
        task: &Task,
        attempt: u32,
        workdir: &std::path::Path,
        timeout: Option<Duration>,
    ) -> Result<CommandSpec, String> {
        let command = task.command.as_ref().ok_or("the task has no command")?;
        let search = std::env::var_os("PATH").unwrap_or_default();
        let program = resolve_program(&command.program, workdir, &search)
            .map_err(|error| error.to_string())?;
        Ok(CommandSpec {
            program,
            arguments: command.arguments.clone(),
            workdir: workdir.to_path_buf(),
            env: vec![
                ("JIDO_WORKFLOW_ID".to_owned(), self.id.to_string()),
                ("JIDO_TASK_ID".to_owned(), task.id.to_string()),
                ("JIDO_ATTEMPT".to_owned(), attempt.to_string()),
            ],
            timeout,
            output_limit: CommandSpec::DEFAULT_OUTPUT_LIMIT,
        })
    }
}

async fn simulate(task: &Task, scale: f64) -> Outcome {
    let duration_s = task.runtime_s * scale;
    match Duration::try_from_secs_f64(duration_s) {
        Ok(duration) if duration.is_zero() => {}
        Ok(duration) => time::sleep(duration).await,
        Err(_) => {
            return Outcome::Failed {
                reason: format!("a runtime of {duration_s} s cannot be simulated"),
            };
        }
    }
    Outcome::Completed { duration_s, detail: Value::Null }
}

fn judge(ended: Result<CommandOutput, CommandError>) -> Outcome {
    match ended {
        Ok(output) if output.status.is_success() => Outcome::Completed {
            duration_s: output.duration.as_secs_f64(),
            detail: json!({
                "code": 0,
                "stdout": excerpt(&output.stdout),
                "stderr": excerpt(&output.stderr),
            }),
        },
        Ok(output) => Outcome::Failed { reason: failure(output.status, &output.stderr) },
        Err(error @ (CommandError::ShimLost { .. } | CommandError::Io { .. })) => {
            Outcome::Crashed { reason: error.to_string() }
        }
        Err(CommandError::TimedOut { after, stderr, .. }) => {
            let said = excerpt(&stderr);
            let said = if said.is_empty() { said } else { format!(": {said}") };
            Outcome::Failed { reason: format!("timed out after {after:?}{said}") }
        }
        Err(error) => Outcome::Failed { reason: error.to_string() },
    }
}

fn failure(status: CommandStatus, stderr: &Captured) -> String {
    let said = excerpt(stderr);
    if said.is_empty() { status.to_string() } else { format!("{status}: {said}") }
}

/// The end of what was written, as text.
fn excerpt(captured: &Captured) -> String {
    let text = captured.to_string();
    let text = text.trim_end();
    let mut start = text.len().saturating_sub(JOURNAL_OUTPUT_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].to_owned()
}
