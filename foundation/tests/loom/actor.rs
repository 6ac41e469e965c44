//! A process of a model: a real cell and a real mailbox, ended by hand.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::task::Waker;

use loom::thread::{self, JoinHandle};

use crate::process::cell::{Cell, Process, Published};
use crate::process::envelope::Control;
use crate::process::exit::ExitReason;
use crate::process::link::{self, ExitSignal};
use crate::process::mailbox::{Mailbox, Overflow, Urgent};
use crate::process::monitor::Watcher;
use crate::process::pid::Pid;

pub(crate) struct Actor {
    cell: Cell,
    urgent: Urgent,
    mailbox: Mailbox<u32>,
}

impl Process for Actor {
    fn cell(&self) -> &Cell {
        &self.cell
    }

    fn trap(&self, signal: ExitSignal) -> Option<Waker> {
        self.mailbox.enqueue_control(&self.urgent, Control::Signal(signal)).ok().flatten()
    }

    fn rouse(&self) {
        self.mailbox.rouse();
    }

    fn flush_signals(&self, from: Pid) {
        self.mailbox.flush_control(
            |control| matches!(control, Control::Signal(signal) if signal.from == Some(from)),
        );
    }

    fn is_on_thread(&self) -> bool {
        false
    }
}

impl Actor {
    pub(crate) fn new(number: u64) -> Arc<Self> {
        let pid = Pid::new(NonZeroU64::new(number).expect("numbers begin at one"));
        let (urgent, mailbox) = (Urgent::new(), Mailbox::new(1, Overflow::Wait));
        Arc::new(Self { cell: Cell::new(pid), urgent, mailbox })
    }

    /// Two processes. Links lock by address, so that of the first is the lower one in every run of a model.
    pub(crate) fn pair() -> [Arc<Self>; 2] {
        let mut pair = [Self::new(1), Self::new(2)];
        pair.sort_by_key(|actor| Arc::as_ptr(actor).addr());
        pair
    }

    /// The door that the kernel has.
    pub(crate) fn door(self: &Arc<Self>) -> Arc<dyn Process> {
        let door: Arc<Self> = Arc::clone(self);
        door
    }

    pub(crate) fn link(self: &Arc<Self>, peer: &Arc<Self>) {
        link::link(&self.door(), &peer.door());
    }

    pub(crate) fn unlink(self: &Arc<Self>, peer: &Arc<Self>) {
        link::unlink(&self.door(), &peer.door());
    }

    /// Traps exit signals from now on, or does not.
    pub(crate) fn trap(&self, traps: bool) {
        link::trap_exit(self, traps);
    }

    /// Ends the process: the steps of the crate's `Server::publish_exit` that have to do with watchers and links.
    pub(crate) fn end(&self, reason: &ExitReason) {
        if !self.cell.end(reason) {
            return;
        }
        assert!(self.mailbox.close().is_empty(), "models of ends send no mail");
        let Published { watchers, links, .. } = self.cell.publish();
        Watcher::tell_all(watchers, self.cell.pid(), reason);
        if let Some(links) = links {
            links.fire(self, reason);
        }
    }

    /// Ends the process on another thread.
    pub(crate) fn end_beside(self: &Arc<Self>, reason: ExitReason) -> JoinHandle<()> {
        let actor = Arc::clone(self);
        thread::spawn(move || actor.end(&reason))
    }

    /// Takes the trapped signals out of the mailbox.
    pub(crate) fn signals(&self) -> Vec<ExitReason> {
        let mut signals = Vec::new();
        while let Some(control) = self.mailbox.take_control(&self.urgent) {
            match control {
                Control::Signal(signal) => signals.push(signal.reason),
                other => panic!("{other:?}"),
            }
        }
        signals
    }
}

/// What has been seen in some interleaving of a model, to show that it reaches what it is about.
#[derive(Default)]
pub(crate) struct Seen(std::sync::Mutex<std::collections::BTreeSet<String>>);

impl Seen {
    pub(crate) fn note(&self, what: &ExitReason) {
        self.0.lock().expect("no model panics here").insert(what.to_string());
    }

    /// Asserts that exactly these were seen.
    pub(crate) fn assert(&self, whats: &[ExitReason]) {
        let seen = self.0.lock().expect("no model panics here");
        assert_eq!(*seen, whats.iter().map(ToString::to_string).collect());
    }
}
