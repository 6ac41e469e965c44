//! Blocking work: how much of it runs at once on a node, and what is refused.
//!
//! Blocking work takes a thread until it returns and nothing can end it before. So its amount is what is limited: each piece
//! holds a seat from before it is handed to the runtime until after it has returned. Invariant: there are never more seats
//! taken than the node has, whoever asks at the same time.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::node::Node;
use crate::telemetry;

/// How many pieces of blocking work run at once if nothing else is said.
pub(crate) const BLOCKING_MAX: usize = 64;

/// The seats of one node.
#[derive(Debug)]
pub(crate) struct BlockingSeats {
    taken: AtomicUsize,
    max: usize,
}

impl BlockingSeats {
    pub(crate) fn new(max: usize) -> Self {
        Self { taken: AtomicUsize::new(0), max }
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self) -> bool {
        let one_more = |taken| (taken < self.max).then_some(taken + 1);
        // A seat guards no memory: what its last holder did is published with the outcome of the work.
        self.taken.try_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }
}

/// The right to run one piece of blocking work on a node. Dropping it gives the seat back.
pub(crate) struct BlockingSeat(Node);

impl BlockingSeat {
    pub(crate) fn take(node: &Node) -> Option<Self> {
        node.blocking().take().then(|| Self(node.clone()))
    }
}

impl Drop for BlockingSeat {
    fn drop(&mut self) {
        self.0.blocking().taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why blocking work was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockingFailure {
    /// As much as [`NodeConfig::blocking_max`](crate::NodeConfig::blocking_max) allows runs already. Worth a retry when
    /// something of it has ended.
    Full,
    /// The caller runs outside a tokio runtime, so there are no threads for blocking work.
    NoRuntime,
    /// The runtime has no thread for it, and could start none: the operating system refused one.
    NoThread,
}

/// Blocking work that was refused, with the work.
///
/// # Examples
///
/// ```
/// use foundation::{BlockingError, BlockingFailure};
///
/// fn later<F: FnOnce() -> u64>(refused: BlockingError<F>) -> Option<F> {
///     (refused.cause == BlockingFailure::Full).then(|| refused.into_work())
/// }
/// # let _unused = later::<fn() -> u64>;
/// ```
pub struct BlockingError<F> {
    /// The work comes back; it has not begun.
    pub work: F,
    /// Why.
    pub cause: BlockingFailure,
}

impl<F> BlockingError<F> {
    pub(crate) fn new(work: F, cause: BlockingFailure) -> Self {
        telemetry::blocking_refused(cause);
        Self { work, cause }
    }

    /// Returns the work.
    #[must_use]
    pub fn into_work(self) -> F {
        self.work
    }
}

impl<F> fmt::Debug for BlockingError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for BlockingError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.cause {
            BlockingFailure::Full => "as much blocking work as the node allows runs already",
            BlockingFailure::NoRuntime => "blocking work needs a tokio runtime",
            BlockingFailure::NoThread => "the runtime could start no thread for blocking work",
        })
    }
}

impl<F> Error for BlockingError<F> {}
