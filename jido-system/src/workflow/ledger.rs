//! The state of a workflow as the fold of its events: what the journal says, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::event::{Event, FailureCause};
use super::invalid_event::{EventFault, InvalidEvent};
use super::progress::{TaskCounts, TaskFailure, Totals, WorkflowStatus};
use crate::{TaskIndex, Workflow};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Ready,
    Running,
    Backoff { delay: Duration },
    Completed,
    Failed,
    Skipped,
}

/// What the events say about one task.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) phase: Phase,
    /// The attempt that was started last; 0 before the first.
    pub(super) attempt: u32,
    /// Attempts in which the work failed.
    pub(super) failures: u32,
    /// Crashes since the work last failed by itself.
    pub(super) crashes: u32,
    /// Parents that have not completed.
    missing: u32,
    /// Of the attempt that completed.
    duration_s: f64,
}

/// Applies events, refuses impossible ones, and counts.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    workflow: Arc<Workflow>,
    entries: Vec<Entry>,
    running: BTreeSet<TaskIndex>,
    status: WorkflowStatus,
    counts: TaskCounts,
    totals: Totals,
    failures: Vec<TaskFailure>,
}

impl Ledger {
    pub(super) fn new(workflow: Arc<Workflow>) -> Self {
        let entries: Vec<Entry> = workflow
            .tasks()
            .iter()
            .map(|task| Entry {
                phase: if task.parents.is_empty() { Phase::Ready } else { Phase::Waiting },
                attempt: 0,
                failures: 0,
                crashes: 0,
                missing: u32_len(task.parents.len()),
                duration_s: 0.0,
            })
            .collect();
        let tasks = u32_len(entries.len());
        let roots = entries.iter().filter(|entry| entry.phase == Phase::Ready).count();
        let ready = u32_len(roots);
        Self {
            workflow,
            entries,
            running: BTreeSet::new(),
            status: WorkflowStatus::New,
            counts: TaskCounts { tasks, ready, waiting: tasks - ready, ..TaskCounts::default() },
            totals: Totals::default(),
            failures: Vec::new(),
        }
    }

    pub(super) fn workflow(&self) -> &Arc<Workflow> {
        &self.workflow
    }

    pub(super) fn entry(&self, task: TaskIndex) -> &Entry {
        &self.entries[task.as_usize()]
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (TaskIndex, &Entry)> {
        self.entries.iter().enumerate().map(|(at, entry)| (TaskIndex::from_usize(at), entry))
    }

    pub(super) fn status(&self) -> WorkflowStatus {
        self.status
    }

    pub(super) fn counts(&self) -> TaskCounts {
        self.counts
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn failures(&self) -> &[TaskFailure] {
        &self.failures
    }

    pub(super) fn duration_s(&self, task: TaskIndex) -> Option<f64> {
        let entry = self.entries.get(task.as_usize())?;
        (entry.phase == Phase::Completed).then_some(entry.duration_s)
    }

    /// A wait is over. No event says so: only the next start does.
    pub(super) fn backoff_over(&mut self, task: TaskIndex) {
        self.set_phase(task, Phase::Ready);
    }

    /// Applies one event, and adds the tasks that it made ready. An error changes nothing.
    pub(super) fn apply(
        &mut self,
        event: &Event,
        ready: &mut impl Extend<TaskIndex>,
    ) -> Result<(), InvalidEvent> {
        self.try_apply(event, ready).map_err(|fault| InvalidEvent::new(event, fault))
    }

    fn try_apply(
        &mut self,
        event: &Event,
        ready: &mut impl Extend<TaskIndex>,
    ) -> Result<(), EventFault> {
        match (self.status, event) {
            (WorkflowStatus::New, Event::WorkflowStarted { .. }) => {}
            (WorkflowStatus::New, _) => return Err(EventFault::NotStarted),
            (WorkflowStatus::Running, Event::WorkflowStarted { .. }) => {
                return Err(EventFault::StartedTwice);
            }
            (WorkflowStatus::Running, _) => {}
            _ => return Err(EventFault::AfterEnd),
        }
        match event {
            Event::WorkflowStarted { detail } => {
                if detail.fingerprint != self.workflow.fingerprint().to_string() {
                    return Err(EventFault::OtherWorkflow);
                }
                self.status = WorkflowStatus::Running;
                self.totals.workers_max = detail.workers;
            }
            Event::Resumed { detail } => {
                self.resumed(ready);
                self.totals.workers_max = self.totals.workers_max.max(detail.workers);
            }
            Event::TaskStarted { task, attempt } => self.started(self.find(task)?, *attempt)?,
            Event::TaskCompleted { task, attempt, detail } => {
                let task = self.running(task, *attempt)?;
                self.completed(task, detail.duration_s, ready)?;
            }
            Event::TaskRetried { task, attempt, detail } => {
                let task = self.running(task, *attempt)?;
                self.retried(task, detail.cause, detail.delay_ms, ready);
            }
            Event::TaskFailed { task, attempt, detail } => {
                let at = self.running(task, *attempt)?;
                self.set_phase(at, Phase::Failed);
                let (task, reason) = (Arc::clone(task), Arc::clone(&detail.reason));
                self.failures.push(TaskFailure { task, attempt: *attempt, reason });
            }
            Event::TaskSkipped { task, .. } => self.skipped(self.find(task)?)?,
            Event::WorkflowCompleted { .. } => {
                self.end(self.counts.completed == self.counts.tasks, WorkflowStatus::Completed)?;
            }
            Event::WorkflowFailed { detail } if detail.cancelled.is_some() => {
                self.end(true, WorkflowStatus::Cancelled)?;
            }
            Event::WorkflowFailed { .. } => {
                let all_ended = self.counts.ended() == self.counts.tasks;
                self.end(all_ended && self.counts.failed > 0, WorkflowStatus::Failed)?;
            }
        }
        Ok(())
    }

    fn find(&self, task: &str) -> Result<TaskIndex, EventFault> {
        self.workflow.index_of(task).ok_or(EventFault::UnknownTask)
    }

    fn running(&self, task: &str, attempt: u32) -> Result<TaskIndex, EventFault> {
        let at = self.find(task)?;
        let entry = self.entry(at);
        if entry.phase != Phase::Running {
            return Err(EventFault::NotRunning);
        }
        if entry.attempt != attempt {
            return Err(EventFault::WrongAttempt { expected: entry.attempt });
        }
        Ok(at)
    }

    fn started(&mut self, task: TaskIndex, attempt: u32) -> Result<(), EventFault> {
        let entry = &mut self.entries[task.as_usize()];
        // A backoff may end without an event of its own.
        if !matches!(entry.phase, Phase::Ready | Phase::Backoff { .. }) {
            return Err(EventFault::NotReady);
        }
        let expected = entry.attempt.saturating_add(1);
        if attempt != expected {
            return Err(EventFault::WrongAttempt { expected });
        }
        entry.attempt = attempt;
        self.totals.executions += 1;
        self.set_phase(task, Phase::Running);
        Ok(())
    }

    fn completed(
        &mut self,
        task: TaskIndex,
        duration_s: f64,
        ready: &mut impl Extend<TaskIndex>,
    ) -> Result<(), EventFault> {
        if !(0.0..f64::INFINITY).contains(&duration_s) {
            return Err(EventFault::BadDuration);
        }
        self.entries[task.as_usize()].duration_s = duration_s;
        self.set_phase(task, Phase::Completed);
        let workflow = Arc::clone(&self.workflow);
        for &child in &workflow.tasks()[task.as_usize()].children {
            let entry = &mut self.entries[child.as_usize()];
            entry.missing -= 1;
            if entry.missing == 0 && entry.phase == Phase::Waiting {
                self.set_phase(child, Phase::Ready);
                ready.extend([child]);
            }
        }
        Ok(())
    }

    fn retried(
        &mut self,
        task: TaskIndex,
        cause: FailureCause,
        delay_ms: u64,
        ready: &mut impl Extend<TaskIndex>,
    ) {
        let entry = &mut self.entries[task.as_usize()];
        match cause {
            FailureCause::Failed => (entry.failures, entry.crashes) = (entry.failures + 1, 0),
            FailureCause::Crashed => entry.crashes += 1,
        }
        self.totals.retries += 1;
        if delay_ms == 0 {
            self.set_phase(task, Phase::Ready);
            ready.extend([task]);
        } else {
            self.set_phase(task, Phase::Backoff { delay: Duration::from_millis(delay_ms) });
        }
    }

    fn skipped(&mut self, task: TaskIndex) -> Result<(), EventFault> {
        let parents = &self.workflow.tasks()[task.as_usize()].parents;
        let lost = |parent: &TaskIndex| {
            matches!(self.entry(*parent).phase, Phase::Failed | Phase::Skipped)
        };
        if self.entry(task).phase != Phase::Waiting || !parents.iter().any(lost) {
            return Err(EventFault::NotSkippable);
        }
        self.set_phase(task, Phase::Skipped);
        Ok(())
    }

    fn resumed(&mut self, ready: &mut impl Extend<TaskIndex>) {
        self.totals.resumed += 1;
        self.totals.interrupted += self.running.len() as u64;
        for task in std::mem::take(&mut self.running) {
            self.set_phase(task, Phase::Ready);
            ready.extend([task]);
        }
    }

    fn end(&mut self, legal: bool, status: WorkflowStatus) -> Result<(), EventFault> {
        if !legal {
            return Err(EventFault::WrongEnd);
        }
        self.status = status;
        Ok(())
    }

    fn set_phase(&mut self, task: TaskIndex, phase: Phase) {
        let before = std::mem::replace(&mut self.entries[task.as_usize()].phase, phase);
        *self.count(before) -= 1;
        *self.count(phase) += 1;
        if phase == Phase::Running {
            self.running.insert(task);
        } else if before == Phase::Running {
            self.running.remove(&task);
        }
    }

    fn count(&mut self, phase: Phase) -> &mut u32 {
        match phase {
            Phase::Waiting => &mut self.counts.waiting,
            Phase::Ready => &mut self.counts.ready,
            Phase::Running => &mut self.counts.running,
            Phase::Backoff { .. } => &mut self.counts.backoff,
            Phase::Completed => &mut self.counts.completed,
            Phase::Failed => &mut self.counts.failed,
            Phase::Skipped => &mut self.counts.skipped,
        }
    }
}

/// Tasks and edges of a bounded file always fit.
fn u32_len(len: usize) -> u32 {
    u32::try_from(len).expect("a bounded file holds fewer than 2^32 tasks and edges")
}
