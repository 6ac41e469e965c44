//! Executes what the state machine decides. No decision is taken here.
//!
//! Exits of children, admin calls, the stop of the parent and the supervisor's own retries are served from one queue in
//! arrival order; while a child starts or stops, nothing else is served.

use std::any::type_name;
use std::sync::Arc;

use crate::process::cell::Process;
use crate::process::dependents::Dependents;
use crate::process::envelope::{Control, Received};
use crate::process::exit::ExitReason;
use crate::process::mailbox::Inbox;
use crate::process::owner::Ack;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::progress::{Kinds, Phase};
use crate::process::reply::Reply;
use crate::process::server::{Server, SystemMessage, SystemMessages};
use crate::process::spawn::leave_host;
use crate::supervisor::action::{
    Action, AdminError, Answer, Incarnation, Input, Outcome, ReportedChild, Request, RetryToken,
    SupervisorReport, Target,
};
use crate::supervisor::handle::{ChildCounts, ChildInfo, ChildProcess};
use crate::supervisor::kids::{self, Kid};
use crate::supervisor::report::{Report, ReportKind};
use crate::supervisor::spec::Supervision;
use crate::supervisor::starting::{AlreadyStarted, StartFn, StartOutcome, Starter, acknowledged};
use crate::supervisor::strategy::Core;
use crate::supervisor::table::{ChildKey, ChildState};
use crate::sys::status::ProcessKind;
use crate::telemetry;

pub(crate) type SupervisorCore = Core<StartFn, Kid, ExitReason>;
pub(crate) type AdminResult = Result<AdminAnswer, AdminError<Kid, ExitReason>>;

/// The good answers of the admin calls.
#[derive(Debug)]
pub(crate) enum AdminAnswer {
    Started(ProcessRef),
    Ignored,
    Ok,
}

/// Everything that a supervisor can be told.
pub(crate) enum SupervisorMsg {
    System(SystemMessage),
    Retry(RetryToken),
    Admin(Request<StartFn, Pid>, Reply<AdminResult>),
    /// Whether the process lives matters when this is served, not when it was asked.
    TerminateProcess(ProcessRef, Reply<AdminResult>),
    Which(Reply<Vec<ChildInfo>>),
    Tree(Reply<(Supervision, Vec<ChildInfo>)>),
    Count(Reply<ChildCounts>),
}

impl SupervisorMsg {
    pub(crate) const SYSTEM: SystemMessages<Self> =
        SystemMessages { wrap: Some(Self::System), kind: ProcessKind::Supervisor };
}

pub(crate) struct Driver {
    server: Arc<Server<SupervisorMsg>>,
    /// The same process, as its children know it.
    own: Arc<dyn Process>,
    /// Its children are among them.
    dependents: Arc<Dependents>,
    /// Known to be no guest: a child can take its first turn here.
    is_host: bool,
    core: SupervisorCore,
    /// The call that is being served, with its token.
    call: Option<(u64, Reply<AdminResult>)>,
    next_token: u64,
    kinds: Kinds,
}

impl Driver {
    pub(crate) fn new(server: Arc<Server<SupervisorMsg>>, core: SupervisorCore) -> Self {
        let own: Arc<dyn Process> = Arc::clone(&server) as Arc<dyn Process>;
        let dependents = server.cell.dependents();
        dependents.belong_to(&own);
        Self {
            server,
            own,
            dependents,
            is_host: false,
            core,
            call: None,
            next_token: 0,
            kinds: Kinds::default(),
        }
    }

    /// Runs the supervisor to its end and returns the reason.
    pub(crate) async fn run(mut self) -> ExitReason {
        let mut inbox = Inbox::new(self.server.mailbox.capacity());
        if let Some(reason) = self.serve(Input::Boot).await {
            return reason;
        }
        leave_host(self.server.cell.is_guest()).await;
        let mut input = None;
        loop {
            if let Some(input) = input.take() {
                let counts = self.begin(&input);
                if let Some(reason) = self.serve(input).await {
                    return reason;
                }
                self.server.cell.progress().handled_more(counts);
            }
            let received =
                std::future::poll_fn(|cx| self.server.poll_recv(&mut inbox, cx.waker())).await;
            input = match received {
                Received::Message(envelope) => self.translate(envelope.message),
                // Everything of the kernel comes through the one queue.
                Received::Control(Control::Stop(reason) | Control::Exit(reason)) => {
                    Some(Input::Stop { reason })
                }
                // A supervisor traps, and knows nobody whose exit would mean anything to it but its children.
                Received::Control(
                    Control::Signal(_) | Control::Down(_) | Control::Suspend(_) | Control::Resume,
                ) => None,
                Received::Control(Control::Sync(reply)) => {
                    reply.send(());
                    None
                }
            };
            tokio::task::consume_budget().await;
        }
    }

    /// Says what is about to be served, and returns how many messages it counts for.
    fn begin(&mut self, input: &Input<StartFn, Pid, ExitReason>) -> u64 {
        let progress = self.server.cell.progress();
        let kind = match input {
            // The supervisor's init, which began with the process.
            Input::Boot => return 0,
            Input::Stop { .. } => {
                progress.enter(Phase::Ending);
                return 1;
            }
            Input::ChildExited { .. } => "child exited",
            Input::Retry(_) => "retry",
            Input::Admin { request, .. } => match request {
                Request::Start(_) => "start_child",
                Request::Terminate(_) => "terminate_child",
                Request::Restart { .. } => "restart_child",
                Request::Delete { .. } => "delete_child",
            },
        };
        self.kinds.begin(&self.server.cell, kind, type_name::<SupervisorMsg>());
        1
    }

    /// Turns a message into an input, or answers it.
    fn translate(&mut self, message: SupervisorMsg) -> Option<Input<StartFn, Pid, ExitReason>> {
        match message {
            SupervisorMsg::System(SystemMessage::Stop(reason)) => Some(Input::Stop { reason }),
            SupervisorMsg::System(SystemMessage::Ended(pid, reason)) => {
                Some(Input::ChildExited { pid, reason })
            }
            SupervisorMsg::Retry(token) => Some(Input::Retry(token)),
            SupervisorMsg::Admin(request, reply) => Some(self.admin(request, reply)),
            SupervisorMsg::TerminateProcess(process, reply) => {
                let target = Target::Pid { pid: process.pid(), alive: process.is_alive() };
                Some(self.admin(Request::Terminate(target), reply))
            }
            SupervisorMsg::Which(reply) => {
                reply.send(self.which_children());
                None
            }
            SupervisorMsg::Tree(reply) => {
                reply.send((self.core.supervision(), self.which_children()));
                None
            }
            SupervisorMsg::Count(reply) => {
                let counts = self.core.count_children();
                // As in OTP: a child that has ended counts no more, although its end still waits in the queue. A dynamic
                // supervisor counts its table.
                let gone = if self.core.is_dynamic() { 0 } else { self.ended() };
                reply.send(ChildCounts {
                    specs: counts.specs,
                    active: counts.active.saturating_sub(gone),
                    supervisors: counts.supervisors,
                    workers: counts.workers,
                });
                None
            }
        }
    }

    fn admin(
        &mut self,
        request: Request<StartFn, Pid>,
        reply: Reply<AdminResult>,
    ) -> Input<StartFn, Pid, ExitReason> {
        let token = self.next_token;
        self.next_token += 1;
        self.call = Some((token, reply));
        Input::Admin { token, request }
    }

    /// How many children have ended without the state machine having been told yet. Cost: O(children).
    fn ended(&self) -> usize {
        let has_ended = |state: &ChildState<Kid>| match state {
            ChildState::Running(kid) => !kid.process().is_alive(),
            ChildState::Restarting { .. } | ChildState::Undefined => false,
        };
        self.core.which_children().filter(|(_, child)| has_ended(&child.state)).count()
    }

    /// Feeds one input and executes the actions it leads to. Returns the reason when the supervisor is over.
    async fn serve(&mut self, input: Input<StartFn, Pid, ExitReason>) -> Option<ExitReason> {
        let now = self.server.cell.node().clock().monotonic();
        let mut action = self.core.handle(input, now);
        while let Some(next) = action {
            let outcome = match next {
                Action::Terminate { reason } => return Some(reason),
                Action::StartChild { key, generation } => self.start_child(key, generation).await,
                Action::StopChild(stop) => {
                    let host = self.is_host.then_some(&self.own);
                    Outcome::Stopped(stop.pid.stop(stop.shutdown, host).await)
                }
                Action::StopAll(stops) => {
                    Outcome::AllStopped(kids::stop_all(&self.server.cell, stops).await)
                }
                Action::ScheduleRetry(token) => {
                    // The queue is the supervisor's own, which is open while it runs.
                    drop(self.server.mailbox.push_unbounded(SupervisorMsg::Retry(token)));
                    Outcome::Done
                }
                Action::BootResult(result) => {
                    self.acknowledge(result.map_err(|failure| (failure.id, failure.reason)));
                    Outcome::Done
                }
                Action::Reply { token, result } => {
                    self.reply(token, result);
                    Outcome::Done
                }
                Action::Report(report) => {
                    self.report(report);
                    Outcome::Done
                }
            };
            action = self.core.outcome(outcome);
        }
        None
    }

    async fn start_child(&mut self, key: ChildKey, generation: u32) -> Outcome<Kid, ExitReason> {
        if !self.is_host {
            let cell = &self.server.cell;
            // A guest is no host, or the depth of a tree would be the depth of the stack. Where a child can be fenced, an `init`
            // that blocks must not block its supervisor.
            self.is_host = !cell.is_guest() && cell.node().condemned().is_none();
        }
        let child = self.core.child(key);
        let Some((child, start)) = child.and_then(|child| Some((child, child.start.as_ref()?)))
        else {
            return Outcome::Failed(ExitReason::NoProc);
        };
        let (node, owner) = (self.server.cell.node(), &self.dependents);
        let host = self.is_host.then_some(&self.own);
        let outcome = match start(&Starter { node, id: &child.id, owner, host }) {
            Ok(process) => acknowledged(process, Some(&self.own)).await,
            Err(outcome) => outcome,
        };
        match outcome {
            StartOutcome::Started(process) => {
                if generation > 1 {
                    telemetry::child_restarted();
                }
                Outcome::Started(Kid::new(process))
            }
            StartOutcome::Ignored => Outcome::Ignored,
            StartOutcome::Failed { reason, .. } => {
                telemetry::start_failed();
                Outcome::Failed(reason)
            }
            StartOutcome::AlreadyStarted(pid) => {
                telemetry::start_failed();
                Outcome::Failed(ExitReason::error(AlreadyStarted(pid)))
            }
        }
    }

    fn acknowledge(&self, result: Result<(), (Arc<str>, ExitReason)>) {
        self.server.cell.progress().enter(Phase::Waiting);
        match result {
            Ok(()) => {
                self.server.cell.acknowledge(Ack::Up, true);
            }
            // The end of this supervisor follows, and its starter looks then.
            Err(culprit) => self.server.cell.blame(culprit),
        }
    }

    fn reply(&mut self, token: u64, result: Result<Answer<Kid>, AdminError<Kid, ExitReason>>) {
        let Some((_, reply)) = self.call.take_if(|(asked, _)| *asked == token) else { return };
        reply.send(result.map(|answer| match answer {
            Answer::Started(kid) => AdminAnswer::Started(kid.process().clone()),
            Answer::Ignored => AdminAnswer::Ignored,
            Answer::Ok => AdminAnswer::Ok,
        }));
    }

    fn which_children(&self) -> Vec<ChildInfo> {
        let info = |child: &crate::supervisor::table::Child<StartFn, Kid>| ChildInfo {
            id: Arc::clone(&child.id),
            process: match &child.state {
                ChildState::Running(kid) => ChildProcess::Running(kid.process().clone()),
                ChildState::Restarting { .. } => ChildProcess::Restarting,
                ChildState::Undefined => ChildProcess::Undefined,
            },
            kind: child.kind,
            restart: child.restart,
            restarts: u64::from(child.restarts),
        };
        self.core.which_children().map(|(_, child)| info(child)).collect()
    }

    fn report(&self, report: SupervisorReport<Kid, ExitReason>) {
        let tell = |kind, child: &ReportedChild<Kid>, reason: Option<&ExitReason>| {
            self.server.cell.node().report(&Report {
                kind,
                supervisor: self.server.cell.pid(),
                supervisor_name: self.server.cell.label().cloned(),
                child: Arc::clone(&child.id),
                pid: child.pid.as_ref().map(Incarnation::id),
                reason: reason.cloned(),
            });
        };
        match report {
            SupervisorReport::ChildTerminated { child, reason } => {
                tell(ReportKind::ChildTerminated, &child, Some(&reason));
            }
            SupervisorReport::StartError { child, reason } => {
                tell(ReportKind::StartError, &child, Some(&reason))
            }
            SupervisorReport::ShutdownError { children, reason } => {
                for child in &children {
                    tell(ReportKind::ShutdownError, child, Some(&reason));
                }
            }
            SupervisorReport::ReachedMaxRestartIntensity { child } => {
                telemetry::supervisor_gave_up();
                tell(ReportKind::ReachedMaxRestartIntensity, &child, None);
            }
        }
    }
}
