//! Why a delivery is not known to have happened, and where the message is now.

use std::error::Error;
use std::fmt;

use crate::error::SendFailure;
use crate::process::exit::ExitReason;
use crate::send::dead_letter::reason::DeadLetterReason;

/// Why a delivery is not known to have happened.
///
/// | variant | handled? | a repeat is safe |
/// |---|---|---|
/// | `NotAccepted`, `Withheld`, `Dropped` | certainly not | yes |
/// | `Died`, `Timeout` | perhaps | only if the receiver knows a message that it has handled: [`Dedup`](crate::Dedup) |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DeliveryFailure {
    /// It did not get into a mailbox.
    NotAccepted(SendFailure),
    /// Of a broadcast to all or to none: another receiver could not take it, so this one did not get it.
    Withheld,
    /// Accepted, but the process ended before its handler did: it may have been handled in part.
    Died(ExitReason),
    /// Accepted, but not handled before the deadline; it may still be.
    Timeout,
    /// Accepted, but dropped for a newer message before its turn.
    Dropped,
}

impl DeliveryFailure {
    /// Returns true if the same message can be sent again without being handled twice.
    ///
    /// False after `Died` and `Timeout`, and for a process that waits for itself, which fails each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{DeliveryFailure, ExitReason, SendFailure};
    ///
    /// assert!(DeliveryFailure::NotAccepted(SendFailure::NoProc).is_retryable());
    /// assert!(!DeliveryFailure::Died(ExitReason::Killed).is_retryable(), "it may have been handled");
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !self.may_have_been_handled() && !matches!(self, Self::NotAccepted(SendFailure::SelfSend))
    }

    /// Returns true if the handler may have run, in part or to its end, or may still run.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::DeliveryFailure;
    ///
    /// assert!(DeliveryFailure::Timeout.may_have_been_handled());
    /// assert!(!DeliveryFailure::Dropped.may_have_been_handled());
    /// ```
    #[must_use]
    pub fn may_have_been_handled(&self) -> bool {
        matches!(self, Self::Died(_) | Self::Timeout)
    }

    pub(crate) fn dead_letter_reason(&self) -> DeadLetterReason {
        match self {
            Self::NotAccepted(SendFailure::Timeout) => DeadLetterReason::Timeout,
            Self::NotAccepted(SendFailure::Full) | Self::Dropped => DeadLetterReason::Overflow,
            Self::NotAccepted(SendFailure::NoProc) => DeadLetterReason::NoProc,
            Self::NotAccepted(SendFailure::SelfSend) | Self::Withheld | Self::Timeout => {
                DeadLetterReason::Unhandled
            }
            Self::Died(reason) => DeadLetterReason::Exited(reason.clone()),
        }
    }
}

impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepted(cause) => write!(f, "not accepted: {cause}"),
            Self::Withheld => f.write_str("withheld, because another receiver could not take it"),
            Self::Died(reason) => write!(f, "accepted, but the process ended: {reason}"),
            Self::Timeout => f.write_str("accepted, but not handled before the deadline"),
            Self::Dropped => f.write_str("accepted, but dropped for a newer message"),
        }
    }
}

impl Error for DeliveryFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Died(ExitReason::Error(error)) => {
                let source: &(dyn Error + 'static) = &**error;
                Some(source)
            }
            _ => None,
        }
    }
}

/// Where a message is that was not delivered.
#[non_exhaustive]
pub enum Fate<M> {
    /// Here.
    Returned(M),
    /// Among the dead letters of the node, since before the call returned.
    DeadLetter,
    /// It was accepted and did not come back: the process that had it has ended, still has it, or dropped it for a newer one.
    Gone,
}

impl<M> fmt::Debug for Fate<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Returned(_) => "Returned",
            Self::DeadLetter => "DeadLetter",
            Self::Gone => "Gone",
        })
    }
}

/// A message that is not known to be delivered.
#[non_exhaustive]
pub struct DeliveryError<M> {
    /// Why the last attempt failed.
    pub failure: DeliveryFailure,
    /// How many attempts there were.
    pub attempts: u32,
    /// Where the message is.
    pub fate: Fate<M>,
    may_have_been_handled: bool,
}

impl<M> DeliveryError<M> {
    pub(crate) fn after(
        attempts: u32,
        may_have_been_handled: bool,
        failure: DeliveryFailure,
        fate: Fate<M>,
    ) -> Self {
        Self { failure, attempts, fate, may_have_been_handled }
    }

    /// Returns true if the same message can be sent again without being handled twice, whichever attempt failed and how.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure.is_retryable() && !self.may_have_been_handled
    }

    /// Returns true if any of the attempts may have led to a handler.
    #[must_use]
    pub fn may_have_been_handled(&self) -> bool {
        self.may_have_been_handled
    }

    /// Returns the message if it came back.
    #[must_use]
    pub fn into_message(self) -> Option<M> {
        match self.fate {
            Fate::Returned(message) => Some(message),
            Fate::DeadLetter | Fate::Gone => None,
        }
    }
}

impl<M> fmt::Display for DeliveryError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.failure)?;
        match self.attempts {
            1 => Ok(()),
            attempts => write!(f, ", after {attempts} attempts"),
        }
    }
}

impl<M> fmt::Debug for DeliveryError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryError")
            .field("failure", &self.failure)
            .field("attempts", &self.attempts)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

impl<M> Error for DeliveryError<M> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failure.source()
    }
}
