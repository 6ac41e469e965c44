//! Turns durable events into signals. Observers only: nothing waits for them, and losing them loses no work.

use std::time::SystemTime;

use serde_json::json;
use signal_router::{RouterHandle, Signal};

use super::id::WorkflowId;
use crate::{Event, EventKind, TaskCounts};

/// Routes the signal of one event to whoever subscribed. `counts` says where the workflow stands now, so that an observer
/// which misses signals is right again with the next one.
pub(crate) fn announce(
    router: &RouterHandle,
    id: &WorkflowId,
    event: &Event,
    counts: TaskCounts,
    at: SystemTime,
) {
    let signal = Signal::builder(signal_type(event.kind()), format!("/jido/workflow/{id}"))
        .time_at(at)
        .data(json!({
            "workflow": id.as_str(),
            "task": event.task(),
            "attempt": event.attempt(),
            "detail": event.detail(),
            "counts": {
                "tasks": counts.tasks,
                "running": counts.running,
                "completed": counts.completed,
                "failed": counts.failed,
                "skipped": counts.skipped,
            },
        }));
    let signal = match event.task() {
        Some(task) => signal.subject(&**task),
        None => signal,
    };
    // A task id that is no legal subject costs its observers a signal, not the workflow its work.
    if let Ok(signal) = signal.build() {
        router.route(signal).or_counted();
    }
}

/// The type of the signal that stands for a kind of event.
fn signal_type(kind: EventKind) -> &'static str {
    match kind {
        EventKind::WorkflowStarted => "workflow.started",
        EventKind::TaskStarted => "workflow.task.started",
        EventKind::TaskCompleted => "workflow.task.completed",
        EventKind::TaskFailed => "workflow.task.failed",
        EventKind::TaskRetried => "workflow.task.retried",
        EventKind::TaskSkipped => "workflow.task.skipped",
        EventKind::Resumed => "workflow.resumed",
        EventKind::WorkflowCompleted => "workflow.completed",
        EventKind::WorkflowFailed => "workflow.failed",
    }
}
