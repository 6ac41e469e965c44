//! Why a message is a dead letter, and the closed set of kinds that counts and filters use.

use std::fmt;
use std::sync::Arc;

use crate::process::exit::ExitReason;

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
    /// Who sent it gave it up, and says why.
    GaveUp(Arc<str>),
    /// What an earlier run of the program recorded.
    Recorded {
        /// Its kind.
        kind: DeadLetterReasonKind,
        /// Its text.
        text: Arc<str>,
    },
}

impl DeadLetterReason {
    /// Returns its kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{DeadLetterReason, DeadLetterReasonKind};
    ///
    /// assert_eq!(DeadLetterReason::NoProc.kind(), DeadLetterReasonKind::NoProc);
    /// ```
    #[must_use]
    pub fn kind(&self) -> DeadLetterReasonKind {
        match self {
            Self::Exited(_) => DeadLetterReasonKind::Exited,
            Self::Overflow => DeadLetterReasonKind::Overflow,
            Self::NoProc => DeadLetterReasonKind::NoProc,
            Self::Timeout => DeadLetterReasonKind::Timeout,
            Self::Unhandled => DeadLetterReasonKind::Unhandled,
            Self::GaveUp(_) => DeadLetterReasonKind::GaveUp,
            Self::Recorded { kind, .. } => *kind,
        }
    }
}

impl fmt::Display for DeadLetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(reason) => write!(f, "the process ended: {reason}"),
            Self::Overflow => f.write_str("the mailbox overflowed"),
            Self::NoProc => f.write_str("no such process"),
            Self::Timeout => f.write_str("no room before the deadline"),
            Self::Unhandled => f.write_str("not known to be handled"),
            Self::GaveUp(why) => write!(f, "given up: {why}"),
            Self::Recorded { text, .. } => f.write_str(text),
        }
    }
}

/// The kinds of [`DeadLetterReason`]: a closed set, for counts, filters and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeadLetterReasonKind {
    /// The process ended before taking the message.
    Exited,
    /// A full mailbox dropped it.
    Overflow,
    /// There was no such process.
    NoProc,
    /// There was no room in time.
    Timeout,
    /// It was not known to be handled when its sender gave up.
    Unhandled,
    /// Who sent it gave it up.
    GaveUp,
}

impl DeadLetterReasonKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Exited, Self::Overflow, Self::NoProc, Self::Timeout, Self::Unhandled, Self::GaveUp];

    /// Returns the name under which it is counted and recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::DeadLetterReasonKind;
    ///
    /// for kind in DeadLetterReasonKind::ALL {
    ///     assert_eq!(DeadLetterReasonKind::from_label(kind.label()), Some(kind));
    /// }
    /// ```
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Overflow => "overflow",
            Self::NoProc => "noproc",
            Self::Timeout => "timeout",
            Self::Unhandled => "unhandled",
            Self::GaveUp => "gave_up",
        }
    }

    /// Returns the kind of that name.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
