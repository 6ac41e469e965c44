//! What the gateway is asked and what it answers.

use std::sync::Arc;

use crate::workflow::id::WorkflowId;
use crate::workflow::mode::Mode;
use crate::{Event, Report, Workflow, WorkflowStatus};

/// Asks for a workflow to run.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// What to run.
    pub workflow: Arc<Workflow>,
    /// What executing a task means.
    pub mode: Mode,
    /// How often a task is attempted at most; at least 1.
    pub attempts: u32,
    /// Starts over under a new id, whatever happened before.
    pub fresh: bool,
}

/// A workflow runs, or had already ended.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its id.
    pub id: WorkflowId,
    /// True when an earlier session had begun it.
    pub resumed: bool,
    /// The report, when it had already ended: nothing was started then.
    pub already: Option<Report>,
}

/// One workflow of a store, in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkflowSummary {
    /// Its id.
    pub id: WorkflowId,
    /// Its name.
    pub name: String,
    /// Where it stands, by its journal: `Running` also means interrupted.
    pub status: WorkflowStatus,
    /// Its tasks.
    pub tasks: u32,
    /// Tasks that completed.
    pub completed: u32,
    /// When it was started, in milliseconds since 1970; `None` if it never was.
    pub started_at_ms: Option<u64>,
}

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalLine {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
}
