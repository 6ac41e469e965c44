//! One process with messages of one type: its cell, its mailbox, and what the kernel asks of it.

use std::any::{Any, type_name};
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::error::CastFailure;
use crate::process::cell::{Cell, Process, Published};
use crate::process::envelope::{Control, Envelope, Pushed, Receipt, Received};
use crate::process::exit::ExitReason;
use crate::process::guarded_sink::DownNotice;
use crate::process::link::ExitSignal;
use crate::process::mailbox::{Inbox, Mailbox, Urgent};
use crate::process::monitor::{DownSink, Watcher};
use crate::process::pid::Pid;
use crate::process::spawn::Task;
use crate::send::dead_letter::DeadLetterReason;
use crate::send::dead_letter::burial::Burial;
use crate::send::metadata::Metadata;
use crate::sys::status::ProcessKind;

/// How a process takes the messages of the kernel. A supervisor takes them in its one arrival-order queue, an ordinary
/// process in the control lane.
pub(crate) struct SystemMessages<M> {
    /// Makes a message of them, for the one queue.
    pub(crate) wrap: Option<fn(SystemMessage) -> M>,
    pub(crate) kind: ProcessKind,
}

/// What the kernel tells a supervisor.
pub(crate) enum SystemMessage {
    Stop(ExitReason),
    /// This child has ended.
    Ended(Pid, ExitReason),
}

impl<M> SystemMessages<M> {
    pub(crate) const CONTROL_LANE: Self = Self { wrap: None, kind: ProcessKind::Worker };
    pub(crate) const ON_THREAD: Self = Self { wrap: None, kind: ProcessKind::Thread };
}

/// One process with messages of type `M`: its cell and its mailbox, in one allocation.
#[repr(C)]
pub(crate) struct Server<M> {
    // In this order, so that the cell, which only its process writes often, and at its begin, lies between the two.
    urgent: Urgent,
    kind: ProcessKind,
    /// How many messages the process may have put aside. Its place would be empty otherwise.
    stash_max: u32,
    /// See [`SystemMessages`].
    wrap: Option<fn(SystemMessage) -> M>,
    pub(crate) cell: Cell,
    pub(crate) mailbox: Mailbox<M>,
}

impl<M: Send + 'static> Server<M> {
    pub(crate) fn new(
        cell: Cell,
        mailbox: Mailbox<M>,
        stash_max: usize,
        system: SystemMessages<M>,
    ) -> Arc<Self> {
        let SystemMessages { wrap, kind } = system;
        let stash_max = u32::try_from(stash_max).unwrap_or(u32::MAX);
        Arc::new(Self { urgent: Urgent::new(), kind, stash_max, wrap, cell, mailbox })
    }

    pub(crate) fn stash_max(&self) -> usize {
        usize::try_from(self.stash_max).unwrap_or(usize::MAX)
    }

    /// See [`Mailbox::take`].
    #[inline(always)]
    pub(crate) fn take(&self, inbox: &mut Inbox<M>) -> Option<Envelope<M>> {
        self.mailbox.take(&self.urgent, inbox)
    }

    /// See [`Mailbox::take_control`].
    pub(crate) fn take_control(&self) -> Option<Control> {
        self.mailbox.take_control(&self.urgent)
    }

    /// See [`Mailbox::poll_recv`].
    pub(crate) fn poll_recv(&self, inbox: &mut Inbox<M>, waker: &Waker) -> Poll<Received<M>> {
        self.mailbox.poll_recv(&self.urgent, inbox, waker)
    }

    /// See [`Mailbox::poll_suspended`].
    pub(crate) fn poll_suspended(&self, inbox: &mut Inbox<M>, waker: &Waker) -> Poll<Control> {
        self.mailbox.poll_suspended(inbox, waker)
    }

    /// Takes back what the process took and did not handle, for the end of it to account for; at once if that was published.
    pub(crate) fn give_back(&self, inbox: &mut Inbox<M>) {
        for envelope in self.mailbox.restore(inbox) {
            let reason = self.cell.exit_reason().unwrap_or(ExitReason::Killed);
            self.dispose(envelope, &DeadLetterReason::Exited(reason));
        }
    }

    pub(crate) fn push_control(&self, control: Control) -> bool {
        self.mailbox.push_control(&self.urgent, control)
    }

    pub(crate) fn bury(&self, message: M, reason: DeadLetterReason) {
        let address = self.cell.dead_letter_address();
        let burial = Burial { message, address, reason, metadata: Metadata::default() };
        self.cell.node().letters().bury(burial, None);
    }

    /// Disposes of messages that their process did not take: callers learn by the drop, casts are buried.
    fn dispose(&self, envelope: Envelope<M>, reason: &DeadLetterReason) {
        match envelope.receipt {
            Receipt::Cast => self.bury(envelope.message, reason.clone()),
            Receipt::Call | Receipt::Handled(_) => drop(envelope),
        }
    }

    #[inline(always)]
    pub(crate) fn push(
        &self,
        message: M,
        receipt: Receipt,
    ) -> Result<(), (Envelope<M>, CastFailure)> {
        match self.mailbox.push(message, receipt) {
            Pushed::Accepted => Ok(()),
            other => self.not_pushed(other),
        }
    }

    #[cold]
    #[inline(never)]
    fn not_pushed(&self, pushed: Pushed<M>) -> Result<(), (Envelope<M>, CastFailure)> {
        match pushed {
            Pushed::Accepted => Ok(()),
            // Who waits for an answer is told now; nobody else is there to learn of the loss.
            Pushed::Dropped(envelope) if !matches!(envelope.receipt, Receipt::Cast) => {
                Err((envelope, CastFailure::Full))
            }
            Pushed::Evicted(envelope) | Pushed::Dropped(envelope) => {
                self.dispose(envelope, &DeadLetterReason::Overflow);
                Ok(())
            }
            Pushed::Full(envelope) => Err((envelope, CastFailure::Full)),
            Pushed::Closed(envelope) => Err((envelope, CastFailure::NoProc)),
        }
    }

    fn close_mailbox(&self, reason: &ExitReason) {
        let left = self.mailbox.close();
        let letter = DeadLetterReason::Exited(reason.clone());
        for envelope in left {
            self.dispose(envelope, &letter);
        }
    }
}

impl<M: Send + 'static> Process for Server<M> {
    fn cell(&self) -> &Cell {
        &self.cell
    }

    fn stop(&self, reason: ExitReason) {
        match self.wrap {
            // A supervisor that has ended needs no stop: the message is dropped.
            Some(wrap) => drop(self.mailbox.push_unbounded(wrap(SystemMessage::Stop(reason)))),
            None => {
                self.push_control(Control::Stop(reason));
            }
        }
    }

    fn exit(&self, reason: ExitReason) -> bool {
        let is_first = self.cell.signal_exit(reason.clone());
        if is_first && self.is_on_thread() {
            self.push_control(Control::Exit(reason));
        }
        is_first
    }

    fn trap(&self, signal: ExitSignal) -> Option<Waker> {
        self.mailbox.enqueue_control(&self.urgent, Control::Signal(signal)).ok().flatten()
    }

    fn rest(&self, task: Task) -> Result<(), Task> {
        // Under the lock: an exit signal is seen here, or sees it at rest.
        let mut state = self.cell.state();
        if state.take_can_rest() { self.mailbox.rest(task) } else { Err(task) }
    }

    fn rouse(&self) {
        self.mailbox.rouse();
    }

    fn stop_at_rest(&self, reason: ExitReason) -> Option<Task> {
        // A supervisor takes its stop in the one queue. Who is linked to others has a task, so that they hear of its end before its
        // supervisor goes on, as in OTP.
        if self.wrap.is_some() || self.cell.state().has_links() {
            return None;
        }
        self.mailbox.take_resting(&self.urgent, Control::Stop(reason))
    }

    fn flush_signals(&self, from: Pid) {
        let is_stale = |control: &Control| matches!(control, Control::Signal(signal) if signal.from == Some(from));
        self.mailbox.flush_control(is_stale);
    }

    fn kind(&self) -> ProcessKind {
        self.kind
    }

    fn control(&self, control: Control) -> bool {
        self.push_control(control)
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn child_ended(&self, child: Pid, reason: &ExitReason) {
        if let Some(wrap) = self.wrap {
            // A supervisor that has ended cares for no child.
            let ended = SystemMessage::Ended(child, reason.clone());
            drop(self.mailbox.push_unbounded(wrap(ended)));
        }
    }

    fn sink(self: Arc<Self>) -> Arc<dyn DownSink> {
        self
    }

    fn depth(&self) -> (usize, usize) {
        self.mailbox.depth()
    }

    fn publish_exit(&self, reason: ExitReason) {
        // The reason is known before the callers whose messages are dropped below ask for it.
        if !self.cell.end(&reason) {
            return;
        }
        self.close_mailbox(&reason);
        let Published { waiter, tells_owner, watchers, links, place } = self.cell.publish();
        if tells_owner && let Some(place) = &place {
            place.tell_owner(self.cell.pid(), &reason);
        }
        if !watchers.is_empty() {
            self.cell.node().counters().monitors_fired(watchers.len());
            Watcher::tell_all(watchers, self.cell.pid(), &reason);
        }
        if let Some(links) = links {
            links.fire(self, &reason);
        }
        // After the others, so that nobody sees the end of the owner before this one.
        drop(place);
        waiter.into_iter().for_each(Waker::wake);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<M: Send + 'static> DownSink for Server<M> {
    fn down(&self, notice: DownNotice) {
        self.push_control(Control::Down(notice));
    }

    fn sweep(&self) {
        self.mailbox.sweep_downs();
    }

    fn owner(&self) -> (Pid, Option<Arc<str>>) {
        (self.cell.pid(), self.cell.label().cloned())
    }
}
