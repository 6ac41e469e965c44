//! Monitors: one `Down` for each, exactly once.
//!
//! A monitor is an owned guard. The target keeps the list of who watches it; a watcher that loses interest takes itself off
//! the list. No index decides anything here.

use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::process::cell::Process;
use crate::process::exit::ExitReason;
use crate::process::guarded_sink::{DownNotice, GuardedSink};
use crate::process::monitor_tag::{Advice, Origin};
use crate::process::pid::Pid;
use crate::process::state::Watchers;

/// Identifies one monitor within its node.
///
/// As in OTP `erlang:monitor/2`, whose result is a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonitorId(pub(crate) u64);

impl fmt::Display for MonitorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A monitored process ended.
///
/// # Differs from OTP
///
/// The message `DOWN` comes after all that its process has sent before; this one comes before waiting mail.
#[derive(Debug, Clone)]
pub struct Down {
    /// The monitor that fired.
    pub monitor: MonitorId,
    /// The process that ended.
    pub pid: Pid,
    /// Why it ended; `NoProc` if it had ended before the monitor was made.
    pub reason: ExitReason,
}

/// Where the notice of a monitor inside a process goes.
pub(crate) trait DownSink: Send + Sync {
    /// Takes the notice. Never under a lock of the target.
    fn down(&self, notice: DownNotice);

    /// One of the notices that it took is not wanted any more.
    fn sweep(&self);

    /// The process that watches, with its name.
    fn owner(&self) -> (Pid, Option<Arc<str>>);
}

/// One entry in a target's list of watchers. Its size is what a monitor costs its target.
pub(crate) struct Watcher {
    id: MonitorId,
    notice: Notice,
    origin: Origin,
}

enum Notice {
    /// A `Down` is delivered.
    Sink(Arc<GuardedSink>),
    /// A future looks for itself when it is woken.
    Wake(Option<Waker>),
}

impl Watcher {
    pub(crate) fn sink(sink: Arc<GuardedSink>, origin: Origin) -> Self {
        Self { id: sink.id(), notice: Notice::Sink(sink), origin }
    }

    /// A future that has not been polled yet.
    pub(crate) fn waiting(id: MonitorId, origin: Origin) -> Self {
        Self { id, notice: Notice::Wake(None), origin }
    }

    pub(crate) fn wait(&mut self, waker: &Waker) {
        if let Notice::Wake(waiting) = &mut self.notice {
            match waiting {
                Some(waiting) => waiting.clone_from(waker),
                None => *waiting = Some(waker.clone()),
            }
        }
    }

    /// Tells all of a process that has ended: by place, so the first who began to watch comes first unless its place had been
    /// somebody else's before.
    pub(crate) fn tell_all(watchers: Watchers, pid: Pid, reason: &ExitReason) {
        for (_place, Self { notice, .. }) in watchers {
            match notice {
                Notice::Sink(sink) => sink.post(pid, reason.clone()),
                Notice::Wake(waker) => waker.into_iter().for_each(Waker::wake),
            }
        }
    }

    pub(crate) fn id(&self) -> MonitorId {
        self.id
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Notes that somebody has been told of its age. Returns false if that was so before.
    pub(crate) fn advise(&mut self) -> bool {
        let is_due = self.origin.advice == Advice::Due;
        if is_due {
            self.origin.advice = Advice::Given;
        }
        is_due
    }

    /// The process that watches, with its name; `None` if nobody knows who holds the guard.
    pub(crate) fn owner(&self) -> Option<(Pid, Option<Arc<str>>)> {
        match &self.notice {
            Notice::Sink(sink) => Some(sink.watcher().owner()),
            Notice::Wake(_) => None,
        }
    }
}

/// Watches one process from anywhere; [`down`](Self::down) waits for its end.
///
/// Dropping the guard ends the watch: nothing is delivered afterwards. A guard made for a process that has already ended
/// delivers at once, with the reason `NoProc`, as in OTP `monitor/2`.
///
/// # Differs from OTP
///
/// A monitor belongs to a process there, and here to whoever holds it: it is waited for, not received.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{ExitReason, Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
///
/// let node = Node::new(NodeConfig::default())?;
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
/// let monitor = root.process().monitor();
/// root.shutdown().await;
/// assert!(matches!(monitor.down().await.reason, ExitReason::Shutdown));
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping a monitor ends the watch"]
pub struct Monitor {
    id: MonitorId,
    target: Arc<dyn Process>,
    /// Its place in the list; `None` if the target had already ended.
    place: Option<usize>,
}

impl Monitor {
    pub(crate) fn of(target: &Arc<dyn Process>, origin: Origin) -> Self {
        let cell = target.cell();
        let id = cell.node().next_monitor();
        let place = cell.watch(Watcher::waiting(id, origin));
        if place.is_none() {
            cell.node().counters().monitors_fired(1);
        }
        Self { id, target: Arc::clone(target), place }
    }

    /// Returns the id that the `Down` will carry.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let monitor = echo.process().monitor();
    /// let id = monitor.id();
    /// tree.kill("echo").await;
    /// assert_eq!(monitor.down().await.monitor, id);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> MonitorId {
        self.id
    }

    /// Waits until the process has ended. Exactly one `Down` comes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the monitor.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let monitor = echo.process().monitor();
    /// tree.kill("echo").await;
    /// assert_eq!(monitor.down().await.reason.to_string(), "killed");
    ///
    /// let late = echo.process().monitor();
    /// assert_eq!(late.down().await.reason.to_string(), "no such process");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn down(self) -> Down {
        let cell = self.target.cell();
        let reason = std::future::poll_fn(|cx| match self.place {
            Some(place) => cell.poll_watched(place, cx.waker()),
            None => Poll::Ready(ExitReason::NoProc),
        })
        .await;
        Down { monitor: self.id, pid: cell.pid(), reason }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let cell = self.target.cell();
        cell.node().counters().monitor_dropped();
        if let Some(place) = self.place {
            cell.unwatch(place);
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Watches one process from inside another; the `Down` arrives in `GenServer::info`.
///
/// Dropping the guard demonitors and flushes: no `Down` of this monitor is seen afterwards, not even one that was already
/// on its way. As in OTP `demonitor(Ref, [flush])`.
#[must_use = "dropping a monitor ends the watch"]
pub struct MonitorRef {
    watch: Watch,
}

impl MonitorRef {
    pub(crate) fn new(watch: Watch) -> Self {
        Self { watch }
    }

    /// Returns the id that the `Down` will carry.
    #[must_use]
    pub fn id(&self) -> MonitorId {
        self.watch.sink.id()
    }

    /// Returns the pid of the watched process.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.watch.target.cell().pid()
    }
}

impl fmt::Debug for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorRef").field("id", &self.id()).field("pid", &self.pid()).finish()
    }
}

/// A watcher's own half of an entry that is a sink; dropping it removes the entry.
pub(crate) struct Watch {
    target: Arc<dyn Process>,
    sink: Arc<GuardedSink>,
    /// Its place in the list; `None` if the target had already ended.
    place: Option<usize>,
}

impl Watch {
    pub(crate) fn of(
        target: &Arc<dyn Process>,
        watcher: Arc<dyn DownSink>,
        origin: Origin,
    ) -> Self {
        let cell = target.cell();
        let sink = Arc::new(GuardedSink::new(cell.node().next_monitor(), watcher));
        let place = cell.watch(Watcher::sink(Arc::clone(&sink), origin));
        if place.is_none() {
            cell.node().counters().monitors_fired(1);
            Arc::clone(&sink).post(cell.pid(), ExitReason::NoProc);
        }
        Self { target: Arc::clone(target), sink, place }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.target.cell().node().counters().monitor_dropped();
        if !self.place.is_some_and(|place| self.target.cell().unwatch(place)) {
            self.sink.close();
        }
    }
}
