//! [`Subscription`]: a guard; as long as it lives, signals come.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use foundation::{CallError, CastFailure, Pid, ProcessRef};

use crate::router::server::Msg;
use crate::router::table::Table;
use crate::routing::matcher::RouteId;

/// Names one subscription, never used twice, also across restarts of the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId {
    router: Pid,
    route: RouteId,
}

impl SubscriptionId {
    pub(crate) const fn new(router: Pid, route: RouteId) -> Self {
        Self { router, route }
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.router, self.route)
    }
}

/// Keeps one subscription; dropping it unsubscribes.
///
/// A routing that starts after the drop returned does not deliver through this subscription; what
/// the mailbox already holds stays there. The router forgets the subscription a moment later;
/// [`unsubscribe`](Self::unsubscribe) waits for that.
///
/// The subscription also ends when the subscriber dies, and when the router does:
///
/// | what ends | what remains | how to know |
/// |---|---|---|
/// | the guard | nothing | you dropped it |
/// | the subscriber, by whatever cause | nothing; its next incarnation subscribes anew | - |
/// | the router | a guard that guards nothing; subscribe again | monitor [`router`](Self::router) |
#[must_use = "dropping the guard unsubscribes"]
pub struct Subscription {
    id: SubscriptionId,
    route: RouteId,
    active: Arc<AtomicBool>,
    table: Arc<Table>,
}

impl Subscription {
    pub(crate) fn new(route: RouteId, active: Arc<AtomicBool>, table: Arc<Table>) -> Self {
        Self { id: table.subscription_id(route), route, active, table }
    }

    /// Returns the id that route reports use.
    #[must_use]
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// Returns the incarnation of the router that holds the subscription.
    ///
    /// When it dies the subscription is gone: monitor it, and subscribe again on its `Down`.
    #[must_use]
    pub fn router(&self) -> &ProcessRef {
        self.table.router.process()
    }

    /// Unsubscribes and waits until the router has forgotten the subscription.
    ///
    /// # Errors
    ///
    /// [`CallError`] if the router did not say so in time. No signal comes any more all the same,
    /// and the router forgets the subscription with the next message that it handles. A router that
    /// is dead is no error: the subscription went with it.
    pub async fn unsubscribe(self) -> Result<(), CallError> {
        self.deactivate();
        match self.table.router.call(|reply| Msg::Release(Some(reply))).await {
            Ok(()) | Err(CallError::NoProc | CallError::Down(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends the deliveries; true the first time.
    fn deactivate(&self) -> bool {
        let first = self.active.swap(false, Ordering::AcqRel);
        if first {
            self.table.released.lock().push(self.route);
        }
        first
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if !self.deactivate() {
            return;
        }
        if let Err(error) = self.table.router.cast(Msg::Release(None)) {
            // A full mailbox holds messages, and each of them makes the router look at what was
            // released; a dead router has nothing left to release.
            debug_assert!(matches!(error.cause, CastFailure::Full | CastFailure::NoProc));
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscription").field(&self.id).finish()
    }
}
