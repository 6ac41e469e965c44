//! Monitors: one `Down` for each, exactly once.
//!
//! A monitor is an owned guard. The target keeps the list of who watches it; a watcher that loses interest takes itself off
//! the list. No index decides anything here.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::process::cell::Process;
use crate::process::exit::ExitReason;
use crate::process::pid::Pid;
use crate::process::reply::{self, Answer};

/// Identifies one monitor within its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonitorId(pub(crate) u64);

impl fmt::Display for MonitorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A monitored process ended.
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

/// The cell of one waiting future is a sink.
impl DownSink for reply::Cell<Down> {
    fn down(&self, down: Down) {
        self.answer(down);
    }

    fn flush(&self, _monitor: MonitorId) {}
}

/// Watches one process from anywhere; [`down`](Self::down) waits for its end.
///
/// Dropping the guard ends the watch: nothing is delivered afterwards. A guard made for a process that has already ended
/// delivers at once, with the reason `NoProc`, as in OTP `monitor/2`.
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
    watch: Watch,
    answer: Answer<Down>,
}

impl Monitor {
    pub(crate) fn new(watch: Watch, answer: Answer<Down>) -> Self {
        Self { watch, answer }
    }

    /// Returns the id that the `Down` will carry.
    #[must_use]
    pub fn id(&self) -> MonitorId {
        self.watch.id
    }

    /// Waits until the process has ended. Exactly one `Down` comes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the monitor.
    pub async fn down(mut self) -> Down {
        let pid = self.watch.target.cell().pid();
        let answered = std::future::poll_fn(|cx| Pin::new(&mut self.answer).poll(cx)).await;
        self.watch.fired = true;
        // The sink is dropped unanswered only if the target's node is gone.
        answered.unwrap_or(Down { monitor: self.watch.id, pid, reason: ExitReason::NoProc })
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("id", &self.watch.id).finish_non_exhaustive()
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

/// One entry in a target's list of watchers, removed on drop.
pub(crate) struct Watch {
    pub(crate) id: MonitorId,
    pub(crate) target: Arc<dyn Process>,
    pub(crate) sink: Arc<dyn DownSink>,
    /// Its place in the list; `None` if the target had already ended.
    pub(crate) place: Option<usize>,
    pub(crate) fired: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.target.cell().node().counters().monitor_dropped();
        if self.fired {
            return;
        }
        if !self.place.is_some_and(|place| self.target.cell().unwatch(place)) {
            self.sink.flush(self.id);
        }
    }
}
