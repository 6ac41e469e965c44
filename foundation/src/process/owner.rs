//! What a process has to do with the one who started it: its place, its first turn, its acknowledgement, the news of its end.
//!
//! The starter, and later the stopper, is the owner: one supervisor, or the holder of a root. It waits in the one slot that a
//! process has for it, and nobody else does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};

use tokio::runtime::Handle;

use crate::process::cell::{Cell, Process};
use crate::process::dependents::Place;
use crate::process::exit::ExitReason;

/// How `init` went. A failed one says nothing: the starter waits for the exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    Up,
    Ignore,
}

impl Cell {
    /// Keeps the place among the dependents of the owner to the end.
    pub(crate) fn set_place(&self, place: Place) {
        self.state().place = Some(place);
    }

    /// Runs `turn` as a turn of `child`, on the task of this process, which stands still meanwhile.
    pub(crate) fn lend_task<T>(&self, child: &Self, turn: impl FnOnce() -> T) -> T {
        // Nobody but the task itself has use for either mark; a panic of the child is caught within its turn.
        self.lends_task.store(true, Ordering::Relaxed);
        child.state().host = tokio::task::try_id();
        let done = turn();
        child.state().host = None;
        self.lends_task.store(false, Ordering::Relaxed);
        done
    }

    /// Whether a child takes a turn on the task of this process now. True of some moment, for those who look from outside.
    pub(crate) fn lends_task(&self) -> bool {
        self.lends_task.load(Ordering::Relaxed)
    }

    /// Whether the process runs on the task of its starter.
    pub(crate) fn is_guest(&self) -> bool {
        self.state().host.is_some()
    }

    /// Says how `init` went, and whether the process can do without a task until there is something for it. Returns whether it
    /// runs on the task of its starter.
    pub(crate) fn acknowledge(&self, ack: Ack, can_rest: bool) -> bool {
        let mut state = self.state();
        state.ack = Some(ack);
        let is_guest = state.host.is_some();
        state.can_rest = is_guest && can_rest;
        // Whoever does not run is waited for to its end.
        let waiter = if ack == Ack::Up { state.waiter.take() } else { None };
        drop(state);
        waiter.into_iter().for_each(Waker::wake);
        is_guest
    }

    /// The runtime of its owner, which is its own.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.state().place.as_ref()?.runtime()
    }

    /// Says which child kept a supervisor from starting.
    pub(crate) fn blame(&self, culprit: (Arc<str>, ExitReason)) {
        self.state().seldom().culprit = Some(Box::new(culprit));
    }

    pub(crate) fn culprit(&self) -> Option<(Arc<str>, ExitReason)> {
        self.state().known_mut()?.culprit.take().map(|culprit| *culprit)
    }

    /// Waits for the end of `init`: `Up`, or what was said before the process ended. From `Up` on `supervisor` is told of the end.
    pub(crate) fn poll_started(
        &self,
        supervisor: Option<&Arc<dyn Process>>,
        waker: &Waker,
    ) -> Poll<Option<Ack>> {
        let mut state = self.state();
        let ack = state.ack;
        if ack != Some(Ack::Up) && !state.is_published {
            state.waiter = Some(waker.clone());
            return Poll::Pending;
        }
        if ack == Some(Ack::Up)
            && let Some(supervisor) = supervisor
        {
            if !state.is_published {
                state.tells_owner = true;
            } else {
                let reason = state.exit.clone().unwrap_or(ExitReason::NoProc);
                drop(state);
                supervisor.child_ended(self.pid(), &reason);
            }
        }
        Poll::Ready(ack)
    }

    /// Waits for the end, of which the owner is told in no other way any more.
    pub(crate) fn poll_ended(&self, waker: &Waker) -> Poll<ExitReason> {
        let mut state = self.state();
        if state.is_published {
            return Poll::Ready(state.exit.clone().unwrap_or(ExitReason::NoProc));
        }
        state.tells_owner = false;
        let before = state.waiter.replace(waker.clone());
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Tells the owner of the end no more.
    pub(crate) fn disown(&self) {
        self.state().tells_owner = false;
    }
}
