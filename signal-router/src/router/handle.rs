//! [`RouterHandle`]: how to route and subscribe.

use std::fmt;
use std::sync::Arc;

use foundation::{Name, Pid, ProcessRef, Recipient};

use crate::error::SubscribeError;
use crate::router::report::{RouteCounts, RouteReport};
use crate::router::server::{Msg, Request};
use crate::router::subscription::{Subscription, SubscriptionId};
use crate::router::table::{Predicate, Shared};
use crate::routing::pattern::Pattern;
use crate::routing::priority::Priority;
use crate::signal::envelope::Signal;

/// A door to one router, by its name: it keeps working across restarts of the process.
///
/// Cloning is cheap; every clone sees the same subscriptions.
#[derive(Clone)]
pub struct RouterHandle {
    name: Name<Msg>,
    shared: Arc<Shared>,
}

/// One subscription, as [`RouterHandle::subscriptions`] lists it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubscriptionInfo {
    /// Its id.
    pub id: SubscriptionId,
    /// What it is for.
    pub pattern: Pattern,
    /// Its priority.
    pub priority: Priority,
    /// The process behind the recipient now, if there is one.
    pub pid: Option<Pid>,
}

impl RouterHandle {
    pub(crate) const fn new(name: Name<Msg>, shared: Arc<Shared>) -> Self {
        Self { name, shared }
    }

    /// Routes `signal` to every subscription that matches, in the order described at [`Pattern`].
    ///
    /// Runs here, in the caller: the router process is not asked and no subscriber is waited for,
    /// so a slow one delays nobody. A subscriber gets the signal once for each of its subscriptions
    /// that match. All receivers share one signal. Cost: one look-up, and one cast per match.
    ///
    /// A predicate of a subscriber also runs here.
    ///
    /// # Delivery
    ///
    /// At most once. Signals that one task routes reach a subscriber in that order. Delivered means
    /// accepted by its mailbox; a full mailbox and a dead subscriber are listed in the report, and
    /// a router that is not running is [`Routed::NoRouter`](crate::Routed::NoRouter).
    ///
    /// # Metrics
    ///
    /// `signal_router.route.signals_total`, `signal_router.route.deliveries_total`
    pub fn route(&self, signal: impl Into<Arc<Signal>>) -> RouteReport {
        self.shared.route(&signal.into())
    }

    /// Subscribes `recipient` to the signals whose type matches `pattern`.
    ///
    /// The recipient's own mailbox is the queue of the subscription, with its capacity and its
    /// policy for a full one. The subscription ends with the guard, with the process that is behind
    /// the recipient now, or with the router, whichever comes first; a recipient made from a name
    /// does not carry it over to the next holder of the name.
    ///
    /// When this returns `Ok`, every routing that starts later sees the subscription. Waits for the
    /// router, at most 5 s.
    ///
    /// # Errors
    ///
    /// [`SubscribeError::NoProc`] for a dead subscriber, [`SubscribeError::Limit`] for a full
    /// router, [`SubscribeError::Router`] if it did not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, a subscription that was made is released again.
    pub async fn subscribe(
        &self,
        pattern: Pattern,
        priority: Priority,
        recipient: Recipient<Arc<Signal>>,
    ) -> Result<Subscription, SubscribeError> {
        self.request(Request { pattern, priority, recipient, predicate: None }).await
    }

    /// Subscribes like [`subscribe`](Self::subscribe), only to signals for which `predicate` holds.
    ///
    /// The predicate is first called when a signal matches the pattern. It runs in whoever routes
    /// and delays it, so it should only look at the signal. A signal it refuses counts as one that
    /// does not match.
    ///
    /// # Panics
    ///
    /// A predicate must not panic: panics are caught nowhere but at the edge of a process, so one
    /// would end the process that routes, not the one that subscribed. Answer `false` instead.
    ///
    /// # Errors
    ///
    /// Those of [`subscribe`](Self::subscribe).
    pub async fn subscribe_where(
        &self,
        pattern: Pattern,
        priority: Priority,
        recipient: Recipient<Arc<Signal>>,
        predicate: impl Fn(&Signal) -> bool + Send + Sync + 'static,
    ) -> Result<Subscription, SubscribeError> {
        let predicate: Option<Predicate> = Some(Arc::new(predicate));
        self.request(Request { pattern, priority, recipient, predicate }).await
    }

    async fn request(&self, request: Request) -> Result<Subscription, SubscribeError> {
        let answer = self.name.call(|reply| Msg::Subscribe(request, reply)).await;
        answer.map_err(SubscribeError::Router)?
    }

    /// Returns the subscriptions that would get `signal` now, in order, without routing it.
    #[must_use]
    pub fn matching(&self, signal: &Signal) -> Vec<SubscriptionId> {
        let mut ids = Vec::new();
        if let Some(table) = self.shared.current.load().as_ref() {
            table.for_each(signal, |route, _| ids.push(table.subscription_id(route)));
        }
        ids
    }

    /// Lists all subscriptions in the order in which they were made.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<SubscriptionInfo> {
        let current = self.shared.current.load();
        let Some(table) = current.as_ref() else {
            return Vec::new();
        };
        let matcher = table.matcher.load();
        let info = matcher.iter().map(|route| SubscriptionInfo {
            id: table.subscription_id(route.id()),
            pattern: route.pattern().clone(),
            priority: route.priority(),
            pid: route.value().recipient.pid(),
        });
        info.collect()
    }

    /// Counts the subscriptions; 0 while no router is running.
    #[must_use]
    pub fn subscription_count(&self) -> usize {
        self.shared.current.load().as_ref().map_or(0, |table| table.matcher.load().len())
    }

    /// Returns what became of all signals so far.
    #[must_use]
    pub fn counts(&self) -> RouteCounts {
        self.shared.counts()
    }

    /// Returns the running incarnation of the router, to monitor it.
    #[must_use]
    pub fn process(&self) -> Option<ProcessRef> {
        self.name.whereis().map(|server| server.process().clone())
    }
}

impl fmt::Debug for RouterHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RouterHandle").field(&self.name).finish()
    }
}
