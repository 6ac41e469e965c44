//! How far a process is, in two words that it writes and anybody may read.
//!
//! Invariants: only the process itself writes here (its task, or its thread), with plain relaxed stores, so that being looked at
//! costs it nothing and nobody who looks makes it wait; a kind is in the table before its number is in a word. What is read is
//! true of some moment; two words that are read one after the other need not be of the same one.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::process::cell::Cell;

/// What a process does, as far as it says so itself. The end is known from its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `init` has not returned, or not begun.
    Starting,
    /// It waits for something to do.
    Waiting,
    /// A callback is under way.
    Running,
    /// It was told to take no mail.
    Suspended,
    /// `terminate` is under way, or the body is over.
    Ending,
}

/// A message of the kind that the type of all messages names.
const PLAIN: u64 = 1;
/// A notice of the kernel.
const INFO: u64 = 2;
/// The number of the first kind in the table; zero is no message.
const FIRST: u64 = 3;
const PHASE_BITS: u32 = 3;
const KIND_BITS: u32 = 13;
const KIND_MAX: u64 = (1 << KIND_BITS) - 1;
const COUNT_SHIFT: u32 = PHASE_BITS + KIND_BITS;
const COUNT_MASK: u64 = u64::MAX << COUNT_SHIFT;

/// The words of one process.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// From the lowest bit: phase, kind of the message, messages handled.
    work: AtomicU64,
    /// Twice the number of polls that are over; one more while a poll is under way.
    polls: AtomicU64,
}

/// What was read of a [`Progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) phase: Phase,
    pub(crate) handled: u64,
    kind: u64,
}

/// One poll of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PollNumber(u64);

impl PollNumber {
    /// True while it has not returned.
    pub(crate) fn is_under_way(self) -> bool {
        self.0 % 2 == 1
    }

    /// How many polls have begun.
    pub(crate) fn begun(self) -> u64 {
        self.0.div_ceil(2)
    }
}

impl Progress {
    /// Nobody else writes, so that reading first is no race.
    fn write(&self, phase: Phase, kind: u64, more: u64) {
        let handled = self.work.load(Ordering::Relaxed) & COUNT_MASK;
        let low = phase as u64 | kind << PHASE_BITS;
        self.work.store((handled | low) + (more << COUNT_SHIFT), Ordering::Relaxed);
    }

    /// The process is in a phase without a message.
    pub(crate) fn enter(&self, phase: Phase) {
        self.write(phase, 0, 0);
    }

    /// Messages are about to be handled, of whatever kind.
    pub(crate) fn begin_plain(&self) {
        self.write(Phase::Running, PLAIN, 0);
    }

    /// A notice of the kernel is about to be handled.
    pub(crate) fn begin_info(&self) {
        self.write(Phase::Running, INFO, 0);
    }

    /// `count` more messages have been handled.
    pub(crate) fn handled_more(&self, count: u64) {
        self.write(Phase::Waiting, 0, count);
    }

    /// A poll begins.
    pub(crate) fn enter_poll(&self) {
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The poll is over.
    pub(crate) fn leave_poll(&self) {
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    pub(crate) fn polls(&self) -> PollNumber {
        PollNumber(self.polls.load(Ordering::Relaxed))
    }

    pub(crate) fn seen(&self) -> Seen {
        let word = self.work.load(Ordering::Relaxed);
        let phase = match word & ((1 << PHASE_BITS) - 1) {
            0 => Phase::Starting,
            1 => Phase::Waiting,
            2 => Phase::Running,
            3 => Phase::Suspended,
            _ => Phase::Ending,
        };
        Seen { phase, handled: word >> COUNT_SHIFT, kind: word >> PHASE_BITS & KIND_MAX }
    }
}

impl Seen {
    /// Returns the kind of the message; `plain` is the name of the messages' type, `named` finds a kind by its place in the table.
    pub(crate) fn kind(
        self,
        plain: &'static str,
        named: impl FnOnce(usize) -> Option<&'static str>,
    ) -> Option<&'static str> {
        match self.kind {
            0 => None,
            PLAIN => Some(plain),
            INFO => Some("Info"),
            number => usize::try_from(number - FIRST).ok().and_then(named),
        }
    }
}

/// Kinds of messages, in the order in which the process met them. Most processes have none.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    known: Option<Box<Known>>,
}

/// Apart, so that a process without kinds pays for one pointer.
#[derive(Debug, Default)]
struct Known(Vec<&'static str>);

impl Kinds {
    pub(crate) fn at(&self, place: usize) -> Option<&'static str> {
        self.known.as_deref()?.0.get(place).copied()
    }

    fn learn(&mut self, kind: &'static str) {
        self.known.get_or_insert_default().0.push(kind);
    }

    /// A message of this kind is about to be handled. Locks and allocates only for a kind that is new.
    pub(crate) fn begin(&mut self, cell: &Cell, kind: &'static str, plain: &'static str) {
        let number = if std::ptr::eq(kind, plain) { PLAIN } else { self.number(cell, kind) };
        cell.progress().write(Phase::Running, number, 0);
    }

    fn number(&mut self, cell: &Cell, kind: &'static str) -> u64 {
        let known = self.known.as_deref().map_or(&[][..], |known| &known.0);
        let place = known.iter().position(|known| std::ptr::eq(*known, kind));
        let place = place.unwrap_or_else(|| self.meet(cell, kind));
        // More kinds than numbers: those that came last have no name.
        (place as u64 + FIRST).min(KIND_MAX)
    }

    #[cold]
    fn meet(&mut self, cell: &Cell, kind: &'static str) -> usize {
        let place = self.known.as_deref().map_or(0, |known| known.0.len());
        if place as u64 + FIRST < KIND_MAX {
            cell.state().seldom().kinds.learn(kind);
            self.learn(kind);
        }
        place
    }
}
