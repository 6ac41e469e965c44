//! Every metric of this crate: name, unit, labels. Observed, never awaited, never used to carry data.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const OPERATIONS: &str = "mabeam.registry.operations_total";
const AGENTS_DOWN: &str = "mabeam.registry.agents_down_total";
const AGENTS: &str = "mabeam.registry.agents";

/// Describes every metric of this crate to the installed recorder. Call it once, after installing
/// one.
///
/// # Examples
///
/// ```
/// mabeam::describe_metrics();
/// ```
pub fn describe_metrics() {
    describe_counter!(OPERATIONS, Unit::Count, "changes of the registry, by operation and outcome");
    describe_counter!(AGENTS_DOWN, Unit::Count, "rows removed because their process died");
    describe_gauge!(AGENTS, Unit::Count, "registered agents");
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
    counter!(OPERATIONS, "operation" => operation, "outcome" => outcome).increment(1);
}

pub(crate) fn agents_down(count: usize) {
    counter!(AGENTS_DOWN).increment(count as u64);
}

pub(crate) fn agents(count: usize) {
    gauge!(AGENTS).set(count as f64);
}
