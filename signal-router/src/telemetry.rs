//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.
//!
//! [`METRICS`] is the one list: what the recorder is told and what `docs/METRICS.md` shows come from it.

use foundation::Metric;
use metrics::{counter, gauge};

use crate::router::report::Routed;

/// Every metric of this crate.
const METRICS: &[Metric] = &[
    Metric::counter(
        "signal_router.route.signals_total",
        &[("outcome", &["matched", "unmatched", "no_router"])],
        "signals that were routed, by whether anybody matched",
    ),
    Metric::counter(
        "signal_router.route.deliveries_total",
        &[("outcome", &["delivered", "full", "noproc"])],
        "deliveries to subscribers, by outcome",
    ),
    Metric::gauge("signal_router.subscriptions", &[], "subscriptions of the router"),
];

/// Describes every metric of this crate to the installed recorder. Call it once, after installing
/// one.
///
/// # Examples
///
/// ```
/// signal_router::describe_metrics();
/// ```
pub fn describe_metrics() {
    METRICS.iter().for_each(Metric::describe);
}

/// One signal was routed.
///
/// The labels are literals so that counting allocates nothing.
pub(crate) fn routed(routed: Routed, delivered: usize, full: usize, no_proc: usize) {
    match routed {
        Routed::Matched => {
            counter!("signal_router.route.signals_total", "outcome" => "matched").increment(1)
        }
        Routed::None => {
            counter!("signal_router.route.signals_total", "outcome" => "unmatched").increment(1)
        }
        Routed::NoRouter => {
            counter!("signal_router.route.signals_total", "outcome" => "no_router").increment(1)
        }
    }
    if delivered > 0 {
        counter!("signal_router.route.deliveries_total", "outcome" => "delivered")
            .increment(delivered as u64);
    }
    if full > 0 {
        counter!("signal_router.route.deliveries_total", "outcome" => "full")
            .increment(full as u64);
    }
    if no_proc > 0 {
        counter!("signal_router.route.deliveries_total", "outcome" => "noproc")
            .increment(no_proc as u64);
    }
}

pub(crate) fn subscriptions(count: usize) {
    gauge!("signal_router.subscriptions").set(count as f64);
}
