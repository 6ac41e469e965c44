//! What the display counts.

use super::Tally;

const START: Tally = Tally { tasks: 3, completed: 1, failed: 0, skipped: 0, running: 0 };

fn check(events: &[&str], expected: Tally) {
    let mut tally = START;
    for event in events {
        tally.count(&format!("workflow.task.{event}"));
    }
    assert_eq!(tally, expected, "{events:?}");
}

#[test]
fn each_event_moves_one_task() {
    let start = START;
    check(&[], start);
    check(&["started"], Tally { running: 1, ..start });
    check(&["started", "completed"], Tally { completed: 2, ..start });
    check(&["started", "retried", "started"], Tally { running: 1, ..start });
    check(&["started", "failed", "skipped"], Tally { failed: 1, skipped: 1, ..start });
    check(&["dreamt"], start);
}

#[test]
fn missed_and_repeated_events_keep_the_figures_in_range() {
    let mut tally = Tally { completed: 1, ..START };
    for event in ["completed", "failed", "skipped", "completed", "started", "started", "started"] {
        tally.count(&format!("workflow.task.{event}"));
        assert!(tally.ended() <= tally.tasks && tally.running <= tally.tasks, "{tally:?}");
    }
}
