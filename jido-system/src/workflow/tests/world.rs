//! A world around the engine: slots, timers, a store and crashes, all of them at random.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::{
    Effect, Engine, Event, FailureCause, JournalVerdict, Outcome, RetryPolicy, TaskIndex, Workflow,
    WorkflowStatus, check_journal,
};

/// What may go wrong, in percent.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) slots: usize,
    pub(super) attempts: u32,
    pub(super) failing: u64,
    pub(super) crashing: u64,
    pub(super) restarts: u32,
    /// Whether a crash may leave a part of the batch that was being stored.
    pub(super) torn: bool,
    pub(super) cancels: bool,
}

pub(super) struct World {
    workflow: Arc<Workflow>,
    weather: Weather,
    seed: u64,
    engine: Engine,
    /// What is durable.
    pub(super) journal: Vec<Event>,
    /// What is on its way to the disk.
    in_flight: Option<Vec<Event>>,
    executing: BTreeSet<(TaskIndex, u32)>,
    /// Every launch there ever was.
    launched: HashSet<(TaskIndex, u32)>,
    timers: BTreeSet<(TaskIndex, u32)>,
    taken: usize,
    announced: usize,
    finished: Option<WorkflowStatus>,
    restarts_left: u32,
}

impl World {
    pub(super) fn new(workflow: &Arc<Workflow>, weather: Weather, seed: u64) -> Self {
        let policy = policy(&weather);
        let mut engine = Engine::new(Arc::clone(workflow), policy);
        engine.begin(1);
        Self {
            workflow: Arc::clone(workflow),
            restarts_left: weather.restarts,
            weather,
            seed: seed | 1,
            engine,
            journal: Vec::new(),
            in_flight: None,
            executing: BTreeSet::new(),
            launched: HashSet::new(),
            timers: BTreeSet::new(),
            taken: 0,
            announced: 0,
            finished: None,
        }
    }

    /// Lives until the workflow has ended, checking all the way.
    pub(super) fn run(&mut self) -> WorkflowStatus {
        for _ in 0..200_000 {
            if let Some(status) = self.finished {
                return status;
            }
            match self.random(9) {
                0 | 1 => self.offer(),
                2 | 3 => self.begin_commit(),
                4 | 5 => self.end_commit(),
                6 => self.end_one(),
                7 => self.fire_timer(),
                _ => self.disturb(),
            }
        }
        panic!("the workflow never ends: {:?}", self.engine.counts());
    }

    fn random(&mut self, limit: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 16) % limit
    }

    fn pick(&mut self, from: &BTreeSet<(TaskIndex, u32)>) -> Option<(TaskIndex, u32)> {
        let at = self.random(from.len().max(1) as u64) as usize;
        from.iter().nth(at).copied()
    }

    fn offer(&mut self) {
        let free = self.weather.slots - self.taken;
        let taken = self.engine.offer(free);
        assert!(taken <= free, "more slots taken than offered");
        self.taken += taken;
    }

    fn begin_commit(&mut self) {
        if let Some(batch) = self.engine.take_batch() {
            assert!(self.in_flight.is_none(), "two batches in flight");
            self.in_flight = Some(batch.to_vec());
        }
    }

    fn end_commit(&mut self) {
        let Some(batch) = self.in_flight.take() else { return };
        self.announced = self.journal.len();
        self.journal.extend(batch);
        check_journal(&self.workflow, &self.journal).expect("the journal keeps the rules");
        for effect in self.engine.committed() {
            self.carry_out(effect);
        }
        assert_eq!(self.announced, self.journal.len(), "everything durable is announced");
        self.check_figures();
        self.check_work_conservation();
    }

    fn carry_out(&mut self, effect: Effect) {
        assert!(self.finished.is_none(), "an effect after the end: {effect:?}");
        match effect {
            Effect::Launch { task, attempt } => {
                let id = &self.workflow.tasks()[task.as_usize()].id;
                let started = Event::TaskStarted { task: Arc::clone(id), attempt };
                assert!(self.journal.contains(&started), "launched before it is durable");
                assert!(self.launched.insert((task, attempt)), "launched twice");
                self.executing.insert((task, attempt));
                assert!(self.executing.len() <= self.weather.slots, "more than the slots");
            }
            Effect::Backoff { task, attempt, delay } => {
                assert!(delay > Duration::ZERO);
                assert!(self.timers.insert((task, attempt)), "two timers for one wait");
            }
            Effect::Stop { task, attempt } => {
                assert!(self.executing.remove(&(task, attempt)), "stopped what does not run");
            }
            Effect::Announce(event) => {
                assert_eq!(self.journal.get(self.announced), Some(&event), "not durable yet");
                self.announced += 1;
            }
            Effect::Finished(status) => self.finished = Some(status),
        }
    }

    fn end_one(&mut self) {
        let executing = self.executing.clone();
        let Some((task, attempt)) = self.pick(&executing) else { return };
        self.executing.remove(&(task, attempt));
        let dice = self.random(100);
        let outcome = if dice < self.weather.failing {
            Outcome::Failed { reason: "failing".to_owned() }
        } else if dice < self.weather.failing + self.weather.crashing {
            Outcome::Crashed { reason: "crashing".to_owned() }
        } else {
            Outcome::Completed { duration_s: dice as f64, detail: json!(null) }
        };
        let jitter = self.random(101) as f64 / 100.0;
        let reported = self.engine.ended(task, attempt, outcome.clone(), jitter);
        let cancelled = self.journal_and_beyond_is_over();
        assert!(reported.is_ok() || cancelled, "{reported:?}");
        if reported.is_ok() {
            self.taken -= 1;
        }
        assert!(self.engine.ended(task, attempt, outcome, jitter).is_err(), "reported twice");
    }

    /// Whether the engine has been cancelled, durably or not.
    fn journal_and_beyond_is_over(&mut self) -> bool {
        self.weather.cancels && !self.engine.clone().cancel("probe")
    }

    fn fire_timer(&mut self) {
        let timers = self.timers.clone();
        if let Some((task, attempt)) = self.pick(&timers) {
            self.timers.remove(&(task, attempt));
            let due = self.engine.retry_due(task, attempt);
            assert!(due || self.journal_and_beyond_is_over(), "a wait without a task");
            assert!(!self.engine.retry_due(task, attempt), "a wait is over once");
        }
    }

    fn disturb(&mut self) {
        let dice = self.random(100);
        if dice < 3 && self.weather.cancels {
            self.engine.cancel("bad weather");
        } else if dice < 30 && self.restarts_left > 0 {
            self.restarts_left -= 1;
            self.restart();
        }
    }

    /// The process dies. What was being stored is lost, or stored, or torn.
    fn restart(&mut self) {
        if let Some(batch) = self.in_flight.take() {
            let stored = match self.random(3) {
                0 => 0,
                1 if self.weather.torn => self.random(batch.len() as u64 + 1) as usize,
                _ => batch.len(),
            };
            self.journal.extend(batch.into_iter().take(stored));
        }
        self.executing.clear();
        self.timers.clear();
        self.taken = 0;
        self.engine = Engine::new(Arc::clone(&self.workflow), policy(&self.weather));
        for event in &self.journal {
            let stored = Event::decode(&event.encode()).expect("what was stored can be read");
            self.engine.replay(&stored).expect("its own journal");
        }
        self.check_figures();
        if !self.engine.resume(1) {
            self.finished = Some(self.engine.status());
        }
    }

    /// Where no event is pending, a ready task and a free slot must not coexist.
    fn check_work_conservation(&mut self) {
        self.offer();
        if self.engine.take_batch().map(|batch| self.in_flight = Some(batch.to_vec())).is_some() {
            return;
        }
        if self.taken == self.weather.slots || self.finished.is_some() {
            return;
        }
        let ready = self.ready_by_the_journal();
        assert!(ready.is_empty(), "{ready:?} could run in {} free slots", self.weather.slots);
    }

    /// Tasks that could run, worked out from the journal alone.
    fn ready_by_the_journal(&self) -> Vec<&str> {
        let mut last: HashMap<&str, &Event> = HashMap::new();
        for event in &self.journal {
            if let Some(task) = event.task() {
                last.insert(task, event);
            }
        }
        let done = |id: &str| matches!(last.get(id), Some(Event::TaskCompleted { .. }));
        let tasks = self.workflow.tasks();
        let could_run = |at: &usize| {
            let task = &tasks[*at];
            let parents = task.parents.iter().map(|parent| &*tasks[parent.as_usize()].id);
            let waits = self.timers.iter().any(|(timer, _)| timer.as_usize() == *at);
            let idle = !self.executing.iter().any(|(running, _)| running.as_usize() == *at);
            let open = !matches!(
                last.get(&*task.id),
                Some(
                    Event::TaskCompleted { .. }
                        | Event::TaskFailed { .. }
                        | Event::TaskSkipped { .. }
                )
            );
            let parents_done = parents.into_iter().all(done);
            open && idle && !waits && parents_done
        };
        (0..tasks.len()).filter(could_run).map(|at| &*tasks[at].id).collect()
    }

    /// The figures of the engine are those of the journal.
    fn check_figures(&self) {
        let count = |kind: fn(&Event) -> bool| {
            self.journal.iter().filter(|event| kind(event)).count() as u64
        };
        let (counts, totals) = (self.engine.counts(), self.engine.totals());
        let sum = counts.waiting + counts.ready + counts.running + counts.backoff;
        assert_eq!(sum + counts.ended(), counts.tasks);
        let figures = [
            (u64::from(counts.completed), count(|e| matches!(e, Event::TaskCompleted { .. }))),
            (u64::from(counts.failed), count(|e| matches!(e, Event::TaskFailed { .. }))),
            (u64::from(counts.skipped), count(|e| matches!(e, Event::TaskSkipped { .. }))),
            (totals.executions, count(|e| matches!(e, Event::TaskStarted { .. }))),
            (totals.retries, count(|e| matches!(e, Event::TaskRetried { .. }))),
            (totals.resumed, count(|e| matches!(e, Event::Resumed { .. }))),
            (self.engine.failures().len() as u64, u64::from(counts.failed)),
        ];
        for (at, (engine, journal)) in figures.into_iter().enumerate() {
            assert_eq!(engine, journal, "figure {at}");
        }
    }

    /// The rules that hold for a whole journal, beyond those of every prefix.
    pub(super) fn check_end(&self, status: WorkflowStatus) {
        let verdict = check_journal(&self.workflow, &self.journal).expect("it keeps the rules");
        let expected = match status {
            WorkflowStatus::Completed => JournalVerdict::Completed,
            WorkflowStatus::Failed => JournalVerdict::Failed,
            WorkflowStatus::Cancelled => JournalVerdict::Cancelled,
            other => panic!("{other:?} is no end"),
        };
        assert_eq!(verdict, expected);
        for task in self.workflow.tasks() {
            self.check_budget(&task.id);
        }
    }

    /// A task fails only when its attempts are used up: by failures, not by interruptions.
    fn check_budget(&self, id: &Arc<str>) {
        let (mut failures, mut crashes) = (0, 0);
        for event in self.journal.iter().filter(|event| event.task() == Some(id)) {
            match event {
                Event::TaskRetried { detail, .. } if detail.cause == FailureCause::Failed => {
                    (failures, crashes) = (failures + 1, 0);
                    assert!(failures < self.weather.attempts, "too many attempts for {id}");
                }
                Event::TaskRetried { .. } => {
                    crashes += 1;
                    assert!(crashes <= 5, "too many crashes of {id}");
                }
                Event::TaskFailed { detail, .. } => match detail.cause {
                    FailureCause::Failed => assert_eq!(failures + 1, self.weather.attempts, "{id}"),
                    FailureCause::Crashed => assert_eq!(crashes, 5, "{id}"),
                },
                _ => {}
            }
        }
    }
}

fn policy(weather: &Weather) -> RetryPolicy {
    let base = Duration::from_millis(10);
    RetryPolicy { attempts: weather.attempts, base, cap: Duration::from_secs(1) }
}
