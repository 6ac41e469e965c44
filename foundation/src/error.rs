//! What can go wrong with a message or a start, one type for each operation.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::process::exit::ExitReason;
use crate::process::pid::Pid;

/// Why a cast was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CastFailure {
    /// The mailbox is full. Worth a retry later.
    Full,
    /// There is no such process, or it has ended.
    NoProc,
}

/// A message that a cast could not deliver, with the message.
///
/// # Differs from OTP
///
/// `gen_server:cast/2` is always `ok`.
#[derive(Clone, PartialEq, Eq)]
pub struct CastError<M> {
    /// The message comes back.
    pub message: M,
    /// Why.
    pub cause: CastFailure,
}

impl<M> CastError<M> {
    pub(crate) fn new(message: M, cause: CastFailure) -> Self {
        Self { message, cause }
    }

    /// Returns the message.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let nobody = node.name::<String>("nobody")?;
    /// let refused = nobody.cast("hello".to_owned()).expect_err("nobody has the name");
    /// assert_eq!(refused.into_message(), "hello");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_message(self) -> M {
        self.message
    }

    /// Returns true when a later attempt at the same process may succeed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let nobody = node.name::<String>("nobody")?;
    /// let refused = nobody.cast("hello".to_owned()).expect_err("nobody has the name");
    /// assert!(!refused.is_retryable(), "only a full mailbox is worth a retry");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.cause == CastFailure::Full
    }
}

impl<M> fmt::Debug for CastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CastError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<M> fmt::Display for CastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            CastFailure::Full => f.write_str("the mailbox is full"),
            CastFailure::NoProc => f.write_str("no such process"),
        }
    }
}

impl<M> Error for CastError<M> {}

/// Why a send did not deliver in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendFailure {
    /// No room before the deadline.
    Timeout,
    /// The mailbox is full and its policy is not to wait.
    Full,
    /// There is no such process, or it has ended.
    NoProc,
    /// A process would wait for its own handler, which could only time out.
    SelfSend,
}

/// A message that a send could not deliver, with the message.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<M> {
    /// The message comes back.
    pub message: M,
    /// Why.
    pub cause: SendFailure,
}

impl<M> SendError<M> {
    pub(crate) fn new(message: M, cause: SendFailure) -> Self {
        Self { message, cause }
    }

    pub(crate) fn no_proc(message: M) -> Self {
        Self::new(message, SendFailure::NoProc)
    }

    /// Returns the message.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let nobody = node.name::<String>("nobody")?;
    /// let refused = nobody.send("hello".to_owned(), Duration::from_secs(1)).await.expect_err("nobody has the name");
    /// assert_eq!(refused.into_message(), "hello");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_message(self) -> M {
        self.message
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl fmt::Display for SendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no room in the mailbox before the deadline",
            Self::Full => "the mailbox is full",
            Self::NoProc => "no such process",
            Self::SelfSend => "a process cannot wait for itself",
        })
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl<M> Error for SendError<M> {}

/// Why a call has no answer.
///
/// After `Timeout`, `Down` and `NoReply` the server may have done the work; the others are certain that it did not.
///
/// # Differs from OTP
///
/// In `gen_server:call/3` all of these are exits of the caller. `Full` and `NoReply` do not exist there: a mailbox
/// has no bound, and a server that forgets a caller is found out by the deadline.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallError {
    /// The deadline passed. The server is not told and may still do the work; a late answer is dropped.
    Timeout,
    /// The process ended before it answered.
    Down(ExitReason),
    /// There was no room in the mailbox.
    Full,
    /// There is no such process.
    NoProc,
    /// The server dropped the reply and lives on: the callback that ran then has returned, or still runs at the deadline.
    NoReply,
    /// A process called itself, which could only time out.
    SelfCall,
}

impl CallError {
    /// Returns true when the same call may succeed later; the work may then be done twice after `Timeout` or `Down`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::CallError;
    ///
    /// assert!(CallError::Full.is_retryable());
    /// assert!(!CallError::SelfCall.is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Timeout | Self::Down(_) | Self::Full | Self::NoProc)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer before the deadline"),
            Self::Down(reason) => write!(f, "the process ended before it answered: {reason}"),
            Self::Full => f.write_str("the mailbox is full"),
            Self::NoProc => f.write_str("no such process"),
            Self::NoReply => f.write_str("the server dropped the call"),
            Self::SelfCall => f.write_str("a process cannot call itself"),
        }
    }
}

impl Error for CallError {}

/// Why a process or a tree did not start. Nothing of it is running.
///
/// # Differs from OTP
///
/// The errors of `supervisor:start_link/2` and `gen_server:start_link/3`, as one type; `Ignored` is no error there.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StartError {
    /// Its `init` failed, or it ended during `init`.
    Failed(ExitReason),
    /// Its `init` chose not to run.
    Ignored,
    /// The name is held by a process that lives.
    AlreadyStarted(Pid),
    /// A child of the supervisor did not start; the earlier ones were stopped again.
    Child {
        /// The id of the child.
        id: Arc<str>,
        /// Why it did not start.
        reason: ExitReason,
    },
    /// The specification contradicts itself.
    Spec(crate::supervisor::spec::SpecError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) => write!(f, "init ended: {reason}"),
            Self::Ignored => f.write_str("init chose not to run"),
            Self::AlreadyStarted(pid) => write!(f, "the name is held by {pid}"),
            Self::Child { id, reason } => write!(f, "child {id:?} did not start: {reason}"),
            Self::Spec(error) => write!(f, "the specification is wrong: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(ExitReason::Error(error))
            | Self::Child { reason: ExitReason::Error(error), .. } => {
                let source: &(dyn Error + 'static) = &**error;
                Some(source)
            }
            Self::Spec(error) => Some(error),
            _ => None,
        }
    }
}
