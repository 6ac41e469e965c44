//! One attempt to deliver a dead letter again: outside of every lock, with a deadline, and never losing the message.
//!
//! The message lies in the attempt, not in the future that delivers: whatever drops that future, a deadline, an abort or a panic, the
//! attempt puts the message back when it is dropped itself.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{CallError, CastFailure, SendFailure};
use crate::node::Node;
use crate::process::exit::ExitReason;
use crate::process::mailbox::Overflow;
use crate::process::sending::{Permit, Reserve};
use crate::process::server_ref::{HandledFailure, ServerRef};
use crate::send::dead_letter::codec::DeadLetterCodec;
use crate::send::dead_letter::core::Core;
use crate::send::dead_letter::letter::DeadLetterId;
use crate::send::dead_letter::queue::Claim;
use crate::time::Elapsed;

/// Why an attempt to deliver a dead letter again failed. The letter stays, or is exhausted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AttemptError {
    /// It has no registered name, and its process is gone for good.
    NoAddress,
    /// The name is in use for messages of another type now.
    TypeMismatch,
    /// Nobody holds the name, or the process ended.
    NoProc,
    /// The mailbox is full, and its policy lets nobody wait.
    Full,
    /// No room, or not handled, before the deadline.
    Timeout,
    /// The process ended before it had handled it: it may have been handled in part.
    Died(ExitReason),
    /// The mailbox dropped it for a newer one.
    Dropped,
    /// This program cannot read what an earlier one recorded.
    Unreadable,
}

impl AttemptError {
    /// Whether the next letter for the same address would fare the same and take as long.
    fn blocks_address(&self) -> bool {
        matches!(self, Self::Full | Self::Timeout)
    }
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("it has no address that can be resolved"),
            Self::TypeMismatch => f.write_str("the name takes messages of another type"),
            Self::NoProc => f.write_str("no such process"),
            Self::Full => f.write_str("the mailbox is full"),
            Self::Timeout => f.write_str("the deadline passed"),
            Self::Died(reason) => write!(f, "the process ended: {reason}"),
            Self::Dropped => f.write_str("the mailbox dropped it"),
            Self::Unreadable => f.write_str("it was recorded in an unknown form"),
        }
    }
}

impl Error for AttemptError {}

type Message = Option<Box<dyn Any + Send>>;
type Delivering<'a> = Pin<Box<dyn Future<Output = Result<(), AttemptError>> + Send + 'a>>;

/// How a message of a forgotten type finds its way: what is left of the type is this function.
#[derive(Clone, Copy)]
pub(crate) struct Route(for<'a> fn(&'a Node, &'a str, &'a mut Message, Duration) -> Delivering<'a>);

impl Route {
    /// Leads nowhere: the message is bytes that nobody can read.
    pub(crate) const UNREADABLE: Self =
        Self(|_node, _name, _message, _timeout| Box::pin(async { Err(AttemptError::Unreadable) }));

    pub(crate) fn of<M: Send + 'static>() -> Self {
        Self(|node, name, message, timeout| Box::pin(deliver::<M>(node, name, message, timeout)))
    }
}

/// Delivers to whoever holds the name now. The message is gone from its place only if it was delivered.
async fn deliver<M: Send + 'static>(
    node: &Node,
    name: &str,
    message: &mut Message,
    timeout: Duration,
) -> Result<(), AttemptError> {
    let name = node.existing_name::<M>(name).map_err(|_other_type| AttemptError::TypeMismatch)?;
    let server = name.and_then(|name| name.whereis()).ok_or(AttemptError::NoProc)?;
    if let Some(codec) = node.letters().codecs().of::<M>() {
        let original = message.as_ref().and_then(|message| message.downcast_ref::<M>());
        return hand_over_copy(*codec, original, &server, timeout).await;
    }
    let permit = reserve(&server, timeout).await?;
    let Some(boxed) = message.take() else { return Err(AttemptError::Unreadable) };
    match boxed.downcast::<M>() {
        Ok(typed) => permit.send(*typed).map_err(|refused| {
            *message = Some(Box::new(refused.into_message()));
            AttemptError::NoProc
        }),
        Err(other) => {
            *message = Some(other);
            Err(AttemptError::TypeMismatch)
        }
    }
}

/// A copy can be made of the message, so that it is kept until the handler of the copy has run to its end.
fn hand_over_copy<'a, M: Send + 'static>(
    codec: DeadLetterCodec<M>,
    original: Option<&M>,
    server: &'a ServerRef<M>,
    timeout: Duration,
) -> impl Future<Output = Result<(), AttemptError>> + Send + use<'a, M> {
    let copy = original.and_then(|original| codec.copy(original));
    async move {
        let copy = copy.ok_or(AttemptError::Unreadable)?;
        match server.send_handled(copy, &mut server.deadline(timeout)).await {
            Ok(()) => Ok(()),
            Err(HandledFailure::NotAccepted(refused)) => Err(not_sent(refused.cause)),
            Err(HandledFailure::Unknown(CallError::Timeout)) => Err(AttemptError::Timeout),
            Err(HandledFailure::Unknown(CallError::Down(reason))) => {
                Err(AttemptError::Died(reason))
            }
            Err(HandledFailure::Unknown(_)) => Err(AttemptError::Dropped),
        }
    }
}

fn not_sent(cause: SendFailure) -> AttemptError {
    match cause {
        // A process that retries a letter to itself would wait in vain.
        SendFailure::Timeout | SendFailure::SelfSend => AttemptError::Timeout,
        SendFailure::Full => AttemptError::Full,
        SendFailure::NoProc => AttemptError::NoProc,
    }
}

/// Waits for a slot, if the mailbox lets anybody wait. Never pushes another message out.
async fn reserve<M: Send + 'static>(
    server: &ServerRef<M>,
    timeout: Duration,
) -> Result<Permit<M>, AttemptError> {
    let mailbox = &server.server().mailbox;
    if mailbox.overflow() != Overflow::Wait {
        return server.try_reserve().map_err(|cause| match cause {
            CastFailure::Full => AttemptError::Full,
            CastFailure::NoProc => AttemptError::NoProc,
        });
    }
    match server.deadline(timeout).limit(Reserve::new(mailbox)).await {
        Ok(true) => Ok(Permit::new(Arc::clone(server.server()))),
        Ok(false) => Err(AttemptError::NoProc),
        Err(Elapsed) => Err(AttemptError::Timeout),
    }
}

/// Holds the message of one letter. Dropped before the outcome is known, it puts the message back and counts an attempt.
pub(crate) struct Attempt<'a> {
    core: &'a Arc<Core>,
    position: i64,
    id: DeadLetterId,
    name: Option<Arc<str>>,
    route: Route,
    message: Message,
    /// Whether it counts when it does not deliver.
    is_counted: bool,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(core: &'a Arc<Core>, position: i64, claim: Claim) -> Self {
        let Claim { id, name, route, message } = claim;
        Self { core, position, id, name, route, message: Some(message), is_counted: true }
    }

    /// Only looks at the message.
    pub(crate) fn uncounted(core: &'a Arc<Core>, position: i64, claim: Claim) -> Self {
        let mut attempt = Self::new(core, position, claim);
        attempt.is_not_counted();
        attempt
    }

    pub(crate) fn id(&self) -> DeadLetterId {
        self.id
    }

    /// From now on it only looks.
    pub(crate) fn is_not_counted(&mut self) {
        self.is_counted = false;
    }

    pub(crate) fn message(&self) -> Option<&(dyn Any + Send)> {
        self.message.as_deref()
    }

    /// Tries once. Afterwards the letter has left, or is back with one attempt more.
    pub(crate) async fn run(mut self, node: &Node) -> Result<(), AttemptError> {
        let timeout = self.core.options().attempt_timeout;
        let outcome = match &self.name {
            Some(name) => (self.route.0)(node, name, &mut self.message, timeout).await,
            None => Err(AttemptError::NoAddress),
        };
        if outcome.is_ok() {
            self.is_counted = false;
            // What was delivered as a copy is no longer needed; what was moved is gone.
            let original = self.message.take();
            self.core.delivered(self.position, self.id);
            drop(original);
        }
        outcome
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            self.core.give_back(self.position, message, self.is_counted);
        }
    }
}

/// What one round of attempts did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RetryReport {
    /// Letters that were delivered and have left.
    pub delivered: Vec<DeadLetterId>,
    /// Letters whose attempt failed, and why.
    pub failed: Vec<(DeadLetterId, AttemptError)>,
    /// Letters that were not tried and lost no attempt, because an older one for the same address found no room or no answer.
    pub deferred: Vec<DeadLetterId>,
}

impl RetryReport {
    pub(crate) fn add(&mut self, id: DeadLetterId, outcome: Result<(), AttemptError>) -> bool {
        match outcome {
            Ok(()) => {
                self.delivered.push(id);
                false
            }
            Err(error) => {
                let blocks = error.blocks_address();
                self.failed.push((id, error));
                blocks
            }
        }
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.delivered.extend(other.delivered);
        self.failed.extend(other.failed);
        self.deferred.extend(other.deferred);
        self
    }
}
