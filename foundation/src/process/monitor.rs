//! Monitors: one `Down` for each, exactly once.
//!
//! A monitor is an owned guard. The target keeps the list of who watches it; a watcher that loses interest takes itself off
//! the list. No index decides anything here.

use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::process::cell::Process;
use crate::process::exit::ExitReason;
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

/// Where a `Down` goes.
pub(crate) trait DownSink: Send + Sync {
    /// Takes the notice. Called once, never under a lock of the target.
    fn down(&self, down: Down);

    /// Forgets a notice that was taken but not seen yet.
    fn flush(&self, monitor: MonitorId);
}

/// One entry in a target's list of watchers.
pub(crate) struct Watcher {
    id: MonitorId,
    notice: Notice,
}

enum Notice {
    /// A `Down` is delivered.
    Sink(Arc<dyn DownSink>),
    /// A future looks for itself when it is woken.
    Wake(Option<Waker>),
}

impl Watcher {
    pub(crate) fn sink(id: MonitorId, sink: Arc<dyn DownSink>) -> Self {
        Self { id, notice: Notice::Sink(sink) }
    }

    /// A future that has not been polled yet.
    pub(crate) fn waiting(id: MonitorId) -> Self {
        Self { id, notice: Notice::Wake(None) }
    }

    pub(crate) fn wait(&mut self, waker: &Waker) {
        if let Notice::Wake(waiting) = &mut self.notice {
            match waiting {
                Some(waiting) => waiting.clone_from(waker),
                None => *waiting = Some(waker.clone()),
            }
        }
    }

    /// Tells all of a process that has ended, in the order in which they began to watch.
    pub(crate) fn tell_all(watchers: Watchers, pid: Pid, reason: &ExitReason) {
        let mut watchers: Vec<_> = watchers.into_iter().map(|(_, watcher)| watcher).collect();
        watchers.sort_unstable_by_key(|watcher| watcher.id);
        for Self { id: monitor, notice } in watchers {
            match notice {
                Notice::Sink(sink) => sink.down(Down { monitor, pid, reason: reason.clone() }),
                Notice::Wake(waker) => waker.into_iter().for_each(Waker::wake),
            }
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
    pub(crate) fn of(target: &Arc<dyn Process>) -> Self {
        let cell = target.cell();
        let id = cell.node().next_monitor();
        let place = cell.watch(Watcher::waiting(id));
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
        self.watch.id
    }

    /// Returns the pid of the watched process.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.watch.target.cell().pid()
    }
}

impl fmt::Debug for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorRef").field("id", &self.watch.id).field("pid", &self.pid()).finish()
    }
}

/// A watcher's own half of an entry that is a sink; dropping it removes the entry.
pub(crate) struct Watch {
    id: MonitorId,
    target: Arc<dyn Process>,
    sink: Arc<dyn DownSink>,
    /// Its place in the list; `None` if the target had already ended.
    place: Option<usize>,
}

impl Watch {
    pub(crate) fn of(target: &Arc<dyn Process>, sink: Arc<dyn DownSink>) -> Self {
        let cell = target.cell();
        let id = cell.node().next_monitor();
        let place = cell.watch(Watcher::sink(id, Arc::clone(&sink)));
        if place.is_none() {
            sink.down(Down { monitor: id, pid: cell.pid(), reason: ExitReason::NoProc });
        }
        Self { id, target: Arc::clone(target), sink, place }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.target.cell().node().counters().monitor_dropped();
        if !self.place.is_some_and(|place| self.target.cell().unwatch(place)) {
            self.sink.flush(self.id);
        }
    }
}
