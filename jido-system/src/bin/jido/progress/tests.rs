//! What the display reads from signals.

use serde_json::json;

use super::Tally;

#[test]
fn the_figures_are_those_of_the_signal() {
    let counts = json!({ "tasks": 9, "running": 3, "completed": 2, "failed": 1, "skipped": 1 });
    let data = json!({ "workflow": "w-1", "task": "a", "counts": counts });
    let tally = Tally { tasks: 9, completed: 2, failed: 1, skipped: 1, running: 3 };
    assert_eq!(Tally::of_signal(&data, "w-1"), Some(tally));
    assert_eq!(tally.ended(), 4);
}

#[test]
fn signals_of_another_workflow_or_without_figures_change_nothing() {
    let counts = json!({ "tasks": 9, "running": 3, "completed": 2, "failed": 1, "skipped": 1 });
    for data in [
        json!({ "workflow": "w-2", "counts": counts }),
        json!({ "workflow": "w-1" }),
        json!({ "workflow": "w-1", "counts": { "tasks": 9 } }),
        json!(null),
    ] {
        assert_eq!(Tally::of_signal(&data, "w-1"), None, "{data}");
    }
}
