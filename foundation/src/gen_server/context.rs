//! What a process can do about itself: its reference, monitors, and futures that end with it.
//!
//! Timers are in `timers`, tasks in `owned_tasks`, what is put aside in `stash`.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{self, Poll};

use crate::gen_server::owned::{Own, Owned};
use crate::gen_server::{GenServer, Info};
use crate::node::Node;
use crate::process::cell::{Cell, Process};
use crate::process::envelope::{Control, Envelope, InHand, Receipt, Received};
use crate::process::exit::Exit;
use crate::process::link;
use crate::process::mailbox::Inbox;
use crate::process::monitor::MonitorRef;
use crate::process::monitor_tag::{MonitorTag, Origin};
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::progress::{Kinds, Phase, Progress};
use crate::process::server::Server;
use crate::process::server_ref::ServerRef;
use crate::task::handle::TaskHandle;
use crate::task::place::PoolPermit;

/// The process's own side of things, given to each callback.
///
/// Timers, piped futures and monitors made here end with the process.
///
/// # Differs from OTP
///
/// `self/0`, links, monitors and timers are functions there, which know who calls them; here they need this value, so
/// that nobody can call them in the name of another process.
pub struct Context<S: GenServer> {
    server: Arc<Server<S::Msg>>,
    pub(crate) inbox: Inbox<S::Msg>,
    pub(crate) own: Option<Box<Owned<S::Msg>>>,
    kinds: Kinds,
}

impl<S: GenServer> Context<S> {
    pub(crate) fn new(server: &Arc<Server<S::Msg>>) -> Self {
        Self {
            server: Arc::clone(server),
            inbox: Inbox::new(server.mailbox.capacity()),
            own: None,
            kinds: Kinds::default(),
        }
    }

    /// Returns the node that the process lives on.
    #[must_use]
    pub fn node(&self) -> &Node {
        self.server.cell.node()
    }

    /// Returns the process's own pid.
    ///
    /// As in OTP `erlang:self/0`.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.server.cell.pid()
    }

    /// Returns a door to the process itself, to hand out. Calling through it from a callback is a `SelfCall` error.
    #[must_use]
    pub fn this(&self) -> ServerRef<S::Msg> {
        ServerRef::new(Arc::clone(&self.server))
    }

    /// Watches `target`; its `Down` arrives in `info`, exactly once, also if it has already ended (`NoProc`).
    ///
    /// # Differs from OTP
    ///
    /// The `Down` comes before waiting mail, also before messages that the target sent earlier. Dropping the guard is
    /// `demonitor` with `flush`.
    #[track_caller]
    pub fn monitor(&mut self, target: &ProcessRef) -> MonitorRef {
        self.watch(target, Origin::here())
    }

    /// Watches `target` as [`monitor`](Self::monitor) does, and says what for.
    ///
    /// # Differs from OTP
    ///
    /// The tag is for [`Node::monitors`]; the option `{tag, Tag}` of `erlang:monitor/3` is for the message.
    #[track_caller]
    pub fn monitor_as(&mut self, tag: impl Into<MonitorTag>, target: &ProcessRef) -> MonitorRef {
        self.watch(target, Origin::tagged(tag.into()))
    }

    fn watch(&mut self, target: &ProcessRef, origin: Origin) -> MonitorRef {
        MonitorRef::new(target.watch(self.own_process().sink(), origin))
    }

    /// Links this process and `peer`: when one of them ends, the other one gets an exit signal with its reason, once.
    ///
    /// The signal ends a process that does not [trap](Self::trap_exit) it, unless the reason is `Normal`. A process has at most one
    /// link with another one; linking again, or to itself, does nothing. If `peer` has already ended, the signal comes at once,
    /// with the reason `NoProc`. As in OTP `link/1`. Cost: two short locks and O(log n) in the number of links.
    ///
    /// # Differs from OTP
    ///
    /// A supervisor is not linked to its children in this way: it owns them, and a child cannot unlink itself.
    pub fn link(&mut self, peer: &ProcessRef) {
        link::link(&self.own_process(), peer.process());
    }

    /// Takes the link with `peer` away. No exit signal of it is seen afterwards, not even one that was already trapped.
    ///
    /// # Differs from OTP
    ///
    /// `unlink/1` leaves a trapped signal in the mailbox.
    pub fn unlink(&mut self, peer: &ProcessRef) {
        link::unlink(&self.own_process(), peer.process());
    }

    /// Sets whether exit signals arrive in `info` instead of ending the process, and returns what was set before. The default is
    /// no. As in OTP `process_flag(trap_exit, _)`.
    ///
    /// `exit` with `Killed` cannot be trapped; a linked process that was killed can.
    ///
    /// # Differs from OTP
    ///
    /// The stop of its own supervisor needs no trap for `terminate` to run.
    pub fn trap_exit(&mut self, traps: bool) -> bool {
        link::trap_exit(&*self.server, traps)
    }

    /// Runs `future` inside this process, beside its messages; its output is handled like a message, before waiting mail.
    ///
    /// The way to wait for something without blocking the process. The future is polled by the process's own task, so a panic
    /// in it is a panic of the process, and it is dropped when the process ends. The number of futures is up to the caller.
    pub fn pipe_to_self(&mut self, future: impl Future<Output = S::Msg> + Send + 'static) {
        self.owned().pipe(future);
    }

    /// Starts a task in a place of a pool, owned by this process as well as by the pool.
    ///
    /// However this process ends, its end is published only after the task is gone, so that a successor never overlaps with it.
    /// Usually followed by [`pipe_to_self`](Self::pipe_to_self) with the handle.
    pub fn spawn_in<F>(&mut self, place: PoolPermit, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let seat = self.server.cell.dependents().attach();
        place.spawn_owned(future, Some(seat))
    }

    fn own_process(&self) -> Arc<dyn Process> {
        Arc::clone(&self.server) as Arc<dyn Process>
    }

    pub(crate) fn cell(&self) -> &Cell {
        &self.server.cell
    }

    /// Returns how many piped futures are still running.
    #[must_use]
    pub fn piped(&self) -> usize {
        self.own.as_ref().map_or(0, |own| own.piped())
    }

    /// Where the process says how far it is.
    pub(crate) fn progress(&self) -> &Progress {
        self.server.cell.progress()
    }

    /// Says that a message of this kind is about to be handled.
    pub(crate) fn begin(&mut self, kind: &'static str, receipt: &Receipt) {
        self.kinds.begin(&self.server.cell, kind, type_name::<S::Msg>());
        self.inbox.in_hand = InHand::of(receipt);
    }

    /// A turn is over: tells who waits for that, and counts what was handled. What was put aside is neither.
    pub(crate) fn settle(&mut self, outcome: Result<Receipt, Exit>) -> Result<(), Exit> {
        let in_hand = std::mem::replace(&mut self.inbox.in_hand, InHand::Nothing);
        match outcome? {
            Receipt::Cast | Receipt::Call => {}
            receipt if in_hand == InHand::Stashed => self.keep_receipt(receipt),
            Receipt::Handled(reply) => reply.send(()),
        }
        self.progress().handled_more(u64::from(in_hand.is_message()));
        Ok(())
    }

    pub(crate) fn stash_max(&self) -> usize {
        self.server.stash_max()
    }

    /// What the process has besides its mail, made now if this is the first of it.
    pub(crate) fn owned(&mut self) -> &mut Owned<S::Msg> {
        self.own.get_or_insert_default()
    }

    /// Returns the next message if nothing comes before it and it is at hand already; [`next`](Self::next) in a hurry.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Envelope<S::Msg>> {
        if self.own.is_some() {
            return None;
        }
        self.server.take(&mut self.inbox)
    }

    /// Waits for what the process has to do next: control, then what it started itself, then mail.
    pub(crate) async fn next(&mut self) -> Next<S::Msg> {
        std::future::poll_fn(|cx| self.poll_due(cx)).await
    }

    /// Out of the loop's code: a panic of a handler looks through all of that.
    #[inline(never)]
    fn poll_due(&mut self, cx: &mut task::Context<'_>) -> Poll<Next<S::Msg>> {
        loop {
            let next = std::task::ready!(self.poll_next(cx));
            let Next::Received(Received::Control(control)) = next else {
                return Poll::Ready(next);
            };
            if let Some(control) = self.obey(control) {
                return Poll::Ready(Next::Received(Received::Control(control)));
            }
        }
    }

    fn poll_next(&mut self, cx: &mut task::Context<'_>) -> Poll<Next<S::Msg>> {
        if self.own.as_ref().is_some_and(|own| own.is_suspended) {
            let control =
                std::task::ready!(self.server.poll_suspended(&mut self.inbox, cx.waker()));
            return Poll::Ready(Next::Received(Received::Control(control)));
        }
        {
            if let Some(control) = self.server.take_control() {
                return Poll::Ready(Next::Received(Received::Control(control)));
            }
            if let Some(own) = &mut self.own
                && let Poll::Ready(own) = own.poll(cx)
            {
                return Poll::Ready(match own {
                    Own::Message(envelope) => Next::Received(Received::Message(envelope)),
                    Own::Info(info) => Next::Info(info),
                });
            }
            self.server.poll_recv(&mut self.inbox, cx.waker()).map(Next::Received)
        }
    }

    /// Does what the loop need not know of; returns anything else.
    fn obey(&mut self, control: Control) -> Option<Control> {
        match control {
            Control::Suspend(reply) => {
                self.progress().enter(Phase::Suspended);
                // Who does not wait any more has been told that the process goes on.
                let was_suspended = std::mem::replace(&mut self.owned().is_suspended, true);
                if !reply.deliver(()) && !was_suspended {
                    self.owned().is_suspended = false;
                    self.progress().enter(Phase::Waiting);
                }
            }
            Control::Resume => {
                if let Some(own) = &mut self.own {
                    own.is_suspended = false;
                    self.progress().enter(Phase::Waiting);
                }
            }
            Control::Sync(reply) => reply.send(()),
            other => return Some(other),
        }
        None
    }
}

/// What a process has to do next.
pub(crate) enum Next<M> {
    Received(Received<M>),
    /// A notice about something that the process started itself.
    Info(Info),
}

impl<S: GenServer> Drop for Context<S> {
    fn drop(&mut self) {
        // However the process ends, what it took but did not handle is accounted for with the rest of its mail.
        if let Some(stash) = self.own.as_mut().and_then(|own| own.stash.take()) {
            self.inbox.put_first(stash.into_envelopes());
        }
        self.server.give_back(&mut self.inbox);
    }
}

impl<S: GenServer> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("pid", &self.pid())
            .field("timers", &self.own.as_ref().map_or(0, |own| own.timers.len()))
            .field("piped", &self.piped())
            .field("stashed", &self.stashed())
            .finish_non_exhaustive()
    }
}
