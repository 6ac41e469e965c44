//! Where undeliverable messages end: bounded, ordered, each with its reason.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::process::exit::ExitReason;
use crate::process::pid::Pid;
use crate::send::metadata::Metadata;

/// Why a message was not delivered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DeadLetterReason {
    /// Its process ended, for this reason, before taking it.
    Exited(ExitReason),
    /// The mailbox was full and its policy dropped the message.
    Overflow,
    /// There was no such process.
    NoProc,
    /// There was no room before the deadline.
    Timeout,
    /// It was sent to be handled, and was not known to be handled when its sender gave up.
    Unhandled,
}

impl fmt::Display for DeadLetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(reason) => write!(f, "the process ended: {reason}"),
            Self::Overflow => f.write_str("the mailbox overflowed"),
            Self::NoProc => f.write_str("no such process"),
            Self::Timeout => f.write_str("no room before the deadline"),
            Self::Unhandled => f.write_str("not known to be handled"),
        }
    }
}

/// One undelivered message.
pub struct DeadLetter {
    /// Its number, from 1, without gaps, on its node.
    pub seq: u64,
    /// The process that it was for.
    pub pid: Option<Pid>,
    /// The name or child id of that process.
    pub to: Option<Arc<str>>,
    /// The Rust type of the message.
    pub message_type: &'static str,
    /// Why it is here.
    pub reason: DeadLetterReason,
    /// What its sender said about it.
    pub metadata: Metadata,
    /// When it came here, on the node's monotonic clock.
    pub at: Duration,
    /// The message itself.
    pub message: Box<dyn Any + Send>,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("seq", &self.seq)
            .field("to", &self.to)
            .field("message_type", &self.message_type)
            .field("reason", &self.reason)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// Counts of a node's dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterCounts {
    /// All that ever came.
    pub total: u64,
    /// Those that had to leave because the queue was full.
    pub evicted: u64,
    /// Those that are here now.
    pub kept: usize,
}

/// The dead letters of a node: at most the configured number, oldest first. The oldest leaves when it is full, counted.
///
/// Messages of calls never come here: their callers are told.
///
/// # Examples
///
/// ```
/// let node = foundation::Node::new(foundation::NodeConfig::default())?;
/// assert_eq!(node.dead_letters().counts().total, 0);
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Debug)]
pub struct DeadLetters {
    kept_max: usize,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    letters: VecDeque<DeadLetter>,
    total: u64,
    evicted: u64,
}

impl DeadLetters {
    pub(crate) fn new(kept_max: usize, clock: Arc<dyn Clock>) -> Self {
        Self { kept_max, clock, queue: Mutex::new(Queue::default()) }
    }

    pub(crate) fn bury(
        &self,
        pid: Option<Pid>,
        to: Option<Arc<str>>,
        message_type: &'static str,
        reason: DeadLetterReason,
        message: Box<dyn Any + Send>,
    ) {
        self.bury_noted((pid, to), message_type, reason, message, Metadata::default());
    }

    /// As [`bury`](Self::bury), with what the sender said about the message.
    pub(crate) fn bury_noted(
        &self,
        (pid, to): (Option<Pid>, Option<Arc<str>>),
        message_type: &'static str,
        reason: DeadLetterReason,
        message: Box<dyn Any + Send>,
        metadata: Metadata,
    ) {
        crate::telemetry::dead_letter(&reason);
        let at = self.clock.monotonic();
        let mut queue = self.queue.lock();
        queue.total += 1;
        let seq = queue.total;
        queue.letters.push_back(DeadLetter {
            seq,
            pid,
            to,
            message_type,
            reason,
            metadata,
            at,
            message,
        });
        let oldest = if queue.letters.len() > self.kept_max {
            queue.evicted += 1;
            queue.letters.pop_front()
        } else {
            None
        };
        drop(queue);
        // A message may run code when it is dropped; not under the lock.
        drop(oldest);
    }

    /// Returns the counts.
    #[must_use]
    pub fn counts(&self) -> DeadLetterCounts {
        let queue = self.queue.lock();
        DeadLetterCounts { total: queue.total, evicted: queue.evicted, kept: queue.letters.len() }
    }

    /// Calls `visit` with each letter, oldest first. The queue is locked meanwhile: do no more than look.
    pub fn for_each(&self, visit: impl FnMut(&DeadLetter)) {
        self.queue.lock().letters.iter().for_each(visit);
    }

    /// Takes all letters out, oldest first.
    #[must_use]
    pub fn drain(&self) -> Vec<DeadLetter> {
        Vec::from(std::mem::take(&mut self.queue.lock().letters))
    }
}
