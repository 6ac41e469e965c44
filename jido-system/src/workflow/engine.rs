//! The scheduler of one workflow, without time, threads or storage.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::effect::{Effect, Outcome, StaleAttempt};
use super::event::{Event, FailureCause, Resumed, TaskCompleted, WorkflowStarted};
use super::invalid_event::{EventFault, InvalidEvent};
use super::ledger::{Ledger, Phase};
use super::progress::{TaskCounts, TaskFailure, Totals, WorkflowStatus};
use super::retry_policy::RetryPolicy;
use crate::{TaskIndex, Workflow};

/// How many crashes in a row a task survives; the next one fails it.
const CRASHES_MAX: u32 = 5;

/// Decides what a workflow does next, event by event.
///
/// The caller tells what happened ([`ended`](Self::ended), [`retry_due`](Self::retry_due)) and how
/// many slots are free ([`offer`](Self::offer)); the engine buffers events. The caller makes
/// [a batch](Self::take_batch) of them durable and says so ([`committed`](Self::committed)); only
/// then does the engine hand out the effects of the batch. Whatever arrives while a batch is on its
/// way to the disk is buffered for the next one, so a slow disk makes batches larger, not slower.
///
/// | a session | calls |
/// |---|---|
/// | begins a workflow | `new`, `begin` |
/// | continues one | `new`, `replay` of every stored event in order, `resume` |
/// | then, until [`is_finished`](Self::is_finished) | `offer` whenever a slot is free, `take_batch`, `committed`, carry out the effects |
///
/// An engine that is dropped at any point loses nothing: replaying what was committed rebuilds it.
/// Buffers hold at most a few events a task. Cost: O(1) a call and amortised O(1) an edge, except
/// for `new`, `begin` and `resume`, which are O(tasks + edges).
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use jido_system::{Effect, Engine, Outcome, RetryPolicy, Workflow, WorkflowStatus};
///
/// let workflow = Workflow::parse(br#"{"name": "w", "schemaVersion": "1.5",
///     "workflow": {"specification": {"tasks": [{"id": "only"}]}}}"#)?;
/// let mut engine = Engine::new(Arc::new(workflow), RetryPolicy::default());
/// engine.begin(8);
/// assert_eq!(engine.offer(8), 1);
///
/// let batch = engine.take_batch().expect("two events");
/// assert_eq!(batch.len(), 2); // workflow_started, task_started: store them, then:
/// let launch = engine.committed().into_iter().find_map(|effect| match effect {
///     Effect::Launch { task, attempt } => Some((task, attempt)),
///     _ => None,
/// });
///
/// let (task, attempt) = launch.expect("the task may run now");
/// let outcome = Outcome::Completed { duration_s: 0.5, detail: Default::default() };
/// engine.ended(task, attempt, outcome, 0.0)?;
/// engine.take_batch().expect("task_completed, workflow_completed");
/// let effects = engine.committed();
/// assert_eq!(effects.last(), Some(&Effect::Finished(WorkflowStatus::Completed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) ledger: Ledger,
    policy: RetryPolicy,
    /// Whether `begin` or `resume` has opened the session.
    open: bool,
    /// Exactly the tasks in `Phase::Ready` while the session is open, first come first served.
    ready: VecDeque<TaskIndex>,
    /// Attempts that the caller was told to launch, until they end.
    pub(super) launched: BTreeMap<TaskIndex, u32>,
    /// Waits that `resume` found, to be handed out once it is durable.
    pub(super) found_waiting: Vec<Effect>,
    buffer: Vec<Event>,
    in_flight: Vec<Event>,
    /// What will be true once the batch in flight is durable.
    in_flight_view: View,
    durable_view: View,
}

/// The figures that are shown: only what is durable, never what is hoped for.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    status: WorkflowStatus,
    counts: TaskCounts,
    totals: Totals,
    failures: usize,
}

impl Engine {
    /// An engine for a workflow of which nothing has happened yet.
    #[must_use]
    pub fn new(workflow: Arc<Workflow>, policy: RetryPolicy) -> Self {
        let mut engine = Self {
            ledger: Ledger::new(workflow),
            policy,
            open: false,
            ready: VecDeque::new(),
            launched: BTreeMap::new(),
            found_waiting: Vec::new(),
            buffer: Vec::new(),
            in_flight: Vec::new(),
            in_flight_view: View::default(),
            durable_view: View::default(),
        };
        engine.durable_view = engine.view();
        engine
    }

    /// Applies an event that an earlier session stored.
    ///
    /// Feed every stored event, in order, before [`resume`](Self::resume).
    ///
    /// # Errors
    /// [`InvalidEvent`] when the event can not follow those before it, or belongs to another
    /// workflow; the engine is as before.
    pub fn replay(&mut self, event: &Event) -> Result<(), InvalidEvent> {
        if self.open {
            return Err(InvalidEvent::new(event, EventFault::AlreadyOpen));
        }
        // Who is ready is collected once, by `resume`.
        self.ledger.apply(event, &mut Discard)?;
        self.durable_view = self.view();
        Ok(())
    }

    /// Opens the first session of a workflow: buffers `workflow_started`.
    ///
    /// `workers` is recorded for the report and decides nothing here. Returns whether anything was
    /// done: it is not when the session is open already, or events have been replayed.
    pub fn begin(&mut self, workers: u32) -> bool {
        if self.open || self.ledger.status() != WorkflowStatus::New {
            return false;
        }
        let workflow = self.ledger.workflow();
        let detail = WorkflowStarted {
            workflow: workflow.name().into(),
            fingerprint: workflow.fingerprint().to_string(),
            tasks: self.ledger.counts().tasks,
            workers,
        };
        self.open = true;
        self.record(Event::WorkflowStarted { detail });
        self.collect_ready();
        true
    }

    /// Opens a later session: buffers `resumed`, and makes interrupted attempts ready again.
    ///
    /// An interrupted attempt has not failed: the task is started again under the next attempt
    /// number, with as many failures left as before. Waits between attempts begin anew. If nothing
    /// was replayed this is [`begin`](Self::begin). Returns whether anything was done: it is not
    /// when the session is open already, or the workflow has ended.
    pub fn resume(&mut self, workers: u32) -> bool {
        if self.ledger.status() == WorkflowStatus::New {
            return self.begin(workers);
        }
        if self.open || self.ledger.status() != WorkflowStatus::Running {
            return false;
        }
        self.open = true;
        let interrupted = self.ledger.counts().running;
        self.record(Event::Resumed { detail: Resumed { interrupted, workers } });
        self.collect_ready();
        let waits = self.ledger.entries().filter_map(|(task, entry)| match entry.phase {
            Phase::Backoff { delay } => {
                Some(Effect::Backoff { task, attempt: entry.attempt, delay })
            }
            _ => None,
        });
        self.found_waiting = waits.collect();
        // Complete what a session that wrote only a part of a batch left undone.
        self.skip_all_lost();
        self.finish_if_done();
        true
    }

    /// Returns how many tasks would start now if slots were free.
    #[must_use]
    pub fn ready(&self) -> usize {
        if self.open && self.ledger.status() == WorkflowStatus::Running {
            self.ready.len()
        } else {
            0
        }
    }

    /// Offers free slots; returns how many of them are taken.
    ///
    /// A slot that is taken is busy from now on, although the launch follows only with the commit,
    /// until the attempt is reported with [`ended`](Self::ended). While fewer slots are taken than
    /// offered, no task is ready: call this whenever slots are free, after every other call.
    #[must_use = "the slots that are taken are busy from now on"]
    pub fn offer(&mut self, free_slots: usize) -> usize {
        if !self.open || self.ledger.status() != WorkflowStatus::Running {
            return 0;
        }
        let taken = free_slots.min(self.ready.len());
        for _ in 0..taken {
            let Some(at) = self.ready.pop_front() else { break };
            let attempt = self.ledger.entry(at).attempt.saturating_add(1);
            self.record(Event::TaskStarted { task: self.id(at), attempt });
        }
        taken
    }

    /// Reports how a launched attempt ended; its slot is free again.
    ///
    /// `jitter` is a random fraction for the wait before the next attempt; see
    /// [`RetryPolicy::delay`]. A crash is answered with another attempt at once, at most five
    /// times in a row. After the last attempt every task that depends on this one is skipped.
    ///
    /// # Errors
    /// [`StaleAttempt`] when this attempt is not running, for instance because it was reported
    /// before: nothing happens, and no slot is freed.
    pub fn ended(
        &mut self,
        task: TaskIndex,
        attempt: u32,
        outcome: Outcome,
        jitter: f64,
    ) -> Result<(), StaleAttempt> {
        if self.launched.get(&task) != Some(&attempt) {
            return Err(StaleAttempt { task, attempt });
        }
        self.launched.remove(&task);
        if self.ledger.status() != WorkflowStatus::Running {
            return Err(StaleAttempt { task, attempt }); // cancelled: there is nothing left to stop
        }
        let entry = self.ledger.entry(task);
        let failures = entry.failures.saturating_add(1);
        match outcome {
            Outcome::Completed { duration_s, detail } => {
                let legal = (0.0..f64::INFINITY).contains(&duration_s);
                let duration_s = if legal { duration_s } else { 0.0 };
                let detail = TaskCompleted { duration_s, exit: detail };
                self.record(Event::TaskCompleted { task: self.id(task), attempt, detail });
            }
            Outcome::Failed { reason } if self.policy.is_last(failures) => {
                self.failed(task, attempt, reason, FailureCause::Failed);
            }
            Outcome::Failed { reason } => {
                let delay = self.policy.delay(failures, jitter);
                self.retried(task, attempt, reason, FailureCause::Failed, delay);
            }
            Outcome::Crashed { reason } if entry.crashes >= CRASHES_MAX => {
                self.failed(task, attempt, reason, FailureCause::Crashed);
            }
            Outcome::Crashed { reason } => {
                self.retried(task, attempt, reason, FailureCause::Crashed, Duration::ZERO);
            }
        }
        self.finish_if_done();
        Ok(())
    }

    /// Reports that the wait of an [`Effect::Backoff`] is over: the task is ready again.
    ///
    /// Returns whether it was waiting for that; a report that comes twice or too late is ignored.
    pub fn retry_due(&mut self, task: TaskIndex, attempt: u32) -> bool {
        if !self.open || self.ledger.status() != WorkflowStatus::Running {
            return false;
        }
        if task.as_usize() >= self.ledger.workflow().tasks().len() {
            return false;
        }
        let entry = self.ledger.entry(task);
        if entry.attempt != attempt || !matches!(entry.phase, Phase::Backoff { .. }) {
            return false;
        }
        self.ledger.backoff_over(task);
        self.ready.push_back(task);
        true
    }

    /// Ends the workflow as cancelled: nothing is started any more, and what runs is to be stopped.
    ///
    /// Returns whether it was running. Tasks that have not ended stay without a terminal event.
    pub fn cancel(&mut self, reason: &str) -> bool {
        if self.ledger.status() != WorkflowStatus::Running {
            return false;
        }
        self.end(Some(reason.into()));
        true
    }

    /// The events to make durable now, in order and atomically: all of them or none.
    ///
    /// `None` while nothing is buffered or the batch before is not [committed](Self::committed). A
    /// batch that can not be stored is the end of this engine: drop it, and replay what is stored.
    pub fn take_batch(&mut self) -> Option<&[Event]> {
        if self.buffer.is_empty() || !self.in_flight.is_empty() {
            return None;
        }
        std::mem::swap(&mut self.buffer, &mut self.in_flight);
        self.in_flight_view = self.view();
        Some(&self.in_flight)
    }

    /// Says that the batch is durable, and returns what follows from it, to be done in this order.
    ///
    /// Empty when no batch is in flight.
    pub fn committed(&mut self) -> Vec<Effect> {
        let batch = std::mem::take(&mut self.in_flight);
        if batch.is_empty() {
            return Vec::new();
        }
        self.durable_view = self.in_flight_view;
        let mut effects = Vec::with_capacity(batch.len() * 2);
        for event in batch {
            let at = event.task().and_then(|task| self.ledger.workflow().index_of(task));
            let follows = self.effects_of(&event, at);
            effects.push(Effect::Announce(event));
            effects.extend(follows);
        }
        if self.is_finished() {
            effects.push(Effect::Finished(self.status()));
        }
        effects
    }

    /// Whether a batch is waiting for its commit.
    #[must_use]
    pub fn is_committing(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Where the workflow stands, as far as it is durable.
    #[must_use]
    pub fn status(&self) -> WorkflowStatus {
        self.durable_view.status
    }

    /// Whether the end of the workflow is durable.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.status().is_terminal()
    }

    /// The number of tasks in each state, as of the last batch that is durable.
    #[must_use]
    pub fn counts(&self) -> TaskCounts {
        self.durable_view.counts
    }

    /// Sums over all sessions, as of the last batch that is durable.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.durable_view.totals
    }

    /// The tasks that failed, in the order in which they did, as far as it is durable.
    #[must_use]
    pub fn failures(&self) -> &[TaskFailure] {
        &self.ledger.failures()[..self.durable_view.failures]
    }

    /// How long the completed attempt of a task took, in seconds; `None` if none completed.
    #[must_use]
    pub fn duration_s(&self, task: TaskIndex) -> Option<f64> {
        self.ledger.duration_s(task)
    }

    /// The workflow that this engine runs.
    #[must_use]
    pub fn workflow(&self) -> &Arc<Workflow> {
        self.ledger.workflow()
    }

    pub(super) fn id(&self, task: TaskIndex) -> Arc<str> {
        Arc::clone(&self.ledger.workflow().tasks()[task.as_usize()].id)
    }

    fn view(&self) -> View {
        View {
            status: self.ledger.status(),
            counts: self.ledger.counts(),
            totals: self.ledger.totals(),
            failures: self.ledger.failures().len(),
        }
    }

    /// Applies an event of this session and buffers it.
    pub(super) fn record(&mut self, event: Event) {
        let applied = self.ledger.apply(&event, &mut self.ready);
        applied.expect("the engine records only what can happen");
        self.buffer.push(event);
    }

    fn collect_ready(&mut self) {
        let ready = self.ledger.entries().filter(|(_, entry)| entry.phase == Phase::Ready);
        self.ready = ready.map(|(task, _)| task).collect();
    }
}

/// Collects nothing.
struct Discard;

impl Extend<TaskIndex> for Discard {
    fn extend<I: IntoIterator<Item = TaskIndex>>(&mut self, _: I) {}
}
