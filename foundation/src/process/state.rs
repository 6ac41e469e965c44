//! What changes in the life of one process, under the lock of its cell.
//!
//! One of very many processes is small because what most never have lies apart. Invariant: the box is made once and kept to the
//! end; what is taken out at the end is taken under the lock.

use std::sync::Arc;
use std::task::Waker;

use slab::Slab;
use tokio::task::AbortHandle;

use crate::process::dependents::{Dependents, Place};
use crate::process::exit::ExitReason;
use crate::process::link::Links;
use crate::process::monitor::Watcher;
use crate::process::name::Occupant;
use crate::process::owner::Ack;
use crate::process::progress::Kinds;

/// Who watches a process, by place.
pub(crate) type Watchers = Slab<Watcher>;

/// What changes in the life of a process.
#[derive(Default)]
pub(crate) struct State {
    /// Why it ended. Known a little before the end is made known: what asks in between is told the reason, or waits.
    pub(crate) exit: Option<ExitReason>,
    pub(super) is_published: bool,
    /// What `init` said.
    pub(super) ack: Option<Ack>,
    /// The owner, which waits for the end of `init`, or for the end.
    pub(super) waiter: Option<Waker>,
    /// The owner is told of the end.
    pub(super) tells_owner: bool,
    pub(crate) abort: Option<AbortHandle>,
    pub(super) is_fenced: bool,
    pub(super) occupant: Option<Arc<dyn Occupant>>,
    pub(super) place: Option<Place>,
    /// The task of the starter while the first turn is taken there.
    pub(super) host: Option<tokio::task::Id>,
    /// It waits for its first message, and has started nothing that would need a task.
    pub(super) can_rest: bool,
    /// Made for the first of it.
    seldom: Option<Box<Seldom>>,
}

/// What most processes never have. Apart, so that one of very many is small.
#[derive(Default)]
pub(crate) struct Seldom {
    /// The exit signal that is about to end the task.
    pub(super) pending: Option<ExitReason>,
    pub(crate) watchers: Watchers,
    pub(crate) links: Option<Box<Links>>,
    pub(super) dependents: Option<Arc<Dependents>>,
    /// The child of a supervisor that did not start, and why.
    pub(super) culprit: Option<Box<(Arc<str>, ExitReason)>>,
    /// The groups that it is a member of.
    pub(super) groups: Vec<Arc<dyn Occupant>>,
    /// The kinds of messages that the process has met, for those who look.
    pub(crate) kinds: Kinds,
}

impl State {
    /// What is seldom there, if there ever was any.
    pub(crate) fn known(&self) -> Option<&Seldom> {
        self.seldom.as_deref()
    }

    pub(crate) fn known_mut(&mut self) -> Option<&mut Seldom> {
        self.seldom.as_deref_mut()
    }

    pub(crate) fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    /// Whether `init`, in the turn that is over, left it with nothing to do, and nothing has ended it since.
    pub(crate) fn take_can_rest(&mut self) -> bool {
        std::mem::take(&mut self.can_rest) && !self.is_ending()
    }

    /// Whether an exit signal has decided the end, or it is there.
    pub(crate) fn is_ending(&self) -> bool {
        self.exit.is_some() || self.pending().is_some()
    }

    pub(super) fn pending(&self) -> Option<&ExitReason> {
        self.known()?.pending.as_ref()
    }

    /// The exit signal is the first: it ends the task.
    pub(crate) fn end_by(&mut self, reason: ExitReason) -> Option<AbortHandle> {
        self.seldom().pending = Some(reason);
        self.abort.take()
    }
}
