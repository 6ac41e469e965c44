//! A rig that plays the driver, with scripted children.
//!
//! Children have one-letter ids. A test reads as a dialogue: an input, and the steps it leads to.

use super::super::action::{
    Action, AdminError, Answer, Incarnation, Input, Outcome, Reason, ReportedChild, Request,
    RetryToken, Stop, SupervisorReport, Target,
};
use super::super::spec::{
    AutoShutdown, ChildKind, CoreSpec, Flags, Mode, Restart, Shutdown, Strategy,
};
use super::super::strategy::Core;
use super::super::table::{ChildKey, ChildState};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

/// Exit reasons, one of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Why {
    Normal,
    Shutdown,
    ShutdownWith,
    Killed,
    Crash,
    FailedToStart,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal",
            Self::Shutdown => "shutdown",
            Self::ShutdownWith => "shutdown_with",
            Self::Killed => "killed",
            Self::Crash => "crash",
            Self::FailedToStart => "failed_to_start",
        })
    }
}

impl Reason for Why {
    fn shutdown() -> Self {
        Self::Shutdown
    }

    fn failed_to_start(_id: &str, _cause: &Self) -> Self {
        Self::FailedToStart
    }

    fn is_clean(&self) -> bool {
        !matches!(self, Self::Killed | Self::Crash)
    }

    fn is_shutdown(&self) -> bool {
        *self == Self::Shutdown
    }

    fn is_killed(&self) -> bool {
        *self == Self::Killed
    }
}

impl Incarnation for u32 {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

pub(super) type TestCore = Core<(), u32, Why>;

/// What the machine was seen to do, with ids instead of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Start(char),
    Stop(char),
    StopAll(String),
    Retry(char),
    Booted,
    BootFailed(char, Why),
    Terminated(char, Why),
    StartError(char, Why),
    ShutdownError(String, Why),
    MaxIntensity(char),
    Reply(&'static str),
    End(Why),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(id) => write!(f, "start {id}"),
            Self::Stop(id) => write!(f, "stop {id}"),
            Self::StopAll(ids) => write!(f, "stop_all {ids}"),
            Self::Retry(id) => write!(f, "retry {id}"),
            Self::Booted => f.write_str("booted"),
            Self::BootFailed(id, why) => write!(f, "boot_failed {id} {why}"),
            Self::Terminated(id, why) => write!(f, "terminated {id} {why}"),
            Self::StartError(id, why) => write!(f, "start_error {id} {why}"),
            Self::ShutdownError(ids, why) => write!(f, "shutdown_error {ids} {why}"),
            Self::MaxIntensity(id) => write!(f, "max_intensity {id}"),
            Self::Reply(answer) => write!(f, "reply {answer}"),
            Self::End(why) => write!(f, "end {why}"),
        }
    }
}

pub(super) fn letter(id: &str) -> char {
    id.chars().next().expect("ids are not empty")
}

pub(super) fn letters(children: &[ReportedChild<u32>]) -> String {
    children.iter().map(|child| letter(&child.id)).collect()
}

pub(super) fn id_of(core: &TestCore, key: ChildKey) -> char {
    letter(&core.child(key).expect("actions are about children of the table").id)
}

pub(super) fn seen(core: &TestCore, action: &Action<u32, Why>) -> Step {
    match action {
        Action::StartChild { key, .. } => Step::Start(id_of(core, *key)),
        Action::StopChild(stop) => Step::Stop(id_of(core, stop.key)),
        Action::StopAll(stops) => {
            Step::StopAll(stops.iter().map(|stop| id_of(core, stop.key)).collect())
        }
        Action::ScheduleRetry(token) => Step::Retry(id_of(core, token.key)),
        Action::BootResult(Ok(())) => Step::Booted,
        Action::BootResult(Err(failure)) => Step::BootFailed(letter(&failure.id), failure.reason),
        Action::Reply { result, .. } => Step::Reply(answer(result)),
        Action::Report(report) => match report {
            SupervisorReport::ChildTerminated { child, reason } => {
                Step::Terminated(letter(&child.id), *reason)
            }
            SupervisorReport::StartError { child, reason } => {
                Step::StartError(letter(&child.id), *reason)
            }
            SupervisorReport::ShutdownError { children, reason } => {
                Step::ShutdownError(letters(children), *reason)
            }
            SupervisorReport::ReachedMaxRestartIntensity { child } => {
                Step::MaxIntensity(letter(&child.id))
            }
        },
        Action::Terminate { reason } => Step::End(*reason),
    }
}

pub(super) fn answer(result: &Result<Answer<u32>, AdminError<u32, Why>>) -> &'static str {
    match result {
        Ok(Answer::Started(_)) => "started",
        Ok(Answer::Ignored) => "ignored",
        Ok(Answer::Ok) => "ok",
        Err(AdminError::AlreadyStarted(_)) => "already_started",
        Err(AdminError::AlreadyPresent) => "already_present",
        Err(AdminError::MaxChildren) => "max_children",
        Err(AdminError::Spec(_)) => "spec",
        Err(AdminError::StartFailed(_)) => "start_failed",
        Err(AdminError::NotFound) => "not_found",
        Err(AdminError::Running) => "running",
        Err(AdminError::Restarting) => "restarting",
        Err(AdminError::Dynamic) => "dynamic",
    }
}

/// Reads `"a transient significant"`; the words after the id may come in any order.
pub(super) fn child(text: &str) -> CoreSpec<()> {
    let mut words = text.split_whitespace();
    let id = words.next().expect("a child has an id");
    let mut spec = CoreSpec::new(id, ChildKind::Worker, ());
    for word in words {
        match word {
            "permanent" => spec.restart = Restart::Permanent,
            "transient" => spec.restart = Restart::Transient,
            "temporary" => spec.restart = Restart::Temporary,
            "significant" => spec.significant = true,
            "brutal" => spec.shutdown = Shutdown::BrutalKill,
            "infinity" => spec.shutdown = Shutdown::Infinity,
            "supervisor" => spec.kind = ChildKind::Supervisor,
            _ => panic!("unknown word {word}"),
        }
    }
    spec
}

/// Reads `"a, b transient, c temporary"`.
pub(super) fn children(text: &str) -> Vec<CoreSpec<()>> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(child).collect()
}

/// A supervisor with a scripted world around it.
pub(super) struct Rig {
    pub(super) core: TestCore,
    pub(super) now: Duration,
    pub(super) next_pid: u32,
    pub(super) next_token: u64,
    /// The pid each id had last.
    pub(super) pids: HashMap<char, u32>,
    /// Retries in the supervisor's queue.
    pub(super) retries: VecDeque<RetryToken>,
    /// What the next starts of an id lead to; without an entry it starts.
    pub(super) starts: HashMap<char, VecDeque<Outcome<u32, Why>>>,
    /// What the next stops of an id lead to; without an entry it ends as told.
    pub(super) ends: HashMap<char, VecDeque<Why>>,
}

impl Rig {
    pub(super) fn with_flags(flags: Flags, text: &str) -> Self {
        let core = Core::new(flags, children(text)).expect("the specification is valid");
        Self {
            core,
            now: Duration::from_secs(100),
            next_pid: 1,
            next_token: 1,
            pids: HashMap::new(),
            retries: VecDeque::new(),
            starts: HashMap::new(),
            ends: HashMap::new(),
        }
    }

    /// A booted static supervisor with room for many restarts.
    pub(super) fn new(strategy: Strategy, text: &str) -> Self {
        Self::booted(strategy, AutoShutdown::Never, 100, text)
    }

    pub(super) fn booted(
        strategy: Strategy,
        auto: AutoShutdown,
        intensity: u32,
        text: &str,
    ) -> Self {
        let mode = Mode::Static { strategy, auto_shutdown: auto };
        let mut rig = Self::with_flags(Flags { mode, intensity, ..Flags::default() }, text);
        assert!(rig.boot().ends_with("booted"));
        rig
    }

    /// A booted dynamic supervisor with these children started.
    pub(super) fn dynamic(intensity: u32, text: &str) -> Self {
        let mode = Mode::Dynamic { max_children: 5 };
        let mut rig = Self::with_flags(Flags { mode, intensity, ..Flags::default() }, "");
        assert_eq!(rig.boot(), "booted");
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            assert!(rig.start_child(part).ends_with("reply started"));
        }
        rig
    }

    pub(super) fn fails(&mut self, id: char) -> &mut Self {
        self.starts.entry(id).or_default().push_back(Outcome::Failed(Why::Crash));
        self
    }

    pub(super) fn ignores(&mut self, id: char) -> &mut Self {
        self.starts.entry(id).or_default().push_back(Outcome::Ignored);
        self
    }

    pub(super) fn ends_with(&mut self, id: char, why: Why) -> &mut Self {
        self.ends.entry(id).or_default().push_back(why);
        self
    }

    pub(super) fn boot(&mut self) -> String {
        self.feed(Input::Boot)
    }

    pub(super) fn exit(&mut self, id: char, reason: Why) -> String {
        let pid = self.pids[&id];
        self.exit_pid(pid, reason)
    }

    pub(super) fn exit_pid(&mut self, pid: u32, reason: Why) -> String {
        self.feed(Input::ChildExited { pid, reason })
    }

    pub(super) fn retry(&mut self) -> String {
        let token = self.retries.pop_front().expect("a retry is queued");
        self.feed(Input::Retry(token))
    }

    pub(super) fn stop(&mut self, reason: Why) -> String {
        self.feed(Input::Stop { reason })
    }

    pub(super) fn start_child(&mut self, text: &str) -> String {
        self.call(Request::Start(child(text).into()))
    }

    pub(super) fn terminate_child(&mut self, id: &str) -> String {
        self.call(Request::Terminate(Target::Id(id.into())))
    }

    pub(super) fn terminate_pid(&mut self, pid: u32, alive: bool) -> String {
        self.call(Request::Terminate(Target::Pid { pid, alive }))
    }

    pub(super) fn restart_child(&mut self, id: &str) -> String {
        self.call(Request::Restart { id: id.into() })
    }

    pub(super) fn delete_child(&mut self, id: &str) -> String {
        self.call(Request::Delete { id: id.into() })
    }

    pub(super) fn call(&mut self, request: Request<(), u32>) -> String {
        let token = self.next_token;
        self.next_token += 1;
        self.feed(Input::Admin { token, request })
    }

    pub(super) fn feed(&mut self, input: Input<(), u32, Why>) -> String {
        let expected = if let Input::Admin { token, .. } = input { Some(token) } else { None };
        let mut steps = Vec::new();
        let mut next = self.core.handle(input, self.now);
        while let Some(action) = next {
            if let Action::Reply { token, .. } = action {
                assert_eq!(Some(token), expected, "the answer goes to the caller");
            }
            steps.push(seen(&self.core, &action).to_string());
            let Some(outcome) = self.execute(action) else { break };
            next = self.core.outcome(outcome);
        }
        steps.join("; ")
    }

    pub(super) fn execute(&mut self, action: Action<u32, Why>) -> Option<Outcome<u32, Why>> {
        Some(match action {
            Action::StartChild { key, .. } => self.start(id_of(&self.core, key)),
            Action::StopChild(stop) => Outcome::Stopped(self.end(&stop)),
            Action::StopAll(stops) => {
                Outcome::AllStopped(stops.iter().map(|stop| (stop.key, self.end(stop))).collect())
            }
            Action::ScheduleRetry(token) => {
                self.retries.push_back(token);
                Outcome::Done
            }
            Action::Terminate { .. } => return None,
            Action::BootResult(_) | Action::Reply { .. } | Action::Report(_) => Outcome::Done,
        })
    }

    pub(super) fn start(&mut self, id: char) -> Outcome<u32, Why> {
        if let Some(scripted) = self.starts.get_mut(&id).and_then(VecDeque::pop_front) {
            return scripted;
        }
        let pid = self.next_pid;
        self.next_pid += 1;
        self.pids.insert(id, pid);
        Outcome::Started(pid)
    }

    pub(super) fn end(&mut self, stop: &Stop<u32>) -> Why {
        let id = id_of(&self.core, stop.key);
        let as_told = match stop.shutdown {
            Shutdown::BrutalKill => Why::Killed,
            Shutdown::Timeout(_) | Shutdown::Infinity => Why::Shutdown,
        };
        self.ends.get_mut(&id).and_then(VecDeque::pop_front).unwrap_or(as_told)
    }

    /// `"c up, b restarting, a undefined"`: newest first.
    pub(super) fn which(&self) -> String {
        let state = |state: &ChildState<u32>| match state {
            ChildState::Running(_) => "up",
            ChildState::Restarting { .. } => "restarting",
            ChildState::Undefined => "undefined",
        };
        let list = self.core.which_children();
        list.map(|(_, child)| format!("{} {}", child.id, state(&child.state)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}
