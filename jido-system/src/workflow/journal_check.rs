//! Checks a journal by the rules alone, without the engine that wrote it.
//!
//! Deliberately shares nothing with the engine but the events: one keeps counters and moves tasks
//! between states, this one looks back at what the journal has said so far.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::event::{Event, EventKind};
use crate::Workflow;

/// How a journal that keeps the rules ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalVerdict {
    /// It has no terminal event: the workflow can be continued.
    Open,
    /// Every task completed.
    Completed,
    /// Every task ended, and at least one failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// The first event that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalViolation {
    /// The position of the event in the journal, from 0; its length when the end is at fault.
    pub position: usize,
    /// The kind of the event, if there is one.
    pub event: Option<EventKind>,
    /// The task that the event is about, or that is at fault.
    pub task: Option<Arc<str>>,
    /// The rule that is broken.
    pub rule: JournalRule,
}

/// The rules that every journal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalRule {
    /// The first event, and no other, is `workflow_started`, of this workflow.
    StartsOnce,
    /// Nothing follows the end of the workflow.
    NothingAfterEnd,
    /// Every task belongs to the workflow.
    KnownTask,
    /// No task starts before all of its parents completed.
    ParentsFirst,
    /// A task has no event after its terminal one.
    OneTerminalEvent,
    /// The attempts of a task are numbered 1, 2, 3 and so on.
    AttemptsInOrder,
    /// Only the attempt that runs can end, and no other starts while it does.
    OneAttemptAtATime,
    /// A task is skipped only when one before it failed.
    SkippedForAReason,
    /// The workflow ends as its tasks did.
    TrueEnd,
}

impl fmt::Display for JournalRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartsOnce => "a journal starts with workflow_started of its workflow, once",
            Self::NothingAfterEnd => "nothing follows the end of the workflow",
            Self::KnownTask => "the workflow has no such task",
            Self::ParentsFirst => "a task starts only after all of its parents completed",
            Self::OneTerminalEvent => "a task that has ended has no more events",
            Self::AttemptsInOrder => "attempts are numbered without gaps",
            Self::OneAttemptAtATime => "only the attempt that runs ends, and none starts before",
            Self::SkippedForAReason => "a task is skipped only when one before it failed",
            Self::TrueEnd => "the workflow ends as its tasks did",
        })
    }
}

impl fmt::Display for JournalViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}", self.position)?;
        if let Some(event) = self.event {
            write!(f, " ({event})")?;
        }
        if let Some(task) = &self.task {
            write!(f, " of task {task:?}")?;
        }
        write!(f, ": {}", self.rule)
    }
}

impl Error for JournalViolation {}

/// Checks that a journal keeps every rule, and says how it ends.
///
/// A journal without an end keeps the rules as far as it goes. Whether attempts were exhausted and
/// waits were kept is not checked: the journal does not say what the policy was.
/// Cost: O(events + edges).
///
/// # Errors
/// [`JournalViolation`] for the first event that breaks a rule.
///
/// # Examples
/// ```
/// use jido_system::{Event, JournalRule, Workflow, check_journal};
///
/// let workflow = Workflow::parse(br#"{"name": "w", "schemaVersion": "1.5",
///     "workflow": {"specification": {"tasks": [{"id": "a"}]}}}"#)?;
/// let journal = [Event::TaskStarted { task: "a".into(), attempt: 1 }];
/// let violation = check_journal(&workflow, &journal).unwrap_err();
/// assert_eq!(violation.rule, JournalRule::StartsOnce);
/// # Ok::<(), jido_system::WorkflowError>(())
/// ```
pub fn check_journal(
    workflow: &Workflow,
    journal: &[Event],
) -> Result<JournalVerdict, JournalViolation> {
    let mut seen = Seen::default();
    for (position, event) in journal.iter().enumerate() {
        seen.check(workflow, position, event).map_err(|rule| JournalViolation {
            position,
            event: Some(event.kind()),
            task: event.task().cloned(),
            rule,
        })?;
    }
    Ok(seen.verdict.unwrap_or(JournalVerdict::Open))
}

/// What the journal has said so far, by task id.
#[derive(Default)]
struct Seen<'a> {
    attempts: HashMap<&'a str, u32>,
    running: HashMap<&'a str, u32>,
    completed: HashSet<&'a str>,
    failed: HashSet<&'a str>,
    skipped: HashSet<&'a str>,
    verdict: Option<JournalVerdict>,
}

impl<'a> Seen<'a> {
    fn check(
        &mut self,
        workflow: &Workflow,
        position: usize,
        event: &'a Event,
    ) -> Result<(), JournalRule> {
        require(self.verdict.is_none(), JournalRule::NothingAfterEnd)?;
        let is_start = event.kind() == EventKind::WorkflowStarted;
        require(is_start == (position == 0), JournalRule::StartsOnce)?;
        if let Some(task) = event.task() {
            require(workflow.index_of(task).is_some(), JournalRule::KnownTask)?;
            let ended = [&self.completed, &self.failed, &self.skipped];
            let has_ended = ended.iter().any(|set| set.contains(&**task));
            require(!has_ended, JournalRule::OneTerminalEvent)?;
        }
        match event {
            Event::WorkflowStarted { detail } => {
                let same = detail.fingerprint == workflow.fingerprint().to_string()
                    && detail.tasks as usize == workflow.tasks().len();
                require(same, JournalRule::StartsOnce)?;
            }
            Event::TaskStarted { task, attempt } => self.started(workflow, task, *attempt)?,
            Event::TaskCompleted { task, attempt, .. } => {
                self.stopped(task, *attempt)?;
                self.completed.insert(task);
            }
            Event::TaskFailed { task, attempt, .. } => {
                self.stopped(task, *attempt)?;
                self.failed.insert(task);
            }
            Event::TaskRetried { task, attempt, .. } => self.stopped(task, *attempt)?,
            Event::TaskSkipped { task, .. } => {
                let lost = |id: &str| self.failed.contains(id) || self.skipped.contains(id);
                require(parents(workflow, task).any(lost), JournalRule::SkippedForAReason)?;
                self.skipped.insert(task);
            }
            Event::Resumed { .. } => self.running.clear(),
            Event::WorkflowCompleted { .. } | Event::WorkflowFailed { .. } => {
                self.verdict = Some(self.end(workflow, event)?);
            }
        }
        Ok(())
    }

    fn started(
        &mut self,
        workflow: &Workflow,
        task: &'a str,
        attempt: u32,
    ) -> Result<(), JournalRule> {
        let mut parents = parents(workflow, task);
        let all = parents.all(|id| self.completed.contains(id));
        require(all, JournalRule::ParentsFirst)?;
        require(!self.running.contains_key(task), JournalRule::OneAttemptAtATime)?;
        let before = self.attempts.insert(task, attempt).unwrap_or(0);
        require(before.checked_add(1) == Some(attempt), JournalRule::AttemptsInOrder)?;
        self.running.insert(task, attempt);
        Ok(())
    }

    fn stopped(&mut self, task: &str, attempt: u32) -> Result<(), JournalRule> {
        require(self.running.remove(task) == Some(attempt), JournalRule::OneAttemptAtATime)
    }

    fn end(&self, workflow: &Workflow, event: &Event) -> Result<JournalVerdict, JournalRule> {
        let (completed, failed) = (self.completed.len(), self.failed.len());
        let skipped = self.skipped.len();
        let all_ended = completed + failed + skipped == workflow.tasks().len();
        let (true_end, verdict) = match event {
            Event::WorkflowFailed { detail } => {
                let figures = [detail.completed, detail.failed, detail.skipped];
                let right = figures.map(|n| n as usize) == [completed, failed, skipped];
                match detail.cancelled {
                    Some(_) => (right, JournalVerdict::Cancelled),
                    None => (right && all_ended && failed > 0, JournalVerdict::Failed),
                }
            }
            _ => (completed == workflow.tasks().len(), JournalVerdict::Completed),
        };
        require(true_end, JournalRule::TrueEnd)?;
        Ok(verdict)
    }
}

fn parents<'w>(workflow: &'w Workflow, task: &str) -> impl Iterator<Item = &'w str> {
    let parents = workflow.index_of(task).and_then(|at| workflow.task(at));
    let parents = parents.map_or(&[][..], |task| &task.parents[..]);
    parents.iter().filter_map(|&at| workflow.task(at)).map(|task| &*task.id)
}

fn require(kept: bool, rule: JournalRule) -> Result<(), JournalRule> {
    if kept { Ok(()) } else { Err(rule) }
}
