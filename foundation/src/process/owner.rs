//! What a process has to do with the one who started it: its place, its first turn, its acknowledgement, the news of its end.
//!
//! The starter, and later the stopper, is the owner: one supervisor, or the holder of a root. It waits in the one slot that a
//! process has for it, and nobody else does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};

use crate::process::cell::{Cell, Process};
use crate::process::dependents::Place;
use crate::process::exit::ExitReason;

/// What a process tells its starter at the end of `init`. A failed `init` tells nothing: the starter waits for the exit.
#[derive(Debug)]
pub(crate) enum Ack {
    Up,
    Ignore,
    /// A supervisor: this child did not start.
    ChildFailed(Box<(Arc<str>, ExitReason)>),
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

    /// Whether the process runs on the task of its starter.
    pub(crate) fn is_guest(&self) -> bool {
        self.state().host.is_some()
    }

    /// Says how `init` went.
    pub(crate) fn acknowledge(&self, ack: Ack) {
        let mut state = self.state();
        // Whoever does not run is waited for to its end.
        let waiter = if matches!(ack, Ack::Up) { state.waiter.take() } else { None };
        state.ack = Some(ack);
        drop(state);
        waiter.into_iter().for_each(Waker::wake);
    }

    /// Waits for the end of `init`: `Up`, or what was said before the process ended. One at a time waits here or for the end.
    pub(crate) fn poll_started(&self, waker: &Waker) -> Poll<Option<Ack>> {
        let mut state = self.state();
        if state.is_published || matches!(state.ack, Some(Ack::Up)) {
            return Poll::Ready(state.ack.take());
        }
        state.waiter = Some(waker.clone());
        Poll::Pending
    }

    /// Waits for the end. One at a time.
    pub(crate) fn poll_ended(&self, waker: &Waker) -> Poll<ExitReason> {
        let mut state = self.state();
        if state.is_published {
            return Poll::Ready(state.exit.clone().unwrap_or(ExitReason::NoProc));
        }
        state.waiter = Some(waker.clone());
        Poll::Pending
    }

    /// Tells `parent` of the end when it comes; at once if it has come.
    pub(crate) fn adopt(&self, parent: Arc<dyn Process>) {
        let mut state = self.state();
        if !state.is_published {
            state.parent = Some(parent);
            return;
        }
        let reason = state.exit.clone().unwrap_or(ExitReason::NoProc);
        drop(state);
        parent.child_ended(self.pid(), &reason);
    }

    /// Tells the parent nothing any more.
    pub(crate) fn disown(&self) {
        let parent = self.state().parent.take();
        drop(parent);
    }
}
