//! The table that routing reads: an immutable matcher, swapped as a whole.
//!
//! One `Table` belongs to one incarnation of the router process and dies with it, so nothing of an
//! old incarnation can reach into a new one. `Shared` outlives them all.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use foundation::{CastFailure, Recipient, ServerRef};
use parking_lot::Mutex;

use crate::router::report::{DropReason, RouteCounts, RouteReport, Routed};
use crate::router::server::Msg;
use crate::router::subscription::SubscriptionId;
use crate::routing::matcher::{Matcher, RouteId};
use crate::signal::envelope::Signal;
use crate::telemetry;

/// A condition on a signal that a pattern cannot say.
pub(crate) type Predicate = Arc<dyn Fn(&Signal) -> bool + Send + Sync>;

/// Who gets the signals of one route.
pub(crate) struct Subscriber {
    pub(crate) recipient: Recipient<Arc<Signal>>,
    pub(crate) predicate: Option<Predicate>,
    /// Cleared by the guard when it is dropped; the route goes a moment later.
    pub(crate) active: Arc<AtomicBool>,
}

impl Subscriber {
    fn wants(&self, signal: &Signal) -> bool {
        self.active.load(Ordering::Acquire)
            && self.predicate.as_ref().is_none_or(|predicate| predicate(signal))
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("recipient", &self.recipient).finish_non_exhaustive()
    }
}

/// The subscriptions of one incarnation of the router.
pub(crate) struct Table {
    pub(crate) router: ServerRef<Msg>,
    pub(crate) matcher: ArcSwap<Matcher<Subscriber>>,
    /// Routes whose guards were dropped, each at most once, until the router removes them.
    pub(crate) released: Mutex<Vec<RouteId>>,
}

impl Table {
    pub(crate) fn new(router: ServerRef<Msg>) -> Arc<Self> {
        let matcher = ArcSwap::from_pointee(Matcher::new());
        Arc::new(Self { router, matcher, released: Mutex::new(Vec::new()) })
    }

    pub(crate) fn subscription_id(&self, route: RouteId) -> SubscriptionId {
        SubscriptionId::new(self.router.pid(), route)
    }

    /// Calls `each` with the subscriptions that want `signal`, in order.
    pub(crate) fn for_each(&self, signal: &Signal, mut each: impl FnMut(RouteId, &Subscriber)) {
        let matcher = self.matcher.load();
        for route in matcher.matches(signal.signal_type()) {
            if route.value().wants(signal) {
                each(route.id(), route.value());
            }
        }
    }
}

/// What all incarnations of one router and all its handles share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) current: ArcSwapOption<Table>,
    counts: Counts,
}

impl Shared {
    pub(crate) fn route(&self, signal: &Arc<Signal>) -> RouteReport {
        let current = self.current.load();
        let Some(table) = current.as_ref() else {
            return self.counted(RouteReport::new(Routed::NoRouter));
        };
        let mut report = RouteReport::new(Routed::None);
        table.for_each(signal, |route, subscriber| {
            report.routed = Routed::Matched;
            report.matched += 1;
            let reason = match subscriber.recipient.cast(Arc::clone(signal)) {
                Ok(()) => {
                    report.delivered += 1;
                    return;
                }
                Err(CastFailure::Full) => DropReason::Full,
                // Whatever else a door may say one day, nobody took the signal there.
                Err(_) => DropReason::NoProc,
            };
            report.dropped.push((table.subscription_id(route), reason));
        });
        self.counted(report)
    }

    fn counted(&self, report: RouteReport) -> RouteReport {
        let full = report.dropped.iter().filter(|(_, reason)| *reason == DropReason::Full).count();
        let no_proc = report.dropped.len() - full;
        let signals = match report.routed {
            Routed::Matched => &self.counts.matched,
            Routed::None => &self.counts.unmatched,
            Routed::NoRouter => &self.counts.no_router,
        };
        signals.fetch_add(1, Ordering::Relaxed);
        add(&self.counts.delivered, report.delivered);
        add(&self.counts.dropped_full, full);
        add(&self.counts.dropped_no_proc, no_proc);
        telemetry::routed(report.routed, report.delivered, full, no_proc);
        report
    }

    pub(crate) fn counts(&self) -> RouteCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RouteCounts {
            matched: read(&self.counts.matched),
            unmatched: read(&self.counts.unmatched),
            no_router: read(&self.counts.no_router),
            delivered: read(&self.counts.delivered),
            dropped_full: read(&self.counts.dropped_full),
            dropped_no_proc: read(&self.counts.dropped_no_proc),
        }
    }
}

#[derive(Default)]
struct Counts {
    matched: AtomicU64,
    unmatched: AtomicU64,
    no_router: AtomicU64,
    delivered: AtomicU64,
    dropped_full: AtomicU64,
    dropped_no_proc: AtomicU64,
}

fn add(count: &AtomicU64, more: usize) {
    if more > 0 {
        count.fetch_add(more as u64, Ordering::Relaxed);
    }
}
