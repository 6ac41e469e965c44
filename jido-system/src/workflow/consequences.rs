//! What follows from what happened: the rest of the engine, apart from its doors.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::effect::Effect;
use super::engine::Engine;
use super::event::{
    Event, FailureCause, TaskFailed, TaskRetried, TaskSkipped, WorkflowCompleted, WorkflowFailed,
};
use super::ledger::Phase;
use super::progress::{TaskCounts, WorkflowStatus};
use crate::TaskIndex;

impl Engine {
    pub(super) fn retried(
        &mut self,
        at: TaskIndex,
        attempt: u32,
        reason: String,
        cause: FailureCause,
        delay: Duration,
    ) {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let detail = TaskRetried { reason: reason.into(), cause, delay_ms };
        self.record(Event::TaskRetried { task: self.id(at), attempt, detail });
    }

    pub(super) fn failed(
        &mut self,
        at: TaskIndex,
        attempt: u32,
        reason: String,
        cause: FailureCause,
    ) {
        let detail = TaskFailed { reason: reason.into(), cause };
        self.record(Event::TaskFailed { task: self.id(at), attempt, detail });
        let workflow = Arc::clone(self.ledger.workflow());
        let mut lost = VecDeque::from([at]);
        while let Some(parent) = lost.pop_front() {
            for &child in &workflow.tasks()[parent.as_usize()].children {
                if self.ledger.entry(child).phase == Phase::Waiting {
                    self.skip(child, at);
                    lost.push_back(child);
                }
            }
        }
    }

    fn skip(&mut self, at: TaskIndex, failed: TaskIndex) {
        let detail = TaskSkipped { failed: self.id(failed) };
        self.record(Event::TaskSkipped { task: self.id(at), detail });
    }

    /// Skips whatever waits for a failed task and has not been skipped.
    pub(super) fn skip_all_lost(&mut self) {
        if self.ledger.counts().failed == 0 {
            return;
        }
        let workflow = Arc::clone(self.ledger.workflow());
        let mut blame: Vec<Option<TaskIndex>> = vec![None; workflow.tasks().len()];
        for &at in workflow.order() {
            let parents = &workflow.tasks()[at.as_usize()].parents;
            let inherited = parents.iter().find_map(|parent| blame[parent.as_usize()]);
            blame[at.as_usize()] = match (self.ledger.entry(at).phase, inherited) {
                (Phase::Failed, _) => Some(at),
                (_, inherited) => inherited,
            };
            if let (Phase::Waiting, Some(failed)) = (self.ledger.entry(at).phase, inherited) {
                self.skip(at, failed);
            }
        }
    }

    pub(super) fn finish_if_done(&mut self) {
        let counts = self.ledger.counts();
        if counts.ended() == counts.tasks {
            self.end(None);
        }
    }

    pub(super) fn end(&mut self, cancelled: Option<Arc<str>>) {
        let TaskCounts { tasks, completed, failed, skipped, .. } = self.ledger.counts();
        self.record(if completed == tasks && cancelled.is_none() {
            Event::WorkflowCompleted { detail: WorkflowCompleted { completed } }
        } else {
            let detail = WorkflowFailed { completed, failed, skipped, cancelled };
            Event::WorkflowFailed { detail }
        });
    }

    pub(super) fn effects_of(&mut self, event: &Event, at: Option<TaskIndex>) -> Vec<Effect> {
        // A start whose batch was overtaken by a cancellation launches nothing.
        let running = self.ledger.status() == WorkflowStatus::Running;
        match (event, at) {
            (&Event::TaskStarted { attempt, .. }, Some(task)) if running => {
                self.launched.insert(task, attempt);
                vec![Effect::Launch { task, attempt }]
            }
            (Event::TaskRetried { attempt, detail, .. }, Some(task)) if detail.delay_ms > 0 => {
                let delay = Duration::from_millis(detail.delay_ms);
                vec![Effect::Backoff { task, attempt: *attempt, delay }]
            }
            (Event::Resumed { .. }, _) => std::mem::take(&mut self.found_waiting),
            (Event::WorkflowFailed { .. } | Event::WorkflowCompleted { .. }, _) => {
                let stopped = std::mem::take(&mut self.launched);
                stopped.into_iter().map(|(task, attempt)| Effect::Stop { task, attempt }).collect()
            }
            _ => Vec::new(),
        }
    }
}
