//! What goes into the supervisor's state machine and what comes out of it.
//!
//! The driver feeds one [`Input`] at a time, executes the [`Action`]s one by one, and answers each
//! with its [`Outcome`]. Nothing here decides anything.

use super::spec::{CoreSpec, Shutdown, SpecError};
use super::table::ChildKey;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// How the state machine reads an exit reason.
pub(crate) trait Reason: Clone + fmt::Debug + fmt::Display {
    /// Returns the reason a supervisor gives when it ends by its own decision.
    fn shutdown() -> Self;

    /// Returns the reason of a supervisor whose child did not start; `is_clean` holds for it.
    fn failed_to_start(id: &str, cause: &Self) -> Self;

    /// Whether this is `Normal`, `Shutdown` or `ShutdownWith`.
    fn is_clean(&self) -> bool;

    /// Whether this is exactly `Shutdown`.
    fn is_shutdown(&self) -> bool;

    /// Whether this is `Killed`.
    fn is_killed(&self) -> bool;
}

/// One incarnation of a child, as the driver knows it.
pub(crate) trait Incarnation: Clone + fmt::Debug {
    /// What tells it from every other one.
    type Id: Copy + Eq + Hash + fmt::Debug;

    fn id(&self) -> Self::Id;
}

/// Something that happened to the supervisor, taken from its one queue in arrival order.
#[derive(Debug, Clone)]
pub(crate) enum Input<S, P, R> {
    /// The supervisor itself starts. The first input, exactly once.
    Boot,
    /// A process linked to the supervisor ended; ignored when it is not a current child.
    ChildExited { pid: P, reason: R },
    /// What [`Action::ScheduleRetry`] asked for.
    Retry(RetryToken),
    /// The parent, or the owner, tells the supervisor to end.
    Stop { reason: R },
    /// A call; `token` comes back in [`Action::Reply`].
    Admin { token: u64, request: Request<S, P> },
}

/// An administrative call.
#[derive(Debug, Clone)]
pub(crate) enum Request<S, P> {
    /// `start_child`
    Start(Arc<CoreSpec<S>>),
    /// `terminate_child`
    Terminate(Target<P>),
    /// `restart_child`
    Restart { id: Arc<str> },
    /// `delete_child`
    Delete { id: Arc<str> },
}

/// Whom `terminate_child` means.
#[derive(Debug, Clone)]
pub(crate) enum Target<P> {
    /// A child of a static supervisor.
    Id(Arc<str>),
    /// A child of a dynamic supervisor, by its current pid or, while it is being restarted, by the
    /// pid it had last. `alive` is about the process itself, whoever supervises it.
    Pid { pid: P, alive: bool },
}

/// Names one failed restart; stale as soon as anything else happened to the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RetryToken {
    pub(crate) key: ChildKey,
    pub(crate) generation: u32,
}

/// What the driver has to do next.
#[derive(Debug, Clone)]
pub(crate) enum Action<P, R> {
    /// Start the child and wait for its acknowledgement: [`Outcome::Started`],
    /// [`Outcome::Ignored`] or [`Outcome::Failed`].
    StartChild { key: ChildKey, generation: u32 },
    /// Stop the child and wait until it is gone: [`Outcome::Stopped`] with its real reason, also
    /// when it had ended by itself before.
    StopChild(Stop<P>),
    /// Stop all of these at the same time, each by its own rule: [`Outcome::AllStopped`].
    StopAll(Vec<Stop<P>>),
    /// Put [`Input::Retry`] at the end of the own queue: [`Outcome::Done`].
    ScheduleRetry(RetryToken),
    /// Tell the starter how the start went: [`Outcome::Done`]. After an error comes `Terminate`.
    BootResult(Result<(), BootFailure<R>>),
    /// Answer the call with this token: [`Outcome::Done`].
    Reply { token: u64, result: Result<Answer<P>, AdminError<P, R>> },
    /// Log this: [`Outcome::Done`].
    Report(SupervisorReport<P, R>),
    /// End with this reason. No child runs any more; the machine takes nothing further.
    Terminate { reason: R },
}

/// One child to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop<P> {
    pub(crate) key: ChildKey,
    pub(crate) pid: P,
    pub(crate) shutdown: Shutdown,
}

/// How an [`Action`] went.
#[derive(Debug, Clone)]
pub(crate) enum Outcome<P, R> {
    /// The child runs and has acknowledged its start.
    Started(P),
    /// The child chose not to run.
    Ignored,
    /// The child did not start; nothing of it is left.
    Failed(R),
    /// The child is gone and ended with this reason.
    Stopped(R),
    /// Every child of the list is gone; one entry each.
    AllStopped(Vec<(ChildKey, R)>),
    /// A reply, report, retry or boot result was delivered.
    Done,
}

/// Which child prevented the start of the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BootFailure<R> {
    pub(crate) id: Arc<str>,
    pub(crate) reason: R,
}

/// The good answers of the administrative calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer<P> {
    /// `start_child`, `restart_child`: the child runs.
    Started(P),
    /// `start_child`, `restart_child`: the child chose not to run.
    Ignored,
    /// `terminate_child`, `delete_child`: done.
    Ok,
}

/// Why an administrative call was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdminError<P, R> {
    /// `start_child`: the id is taken by a running child.
    AlreadyStarted(P),
    /// `start_child`: the id is taken by a child that is stopped or being restarted.
    AlreadyPresent,
    /// `start_child`: the dynamic supervisor is full.
    MaxChildren,
    /// `start_child`: the specification makes no sense here.
    Spec(SpecError),
    /// `start_child` (the specification is discarded), `restart_child` (it is kept).
    StartFailed(R),
    /// No such child.
    NotFound,
    /// `restart_child`, `delete_child`: the child runs.
    Running,
    /// `restart_child`, `delete_child`: the child waits for its next restart attempt.
    Restarting,
    /// The call does not exist for the children of a dynamic supervisor.
    Dynamic,
}

/// What a supervisor has to say to whoever reads logs. OTP's supervisor reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SupervisorReport<P, R> {
    /// A child ended by itself, other than by a clean end that its kind allows.
    ChildTerminated { child: ReportedChild<P>, reason: R },
    /// A child did not start, at boot or in a restart.
    StartError { child: ReportedChild<P>, reason: R },
    /// Children did not end the way they were told to; one report per reason.
    ShutdownError { children: Vec<ReportedChild<P>>, reason: R },
    /// The supervisor gives up because this child would have to be restarted once too often.
    ReachedMaxRestartIntensity { child: ReportedChild<P> },
}

/// The child a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportedChild<P> {
    pub(crate) key: ChildKey,
    pub(crate) id: Arc<str>,
    /// The process it was, where there was one.
    pub(crate) pid: Option<P>,
}
