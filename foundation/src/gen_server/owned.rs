//! What a process has besides its state and its mail, in one box that is made when the first of it is needed.
//!
//! Most processes of a large system are idle and own nothing; they pay one pointer for all of this. Invariant: what is here
//! ends with the process, whatever ends it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;

use crate::gen_server::Info;
use crate::gen_server::owned_tasks::{Tasks, Told};
use crate::gen_server::stash::Stash;
use crate::gen_server::timers::{Fired, Timers};
use crate::process::envelope::{Envelope, Receipt};

type Piped<M> = FuturesUnordered<Pin<Box<dyn Future<Output = M> + Send>>>;

/// What a process has started itself or put aside.
pub(crate) struct Owned<M> {
    pub(crate) timers: Timers<M>,
    pub(crate) tasks: Tasks<M>,
    piped: Option<Piped<M>>,
    /// Made for the first message that is put aside.
    pub(crate) stash: Option<Box<Stash<M>>>,
    /// It takes nothing but what a suspended process obeys.
    pub(crate) is_suspended: bool,
}

/// What the process gets from what it owns.
pub(crate) enum Own<M> {
    Message(Envelope<M>),
    Info(Info),
}

impl<M> Own<M> {
    /// A message that the process sends to itself: nobody else waits for its fate.
    fn message(message: M) -> Self {
        Self::Message(Envelope { message, receipt: Receipt::Call })
    }
}

impl<M> Default for Owned<M> {
    fn default() -> Self {
        Self {
            timers: Timers::default(),
            tasks: Tasks::default(),
            piped: None,
            stash: None,
            is_suspended: false,
        }
    }
}

impl<M> Owned<M> {
    pub(crate) fn pipe(&mut self, future: impl Future<Output = M> + Send + 'static) {
        self.piped.get_or_insert_with(FuturesUnordered::new).push(Box::pin(future));
    }

    pub(crate) fn piped(&self) -> usize {
        self.piped.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Takes the next thing that is ready: results before timers before what was put aside.
    ///
    /// Out of the loop's code: a panic of a handler looks through all of that.
    #[inline(never)]
    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Own<M>> {
        let started = self.poll_started(cx);
        let Some(stash) = &mut self.stash else { return started };
        match stash.next(started.is_pending()) {
            Some(envelope) => Poll::Ready(Own::Message(envelope)),
            None => started,
        }
    }

    fn poll_started(&mut self, cx: &mut TaskContext<'_>) -> Poll<Own<M>> {
        if let Poll::Ready(told) = self.tasks.poll(cx) {
            return Poll::Ready(match told {
                Told::Output(message) => Own::message(message),
                Told::Done(done) => Own::Info(Info::TaskDone(done)),
            });
        }
        if let Some(piped) = &mut self.piped
            && let Poll::Ready(Some(message)) = Pin::new(piped).poll_next(cx)
        {
            return Poll::Ready(Own::message(message));
        }
        self.timers.poll(cx).map(|fired| match fired {
            Fired::Message(message) => Own::message(message),
            Fired::Notice(timer) => Own::Info(Info::Timer(timer)),
        })
    }
}
