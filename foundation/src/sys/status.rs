//! The status of one process, as data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::process::cell::Process;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::progress::{Phase, Seen};

/// What kind of process it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessKind {
    /// A [`GenServer`](crate::GenServer), or the process of a task pool.
    Worker,
    /// A supervisor of either kind.
    Supervisor,
    /// A [`ThreadServer`](crate::ThreadServer).
    Thread,
}

impl fmt::Display for ProcessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "worker",
            Self::Supervisor => "supervisor",
            Self::Thread => "thread",
        })
    }
}

/// What a process does.
///
/// # Differs from OTP
///
/// `process_info(Pid, status)` is about the scheduler: `running` means on a core, and a process that waits for an answer inside
/// a callback is `waiting`. Here a process is `Running` from the begin of a callback to its end, however often it awaits
/// meanwhile; [`ProcessStatus::is_polled`] says whether a thread runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunState {
    /// Its `init` has not returned.
    Starting,
    /// It waits for something to do.
    Waiting,
    /// A callback is under way: it handles a message or a notice.
    Running,
    /// It takes no mail until it is resumed.
    Suspended,
    /// It is on its way out: `terminate` is under way, an exit signal has hit it, or it waits for what it owns to end.
    Ending,
    /// Its end has been published.
    Ended,
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Ending => "ending",
            Self::Ended => "ended",
        })
    }
}

/// What one process is doing, seen at one moment.
///
/// | figures | how far to trust them |
/// |---|---|
/// | pid, name, kind | exact, and never change |
/// | mailbox depth and high-water mark | exact together, at the moment when they were read |
/// | uptime | exact, by the clock of the node, which is read twice: when the process is created and here |
/// | state, message, handled | of one moment; the process may be further by now |
/// | polls, `is_polled` | of another moment shortly after |
///
/// # Differs from OTP
///
/// `erlang:process_info/1` is `undefined` for a process that has ended, and knows neither its messages nor its callbacks, but its
/// memory and its links.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{Node, NodeConfig, ProcessKind, RunState, Strategy, Supervisor, SupervisorSpec};
///
/// let node = Node::new(NodeConfig::default())?;
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
/// let status = root.process().status();
/// assert_eq!(status.kind, ProcessKind::Supervisor);
/// assert_eq!(status.state, RunState::Waiting);
/// assert_eq!(status.mailbox_depth, 0);
/// # root.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessStatus {
    /// The pid of this incarnation.
    pub pid: Pid,
    /// The registered name, or else the child id.
    pub name: Option<Arc<str>>,
    /// Worker, supervisor or thread.
    pub kind: ProcessKind,
    /// What it does.
    pub state: RunState,
    /// The kind of the message that it handles; see [`GenServer::kind`](crate::GenServer::kind). `"Info"` for a notice of the
    /// kernel, `None` outside `handle` and `info`.
    pub message: Option<&'static str>,
    /// Messages handled to their end, notices of the kernel not counted; one that is put aside is not handled yet.
    pub handled: u64,
    /// How often its task was run by a thread; for a process on a thread, how many batches it began.
    pub polls: u64,
    /// True while a thread runs it, and not only keeps it in mind.
    pub is_polled: bool,
    /// How long ago this incarnation was created; it goes on growing after its end.
    pub uptime: Duration,
    /// Messages that wait in the mailbox. Not counted are those that the process has taken in one swap and not begun, and those
    /// that it has [put aside](crate::Context::stash), which only the process itself can count.
    pub mailbox_depth: usize,
    /// The most that ever waited.
    pub mailbox_high_water: usize,
}

impl ProcessStatus {
    pub(crate) fn of(process: &dyn Process) -> Self {
        let cell = process.cell();
        let progress = cell.progress();
        let seen = progress.seen();
        let polls = progress.polls();
        let (mailbox_depth, mailbox_high_water) = process.depth();
        let state = match cell.ending() {
            Some(true) => RunState::Ended,
            Some(false) => RunState::Ending,
            None => match seen.phase {
                Phase::Starting => RunState::Starting,
                Phase::Waiting => RunState::Waiting,
                Phase::Running => RunState::Running,
                Phase::Suspended => RunState::Suspended,
                Phase::Ending => RunState::Ending,
            },
        };
        let is_running = state == RunState::Running;
        let message = kind_of(process, seen);
        Self {
            pid: cell.pid(),
            name: cell.label().cloned(),
            kind: process.kind(),
            state,
            message: message.filter(|_kind| is_running),
            handled: seen.handled,
            polls: polls.begun(),
            is_polled: polls.is_under_way() && state != RunState::Ended,
            uptime: cell.age(),
            mailbox_depth,
            mailbox_high_water,
        }
    }
}

fn kind_of(process: &dyn Process, seen: Seen) -> Option<&'static str> {
    seen.kind(process.message_type(), |place| process.cell().state().known()?.kinds.at(place))
}

/// The kind of the message that the process works on.
pub(crate) fn message_of(process: &dyn Process) -> Option<&'static str> {
    kind_of(process, process.cell().progress().seen())
}

impl fmt::Display for ProcessStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pid)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        write!(f, ": {} {}", self.kind, self.state)?;
        if let Some(message) = self.message {
            write!(f, " ({message})")?;
        }
        let Self { handled, mailbox_depth, mailbox_high_water, uptime, .. } = self;
        write!(
            f,
            ", {mailbox_depth}/{mailbox_high_water} waiting, {handled} handled, up {uptime:?}"
        )
    }
}

impl ProcessRef {
    /// Returns what the process is doing, without asking it: it works for a process that is stuck, suspended or has ended.
    ///
    /// Cost: three short locks and one reading of the node's clock. The process pays nothing for being looked at.
    ///
    /// As OTP `erlang:process_info/1`; [`ProcessStatus`] says what differs.
    #[must_use]
    pub fn status(&self) -> ProcessStatus {
        ProcessStatus::of(&**self.process())
    }
}
