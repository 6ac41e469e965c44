//! The typed door to one incarnation of a process.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{CallError, CastError, CastFailure, SendError, SendFailure};
use crate::process::cell::Process;
use crate::process::deadlines::Deadline;
use crate::process::envelope::{Control, Envelope, Receipt};
use crate::process::mailbox::{Overflow, ReserveRefused};
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::recipient::Recipient;
use crate::process::reply::{self, Answer, Reply, Unanswered};
use crate::process::sending::{Permit, Reserve, Sending};
use crate::process::server::Server;
#[cfg(debug_assertions)]
use crate::process::wait_for::{self, Until};
use crate::telemetry;
use crate::time::Elapsed;

/// How long a call waits when nothing else is said. As in OTP `gen_server:call/2`.
pub(crate) const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A door to one incarnation of a process that takes messages of type `M`.
///
/// Weak: the supervision tree owns the process, this only reaches it. After a restart this door leads nowhere (`NoProc`);
/// use a [`Name`](crate::Name) to reach whoever is there. A clone is the same door.
///
/// # Delivery
///
/// A message that was accepted is handled at most once, in the order in which one sender sent it. If the process ends first,
/// a cast goes to the dead letters with the reason, a call reports `Down`.
///
/// # Differs from OTP
///
/// A pid takes any term; this takes one type of messages.
pub struct ServerRef<M> {
    server: Arc<Server<M>>,
    process: ProcessRef,
}

impl<M: Send + 'static> ServerRef<M> {
    pub(crate) fn new(server: Arc<Server<M>>) -> Self {
        let process: Arc<dyn Process> = Arc::clone(&server) as Arc<dyn Process>;
        Self { server, process: ProcessRef::new(process) }
    }

    pub(crate) fn server(&self) -> &Arc<Server<M>> {
        &self.server
    }

    pub(crate) fn into_process(self) -> ProcessRef {
        self.process
    }

    /// Returns the pid of this incarnation.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// assert_eq!(echo.pid(), tree.process("echo").await.pid());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.server.cell.pid()
    }

    /// Returns true until the end of this incarnation has been published.
    ///
    /// # Differs from OTP
    ///
    /// As [`ProcessRef::is_alive`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// assert!(echo.is_alive());
    /// tree.kill("echo").await;
    /// assert!(!echo.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// Returns the untyped door.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// assert_eq!(echo.process().name(), Some("echo"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn process(&self) -> &ProcessRef {
        &self.process
    }

    /// Sends a message without waiting.
    ///
    /// Ok means accepted into the mailbox (or dropped by a drop policy, which is counted and dead-lettered), not handled.
    /// Cost: one short lock, no allocation beyond the growth of the queue.
    ///
    /// # Errors
    ///
    /// [`CastError`] with the message: `Full` if there is no room, `NoProc` if the process has ended.
    ///
    /// # Differs from OTP
    ///
    /// `gen_server:cast/2` is always `ok`; here a message that is not accepted comes back.
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
    /// listener.cast("hello").map_err(|refused| refused.to_string())?;
    /// assert_eq!(probe.next().await, "hello");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn cast(&self, message: M) -> Result<(), CastError<M>> {
        self.server.push(message, Receipt::Cast).map_err(|(envelope, cause)| {
            telemetry::cast_refused(cause);
            CastError::new(envelope.message, cause)
        })
    }

    /// Sends a message, waiting for room for at most `timeout` if the mailbox's policy is to wait.
    ///
    /// Ok means accepted, not handled. Waiters are served first come, first served.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message: `Timeout`, `Full` (other policies), `NoProc`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the message; it was not sent.
    ///
    /// # Differs from OTP
    ///
    /// `erlang:send/2` neither waits nor fails: a mailbox has no bound there.
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
    /// use std::time::Duration;
    ///
    /// listener.send("hello", Duration::from_secs(1)).await.map_err(|refused| refused.to_string())?;
    /// assert_eq!(probe.next().await, "hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn send(
        &self,
        message: M,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendError<M>>> + Send {
        Sending::new(self, message, timeout)
    }

    /// Sends a message and waits until its handler has run to its end.
    ///
    /// # Errors
    ///
    /// See [`crate::handled`].
    pub(crate) async fn send_handled(
        &self,
        message: M,
        deadline: &mut Deadline<'_>,
    ) -> Result<(), HandledFailure<M>> {
        if self.server.cell.is_current_task() {
            let error = SendError::new(message, SendFailure::SelfSend);
            return Err(HandledFailure::NotAccepted(error));
        }
        let (reply, answer) = reply::pair();
        #[cfg(debug_assertions)]
        let _waiting = wait_for::wait(&self.server.cell, Until::Answered(answer.is_answered()));
        if let Err(refused) = self.server.push(message, Receipt::Handled(reply)) {
            let pushed = Box::pin(self.push_late(refused, deadline)).await;
            pushed.map_err(HandledFailure::NotAccepted)?;
        }
        self.await_answer(answer, deadline).await.map_err(HandledFailure::Unknown)
    }

    /// Waits for a slot if the mailbox's policy is to wait, and puts the message there.
    pub(crate) async fn push_late(
        &self,
        refused: (Envelope<M>, CastFailure),
        deadline: &mut Deadline<'_>,
    ) -> Result<(), SendError<M>> {
        let (envelope, cause) = refused;
        if cause == CastFailure::NoProc {
            return Err(SendError::no_proc(envelope.message));
        }
        if self.server.mailbox.overflow() != Overflow::Wait {
            return Err(SendError::new(envelope.message, SendFailure::Full));
        }
        match deadline.limit(Reserve::new(&self.server.mailbox)).await {
            Ok(true) => {
                let pushed = self.server.mailbox.push_reserved(envelope);
                pushed.map_err(|envelope| SendError::no_proc(envelope.message))
            }
            Ok(false) => Err(SendError::no_proc(envelope.message)),
            Err(Elapsed) => Err(SendError::new(envelope.message, SendFailure::Timeout)),
        }
    }

    /// Reserves one slot without waiting. The message sent with it cannot find the mailbox full.
    ///
    /// # Errors
    ///
    /// [`CastFailure`]: `Full` or `NoProc`.
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
    /// let permit = listener.try_reserve().map_err(|why| format!("{why:?}"))?;
    /// permit.send("hello").map_err(|_ended| "it has ended")?;
    /// assert_eq!(probe.next().await, "hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_reserve(&self) -> Result<Permit<M>, CastFailure> {
        match self.server.mailbox.try_reserve() {
            Ok(()) => Ok(Permit::new(Arc::clone(&self.server))),
            Err(ReserveRefused::Full) => Err(CastFailure::Full),
            Err(ReserveRefused::Closed) => Err(CastFailure::NoProc),
        }
    }

    /// Calls with the default deadline of 5 s: sends the message that `make` builds around a [`Reply`] and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`CallError`]; the message of a call that failed is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the server may still do the work.
    ///
    /// # Differs from OTP
    ///
    /// The caller gets an error instead of exiting.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// assert_eq!(echo.call(|reply| EchoMsg(7, reply)).await?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call<T, F>(&self, make: F) -> Result<T, CallError>
    where
        F: FnOnce(Reply<T>) -> M,
    {
        self.call_timeout(DEFAULT_CALL_TIMEOUT, make).await
    }

    /// Calls with an explicit deadline, which covers the wait for room and the wait for the answer.
    ///
    /// `Timeout` never comes early; it comes up to 5 ms late, because one sweep watches over all deadlines of a node. A call
    /// must be awaited on a tokio runtime for its deadline to hold.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Differs from OTP
    ///
    /// As [`call`](Self::call).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// use std::time::Duration;
    ///
    /// let answer = echo.call_timeout(Duration::from_secs(1), |reply| EchoMsg(7, reply)).await?;
    /// assert_eq!(answer, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_timeout<T, F>(&self, timeout: Duration, make: F) -> Result<T, CallError>
    where
        F: FnOnce(Reply<T>) -> M,
    {
        if self.server.cell.is_current_task() {
            return Err(unanswered(CallError::SelfCall));
        }
        let (reply, answer) = reply::pair();
        #[cfg(debug_assertions)]
        let _waiting = wait_for::wait(&self.server.cell, Until::Answered(answer.is_answered()));
        let message = make(reply);
        let mut deadline = self.deadline(timeout);
        if let Err(refused) = self.server.push(message, Receipt::Call) {
            // Boxed, as in `send`.
            let pushed = Box::pin(self.push_late(refused, &mut deadline)).await;
            pushed.map_err(|error| match error.cause {
                SendFailure::Timeout => unanswered(CallError::Timeout),
                SendFailure::Full => unanswered(CallError::Full),
                SendFailure::NoProc => unanswered(CallError::NoProc),
                SendFailure::SelfSend => unanswered(CallError::SelfCall),
            })?;
        }
        self.await_answer(answer, &mut deadline).await
    }

    /// A time limit, not begun yet.
    pub(crate) fn deadline(&self, timeout: Duration) -> Deadline<'_> {
        self.server.cell.node().deadlines().within(timeout)
    }

    async fn await_answer<T>(
        &self,
        answer: Answer<T>,
        deadline: &mut Deadline<'_>,
    ) -> Result<T, CallError> {
        match deadline.limit(answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Unanswered)) => {
                let why = deadline.limit(Box::pin(self.why_unanswered())).await;
                Err(unanswered(why.unwrap_or(CallError::NoReply)))
            }
            Err(Elapsed) => Err(unanswered(CallError::Timeout)),
        }
    }

    /// The process has dropped a reply, perhaps on its way to its end: asks it for a sign of life.
    pub(crate) async fn why_unanswered(&self) -> CallError {
        let (ping, pong) = reply::pair();
        if self.server.push_control(Control::Sync(ping)) && pong.await.is_ok() {
            return CallError::NoReply;
        }
        // A closed mailbox has a reason.
        let down = self.process.monitor().down().await;
        CallError::Down(self.process.exit_reason().unwrap_or(down.reason))
    }

    /// Returns a narrow door that takes only `T`.
    #[must_use]
    pub fn recipient<T>(&self) -> Recipient<T>
    where
        M: From<T>,
        T: Send + 'static,
    {
        Recipient::new(Arc::new(self.clone()))
    }
}

impl<M> Clone for ServerRef<M> {
    fn clone(&self) -> Self {
        Self { server: Arc::clone(&self.server), process: self.process.clone() }
    }
}

impl<M> fmt::Debug for ServerRef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerRef").field(&self.process.pid()).finish()
    }
}

/// Why a message was not known to be handled.
pub(crate) enum HandledFailure<M> {
    NotAccepted(SendError<M>),
    Unknown(CallError),
}

/// Counts a call without an answer.
#[cold]
pub(crate) fn unanswered(error: CallError) -> CallError {
    telemetry::call_failed(&error);
    error
}
