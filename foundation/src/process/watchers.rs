//! Who watches a process, and the end that takes the whole list.
//!
//! All of it happens under the lock of the cell. Invariants: from the moment when the end is published nobody enters the list any
//! more, so a watcher is either on the list that the end takes, or told that it came too late, never both; the places of a list
//! that was taken are given to nobody else. This file and those of links are compiled once more by `tests/loom.rs`.

use std::task::{Poll, Waker};

use crate::process::cell::{Cell, Published};
use crate::process::exit::ExitReason;
use crate::process::monitor::{MonitorId, Watcher};
use crate::process::state::Watchers;

/// So many places are looked at under one lock: whoever watches many waits for the one who looks for microseconds.
const STRETCH: usize = 1_024;

impl Cell {
    /// Puts a watcher on the list and returns its place, or `None` if the end is known already.
    pub(super) fn watch(&self, watcher: Watcher) -> Option<usize> {
        let mut state = self.state();
        if state.is_published {
            return None;
        }
        let watchers = &mut state.seldom().watchers;
        if watchers.len() == watchers.capacity() {
            // Most have one watcher, or two: no room for four at once.
            watchers.reserve_exact(watchers.len().max(1));
        }
        Some(watchers.insert(watcher))
    }

    /// Looks at the watchers of a stretch of places, from `first` on, under one lock. Returns where the next stretch begins.
    pub(crate) fn look_at_watchers(
        &self,
        first: usize,
        mut look: impl FnMut(usize, &Watcher),
    ) -> Option<usize> {
        let state = self.state();
        let watchers = &state.known()?.watchers;
        let end = (first + STRETCH).min(watchers.capacity());
        for place in first..end {
            if let Some(watcher) = watchers.get(place) {
                look(place, watcher);
            }
        }
        (end < watchers.capacity()).then_some(end)
    }

    /// Notes that somebody has been told of the age of a monitor. Returns false if that was so before, or it is gone.
    pub(crate) fn advise(&self, place: usize, monitor: MonitorId) -> bool {
        let mut state = self.state();
        let watcher = state.known_mut().and_then(|known| known.watchers.get_mut(place));
        watcher.is_some_and(|watcher| watcher.id() == monitor && watcher.advise())
    }

    /// Takes the watcher at `place` off the list; returns false if it was not there any more.
    pub(super) fn unwatch(&self, place: usize) -> bool {
        // The end of the process takes the whole list at once, so a place is never used again for another watcher while
        // the first one still holds it.
        let mut state = self.state();
        let watcher = state.known_mut().and_then(|known| known.watchers.try_remove(place));
        drop(state);
        watcher.is_some()
    }

    /// Waits, as the watcher at `place`, for the end.
    pub(super) fn poll_watched(&self, place: usize, waker: &Waker) -> Poll<ExitReason> {
        let mut state = self.state();
        if state.is_published {
            return Poll::Ready(state.exit.clone().unwrap_or(ExitReason::NoProc));
        }
        if let Some(watcher) = state.known_mut().and_then(|known| known.watchers.get_mut(place)) {
            watcher.wait(waker);
        }
        Poll::Pending
    }

    /// Records why the process ended and frees the name. Returns false if that had already happened.
    pub(crate) fn end(&self, reason: &ExitReason) -> bool {
        let (occupant, groups) = {
            let mut state = self.state();
            if state.exit.is_some() {
                // A zombie ends twice: when it is fenced, and when its code does.
                if std::mem::take(&mut state.is_fenced) {
                    self.node().counters().zombie_gone();
                }
                return false;
            }
            state.exit = Some(reason.clone());
            state.abort = None;
            let groups = state.known_mut().map(|known| std::mem::take(&mut known.groups));
            (state.occupant.take(), groups.unwrap_or_default())
        };
        if let Some(occupant) = occupant {
            occupant.vacate(self.pid());
        }
        for group in groups {
            group.vacate(self.pid());
        }
        self.node().counters().process_ended();
        crate::telemetry::process_ended(reason);
        true
    }

    /// Makes the end known to whoever looks, and returns who is to be told.
    pub(crate) fn publish(&self) -> Published {
        let mut state = self.state();
        state.is_published = true;
        let (watchers, links) = match state.known_mut() {
            Some(known) => (std::mem::take(&mut known.watchers), known.links.take()),
            None => (Watchers::new(), None),
        };
        Published {
            waiter: state.waiter.take(),
            tells_owner: std::mem::take(&mut state.tells_owner),
            watchers,
            links,
            place: state.place.take(),
        }
    }
}
