//! The untyped half of a process: its identity, its end, and who watches it.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::node::Node;
use crate::process::dependents::{Dependents, Place};
use crate::process::envelope::Control;
use crate::process::exit::ExitReason;
use crate::process::link::{ExitSignal, Links};
use crate::process::monitor::DownSink;
use crate::process::name::Occupant;
use crate::process::pid::Pid;
use crate::process::progress::Progress;
use crate::process::spawn::Task;
use crate::process::state::{State, Watchers};
use crate::send::dead_letter::letter::DeadLetterAddress;
use crate::sync::{Mutex, MutexGuard};
use crate::sys::status::ProcessKind;

/// One process, whatever its message type.
pub(crate) trait Process: Any + Send + Sync {
    fn cell(&self) -> &Cell;

    /// Asks for an orderly end.
    fn stop(&self, reason: ExitReason);

    /// Ends it, whether it traps or not, as soon as it reaches an await point (or, on its own thread, between two batches).
    /// Returns false if it had got an exit signal before.
    fn exit(&self, reason: ExitReason) -> bool;

    /// Puts a trapped exit signal into the control lane, and returns whom to wake.
    fn trap(&self, signal: ExitSignal) -> Option<Waker>;

    /// Lets it rest after a turn on the task of its starter, if nothing of it needs a task; otherwise returns it.
    fn rest(&self, task: Task) -> Result<(), Task>;

    /// Gives it its task if it rests.
    fn rouse(&self);

    /// Tells a process that rests to stop, and hands it out for the turn in which it does.
    fn stop_at_rest(&self, reason: ExitReason) -> Option<Task>;

    /// Takes the exit signals of `from` out of the control lane.
    fn flush_signals(&self, from: Pid);

    /// True for a process that cannot be aborted.
    fn is_on_thread(&self) -> bool {
        self.kind() == ProcessKind::Thread
    }

    fn kind(&self) -> ProcessKind;

    /// Puts a message into the control lane. Returns false when the process has ended.
    fn control(&self, control: Control) -> bool;

    /// The name of the type of its messages.
    fn message_type(&self) -> &'static str;

    /// A child of this process has ended.
    fn child_ended(&self, child: Pid, reason: &ExitReason);

    /// The door for `Down` messages.
    fn sink(self: Arc<Self>) -> Arc<dyn DownSink>;

    /// Queued messages now and at most.
    fn depth(&self) -> (usize, usize);

    /// Makes the end known, once: closes the mailbox, frees the name, notifies the watchers.
    fn publish_exit(&self, reason: ExitReason);

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// In this order: what the process writes with each message comes first, away from what its senders read and write.
#[repr(C)]
pub(crate) struct Cell {
    progress: Progress,
    /// When it was created, by the node's clock, in nanoseconds.
    created: u64,
    state: Mutex<State>,
    /// Set, for good, when there is something to own: most processes own nothing, and need not look.
    is_owner: AtomicBool,
    /// Set while a child takes its first turn on the task of this process.
    pub(super) lends_task: AtomicBool,
    label: Option<Arc<str>>,
    /// Whether the label is a registered name; otherwise it is a child id.
    is_named: bool,
    task: OnceLock<tokio::task::Id>,
    node: Node,
    pid: Pid,
}

/// Who is to hear of an end, taken out of the cell by `Cell::publish`.
pub(crate) struct Published {
    /// The owner waits for it.
    pub(crate) waiter: Option<Waker>,
    /// The owner is to be told; its place says who that is.
    pub(crate) tells_owner: bool,
    pub(crate) watchers: Watchers,
    pub(crate) links: Option<Box<Links>>,
    pub(crate) place: Option<Place>,
}

impl Cell {
    /// A process that is known by its child id.
    pub(crate) fn new(node: &Node, id: &Arc<str>) -> Self {
        Self::labelled(node, id, false)
    }

    /// A process that is registered under a name.
    pub(crate) fn named(node: &Node, name: &Arc<str>) -> Self {
        Self::labelled(node, name, true)
    }

    fn labelled(node: &Node, label: &Arc<str>, is_named: bool) -> Self {
        let monitors_made = node.monitors_made();
        let created = nanoseconds(node.clock().monotonic());
        node.monitor_ages().pass(monitors_made, created);
        Self {
            pid: node.next_pid(),
            node: node.clone(),
            label: Some(Arc::clone(label)),
            is_named,
            task: OnceLock::new(),
            lends_task: AtomicBool::new(false),
            is_owner: AtomicBool::new(false),
            created,
            state: Mutex::new(State::default()),
            progress: Progress::default(),
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn label(&self) -> Option<&Arc<str>> {
        self.label.as_ref()
    }

    /// Whether it has ended, or `None` if nothing ends it.
    pub(crate) fn ending(&self) -> Option<bool> {
        let state = self.state();
        state.is_ending().then(|| state.exit.is_some())
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How long ago it was created.
    pub(crate) fn age(&self) -> Duration {
        let now = nanoseconds(self.node.clock().monotonic());
        Duration::from_nanos(now.saturating_sub(self.created))
    }

    pub(crate) fn dependents(&self) -> Arc<Dependents> {
        let mut state = self.state.lock();
        let dependents = Arc::clone(state.seldom().dependents.get_or_insert_default());
        self.is_owner.store(true, Ordering::Release);
        dependents
    }

    /// The dependents, if there ever were any.
    pub(crate) fn known_dependents(&self) -> Option<Arc<Dependents>> {
        if !self.is_owner.load(Ordering::Acquire) {
            return None;
        }
        self.state.lock().known()?.dependents.clone()
    }

    /// Locks what changes. Only the mailbox's own lock may be taken under it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn exit_reason(&self) -> Option<ExitReason> {
        self.state.lock().exit.clone()
    }

    /// Notes a group to leave at the end. Returns false if the process has ended.
    pub(crate) fn enter_group(&self, group: Arc<dyn Occupant>) -> bool {
        let mut state = self.state.lock();
        let lives = state.exit.is_none();
        if lives {
            state.seldom().groups.push(group);
        }
        lives
    }

    pub(crate) fn leave_group(&self, group: &Arc<dyn Occupant>) {
        let left = self.state.lock().known_mut().and_then(|known| {
            let place = known.groups.iter().position(|known| Arc::ptr_eq(known, group))?;
            Some(known.groups.swap_remove(place))
        });
        drop(left);
    }

    pub(crate) fn set_occupant(&self, occupant: Arc<dyn Occupant>) {
        self.state.lock().occupant = Some(occupant);
    }

    /// Whether it is this process that the current task runs now.
    pub(crate) fn is_current_task(&self) -> bool {
        let Some(here) = tokio::task::try_id() else { return false };
        let is_own = match self.task.get() {
            Some(task) => *task == here,
            None => self.state.lock().host == Some(here),
        };
        is_own && !self.lends_task.load(Ordering::Relaxed)
    }

    /// Remembers how to abort the task, and does it if an exit signal came first.
    pub(crate) fn set_task(&self, task: tokio::task::Id, abort: AbortHandle) {
        // The id is set once, by the one spawn of this process.
        self.task.get_or_init(|| task);
        let mut state = self.state.lock();
        if state.pending().is_some() {
            drop(state);
            abort_task(&abort);
        } else {
            state.abort = Some(abort);
        }
    }

    /// Where a message for this process can be tried again: under its registered name, which a successor may hold.
    pub(crate) fn dead_letter_address(&self) -> DeadLetterAddress {
        let name = self.label.as_ref().filter(|_label| self.is_named).cloned();
        DeadLetterAddress { name, label: self.label.clone(), pid: Some(self.pid) }
    }

    /// Records an exit signal and aborts the task, if it is one. The first signal decides the reason; false for any other.
    pub(crate) fn signal_exit(&self, reason: ExitReason) -> bool {
        let abort = {
            let mut state = self.state.lock();
            if state.is_ending() {
                return false;
            }
            state.end_by(reason)
        };
        abort.iter().for_each(abort_task);
        true
    }

    /// Makes a zombie of a process that has not ended, and returns the reason that its end is published with.
    pub(crate) fn fence(&self) -> Option<ExitReason> {
        let mut state = self.state.lock();
        if state.exit.is_some() || state.is_fenced {
            return None;
        }
        state.is_fenced = true;
        self.node.counters().zombie_made();
        Some(state.pending().cloned().unwrap_or(ExitReason::Killed))
    }

    /// The reason of the exit signal that ended the task, if one did.
    pub(crate) fn pending_exit(&self) -> Option<ExitReason> {
        self.state.lock().pending().cloned()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an exit signal ends the task that the kernel started"
)]
pub(crate) fn abort_task(handle: &AbortHandle) {
    handle.abort();
}

/// Enough for five hundred years.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
