//! The supervisor as a pure state machine: one input or outcome in, at most one action out.
//!
//! Decides everything a supervisor decides: who is started, stopped, restarted and dropped, in
//! which order, when it gives up, and what it answers and reports. It leaves the execution to
//! `driver.rs`. No async, no clock: the time of an input is an argument.
//!
//! Invariants:
//! * While an action is outstanding no input is taken: a busy supervisor is silent, as in OTP.
//! * Starts happen in list order and stops in reverse, strictly one after another, except that a
//!   dynamic supervisor stops all its children at once.
//! * A temporary child is never started twice. After `Terminate` no child runs.

use super::action::{
    Action, AdminError, Answer, BootFailure, Incarnation, Input, Outcome, Reason, ReportedChild,
    RetryToken, SupervisorReport,
};
use super::intensity::{RestartWindow, Verdict};
use super::spec::{AutoShutdown, CoreSpec, Flags, Mode, Restart, SpecError, Strategy, Supervision};
use super::table::{Child, ChildKey, ChildState, ChildTable, Counts};
use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

/// The state machine. `S` is how the driver starts a child, `P` one incarnation of a child, `R` why
/// it ended.
#[derive(Debug, Clone)]
pub(crate) struct Core<S, P: Incarnation, R> {
    pub(super) mode: Mode,
    pub(super) table: ChildTable<S, P>,
    window: RestartWindow,
    pub(super) activity: Activity<R>,
    /// What is to be said before the activity goes on.
    notices: VecDeque<Action<P, R>>,
    awaited: Awaited,
}

/// What the machine is in the middle of.
#[derive(Debug, Clone)]
pub(super) enum Activity<R> {
    /// Before `Boot`.
    New,
    /// Nothing; the next input decides.
    Idle,
    /// Starting one child.
    StartOne { key: ChildKey, cause: Cause },
    /// Starting every child from `next` on; at boot, or as the second half of a group restart.
    StartFrom { next: ChildKey, phase: Phase },
    /// Stopping one child for `terminate_child`.
    StopOne { key: ChildKey, token: u64 },
    /// Stopping every child in `floor..ceiling`, newest first.
    StopDown { floor: ChildKey, ceiling: ChildKey, then: Then<R> },
    /// Stopping all children of a dynamic supervisor at once.
    StopAll { reason: R },
    /// Everything is stopped; only `Terminate` is missing.
    End { reason: R },
    /// After `Terminate`.
    Over,
}

/// Why a single child is started.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    Restart,
    StartChild(u64),
    RestartChild(u64),
}

/// Which series of starts is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Boot,
    GroupRestart,
}

/// What follows a series of stops.
#[derive(Debug, Clone)]
pub(super) enum Then<R> {
    StartAgain,
    RefuseBoot(BootFailure<R>),
    End { reason: R },
}

/// The answer that the outstanding action needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Nothing,
    Done,
    Start(ChildKey),
    Stop(ChildKey),
    StopAll,
}

impl<S, P, R> Core<S, P, R>
where
    P: Incarnation,
    R: Reason,
{
    /// Creates a supervisor that waits for [`Input::Boot`].
    ///
    /// # Errors
    ///
    /// [`SpecError`] for the first specification that makes no sense.
    ///
    /// # Panics
    ///
    /// Panics if a dynamic supervisor is given children to start with.
    pub(crate) fn new<I>(flags: Flags, specs: I) -> Result<Self, SpecError>
    where
        I: IntoIterator<Item: Into<Arc<CoreSpec<S>>>>,
    {
        let Flags { mode, intensity, period } = flags;
        flags.check()?;
        let is_dynamic = matches!(mode, Mode::Dynamic { .. });
        let mut table = ChildTable::new(mode);
        for spec in specs {
            assert!(!is_dynamic, "a dynamic supervisor starts without children");
            let spec: Arc<CoreSpec<S>> = spec.into();
            spec.check(mode)?;
            if table.key_of_id(&spec.id).is_some() {
                return Err(SpecError::DuplicateId { id: Arc::clone(&spec.id) });
            }
            table.insert(spec);
        }
        Ok(Self {
            mode,
            table,
            window: RestartWindow::new(intensity, period),
            activity: Activity::New,
            notices: VecDeque::new(),
            awaited: Awaited::Nothing,
        })
    }

    /// Takes the next input of the queue; returns the first action it leads to.
    ///
    /// # Panics
    ///
    /// Panics if an action is outstanding, or if the first input is not the only `Boot`.
    pub(crate) fn handle(
        &mut self,
        input: Input<S, P::Id, R>,
        now: Duration,
    ) -> Option<Action<P, R>> {
        assert!(self.awaited == Awaited::Nothing, "an input while an action is outstanding");
        if self.is_over() {
            return None;
        }
        let is_new = matches!(self.activity, Activity::New);
        match input {
            Input::Boot => {
                assert!(is_new, "a supervisor boots once");
                self.activity = Activity::StartFrom { next: ChildKey::FIRST, phase: Phase::Boot };
            }
            Input::Stop { reason } => self.end(reason),
            _ if is_new => panic!("the first input of a supervisor is Boot"),
            Input::ChildExited { pid, reason } => self.child_exited(pid, reason, now),
            Input::Retry(token) => self.retry(token, now),
            Input::Admin { token, request } => self.administer(token, request),
        }
        self.advance()
    }

    /// Takes the outcome of the outstanding action; returns the next action, if there is one.
    ///
    /// # Panics
    ///
    /// Panics if the outcome does not answer the outstanding action.
    pub(crate) fn outcome(&mut self, outcome: Outcome<P, R>) -> Option<Action<P, R>> {
        match (mem::replace(&mut self.awaited, Awaited::Nothing), outcome) {
            (Awaited::Done, Outcome::Done) => {}
            (Awaited::Start(key), Outcome::Started(pid)) => self.started(key, pid),
            (Awaited::Start(key), Outcome::Ignored) => self.ignored(key),
            (Awaited::Start(key), Outcome::Failed(reason)) => self.failed(key, reason),
            (Awaited::Stop(key), Outcome::Stopped(reason)) => self.stopped(key, reason),
            (Awaited::StopAll, Outcome::AllStopped(ends)) => self.all_stopped(ends),
            (awaited, outcome) => panic!("{outcome:?} does not answer {awaited:?}"),
        }
        self.advance()
    }

    /// Whether the children are those of a dynamic supervisor.
    pub(crate) const fn is_dynamic(&self) -> bool {
        matches!(self.mode, Mode::Dynamic { .. })
    }

    /// Whether the machine has ended.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.activity, Activity::Over)
    }

    /// Returns a child by its key, as long as its specification is kept.
    pub(crate) fn child(&self, key: ChildKey) -> Option<&Child<S, P>> {
        self.table.get(key)
    }

    /// Returns which siblings are restarted together.
    pub(crate) const fn supervision(&self) -> Supervision {
        match self.mode {
            Mode::Static { strategy, .. } => Supervision::Static(strategy),
            Mode::Dynamic { .. } => Supervision::Dynamic,
        }
    }

    /// Returns the child of a static supervisor with this id.
    pub(crate) fn child_by_id(&self, id: &str) -> Option<&Child<S, P>> {
        self.table.get(self.table.key_of_id(id)?)
    }

    /// Returns all children, newest first. Dropped temporaries are gone. O(n).
    pub(crate) fn which_children(&self) -> impl Iterator<Item = (ChildKey, &Child<S, P>)> {
        self.table.iter().rev()
    }

    /// Counts the children. O(n).
    pub(crate) fn count_children(&self) -> Counts {
        self.table.count()
    }

    /// Says what is to be said, then takes the current activity one step further.
    fn advance(&mut self) -> Option<Action<P, R>> {
        if let Some(notice) = self.notices.pop_front() {
            self.awaited = Awaited::Done;
            return Some(notice);
        }
        match mem::replace(&mut self.activity, Activity::Idle) {
            Activity::New => {
                self.activity = Activity::New;
                None
            }
            Activity::Idle => None,
            Activity::StartOne { key, cause } => {
                self.activity = Activity::StartOne { key, cause };
                Some(self.start(key))
            }
            Activity::StartFrom { next, phase } => self.start_next(next, phase),
            Activity::StopOne { key, token } => {
                self.activity = Activity::StopOne { key, token };
                self.stop(key)
            }
            Activity::StopDown { floor, ceiling, then } => self.stop_next(floor, ceiling, then),
            Activity::StopAll { reason } => self.stop_all(reason),
            Activity::End { reason } => {
                self.activity = Activity::Over;
                Some(Action::Terminate { reason })
            }
            Activity::Over => {
                self.activity = Activity::Over;
                None
            }
        }
    }

    fn start(&mut self, key: ChildKey) -> Action<P, R> {
        self.awaited = Awaited::Start(key);
        Action::StartChild { key, generation: self.table.next_generation(key) }
    }

    fn start_next(&mut self, next: ChildKey, phase: Phase) -> Option<Action<P, R>> {
        if let Some(key) = self.table.first_from(next) {
            self.activity = Activity::StartFrom { next: key.next(), phase };
            return Some(self.start(key));
        }
        if phase == Phase::Boot {
            self.notices.push_back(Action::BootResult(Ok(())));
        }
        self.advance()
    }

    fn stop(&mut self, key: ChildKey) -> Option<Action<P, R>> {
        let stop = self.table.get(key)?.stop(key)?;
        self.awaited = Awaited::Stop(key);
        Some(Action::StopChild(stop))
    }

    fn stop_next(
        &mut self,
        floor: ChildKey,
        mut ceiling: ChildKey,
        then: Then<R>,
    ) -> Option<Action<P, R>> {
        while let Some(key) = self.table.last_in(floor, ceiling) {
            if self.is_running(key) {
                self.activity = Activity::StopDown { floor, ceiling: key, then };
                return self.stop(key);
            }
            self.table.settle(key);
            ceiling = key;
        }
        self.activity = match then {
            Then::StartAgain => Activity::StartFrom { next: floor, phase: Phase::GroupRestart },
            Then::End { reason } => Activity::End { reason },
            Then::RefuseBoot(failure) => {
                let reason = R::failed_to_start(&failure.id, &failure.reason);
                self.notices.push_back(Action::BootResult(Err(failure)));
                Activity::End { reason }
            }
        };
        self.advance()
    }

    fn stop_all(&mut self, reason: R) -> Option<Action<P, R>> {
        let stops: Vec<_> = self.table.iter().filter_map(|(key, child)| child.stop(key)).collect();
        if stops.is_empty() {
            self.table.clear();
            self.activity = Activity::End { reason };
            return self.advance();
        }
        self.activity = Activity::StopAll { reason };
        self.awaited = Awaited::StopAll;
        Some(Action::StopAll(stops))
    }

    fn started(&mut self, key: ChildKey, pid: P) {
        self.table.started(key, pid.clone());
        match mem::replace(&mut self.activity, Activity::Idle) {
            Activity::StartOne { cause: Cause::Restart, .. } => self.table.count_restart(key),
            Activity::StartOne {
                cause: Cause::StartChild(token) | Cause::RestartChild(token),
                ..
            } => self.reply(token, Ok(Answer::Started(pid))),
            series => {
                if matches!(series, Activity::StartFrom { phase: Phase::GroupRestart, .. }) {
                    self.table.count_restart(key);
                }
                self.activity = series;
            }
        }
    }

    fn ignored(&mut self, key: ChildKey) {
        self.table.settle(key);
        match mem::replace(&mut self.activity, Activity::Idle) {
            Activity::StartOne { cause: Cause::Restart, .. } => {}
            Activity::StartOne {
                cause: Cause::StartChild(token) | Cause::RestartChild(token),
                ..
            } => self.reply(token, Ok(Answer::Ignored)),
            series => self.activity = series,
        }
    }

    fn failed(&mut self, key: ChildKey, reason: R) {
        match mem::replace(&mut self.activity, Activity::Idle) {
            Activity::StartOne { cause: Cause::StartChild(token), .. } => {
                self.table.remove(key);
                self.reply(token, Err(AdminError::StartFailed(reason)));
            }
            Activity::StartOne { cause: Cause::RestartChild(token), .. } => {
                self.reply(token, Err(AdminError::StartFailed(reason)));
            }
            Activity::StartFrom { phase: Phase::Boot, .. } => {
                self.report_start_error(key, reason.clone());
                let id =
                    self.table.get(key).map_or_else(|| "".into(), |child| Arc::clone(&child.id));
                let then = Then::RefuseBoot(BootFailure { id, reason });
                self.activity =
                    Activity::StopDown { floor: ChildKey::FIRST, ceiling: ChildKey::END, then };
            }
            _ => self.restart_failed(key, reason),
        }
    }

    /// The next attempt goes through the queue, so that a stop or a call can come in between.
    fn restart_failed(&mut self, key: ChildKey, reason: R) {
        self.report_start_error(key, reason);
        let Some(child) = self.table.get(key) else { return };
        let generation = child.generation;
        let last = child.state.pid().cloned();
        self.table.set(key, ChildState::Restarting { last });
        self.notices.push_back(Action::ScheduleRetry(RetryToken { key, generation }));
    }

    fn stopped(&mut self, key: ChildKey, reason: R) {
        if let Some(child) = self.table.get(key)
            && !child.accepts_end(&reason)
        {
            let children = vec![child.reported(key)];
            self.report(SupervisorReport::ShutdownError { children, reason });
        }
        self.table.settle(key);
        if let Activity::StopOne { token, .. } = self.activity {
            self.activity = Activity::Idle;
            self.reply(token, Ok(Answer::Ok));
        }
    }

    /// Reports the bad ends reason by reason, not child by child: there may be very many.
    fn all_stopped(&mut self, ends: Vec<(ChildKey, R)>) {
        let mut groups: Vec<(R, Vec<ReportedChild<P>>)> = Vec::new();
        let mut group_of = HashMap::new();
        for (key, reason) in ends {
            let Some(child) = self.table.get(key) else { continue };
            if !child.accepts_end(&reason) {
                let entry = child.reported(key);
                let group = *group_of.entry(reason.to_string()).or_insert_with(|| {
                    groups.push((reason, Vec::new()));
                    groups.len() - 1
                });
                groups[group].1.push(entry);
            }
        }
        for (reason, children) in groups {
            self.report(SupervisorReport::ShutdownError { children, reason });
        }
        self.table.clear();
        if let Activity::StopAll { reason } = mem::replace(&mut self.activity, Activity::Idle) {
            self.activity = Activity::End { reason };
        }
    }

    fn child_exited(&mut self, pid: P::Id, reason: R, now: Duration) {
        let Some(key) = self.table.key_of_pid(pid) else { return };
        let Some(child) = self.table.get(key) else { return };
        let ChildState::Running(incarnation) = &child.state else { return };
        let last = Some(incarnation.clone());
        let is_clean = reason.is_clean();
        let is_significant = child.significant;
        let (is_reported, is_restarted) = match child.restart {
            Restart::Permanent => (true, true),
            Restart::Transient => (!is_clean, !is_clean),
            Restart::Temporary => (!is_clean, false),
        };
        if is_reported {
            let child = child.reported(key);
            self.report(SupervisorReport::ChildTerminated { child, reason });
        }
        if is_restarted {
            self.table.set(key, ChildState::Restarting { last });
            self.restart(key, now);
        } else {
            self.table.settle(key);
            if is_significant && self.is_auto_shutdown() {
                self.end(R::shutdown());
            }
        }
    }

    fn retry(&mut self, token: RetryToken, now: Duration) {
        let Some(child) = self.table.get(token.key) else { return };
        let is_waiting = matches!(child.state, ChildState::Restarting { .. });
        if is_waiting && child.generation == token.generation {
            self.restart(token.key, now);
        }
    }

    fn restart(&mut self, key: ChildKey, now: Duration) {
        if self.window.attempt(now) == Verdict::Exceeded {
            if let Some(child) = self.table.get(key) {
                let child = child.reported(key);
                self.report(SupervisorReport::ReachedMaxRestartIntensity { child });
            }
            return self.end(R::shutdown());
        }
        let floor = match self.mode {
            Mode::Dynamic { .. } | Mode::Static { strategy: Strategy::OneForOne, .. } => {
                self.activity = Activity::StartOne { key, cause: Cause::Restart };
                return;
            }
            Mode::Static { strategy: Strategy::OneForAll, .. } => ChildKey::FIRST,
            Mode::Static { strategy: Strategy::RestForOne, .. } => key,
        };
        self.activity =
            Activity::StopDown { floor, ceiling: ChildKey::END, then: Then::StartAgain };
    }

    /// Called after a significant child ended and was settled.
    fn is_auto_shutdown(&self) -> bool {
        let Mode::Static { auto_shutdown, .. } = self.mode else { return false };
        match auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => !self.table.iter().any(|(_, child)| {
                child.significant && !matches!(child.state, ChildState::Undefined)
            }),
        }
    }

    fn end(&mut self, reason: R) {
        self.activity = match self.mode {
            Mode::Dynamic { .. } => Activity::StopAll { reason },
            Mode::Static { .. } => Activity::StopDown {
                floor: ChildKey::FIRST,
                ceiling: ChildKey::END,
                then: Then::End { reason },
            },
        };
    }

    pub(super) fn is_running(&self, key: ChildKey) -> bool {
        self.table.get(key).is_some_and(|child| matches!(child.state, ChildState::Running(_)))
    }

    pub(super) fn reply(&mut self, token: u64, result: Result<Answer<P>, AdminError<P, R>>) {
        self.notices.push_back(Action::Reply { token, result });
    }

    fn report(&mut self, report: SupervisorReport<P, R>) {
        self.notices.push_back(Action::Report(report));
    }

    fn report_start_error(&mut self, key: ChildKey, reason: R) {
        let Some(child) = self.table.get(key) else { return };
        let child = child.reported(key);
        self.report(SupervisorReport::StartError { child, reason });
    }
}
