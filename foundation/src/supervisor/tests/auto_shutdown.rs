//! Significant children and auto_shutdown.

use super::{AutoShutdown, Rig, Strategy, Why};

fn any(text: &str) -> Rig {
    Rig::booted(Strategy::OneForOne, AutoShutdown::AnySignificant, 100, text)
}

fn all(text: &str) -> Rig {
    Rig::booted(Strategy::OneForOne, AutoShutdown::AllSignificant, 100, text)
}

// X1, X3: a transient child by a clean end, a temporary one by any; the reason is shutdown.
#[test]
fn the_first_significant_end_takes_the_supervisor_along() {
    let transient = "a, b transient significant, c";
    assert_eq!(any(transient).exit('b', Why::Normal), "stop c; stop a; end shutdown");
    assert_eq!(any(transient).exit('b', Why::Crash), "terminated b crash; start b");
    let temporary = "a, b temporary significant, c";
    assert_eq!(any(temporary).exit('b', Why::Normal), "stop c; stop a; end shutdown");
    assert_eq!(
        any(temporary).exit('b', Why::Crash),
        "terminated b crash; stop c; stop a; end shutdown"
    );
}

// X1: others do nothing, whatever their kind.
#[test]
fn insignificant_ends_change_nothing() {
    for mut rig in [any("a transient, b temporary, c"), all("a transient, b temporary, c")] {
        assert_eq!(rig.exit('a', Why::Normal), "");
        assert_eq!(rig.exit('b', Why::Crash), "terminated b crash");
        assert_eq!(rig.which(), "c up, a undefined");
    }
}

// X1: all_significant waits for the last one.
#[test]
fn all_significant_waits_for_the_last_one() {
    let mut rig = all("a transient significant, b temporary significant, c");
    assert_eq!(rig.exit('b', Why::Crash), "terminated b crash");
    assert_eq!(rig.exit('a', Why::Normal), "stop c; end shutdown");
}

// X1: a restarting child counts as alive.
#[test]
fn all_significant_counts_a_restarting_child_as_alive() {
    let mut rig = all("a transient significant, b transient significant");
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(rig.exit('b', Why::Normal), "");
    assert_eq!(rig.retry(), "start a");
    assert_eq!(rig.exit('a', Why::Normal), "end shutdown");
}

// X1: terminate_child is not an end by the child itself.
#[test]
fn terminate_child_triggers_no_auto_shutdown() {
    for mut rig in [any("a transient significant, b"), all("a transient significant, b")] {
        assert_eq!(rig.terminate_child("a"), "stop a; reply ok");
        assert_eq!(rig.which(), "b up, a undefined");
    }
    let mut rig = all("a transient significant, b transient significant");
    rig.terminate_child("a");
    assert_eq!(rig.exit('b', Why::Normal), "end shutdown", "a stopped one does not count");
}

// X1: nor is the stop of a bystander, however it ends.
#[test]
fn a_bystander_triggers_no_auto_shutdown() {
    for auto in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let text = "a, b temporary significant, c transient significant";
        let mut rig = Rig::booted(Strategy::OneForAll, auto, 100, text);
        rig.ends_with('c', Why::Normal);
        assert_eq!(
            rig.exit('a', Why::Crash),
            "terminated a crash; stop c; stop b; start a; start c"
        );
        assert_eq!(rig.which(), "c up, a up");
    }
}

// X1: an ignored restart is not an end.
#[test]
fn an_ignored_restart_triggers_no_auto_shutdown() {
    let mut rig = any("a transient significant, b");
    assert_eq!(rig.ignores('a').exit('a', Why::Crash), "terminated a crash; start a");
    assert_eq!(rig.which(), "b up, a undefined");
}
