//! On the way into a mailbox: a send that may have to wait, a place in the queue for room, a reserved slot.
//!
//! Each gives back what it holds when it is dropped: its message, its place, its slot.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::error::{CastError, CastFailure, SendError};
use crate::process::envelope::{Envelope, Receipt};
use crate::process::mailbox::Mailbox;
use crate::process::pid::Pid;
use crate::process::server::Server;
use crate::process::server_ref::ServerRef;

/// A reserved slot in a mailbox. Dropping it gives the slot back.
#[must_use = "a permit that is dropped sends nothing"]
pub struct Permit<M: Send + 'static> {
    server: Option<Arc<Server<M>>>,
}

impl<M: Send + 'static> Permit<M> {
    pub(crate) fn new(server: Arc<Server<M>>) -> Self {
        Self { server: Some(server) }
    }

    /// Sends a message into the reserved slot. Never waits and never finds the mailbox full.
    ///
    /// # Errors
    ///
    /// [`CastError`] with the message and `NoProc` if the process has ended since.
    pub fn send(mut self, message: M) -> Result<(), CastError<M>> {
        let Some(server) = self.server.take() else {
            return Err(CastError::new(message, CastFailure::NoProc));
        };
        let pushed = server.mailbox.push_reserved(Envelope { message, receipt: Receipt::Cast });
        pushed.map_err(|envelope| CastError::new(envelope.message, CastFailure::NoProc))
    }
}

impl<M: Send + 'static> Permit<M> {
    /// Sends a message with its receipt, and returns to whom; `None` if the process has ended since.
    pub(crate) fn push(mut self, message: M, receipt: Receipt) -> Option<Pid> {
        let server = self.server.take()?;
        let is_in = server.mailbox.push_reserved(Envelope { message, receipt }).is_ok();
        is_in.then(|| server.cell.pid())
    }

    /// The door that it came through.
    pub(crate) fn server(&self) -> Option<ServerRef<M>> {
        self.server.as_ref().map(|server| ServerRef::new(Arc::clone(server)))
    }

    /// Whether the process has not ended yet.
    pub(crate) fn is_open(&self) -> bool {
        self.server.as_ref().is_some_and(|server| server.cell.exit_reason().is_none())
    }
}

impl<M: Send + 'static> Drop for Permit<M> {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.mailbox.release(1);
        }
    }
}

impl<M: Send + 'static> fmt::Debug for Permit<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// The future of [`ServerRef::send`], written out so that a message that finds room moves straight into the mailbox.
pub(crate) struct Sending<'a, M> {
    to: &'a ServerRef<M>,
    timeout: Duration,
    message: Option<M>,
    late: Option<Late<'a, M>>,
}

/// Boxed: who need not wait carries nothing of the wait.
type Late<'a, M> = Pin<Box<dyn Future<Output = Result<(), Box<SendError<M>>>> + Send + 'a>>;

/// Nothing in it is pinned in place.
impl<M> Unpin for Sending<'_, M> {}

impl<M: Send + 'static> Future for Sending<'_, M> {
    type Output = Result<(), SendError<M>>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(message) = this.message.take() {
            match this.to.server().push(message, Receipt::Cast) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(refused) => this.wait(refused),
            }
        }
        match &mut this.late {
            Some(late) => late.as_mut().poll(cx).map_err(|error| *error),
            // Polled after its end.
            None => Poll::Pending,
        }
    }
}

impl<'a, M: Send + 'static> Sending<'a, M> {
    pub(crate) fn new(to: &'a ServerRef<M>, message: M, timeout: Duration) -> Self {
        Self { to, timeout, message: Some(message), late: None }
    }

    #[cold]
    #[inline(never)]
    fn wait(&mut self, refused: (Envelope<M>, CastFailure)) {
        let (to, timeout) = (self.to, self.timeout);
        self.late = Some(Box::pin(async move {
            to.push_late(refused, &mut to.deadline(timeout)).await.map_err(Box::new)
        }));
    }
}

/// Waits for a slot; gives up its place when dropped.
pub(crate) struct Reserve<'a, M> {
    mailbox: &'a Mailbox<M>,
    ticket: Option<u64>,
}

impl<'a, M> Reserve<'a, M> {
    pub(crate) fn new(mailbox: &'a Mailbox<M>) -> Self {
        Self { mailbox, ticket: None }
    }
}

impl<M> Future for Reserve<'_, M> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = &mut *self;
        this.mailbox.poll_reserve(&mut this.ticket, cx.waker())
    }
}

impl<M> Drop for Reserve<'_, M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.mailbox.cancel_reserve(ticket);
        }
    }
}

/// Waits for a slot like [`Reserve`], keeps the mailbox meanwhile, and hands out a permit; `None` if the process has ended.
pub(crate) struct Room<M: Send + 'static> {
    server: Arc<Server<M>>,
    ticket: Option<u64>,
}

impl<M: Send + 'static> Room<M> {
    pub(crate) fn new(server: &Arc<Server<M>>) -> Self {
        Self { server: Arc::clone(server), ticket: None }
    }
}

impl<M: Send + 'static> Future for Room<M> {
    type Output = Option<Permit<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let is_granted = ready!(this.server.mailbox.poll_reserve(&mut this.ticket, cx.waker()));
        Poll::Ready(is_granted.then(|| Permit::new(Arc::clone(&this.server))))
    }
}

impl<M: Send + 'static> Drop for Room<M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.server.mailbox.cancel_reserve(ticket);
        }
    }
}
