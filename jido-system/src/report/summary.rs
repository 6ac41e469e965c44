//! The report of a run: one flat object with every figure.

use std::time::Duration;

use serde::Serialize;

use crate::{Bounds, Engine, WorkflowStatus};

/// What a run did and how well it was scheduled; serializes to the object that `--report json`
/// prints, with the fields in this order. Figures in seconds are of this run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the workflow.
    pub workflow: String,
    /// The id of the run.
    pub id: String,
    /// How the run ended.
    pub status: ReportStatus,
    /// The number of tasks.
    pub tasks: u32,
    /// How many of them completed.
    pub completed: u32,
    /// How many of them failed.
    pub failed: u32,
    /// How many of them were skipped, because one before them failed.
    pub skipped: u32,
    /// Attempts that failed and were followed by another.
    pub retries: u64,
    /// Attempts that were started.
    pub executions: u64,
    /// How often the run was continued after an interruption.
    pub resumed: u64,
    /// Tasks in flight at most, in the last session.
    pub workers: u32,
    /// The sum of the durations of all tasks.
    pub work_s: f64,
    /// The longest sum of durations along a path.
    pub critical_path_s: f64,
    /// What no schedule can go below.
    pub lower_bound_s: f64,
    /// What no schedule exceeds that never idles needlessly.
    pub graham_bound_s: f64,
    /// The time that the run took, without the pauses between its sessions.
    pub makespan_s: f64,
    /// `lower_bound_s / makespan_s`: 1 is the best that is possible.
    pub efficiency: f64,
    /// Commits of the store.
    pub commits: u64,
    /// The tasks that failed, in the order in which they did.
    pub failures: Vec<ReportFailure>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Every task completed.
    Completed,
    /// At least one task failed, or the workflow was cancelled.
    Failed,
    /// It has not ended: the next run continues it.
    Interrupted,
}

/// A task that failed for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReportFailure {
    /// The id of the task.
    pub task: String,
    /// The attempt that failed last.
    pub attempt: u32,
    /// Why.
    pub reason: String,
}

/// What the journal of a run does not say.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// The id of the run.
    pub id: String,
    /// Tasks in flight at most, in this session.
    pub workers: u32,
    /// Where the durations of the tasks come from.
    pub durations: Durations,
    /// The time of all sessions: see [`ActiveTime`](crate::ActiveTime).
    pub makespan: Duration,
    /// Commits of the store.
    pub commits: u64,
}

/// Where the durations of tasks come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Durations {
    /// As measured; 0 for tasks that did not complete.
    Measured,
    /// The recorded runtimes of all tasks, times this scale.
    Simulated(f64),
}

impl Report {
    /// Reports on a run, as far as its journal is durable.
    ///
    /// The bounds hold for every session: if sessions had different numbers of workers, they are
    /// those of the largest. Cost: O(tasks + edges).
    ///
    /// # Examples
    /// ```
    /// use jido_system::{Durations, Engine, Report, RetryPolicy, RunFacts, Workflow};
    /// use std::{sync::Arc, time::Duration};
    ///
    /// let workflow = Workflow::parse(br#"{"name": "w", "schemaVersion": "1.5",
    ///     "workflow": {"specification": {"tasks": [{"id": "a"}]}}}"#)?;
    /// let engine = Engine::new(Arc::new(workflow), RetryPolicy::default());
    /// let report = Report::of(&engine, RunFacts {
    ///     id: "0190".to_owned(),
    ///     workers: 8,
    ///     durations: Durations::Measured,
    ///     makespan: Duration::ZERO,
    ///     commits: 0,
    /// });
    /// assert!(report.text().starts_with("Workflow w was interrupted"));
    /// # Ok::<(), jido_system::WorkflowError>(())
    /// ```
    #[must_use]
    pub fn of(engine: &Engine, facts: RunFacts) -> Self {
        let (counts, totals) = (engine.counts(), engine.totals());
        let workflow = engine.workflow();
        let workers = facts.workers.max(totals.workers_max);
        let bounds = Bounds::of(
            workflow,
            |at| match facts.durations {
                Durations::Measured => engine.duration_s(at).unwrap_or(0.0),
                Durations::Simulated(scale) => workflow.tasks()[at.as_usize()].runtime_s * scale,
            },
            workers,
        );
        let makespan_s = facts.makespan.as_secs_f64();
        let failures = engine.failures().iter().map(|failure| ReportFailure {
            task: failure.task.to_string(),
            attempt: failure.attempt,
            reason: failure.reason.to_string(),
        });
        Self {
            workflow: workflow.name().to_owned(),
            id: facts.id,
            status: match engine.status() {
                WorkflowStatus::Completed => ReportStatus::Completed,
                WorkflowStatus::Failed | WorkflowStatus::Cancelled => ReportStatus::Failed,
                WorkflowStatus::New | WorkflowStatus::Running => ReportStatus::Interrupted,
            },
            tasks: counts.tasks,
            completed: counts.completed,
            failed: counts.failed,
            skipped: counts.skipped,
            retries: totals.retries,
            executions: totals.executions,
            resumed: totals.resumed,
            workers: facts.workers,
            work_s: bounds.work_s,
            critical_path_s: bounds.critical_path_s,
            lower_bound_s: bounds.lower_bound_s,
            graham_bound_s: bounds.graham_bound_s,
            makespan_s,
            efficiency: if makespan_s > 0.0 { bounds.lower_bound_s / makespan_s } else { 1.0 },
            commits: facts.commits,
            failures: failures.collect(),
        }
    }
}
