//! How much is done for a message, and what becomes of it if that is not enough.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::send::metadata::Metadata;

/// What happens to a message that could not be delivered, before the error is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// It comes back in the error, if it came back to the sender. The default.
    #[default]
    Return,
    /// It becomes a dead letter of the node of its address, with the reason and the metadata. One that did not come back to the
    /// sender cannot; [`Fate`](crate::Fate) says so.
    DeadLetter,
    /// As `Return`, and whoever listens to the [alarms](crate::NodeConfig::on_alarm) of the node hears of it:
    /// [`Alarm::Undelivered`](crate::Alarm::Undelivered).
    Alarm,
}

/// How a message is sent: until when, how often, and what becomes of it otherwise.
///
/// A plain value; make it once and use it for many messages.
///
/// | option | default |
/// |---|---|
/// | deadline, for everything, waits included | has none: it must be given |
/// | retries | 0 |
/// | limit of each attempt | what is left of the deadline |
/// | failure policy | [`OnFailure::Return`] |
/// | metadata | none |
///
/// # Examples
///
/// ```
/// use foundation::{Backoff, Metadata, OnFailure, SendOptions};
/// use std::time::Duration;
///
/// let options = SendOptions::within(Duration::from_secs(5))
///     .retries(4, Backoff::default())
///     .on_failure(OnFailure::DeadLetter)
///     .metadata(Metadata::new([("order", "4711")])?);
/// # let _unused = options;
/// # Ok::<(), foundation::MetadataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SendOptions {
    pub(crate) deadline: Duration,
    pub(crate) retries: u32,
    pub(crate) backoff: Backoff,
    pub(crate) attempt: Option<Duration>,
    pub(crate) on_failure: OnFailure,
    pub(crate) metadata: Metadata,
}

impl SendOptions {
    /// Everything is over within `deadline`, give or take the 5 ms of [`call_timeout`](crate::ServerRef::call_timeout).
    #[must_use]
    pub fn within(deadline: Duration) -> Self {
        Self {
            deadline,
            retries: 0,
            backoff: Backoff::default(),
            attempt: None,
            on_failure: OnFailure::Return,
            metadata: Metadata::default(),
        }
    }

    /// Tries again up to so many times, after waits that `backoff` decides.
    ///
    /// A name is resolved at each attempt. What would fail again is not tried again: an ended process that is addressed by a
    /// [`ServerRef`](crate::ServerRef), a process that waits for itself. A wait that would end after the deadline is not begun.
    #[must_use]
    pub fn retries(mut self, retries_max: u32, backoff: Backoff) -> Self {
        (self.retries, self.backoff) = (retries_max, backoff);
        self
    }

    /// Limits each attempt, within the deadline of all of them. Without it a receiver that hangs uses up the whole deadline.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt = Some(timeout);
        self
    }

    /// Sets what becomes of a message that could not be delivered.
    #[must_use]
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }

    /// Sets what goes with the message into the dead letters, and into the alarm.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }
}
