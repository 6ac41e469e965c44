//! A call that has begun.

use std::fmt;

use super::breaker::CircuitBreaker;
use super::machine::Ticket;

/// A call that a [`CircuitBreaker`] let begin. Say how it ended; a permit that is dropped has failed.
///
/// It may go to another thread or live across an await. What it says after the breaker has changed its state counts for nothing.
#[must_use = "dropping it counts as a failure"]
pub struct BreakerPermit<'a> {
    breaker: &'a CircuitBreaker,
    ticket: Option<Ticket>,
}

impl<'a> BreakerPermit<'a> {
    #[inline]
    pub(crate) fn new(breaker: &'a CircuitBreaker, ticket: Ticket) -> Self {
        Self { breaker, ticket: Some(ticket) }
    }

    /// The call succeeded.
    #[inline]
    pub fn success(mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.succeeded(ticket);
        }
    }

    /// The call failed. Dropping the permit says the same.
    pub fn failure(self) {
        drop(self);
    }

    /// The call ended in the one or the other way.
    #[inline]
    pub(crate) fn end(self, is_failure: impl FnOnce() -> bool) {
        if is_failure() {
            self.failure();
        } else {
            self.success();
        }
    }
}

impl Drop for BreakerPermit<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.failed(ticket);
        }
    }
}

impl fmt::Debug for BreakerPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerPermit").finish_non_exhaustive()
    }
}
