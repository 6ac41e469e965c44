//! Supervised send: the two guarantees, chosen by type.
//!
//! *Accepted* means that the message is in the mailbox of a living process; *handled* means that its handler ran to its end.
//! What fails comes back in the error or goes to the dead letters, by the caller's choice, before the call returns.

pub(crate) mod dead_letter;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::error::{CallError, SendError, SendFailure};
use crate::process::exit::ExitReason;
use crate::process::name::Name;
use crate::process::pid::Pid;
use crate::process::server_ref::{HandledFailure, ServerRef};
use crate::send::dead_letter::DeadLetterReason;

/// An address that a message can be sent to. A name is resolved at each attempt.
pub trait Address<M>: Send + Sync {
    /// Returns the process that is there now.
    fn resolve(&self) -> Option<ServerRef<M>>;
}

impl<M: Send + 'static> Address<M> for ServerRef<M> {
    fn resolve(&self) -> Option<ServerRef<M>> {
        Some(self.clone())
    }
}

impl<M: Send + 'static> Address<M> for Name<M> {
    fn resolve(&self) -> Option<ServerRef<M>> {
        self.whereis()
    }
}

/// The message is in the mailbox of a living process. It may still be lost if that process ends before taking it; then it is a
/// dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The process that accepted it.
    pub pid: Pid,
}

/// The handler of the message ran to its end and its process lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handled {
    /// The process that handled it.
    pub pid: Pid,
}

/// Why a delivery is not known to have happened.
#[non_exhaustive]
pub enum DeliveryError<M> {
    /// Certainly not delivered; the message comes back.
    NotAccepted(SendError<M>),
    /// Accepted, but the process ended before its handler did: it may have been handled in part.
    Died(ExitReason),
    /// Accepted, but not handled before the deadline; it may still be.
    Timeout,
    /// Accepted, but dropped for a newer message before its turn; certainly not handled.
    Dropped,
}

impl<M> DeliveryError<M> {
    /// Returns true if a later attempt may succeed. After `Died` and `Timeout` the message may then be handled twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        true
    }

    /// Returns the message if it certainly was not delivered.
    #[must_use]
    pub fn into_message(self) -> Option<M> {
        match self {
            Self::NotAccepted(error) => Some(error.into_message()),
            Self::Died(_) | Self::Timeout | Self::Dropped => None,
        }
    }
}

impl<M> fmt::Display for DeliveryError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepted(error) => write!(f, "not accepted: {error}"),
            Self::Died(reason) => write!(f, "accepted, but the process ended: {reason}"),
            Self::Timeout => f.write_str("accepted, but not handled before the deadline"),
            Self::Dropped => f.write_str("accepted, but dropped for a newer message"),
        }
    }
}

impl<M> fmt::Debug for DeliveryError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepted(error) => f.debug_tuple("NotAccepted").field(error).finish(),
            Self::Died(reason) => f.debug_tuple("Died").field(reason).finish(),
            Self::Timeout => f.write_str("Timeout"),
            Self::Dropped => f.write_str("Dropped"),
        }
    }
}

impl<M> Error for DeliveryError<M> {}

/// Delivers a message into the mailbox at `address`, waiting for room for at most `timeout`.
///
/// # Errors
///
/// [`DeliveryError::NotAccepted`] with the message.
///
/// # Delivery
///
/// At most once, in the order of one sender. Ok does not mean handled.
///
/// # Cancel safety
///
/// Dropping the future drops the message; it was not delivered.
///
/// # Examples
///
/// See the example of [`handled`].
pub async fn accepted<M, A>(
    address: &A,
    message: M,
    timeout: Duration,
) -> Result<Accepted, DeliveryError<M>>
where
    M: Send + 'static,
    A: Address<M> + ?Sized,
{
    let Some(server) = address.resolve() else {
        return Err(DeliveryError::NotAccepted(SendError::no_proc(message)));
    };
    let pid = server.pid();
    server.send(message, timeout).await.map_err(DeliveryError::NotAccepted)?;
    Ok(Accepted { pid })
}

/// Delivers a message and waits until its handler has run to its end, for at most `timeout` in all.
///
/// # Errors
///
/// [`DeliveryError`]: `NotAccepted` (certainly not handled, message inside), `Dropped` (certainly not handled), `Died` and
/// `Timeout` (perhaps handled).
///
/// # Delivery
///
/// At most once. Ok means handled: the handler returned without ending its process.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use foundation::{
///     Context, Exit, GenServer, Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec,
/// };
///
/// struct Sink;
/// impl GenServer for Sink {
///     type Args = ();
///     type Msg = u8;
///     async fn init(_: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
///         Ok(Self)
///     }
///     async fn handle(&mut self, msg: u8, _cx: &mut Context<Self>) -> Result<(), Exit> {
///         if msg == 0 { Err(Exit::error("zero")) } else { Ok(()) }
///     }
/// }
///
/// let node = Node::new(NodeConfig::default())?;
/// let name = node.name::<u8>("sink")?;
/// let spec = ServerSpec::<Sink>::new(()).name(&name).child("sink");
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
///
/// let second = Duration::from_secs(1);
/// foundation::accepted(&name, 1, second).await.map_err(|error| error.to_string())?;
/// foundation::handled(&name, 2, second).await.map_err(|error| error.to_string())?;
/// assert!(foundation::handled(&name, 0, second).await.is_err());
/// root.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub async fn handled<M, A>(
    address: &A,
    message: M,
    timeout: Duration,
) -> Result<Handled, DeliveryError<M>>
where
    M: Send + 'static,
    A: Address<M> + ?Sized,
{
    let Some(server) = address.resolve() else {
        return Err(DeliveryError::NotAccepted(SendError::no_proc(message)));
    };
    let pid = server.pid();
    match server.send_handled(message, timeout).await {
        Ok(()) => Ok(Handled { pid }),
        Err(HandledFailure::NotAccepted(error)) => Err(DeliveryError::NotAccepted(error)),
        Err(HandledFailure::Unknown(CallError::Timeout)) => Err(DeliveryError::Timeout),
        Err(HandledFailure::Unknown(CallError::Down(reason))) => Err(DeliveryError::Died(reason)),
        // The process lives and has let go of the receipt: its mailbox dropped the message.
        Err(HandledFailure::Unknown(_)) => Err(DeliveryError::Dropped),
    }
}

/// Delivers like [`accepted`], and what cannot be delivered becomes a dead letter of `server`'s node before this returns.
///
/// # Errors
///
/// The reason, when the message is a dead letter now.
pub async fn accepted_or_dead_letter<M>(
    server: &ServerRef<M>,
    message: M,
    timeout: Duration,
) -> Result<Accepted, DeadLetterReason>
where
    M: Send + 'static,
{
    let pid = server.pid();
    let error = match server.send(message, timeout).await {
        Ok(()) => return Ok(Accepted { pid }),
        Err(error) => error,
    };
    let reason = match error.cause {
        SendFailure::Timeout => DeadLetterReason::Timeout,
        SendFailure::Full => DeadLetterReason::Overflow,
        SendFailure::NoProc => DeadLetterReason::NoProc,
    };
    server.server().bury(error.into_message(), reason.clone());
    Err(reason)
}
