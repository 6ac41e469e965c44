//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::router::report::Routed;

const SIGNALS: &str = "signal_router.route.signals_total";
const DELIVERIES: &str = "signal_router.route.deliveries_total";
const SUBSCRIPTIONS: &str = "signal_router.subscriptions";

/// Describes every metric of this crate to the installed recorder. Call it once, after installing
/// one.
///
/// # Examples
///
/// ```
/// signal_router::describe_metrics();
/// ```
pub fn describe_metrics() {
    describe_counter!(SIGNALS, Unit::Count, "signals that were routed, by whether anybody matched");
    describe_counter!(DELIVERIES, Unit::Count, "deliveries to subscribers, by outcome");
    describe_gauge!(SUBSCRIPTIONS, Unit::Count, "subscriptions of the router");
}

/// One signal was routed.
///
/// The labels are literals so that counting allocates nothing.
pub(crate) fn routed(routed: Routed, delivered: usize, full: usize, no_proc: usize) {
    match routed {
        Routed::Matched => counter!(SIGNALS, "outcome" => "matched").increment(1),
        Routed::None => counter!(SIGNALS, "outcome" => "unmatched").increment(1),
        Routed::NoRouter => counter!(SIGNALS, "outcome" => "no_router").increment(1),
    }
    if delivered > 0 {
        counter!(DELIVERIES, "outcome" => "delivered").increment(delivered as u64);
    }
    if full > 0 {
        counter!(DELIVERIES, "outcome" => "full").increment(full as u64);
    }
    if no_proc > 0 {
        counter!(DELIVERIES, "outcome" => "noproc").increment(no_proc as u64);
    }
}

pub(crate) fn subscriptions(count: usize) {
    gauge!(SUBSCRIPTIONS).set(count as f64);
}
