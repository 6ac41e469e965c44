//! The guard of a monitor inside a process, and its notice on the way there.
//!
//! A notice is in one of four stages, which one word says: nobody has ended, posted, taken by the watcher, not wanted any more. So
//! dropping the guard of a notice that was taken costs nothing, and that of one that is under way only marks it: whoever takes it
//! out of the mailbox sees that, and the mailbox sweeps marked ones out before they are more than half of what is there.
//! Invariants: a notice is posted at most once, and never taken after its guard was dropped.

use std::fmt;
use std::sync::Arc;

use crate::process::exit::ExitReason;
use crate::process::monitor::{Down, DownSink, MonitorId};
use crate::process::pid::Pid;
use crate::sync::{AtomicU8, Ordering};

/// The target has not ended.
const WAITING: u8 = 0;
/// The notice is in the mailbox, or on its way there.
const POSTED: u8 = 1;
/// The watcher has it.
const TAKEN: u8 = 2;
/// The guard is gone.
const CLOSED: u8 = 3;

/// What the guard of a monitor, the target's list and the notice share.
pub(crate) struct GuardedSink {
    stage: AtomicU8,
    id: MonitorId,
    watcher: Arc<dyn DownSink>,
}

impl GuardedSink {
    pub(crate) fn new(id: MonitorId, watcher: Arc<dyn DownSink>) -> Self {
        Self { stage: AtomicU8::new(WAITING), id, watcher }
    }

    pub(crate) fn id(&self) -> MonitorId {
        self.id
    }

    /// Whose monitor it is.
    pub(crate) fn watcher(&self) -> &dyn DownSink {
        &*self.watcher
    }

    /// Sends the notice on its way. Called once, under no lock.
    pub(crate) fn post(self: Arc<Self>, pid: Pid, reason: ExitReason) {
        if self.pass(WAITING, POSTED) {
            let watcher = Arc::clone(&self.watcher);
            watcher.down(DownNotice { pid, reason, guard: self });
        }
    }

    /// The guard is gone: nothing of this monitor is seen from now on.
    pub(crate) fn close(&self) {
        if self.stage.swap(CLOSED, Ordering::AcqRel) == POSTED {
            self.watcher.sweep();
        }
    }

    fn pass(&self, from: u8, to: u8) -> bool {
        self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// The end of a monitored process, on its way to the watcher.
pub(crate) struct DownNotice {
    pid: Pid,
    reason: ExitReason,
    guard: Arc<GuardedSink>,
}

impl DownNotice {
    /// What the watcher is to see; nothing if its guard is gone.
    pub(crate) fn take(self) -> Option<Down> {
        let Self { pid, reason, guard } = self;
        guard.pass(POSTED, TAKEN).then(|| Down { monitor: guard.id, pid, reason })
    }

    /// Whether nobody wants it any more.
    pub(crate) fn is_stale(&self) -> bool {
        self.guard.stage.load(Ordering::Acquire) == CLOSED
    }
}

impl fmt::Debug for DownNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownNotice")
            .field("monitor", &self.guard.id)
            .field("pid", &self.pid)
            .field("reason", &self.reason)
            .finish()
    }
}
