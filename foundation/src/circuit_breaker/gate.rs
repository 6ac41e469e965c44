//! The machine for many threads at once. Without a clock of its own: callers say how to ask one.
//!
//! A word beside the lock says what the lock would say while the breaker is closed and nothing has failed: calls then begin and
//! end without the lock.
//!
//! Invariant: the word is written under the lock, after each change, and says what the machine says.

use super::machine::{Machine, Ticket};
use super::rejected::{BreakerRejected, BreakerState};
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Low bits of the word; the generation is above.
const CLOSED: u64 = 1;
/// The success of a call need not be noted.
const CALM: u64 = 2;
const FLAGS: u32 = 2;

/// One breaker.
#[derive(Debug)]
pub(crate) struct Gate {
    word: AtomicU64,
    machine: Mutex<Machine>,
    /// Hears of each new state, after the lock.
    changed: fn(BreakerState),
}

impl Gate {
    pub(crate) fn new(machine: Machine, changed: fn(BreakerState)) -> Self {
        Self { word: AtomicU64::new(word(&machine)), machine: Mutex::new(machine), changed }
    }

    #[inline]
    pub(crate) fn admit(&self, now: impl FnOnce() -> u64) -> Result<Ticket, BreakerRejected> {
        let word = self.word.load(Ordering::Acquire);
        if word & CLOSED != 0 {
            return Ok(Ticket { generation: word >> FLAGS });
        }
        self.with(|machine| machine.admit(now()))
    }

    #[inline]
    pub(crate) fn success(&self, ticket: Ticket, now: impl FnOnce() -> u64) {
        // It ended before whatever has failed since.
        if self.word.load(Ordering::Acquire) != ticket.generation << FLAGS | CLOSED | CALM {
            self.with(|machine| machine.success(ticket, now()));
        }
    }

    #[cold]
    pub(crate) fn failure(&self, ticket: Ticket, now: impl FnOnce() -> u64) {
        self.with(|machine| machine.failure(ticket, now()));
    }

    /// Does something to the machine under the lock.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Machine) -> T) -> T {
        let mut machine = self.machine.lock();
        let before = machine.phase();
        let value = change(&mut machine);
        let after = machine.phase();
        self.word.store(word(&machine), Ordering::Release);
        drop(machine);
        if before != after {
            (self.changed)(after);
        }
        value
    }

    /// Looks at the machine under the lock.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
        look(&self.machine.lock())
    }
}

fn word(machine: &Machine) -> u64 {
    let is_closed = machine.phase() == BreakerState::Closed;
    let closed = if is_closed { CLOSED } else { 0 };
    let calm = if is_closed && machine.is_calm() { CALM } else { 0 };
    machine.generation() << FLAGS | closed | calm
}
