//! One answer per call.
//!
//! A [`Reply`] travels inside a message; the caller holds the other half. Dropping it unanswered is an answer, too: the
//! caller need not wait for its deadline. A late answer is dropped with the cell and cannot reach a later call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;

/// The right to answer one call, once.
///
/// # Differs from OTP
///
/// A `From` that is forgotten leaves its caller to the deadline; a reply that is dropped tells it at once.
///
/// # Examples
///
/// ```
/// use foundation::Reply;
///
/// enum Msg {
///     Get(Reply<u64>),
/// }
///
/// fn handle(state: u64, msg: Msg) {
///     match msg {
///         Msg::Get(reply) => reply.send(state),
///     }
/// }
/// # let _unused = handle;
/// ```
#[must_use = "dropping a reply tells the caller that there is no answer"]
pub struct Reply<T> {
    cell: Option<Arc<Cell<T>>>,
}

#[derive(Debug)]
pub(crate) struct Cell<T> {
    state: Mutex<State<T>>,
    /// For the edges of calls that wait; a reply that was dropped is no answer.
    #[cfg(debug_assertions)]
    is_answered: Arc<std::sync::atomic::AtomicBool>,
}

impl<T> Cell<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::Waiting(None)),
            #[cfg(debug_assertions)]
            is_answered: Arc::default(),
        })
    }
}

#[derive(Debug)]
enum State<T> {
    Waiting(Option<Waker>),
    Answered(T),
    Dropped,
    Abandoned,
}

/// The caller's half.
pub(crate) struct Answer<T> {
    /// `None` once the answer is out: then there is nothing to abandon.
    cell: Option<Arc<Cell<T>>>,
}

/// The reply was dropped without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unanswered;

/// Creates the two halves.
pub(crate) fn pair<T>() -> (Reply<T>, Answer<T>) {
    let cell = Cell::new();
    (Reply { cell: Some(Arc::clone(&cell)) }, Answer { cell: Some(cell) })
}

impl<T> Reply<T> {
    /// Answers the call. Never waits; if the caller has given up, the value is dropped.
    ///
    /// May be called from any thread. As in OTP `gen_server:reply/2`, the server does not learn whether the caller still
    /// listens; [`is_abandoned`](Self::is_abandoned) tells.
    pub fn send(mut self, value: T) {
        if let Some(cell) = self.cell.take() {
            cell.settle(State::Answered(value));
        }
    }

    /// Answers like [`send`](Self::send), and returns whether the answer will be seen.
    pub(crate) fn deliver(mut self, value: T) -> bool {
        self.cell.take().is_some_and(|cell| cell.settle(State::Answered(value)))
    }

    /// Returns true when nobody waits for the answer any more, so that expensive work can be left out.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| matches!(*cell.state.lock(), State::Abandoned))
    }
}

impl<T> Cell<T> {
    /// Returns false if it was settled or abandoned before.
    fn settle(&self, outcome: State<T>) -> bool {
        #[cfg(debug_assertions)]
        if matches!(outcome, State::Answered(_)) {
            self.is_answered.store(true, std::sync::atomic::Ordering::SeqCst);
        }
        let mut state = self.state.lock();
        // An abandoned cell stays abandoned: the outcome is dropped after the lock.
        let (waker, unused) = match std::mem::replace(&mut *state, State::Abandoned) {
            State::Waiting(waker) => {
                *state = outcome;
                (waker, None)
            }
            State::Abandoned => (None, Some(outcome)),
            settled => {
                *state = settled;
                (None, Some(outcome))
            }
        };
        drop(state);
        let is_new = unused.is_none();
        drop(unused);
        if let Some(waker) = waker {
            waker.wake();
        }
        is_new
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.settle(State::Dropped);
        }
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("abandoned", &self.is_abandoned()).finish()
    }
}

#[cfg(debug_assertions)]
impl<T> Answer<T> {
    /// Says whether there is an answer, seen by the caller or not.
    pub(crate) fn is_answered(&self) -> Arc<std::sync::atomic::AtomicBool> {
        self.cell.as_ref().map(|cell| Arc::clone(&cell.is_answered)).unwrap_or_default()
    }
}

impl<T> Answer<T> {
    /// Gives up, and returns whether the answer was there already.
    pub(crate) fn give_up(mut self) -> bool {
        let Some(cell) = self.cell.take() else { return true };
        let state = std::mem::replace(&mut *cell.state.lock(), State::Abandoned);
        matches!(state, State::Answered(_))
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(cell) = &self.cell else { return Poll::Ready(Err(Unanswered)) };
        let mut state = cell.state.lock();
        if let State::Waiting(waker) = &mut *state {
            match waker {
                Some(known) => known.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        let settled = std::mem::replace(&mut *state, State::Abandoned);
        drop(state);
        self.cell = None;
        Poll::Ready(match settled {
            State::Answered(value) => Ok(value),
            State::Waiting(_) | State::Dropped | State::Abandoned => Err(Unanswered),
        })
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let Some(cell) = self.cell.take() else { return };
        let state = std::mem::replace(&mut *cell.state.lock(), State::Abandoned);
        drop(state);
    }
}
