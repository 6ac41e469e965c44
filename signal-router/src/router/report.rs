//! [`RouteReport`]: what became of one signal.

use std::error::Error;
use std::fmt;

use crate::router::subscription::SubscriptionId;

/// Whether anybody was there for a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Routed {
    /// At least one subscription matched.
    Matched,
    /// No subscription matched.
    None,
    /// No router is running, so there are no subscriptions.
    NoRouter,
}

/// Why one subscriber did not get a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// Its mailbox is full. The others were served without delay.
    Full,
    /// It is dead, and its subscription is about to go.
    NoProc,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the mailbox is full",
            Self::NoProc => "the subscriber is dead",
        })
    }
}

/// What became of one signal; every subscription that matched is delivered or dropped.
///
/// Delivered means accepted by the subscriber's mailbox, not handled. A mailbox with a policy that
/// drops accepts first; what it drops is among the dead letters of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a signal may have reached nobody; `or_counted` accepts that"]
pub struct RouteReport {
    /// Whether anybody was there.
    pub routed: Routed,
    /// How many subscriptions matched.
    pub matched: usize,
    /// How many mailboxes took the signal.
    pub delivered: usize,
    /// Who did not get it, and why, in the order of routing.
    pub dropped: Vec<(SubscriptionId, DropReason)>,
}

impl RouteReport {
    pub(crate) const fn new(routed: Routed) -> Self {
        Self { routed, matched: 0, delivered: 0, dropped: Vec::new() }
    }

    /// Accepts every outcome: what was not delivered stays counted, and nothing more is done.
    pub fn or_counted(self) {}

    /// Returns the report if at least one subscription matched.
    ///
    /// # Errors
    ///
    /// [`RouteError`] if the signal was for nobody. A drop is no error: the report lists it.
    pub fn require_match(self) -> Result<Self, RouteError> {
        match self.routed {
            Routed::Matched => Ok(self),
            Routed::None => Err(RouteError::NoMatch),
            Routed::NoRouter => Err(RouteError::NoRouter),
        }
    }
}

/// A signal was for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteError {
    /// No subscription matched.
    NoMatch,
    /// No router is running.
    NoRouter,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoMatch => "no subscription matches the signal",
            Self::NoRouter => "no router is running",
        })
    }
}

impl Error for RouteError {}

/// How many signals a router has seen and what became of them, since it was made.
///
/// Restarts of the process do not reset the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RouteCounts {
    /// Signals that matched at least one subscription.
    pub matched: u64,
    /// Signals that matched none.
    pub unmatched: u64,
    /// Signals that found no router running.
    pub no_router: u64,
    /// Deliveries to mailboxes.
    pub delivered: u64,
    /// Deliveries that found a mailbox full.
    pub dropped_full: u64,
    /// Deliveries that found a subscriber dead.
    pub dropped_no_proc: u64,
}
