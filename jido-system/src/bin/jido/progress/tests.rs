//! What the display counts.

use super::Tally;

fn check(events: &[&str], expected: Tally) {
    let mut tally = Tally::new(3, 1);
    for event in events {
        tally.count(&format!("workflow.task.{event}"));
    }
    assert_eq!(tally, expected, "{events:?}");
}

#[test]
fn each_event_moves_one_task() {
    let start = Tally::new(3, 1);
    check(&[], start);
    check(&["started"], Tally { running: 1, ..start });
    check(&["started", "completed"], Tally { completed: 2, ..start });
    check(&["started", "retried", "started"], Tally { running: 1, ..start });
    check(&["started", "failed", "skipped"], Tally { failed: 1, skipped: 1, ..start });
    check(&["dreamt"], start);
}

#[test]
fn missed_and_repeated_events_keep_the_figures_in_range() {
    let mut tally = Tally::new(2, 5);
    assert_eq!(tally.ended(), 2);
    for event in ["completed", "failed", "skipped", "started", "started", "started"] {
        tally.count(&format!("workflow.task.{event}"));
        assert!(tally.ended() <= tally.tasks && tally.running <= tally.tasks, "{tally:?}");
    }
}
