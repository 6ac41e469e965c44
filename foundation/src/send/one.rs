//! Delivery to one receiver.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::{CallError, CastFailure, SendError};
use crate::process::envelope::{Envelope, Receipt};
use crate::process::pid::Pid;
use crate::process::server_ref::{HandledFailure, ServerRef};
use crate::send::address::Address;
use crate::send::attempt::{Attempts, Promise};
use crate::send::error::{DeliveryError, DeliveryFailure};
use crate::send::options::SendOptions;
use crate::send::receipt::{Accepted, Handled};
use crate::telemetry;

/// Delivers a message into the mailbox at `address`, waiting for room for at most `timeout`. One attempt.
///
/// # Errors
///
/// [`DeliveryError`], always [`NotAccepted`](DeliveryFailure::NotAccepted) and with the message.
///
/// # Cancel safety
///
/// Dropping the future drops the message; it was not delivered.
///
/// # Delivery
///
/// At most once, in the order of one sender. Ok does not mean handled.
///
/// # Metrics
///
/// As [`accepted_with`].
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
    accepted_with(address, message, &SendOptions::within(timeout)).await
}

/// Delivers a message into the mailbox at `address`, trying again as the options say.
///
/// The first look decides in the usual case: no clock is read, no timer set, nothing allocated.
///
/// # Errors
///
/// [`DeliveryError`], always [`NotAccepted`](DeliveryFailure::NotAccepted), for the last of the attempts. The message comes back, or
/// is a dead letter by then.
///
/// # Cancel safety
///
/// Dropping the future drops the message; it was not delivered, and is no dead letter.
///
/// # Delivery
///
/// At most once: what was refused is sent again, what was accepted never. Ok does not mean handled. A message that is tried again
/// can be overtaken by a later one of the same sender, if that does not wait for the first.
///
/// # Metrics
///
/// `foundation.delivery.accepted_total`, `foundation.delivery.retried_total`, `foundation.delivery.failed_total` by `cause`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{Backoff, DeadLetterReason, Metadata, Node, NodeConfig, OnFailure, SendOptions, accepted_with};
/// use std::time::Duration;
///
/// let node = Node::new(NodeConfig::default())?;
/// let nobody = node.name::<u8>("nobody")?;
/// let options = SendOptions::within(Duration::from_secs(1))
///     .retries(2, Backoff { base: Duration::from_millis(1), ..Backoff::default() })
///     .on_failure(OnFailure::DeadLetter)
///     .metadata(Metadata::new([("order", "4711")])?);
/// let error = accepted_with(&nobody, 1, &options).await.expect_err("nobody has the name");
/// assert_eq!(error.attempts, 3);
/// let letters = node.dead_letters().drain();
/// assert!(matches!(letters[0].info.reason, DeadLetterReason::NoProc));
/// assert_eq!(letters[0].info.metadata.get("order"), Some("4711"));
/// # Ok(())
/// # }
/// ```
pub async fn accepted_with<M, A>(
    address: &A,
    message: M,
    options: &SendOptions,
) -> Result<Accepted, DeliveryError<M>>
where
    M: Send + 'static,
    A: Address<M> + ?Sized,
{
    let server = address.resolve();
    match push(server.as_deref(), message) {
        Ok(pid) => Ok(accepted_by(pid)),
        // Boxed: who need not wait carries nothing of the wait.
        Err(refused) => Box::pin(accepted_late(address, server, refused, options)).await,
    }
}

/// What was not pushed, and why.
type Refused<M> = (Envelope<M>, CastFailure);

#[inline]
fn push<M: Send + 'static>(server: Option<&ServerRef<M>>, message: M) -> Result<Pid, Refused<M>> {
    match server {
        Some(server) => {
            server.server().push(message, Receipt::Cast)?;
            Ok(server.pid())
        }
        None => Err((Envelope { message, receipt: Receipt::Cast }, CastFailure::NoProc)),
    }
}

#[inline]
fn accepted_by(pid: Pid) -> Accepted {
    telemetry::delivery_accepted(1);
    Accepted { pid }
}

/// Goes on where the first look did not decide.
async fn accepted_late<'a, M, A>(
    address: &'a A,
    mut server: Option<Cow<'a, ServerRef<M>>>,
    mut refused: Refused<M>,
    options: &'a SendOptions,
) -> Result<Accepted, DeliveryError<M>>
where
    M: Send + 'static,
    A: Address<M> + ?Sized,
{
    let mut attempts = Attempts::new(address, options);
    loop {
        let mut limit = attempts.limit();
        let pushed = match &server {
            Some(server) => server.push_late(refused, &mut limit).await.map(|()| server.pid()),
            None => Err(SendError::no_proc(refused.0.message)),
        };
        attempts.began(&limit);
        let error = match pushed {
            Ok(pid) => return Ok(accepted_by(pid)),
            Err(error) => error,
        };
        let failure = DeliveryFailure::NotAccepted(error.cause);
        if !attempts.again(&failure, Promise::AtMostOnce).await {
            return Err(attempts.give_up(failure, Some(error.message)));
        }
        server = address.resolve();
        refused = match push(server.as_deref(), error.message) {
            Ok(pid) => return Ok(accepted_by(pid)),
            Err(refused) => refused,
        };
    }
}

/// Delivers a message and waits until its handler has run to its end, for at most `timeout` in all. One attempt.
///
/// # Errors
///
/// [`DeliveryError`]: `NotAccepted` (certainly not handled, message inside), `Dropped` (certainly not handled), `Died` and
/// `Timeout` (perhaps handled).
///
/// # Cancel safety
///
/// Dropping the future drops the message if it was not accepted yet; otherwise it may still be handled.
///
/// # Delivery
///
/// At most once. Ok means handled: the handler returned without ending its process.
///
/// # Metrics
///
/// As [`handled_with`].
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
    handled_with(address, message, &SendOptions::within(timeout)).await
}

/// Delivers a message and waits until its handler has run to its end, trying again as the options say, but never what may have been
/// handled.
///
/// # Errors
///
/// [`DeliveryError`], for the last of the attempts. A message that was not accepted comes back, or is a dead letter by then; one
/// that was accepted is gone.
///
/// # Cancel safety
///
/// Dropping the future drops the message if it was not accepted yet; otherwise it may still be handled.
///
/// # Delivery
///
/// At most once: what was refused is sent again, what was accepted never. Ok means handled.
///
/// # Metrics
///
/// `foundation.delivery.handled_total`, `foundation.delivery.retried_total`, `foundation.delivery.failed_total` by `cause`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use foundation::{Node, NodeConfig};
/// # use test_helpers::Probe;
/// # let node = Node::new(NodeConfig::default())?;
/// # let mut probe = Probe::<&str>::start(&node).await;
/// # let listener = probe.server().clone();
/// use foundation::{Backoff, SendOptions, handled_with};
/// use std::time::Duration;
///
/// let options = SendOptions::within(Duration::from_secs(1)).retries(3, Backoff::default());
/// let receipt = handled_with(&listener, "hello", &options).await.map_err(|error| error.to_string())?;
/// assert_eq!(receipt.pid, listener.pid());
/// assert_eq!(probe.drain(), ["hello"], "it is there already");
/// # Ok(())
/// # }
/// ```
pub async fn handled_with<M, A>(
    address: &A,
    mut message: M,
    options: &SendOptions,
) -> Result<Handled, DeliveryError<M>>
where
    M: Send + 'static,
    A: Address<M> + ?Sized,
{
    let mut attempts = Attempts::new(address, options);
    loop {
        let (failure, back) = match handle_once(address, message, &mut attempts).await {
            Ok(receipt) => return Ok(receipt),
            Err(unhandled) => unhandled,
        };
        let Some(returned) = back else { return Err(attempts.give_up(failure, None)) };
        if !Box::pin(attempts.again(&failure, Promise::AtMostOnce)).await {
            return Err(attempts.give_up(failure, Some(returned)));
        }
        message = returned;
    }
}

/// Delivers a message and waits until its handler has run to its end, trying again as the options say, also what may have been
/// handled.
///
/// Each attempt sends a clone. Give the options an [`attempt_timeout`](SendOptions::attempt_timeout), or a receiver that hangs leaves
/// no time for another attempt.
///
/// # Errors
///
/// [`DeliveryError`], for the last of the attempts; the message comes back, or is a dead letter by then. Ask
/// [`may_have_been_handled`](DeliveryError::may_have_been_handled), which knows of all attempts.
///
/// # Cancel safety
///
/// Dropping the future sends nothing more; what was accepted before may still be handled.
///
/// # Delivery
///
/// At least once if Ok, and perhaps several times: an attempt that ended with `Timeout` or `Died` may have been handled, or may still
/// wait in the mailbox. Put a [`MessageId`](crate::MessageId) into the message, and let the receiver ask a
/// [`Dedup`](crate::Dedup): then it is handled once in effect.
///
/// # Metrics
///
/// As [`handled_with`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use foundation::{MessageId, Node, NodeConfig};
/// # use test_helpers::Probe;
/// # let node = Node::new(NodeConfig::default())?;
/// # let mut probe = Probe::<(MessageId, &str)>::start(&node).await;
/// # let listener = probe.server().clone();
/// use foundation::{Backoff, SendOptions, handled_at_least_once};
/// use std::time::Duration;
///
/// let options = SendOptions::within(Duration::from_secs(10))
///     .attempt_timeout(Duration::from_secs(2))
///     .retries(8, Backoff::default());
/// let message = (node.next_message_id(), "hello");
/// handled_at_least_once(&listener, message, &options).await.map_err(|error| error.to_string())?;
/// assert_eq!(probe.drain(), [message]);
/// # Ok(())
/// # }
/// ```
pub async fn handled_at_least_once<M, A>(
    address: &A,
    message: M,
    options: &SendOptions,
) -> Result<Handled, DeliveryError<M>>
where
    M: Clone + Send + 'static,
    A: Address<M> + ?Sized,
{
    let mut attempts = Attempts::new(address, options);
    loop {
        let failure = match handle_once(address, message.clone(), &mut attempts).await {
            Ok(receipt) => return Ok(receipt),
            Err((failure, _copy)) => failure,
        };
        if !Box::pin(attempts.again(&failure, Promise::AtLeastOnce)).await {
            return Err(attempts.give_up(failure, Some(message)));
        }
    }
}

/// One attempt: the reason and, if it was not accepted, the message.
#[inline]
async fn handle_once<M, A>(
    address: &A,
    message: M,
    attempts: &mut Attempts<'_, A>,
) -> Result<Handled, (DeliveryFailure, Option<M>)>
where
    M: Send + 'static,
    A: Address<M> + ?Sized,
{
    let Some(server) = address.resolve() else {
        let refused = SendError::no_proc(message);
        return Err((DeliveryFailure::NotAccepted(refused.cause), Some(refused.message)));
    };
    let mut limit = attempts.limit();
    let handled = server.send_handled(message, &mut limit).await;
    attempts.began(&limit);
    match handled {
        Ok(()) => {
            telemetry::delivery_handled(1);
            Ok(Handled { pid: server.pid() })
        }
        Err(HandledFailure::NotAccepted(error)) => {
            Err((DeliveryFailure::NotAccepted(error.cause), Some(error.message)))
        }
        Err(HandledFailure::Unknown(error)) => Err((unhandled(error), None)),
    }
}

/// What became of a message that was accepted.
pub(crate) fn unhandled(error: CallError) -> DeliveryFailure {
    match error {
        CallError::Timeout => DeliveryFailure::Timeout,
        CallError::Down(reason) => DeliveryFailure::Died(reason),
        // The process lives and has let go of the receipt: its mailbox dropped the message.
        _ => DeliveryFailure::Dropped,
    }
}
