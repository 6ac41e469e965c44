//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.
//!
//! [`METRICS`] is the one list: what the recorder is told and what `docs/METRICS.md` shows come from it.

use foundation::Metric;
use metrics::{counter, gauge};

/// Every metric of this crate.
const METRICS: &[Metric] = &[
    Metric::counter(
        "mabeam.registry.operations_total",
        &[
            ("operation", &["register", "register_all", "update", "unregister"]),
            ("outcome", &["ok", "refused"]),
        ],
        "changes of the registry, by operation and outcome",
    ),
    Metric::counter(
        "mabeam.registry.agents_down_total",
        &[],
        "rows removed because their process died",
    ),
    Metric::gauge("mabeam.registry.agents", &[], "registered agents"),
];

/// Describes every metric of this crate to the installed recorder. Call it once, after installing
/// one.
///
/// # Examples
///
/// ```
/// mabeam::describe_metrics();
/// ```
pub fn describe_metrics() {
    METRICS.iter().for_each(Metric::describe);
}

/// What changes a registry.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    Register,
    RegisterAll,
    Update,
    Unregister,
}

pub(crate) fn operation(operation: Operation, ok: bool) {
    let operation = match operation {
        Operation::Register => "register",
        Operation::RegisterAll => "register_all",
        Operation::Update => "update",
        Operation::Unregister => "unregister",
    };
    let outcome = if ok { "ok" } else { "refused" };
    counter!("mabeam.registry.operations_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
}

pub(crate) fn agents_down(count: usize) {
    counter!("mabeam.registry.agents_down_total").increment(count as u64);
}

pub(crate) fn agents(count: usize) {
    gauge!("mabeam.registry.agents").set(count as f64);
}
