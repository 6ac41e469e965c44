//! Where dead letters are handed to, so that they outlive their node.
//!
//! The node says what happened; the sink says, through a receipt for each change, whether it has it.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::process::reply::Reply;
use crate::send::dead_letter::core::Core;
use crate::send::dead_letter::letter::DeadLetterId;
use crate::send::dead_letter::record::DeadLetterChange;

/// Takes what happens to the dead letters of a node. Given to [`NodeConfig::dead_letter_sink`](crate::NodeConfig::dead_letter_sink).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use foundation::{
///     Burial, DeadLetterChange, DeadLetterCodec, DeadLetterReason, DeadLetterReceipt,
///     DeadLetterRecording, DeadLetterSink, Node, NodeConfig,
/// };
///
/// #[derive(Debug)]
/// struct Accepts;
/// impl DeadLetterSink for Accepts {
///     fn offer(&self, _change: DeadLetterChange, receipt: DeadLetterReceipt) {
///         receipt.settle(Ok(()));
///     }
/// }
///
/// let codec = DeadLetterCodec::<u8>::new("byte/1", |b| vec![*b], |bytes| bytes.first().copied());
/// let config = NodeConfig::default().dead_letter_sink(Arc::new(Accepts)).dead_letter_codec(codec);
/// let letters = Node::new(config)?.dead_letters();
/// letters.bury(Burial::new(7_u8, DeadLetterReason::NoProc));
/// assert_eq!(letters.list(&Default::default())[0].recording, DeadLetterRecording::Recorded);
/// # Ok::<(), foundation::NodeError>(())
/// ```
pub trait DeadLetterSink: Send + Sync + fmt::Debug {
    /// Takes a change, in the order in which changes happened. It must neither block nor send messages that may be dropped: it is
    /// called by whoever sends or ends, and returns before the change is recorded.
    ///
    /// The receipt is settled when that is known. One that is dropped counts as a failure.
    fn offer(&self, change: DeadLetterChange, receipt: DeadLetterReceipt);
}

/// Why a sink does not have a change, as far as it knows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DeadLetterSinkError {
    /// Too many changes wait already.
    Full,
    /// The sink does not run.
    Closed,
    /// The sink let go of the change.
    Dropped,
    /// The letter left at once, because the queue of the node is full and drops what comes last.
    NoRoom,
    /// There is no codec for the type of the message, or it panicked.
    NotEncodable,
    /// The encoded message is larger than the sink takes.
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// Most bytes taken.
        limit: usize,
    },
    /// Recording failed; perhaps the change was recorded all the same.
    Failed(Arc<dyn Error + Send + Sync>),
}

impl DeadLetterSinkError {
    /// A label of a closed set.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Closed => "closed",
            Self::Dropped => "dropped",
            Self::NoRoom => "no_room",
            Self::NotEncodable => "not_encodable",
            Self::TooLarge { .. } => "too_large",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for DeadLetterSinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("too many changes wait to be recorded"),
            Self::Closed => f.write_str("the sink does not run"),
            Self::Dropped => f.write_str("the sink dropped the change"),
            Self::NoRoom => f.write_str("the queue of dead letters is full"),
            Self::NotEncodable => f.write_str("no codec for the message"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are over the limit of {limit}")
            }
            Self::Failed(cause) => write!(f, "recording failed: {cause}"),
        }
    }
}

impl Error for DeadLetterSinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(cause) => Some(&**cause),
            _ => None,
        }
    }
}

/// By this a sink says whether it has a change. Dropping it says that it has not.
#[must_use = "a receipt that is dropped reports a failure"]
pub struct DeadLetterReceipt {
    core: Weak<Core>,
    id: DeadLetterId,
    is_burial: bool,
    waiter: Option<Reply<Result<(), DeadLetterSinkError>>>,
    is_settled: bool,
}

impl DeadLetterReceipt {
    pub(crate) fn new(
        core: &Arc<Core>,
        change: &DeadLetterChange,
        waiter: Option<Reply<Result<(), DeadLetterSinkError>>>,
    ) -> Self {
        Self {
            core: Arc::downgrade(core),
            id: change.id(),
            is_burial: matches!(change, DeadLetterChange::Buried(_)),
            waiter,
            is_settled: false,
        }
    }

    /// Says whether the change is recorded: with `Ok`, for good.
    pub fn settle(mut self, outcome: Result<(), DeadLetterSinkError>) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Result<(), DeadLetterSinkError>) {
        self.is_settled = true;
        if let Some(core) = self.core.upgrade() {
            core.recorded(self.id, self.is_burial, outcome.as_ref().err());
        }
        if let Some(waiter) = self.waiter.take() {
            waiter.send(outcome);
        }
    }
}

impl Drop for DeadLetterReceipt {
    fn drop(&mut self) {
        if !self.is_settled {
            self.tell(Err(DeadLetterSinkError::Dropped));
        }
    }
}

impl fmt::Debug for DeadLetterReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeadLetterReceipt").field(&self.id).finish()
    }
}
