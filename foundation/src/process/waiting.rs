//! Who waits for room in a mailbox: first come, first served.
//!
//! A ticket says where somebody stands. Whoever is not in the queue any more, though nobody took him out, has been granted a
//! slot; so nothing else is kept about him.

use std::collections::VecDeque;
use std::task::Waker;

/// The queue, by ticket: they are handed out in ascending order.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    queue: VecDeque<(u64, Waker)>,
    next_ticket: u64,
}

impl Waiting {
    /// Appends somebody and returns the ticket.
    pub(crate) fn stand(&mut self, waker: Waker) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.push_back((ticket, waker));
        ticket
    }

    /// Notes whom to wake instead, and returns true while the ticket waits; false once it has been granted.
    pub(crate) fn still_stands(&mut self, ticket: u64, waker: &Waker) -> bool {
        let Ok(place) = self.place(ticket) else { return false };
        if let Some((_ticket, known)) = self.queue.get_mut(place) {
            known.clone_from(waker);
        }
        true
    }

    /// Takes somebody out of the queue. Returns false if a slot has been granted already.
    pub(crate) fn leave(&mut self, ticket: u64) -> bool {
        self.place(ticket).is_ok_and(|place| self.queue.remove(place).is_some())
    }

    /// Grants a slot to the first, and returns whom to wake.
    pub(crate) fn grant(&mut self) -> Option<Waker> {
        self.queue.pop_front().map(|(_ticket, waker)| waker)
    }

    /// Empties the queue.
    pub(crate) fn dismiss(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.queue).into_iter().map(|(_ticket, waker)| waker)
    }

    fn place(&self, ticket: u64) -> Result<usize, usize> {
        self.queue.binary_search_by_key(&ticket, |(number, _waker)| *number)
    }
}

/// Whom to wake once the lock is free.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakes {
    pub(crate) fn push(&mut self, waker: Waker) {
        match self.first {
            None => self.first = Some(waker),
            Some(_) => self.others.push(waker),
        }
    }

    pub(crate) fn wake(self) {
        wake(self.first);
        self.others.into_iter().for_each(Waker::wake);
    }
}

/// Wakes whoever it is, with no lock held.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
