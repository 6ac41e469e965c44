//! A dead letter as others see it: its id, its address, its state, and the letter itself with its message.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::process::pid::Pid;
use crate::send::dead_letter::reason::DeadLetterReason;
use crate::send::metadata::Metadata;

/// Identifies one dead letter, also after a restart of the program.
///
/// The run is a random number of the node that buried it; the sequence counts from 1 on that node, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeadLetterId {
    run: u64,
    seq: u64,
}

impl DeadLetterId {
    /// Makes the id of a letter that was recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::DeadLetterId;
    ///
    /// let id = DeadLetterId::new(255, 7);
    /// assert_eq!(id.to_string(), "00000000000000ff-7");
    /// ```
    #[must_use]
    pub const fn new(run: u64, seq: u64) -> Self {
        Self { run, seq }
    }

    /// Returns the number of the run.
    #[must_use]
    pub const fn run(self) -> u64 {
        self.run
    }

    /// Returns the number of the letter within its run, from 1.
    #[must_use]
    pub const fn seq(self) -> u64 {
        self.seq
    }
}

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.run, self.seq)
    }
}

/// Whom a dead letter was for.
///
/// Only a registered name can be resolved again. A process without one is gone for good with its incarnation; its pid and child
/// id are kept for whoever reads the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetterAddress {
    /// The registered name, resolved anew at each attempt.
    pub name: Option<Arc<str>>,
    /// The name or child id of the process.
    pub label: Option<Arc<str>>,
    /// The incarnation that the message was first for.
    pub pid: Option<Pid>,
}

impl DeadLetterAddress {
    /// The address of whoever holds a name.
    #[must_use]
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        Self { name: Some(Arc::clone(&name)), label: Some(name), pid: None }
    }
}

impl fmt::Display for DeadLetterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.label, self.pid) {
            (Some(name), ..) => f.write_str(name),
            (None, Some(label), Some(pid)) => write!(f, "{label} {pid}"),
            (None, Some(label), None) => f.write_str(label),
            (None, None, Some(pid)) => write!(f, "{pid}"),
            (None, None, None) => f.write_str("nobody"),
        }
    }
}

/// Where a dead letter stands. A delivered one is no longer there.
///
/// | state | is retried | leaves by |
/// |---|---|---|
/// | `Pending` | yes | delivery, purge, capacity, age |
/// | `Exhausted` | never again | purge, capacity, age |
/// | `Expired` | never again | the next sweep, purge, capacity |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeadLetterState {
    /// It waits for an attempt, or one is under way.
    Pending,
    /// All its attempts have failed.
    Exhausted,
    /// It is too old, and goes with the next sweep.
    Expired,
}

/// Whether the sink of the node has a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeadLetterRecording {
    /// There is no sink.
    Unasked,
    /// It was handed over and is not acknowledged yet.
    Pending,
    /// The sink has it.
    Recorded,
    /// The sink does not have it, as far as anybody knows.
    Failed,
}

/// One dead letter without its message: a row of [`DeadLetters::list`](crate::DeadLetters::list).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeadLetterInfo {
    /// Its id.
    pub id: DeadLetterId,
    /// Whom it was for.
    pub address: DeadLetterAddress,
    /// The Rust type of the message; the name of its codec if this program has no such type.
    pub message_type: Cow<'static, str>,
    /// Why it is here.
    pub reason: DeadLetterReason,
    /// What its sender wrote beside it.
    pub metadata: Metadata,
    /// Where it stands.
    pub state: DeadLetterState,
    /// How many attempts to deliver it again have failed.
    pub attempts: u32,
    /// Whether an attempt is under way.
    pub is_retrying: bool,
    /// Whether the sink has it.
    pub recording: DeadLetterRecording,
    /// How long ago it came here, by the monotonic clock of the node; what lies before this run, by calendar time.
    pub age: Duration,
    /// Calendar time of the first failure.
    pub first_failure: SystemTime,
    /// Calendar time of the last failed attempt.
    pub last_attempt: Option<SystemTime>,
}

/// A dead letter that was taken out, with its message.
pub struct DeadLetter {
    /// All but the message.
    pub info: DeadLetterInfo,
    /// The message. Bytes (`Vec<u8>`) if an earlier run recorded it and this one has no codec of that name.
    pub message: Box<dyn Any + Send>,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter").field("info", &self.info).finish_non_exhaustive()
    }
}
