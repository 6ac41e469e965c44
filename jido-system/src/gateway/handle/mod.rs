//! The handle to the gateway: what needs the process is a call, what only reads goes to the store.

use std::time::Duration;

use foundation::{CallError, ExitReason, Name, Node, ProcessRef, ServerRef, SupervisorRef, time};
use persistence::Seq;

use super::error::{StartWorkflowError, WaitError};
use super::request::{JournalLine, StartRequest, Started, WorkflowSummary};
use super::server::{GatewayMsg, GatewaySetup, is_terminal, process_name, report};
use crate::Report;
use crate::workflow::archive::{Archive, decode};
use crate::workflow::archive_error::ArchiveError;
use crate::workflow::id::WorkflowId;
use crate::workflow::process::WorkflowMsg;

/// Starting a workflow writes its definition: much data, on a slow disk.
const START_TIMEOUT: Duration = Duration::from_secs(300);
/// Cancelling waits for one append to the journal.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait before looking again while the tree restarts.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A handle to the gateway of one tree. It survives restarts inside the tree. A clone is the same handle.
#[derive(Debug, Clone)]
pub struct Gateway {
    name: Name<GatewayMsg>,
    node: Node,
    root: ProcessRef,
    archive: Archive,
    workers: usize,
    workflows: SupervisorRef,
}

impl Gateway {
    pub(crate) fn new(setup: &GatewaySetup, root: ProcessRef, workers: usize) -> Self {
        Self {
            name: setup.name.clone(),
            node: setup.node.clone(),
            root,
            archive: setup.seed.archive.clone(),
            workers,
            workflows: setup.workflows.clone(),
        }
    }

    /// Starts a workflow, or continues the one that the same request started before.
    ///
    /// When this returns `Ok` the workflow is in the store with its whole definition.
    ///
    /// # Errors
    ///
    /// [`StartWorkflowError`]. After `Call` with a timeout the workflow may still start.
    pub async fn start(&self, request: StartRequest) -> Result<Started, StartWorkflowError> {
        let answer =
            self.name.call_timeout(START_TIMEOUT, |reply| GatewayMsg::Start(request, reply)).await;
        answer.map_err(StartWorkflowError::Call)?
    }

    /// Waits until a workflow has ended, across restarts of anything in the tree, and returns its report.
    ///
    /// # Errors
    ///
    /// [`WaitError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: the workflow goes on.
    pub async fn wait(&self, id: &WorkflowId) -> Result<Report, WaitError> {
        loop {
            // Looked up before the journal is read: an end in between is seen by the monitor.
            let process = process_name(&self.node, id).ok().and_then(|name| name.whereis());
            match self.archive.last_event(id).await {
                Ok(Some((_, event))) if is_terminal(&event) => match self.report(id).await {
                    Err(WaitError::Archive(error)) if error.is_passing() => {}
                    outcome => return outcome,
                },
                Err(error) if !error.is_passing() => return Err(WaitError::Archive(error)),
                // Nothing was recorded yet, or nothing ever will be.
                Ok(None) if matches!(self.archive.find(id).await, Ok(None)) => {
                    return Err(WaitError::Archive(ArchiveError::Unknown { id: id.clone() }));
                }
                Ok(_) | Err(_) => {}
            }
            if !self.root.is_alive() {
                return Err(WaitError::Stopped);
            }
            match process {
                Some(process) => drop(process.process().monitor().down().await),
                None => time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Returns the report of a workflow as its journal stands: status `interrupted` if it has not ended.
    ///
    /// # Errors
    ///
    /// [`WaitError::Archive`].
    pub async fn report(&self, id: &WorkflowId) -> Result<Report, WaitError> {
        report(&self.archive, id, self.workers).await.map_err(WaitError::Archive)
    }

    /// Stops the process of a workflow without ending the workflow: its workers are killed, its journal stays as it is,
    /// and the same request continues it later.
    ///
    /// # Errors
    ///
    /// [`ChildError`](foundation::ChildError) if the supervisor of workflows is not there. A workflow that does not run is no error.
    pub async fn interrupt(&self, id: &WorkflowId) -> Result<(), foundation::ChildError> {
        let process = process_name(&self.node, id).ok().and_then(|name| name.whereis());
        match process {
            Some(process) => self.workflows.terminate_child(process.process()).await,
            None => Ok(()),
        }
    }

    /// Ends a running workflow for good. After `Ok(true)` its durable journal says so, and it cannot be continued; after
    /// `Ok(false)` it did not run, or ended otherwise first.
    ///
    /// # Errors
    ///
    /// [`CallError`]. After `Timeout` and `Down` it may be cancelled.
    pub async fn cancel(&self, id: &WorkflowId, reason: &str) -> Result<bool, CallError> {
        let Some(process) = process_name(&self.node, id).ok().and_then(|name| name.whereis())
        else {
            return Ok(false);
        };
        let cancel = |reply| WorkflowMsg::Cancel { reason: reason.to_owned(), reply };
        let answer = process.call_timeout(CANCEL_TIMEOUT, cancel).await;
        if has_finished(&process, &answer) { Ok(false) } else { answer }
    }

    /// Returns where a running workflow stands, or `None` if it does not run.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn counts(&self, id: &WorkflowId) -> Result<Option<crate::TaskCounts>, CallError> {
        match process_name(&self.node, id).ok().and_then(|name| name.whereis()) {
            Some(process) => {
                let answer = process.call(WorkflowMsg::Counts).await;
                if has_finished(&process, &answer) { Ok(None) } else { answer.map(Some) }
            }
            None => Ok(None),
        }
    }

    /// Returns all workflows of the store, by id. Cost: reads every journal.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`].
    pub async fn list(&self) -> Result<Vec<WorkflowSummary>, ArchiveError> {
        let mut summaries = Vec::new();
        for id in self.archive.ids().await? {
            summaries.push(self.summary(id).await?);
        }
        Ok(summaries)
    }

    async fn summary(&self, id: WorkflowId) -> Result<WorkflowSummary, ArchiveError> {
        let replayed = self.archive.replay(&id).await?;
        let first = self.archive.page(&id, Seq::ZERO, 1).await?;
        Ok(WorkflowSummary {
            name: replayed.record.name,
            status: replayed.engine.status(),
            tasks: replayed.record.tasks,
            completed: replayed.engine.counts().completed,
            started_at_ms: first.first().map(|entry| entry.at_ms),
            id,
        })
    }

    /// Returns up to `max` entries of the journal of a workflow after number `after`; none at its end.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`], also when the store has no such workflow.
    pub async fn journal(
        &self,
        id: &WorkflowId,
        after: u64,
        max: usize,
    ) -> Result<Vec<JournalLine>, ArchiveError> {
        if self.archive.find(id).await?.is_none() {
            return Err(ArchiveError::Unknown { id: id.clone() });
        }
        let page = self.archive.page(id, Seq::new(after), max).await?;
        page.iter()
            .map(|entry| {
                Ok(JournalLine {
                    seq: entry.seq.get(),
                    at_ms: entry.at_ms,
                    event: decode(id, entry)?,
                })
            })
            .collect()
    }
}

/// Whether a call found no answer because the workflow had come to its end, and its process with it. What it had not taken by
/// then had no effect.
fn has_finished<T>(process: &ServerRef<WorkflowMsg>, answer: &Result<T, CallError>) -> bool {
    match answer {
        Err(CallError::Down(reason)) => matches!(reason, ExitReason::Normal),
        Err(CallError::NoProc) => {
            matches!(process.process().exit_reason(), Some(ExitReason::Normal))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
