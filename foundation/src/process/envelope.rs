//! What lies in a mailbox: messages with their receipts, and messages of the kernel.
//!
//! Knows nothing of queues. Each message of a user is in one envelope until it is handled, dropped, or comes back.

use crate::process::exit::ExitReason;
use crate::process::guarded_sink::DownNotice;
use crate::process::link::ExitSignal;
use crate::process::reply::Reply;

/// Who waits for the fate of a message.
#[derive(Debug)]
pub(crate) enum Receipt {
    /// Nobody: a message left behind goes to the dead letters.
    Cast,
    /// A caller, through the `Reply` inside the message: it learns of the loss itself.
    Call,
    /// A sender that wants to know that the handler ran to its end.
    Handled(Reply<()>),
}

/// What the receiver works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InHand {
    /// No message.
    Nothing,
    /// A message whose loss nobody learns of by itself.
    Cast,
    /// A message that somebody waits for.
    Awaited,
    /// A message that it has put aside.
    Stashed,
}

impl InHand {
    pub(crate) fn of(receipt: &Receipt) -> Self {
        match receipt {
            Receipt::Cast => Self::Cast,
            Receipt::Call | Receipt::Handled(_) => Self::Awaited,
        }
    }

    pub(crate) fn is_message(self) -> bool {
        matches!(self, Self::Cast | Self::Awaited)
    }
}

/// A message with its receipt.
#[derive(Debug)]
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) receipt: Receipt,
}

/// A message of the kernel.
#[derive(Debug)]
pub(crate) enum Control {
    /// End in an orderly way.
    Stop(ExitReason),
    /// End now; only processes on their own thread get this, others are aborted.
    Exit(ExitReason),
    /// A monitored process ended.
    Down(DownNotice),
    /// An exit signal that the process traps.
    Signal(ExitSignal),
    /// Take no mail until `Resume`, and answer when that is so.
    Suspend(Reply<()>),
    /// Go on.
    Resume,
    /// Answer this when the callback that runs now has returned without ending the process.
    Sync(Reply<()>),
}

impl Control {
    /// Whether a suspended process obeys it at once; anything else waits.
    pub(crate) fn is_obeyed_suspended(&self) -> bool {
        match self {
            Self::Stop(_) | Self::Exit(_) | Self::Suspend(_) | Self::Resume | Self::Sync(_) => true,
            Self::Down(_) | Self::Signal(_) => false,
        }
    }
}

/// What `push` did.
#[derive(Debug)]
pub(crate) enum Pushed<M> {
    /// It is in the mailbox.
    Accepted,
    /// It is in the mailbox; this older one had to leave.
    Evicted(Envelope<M>),
    /// The policy dropped it.
    Dropped(Envelope<M>),
    /// There is no room.
    Full(Envelope<M>),
    /// The process has ended.
    Closed(Envelope<M>),
}

/// What the receiver gets next.
#[derive(Debug)]
pub(crate) enum Received<M> {
    Control(Control),
    Message(Envelope<M>),
}
