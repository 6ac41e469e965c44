//! Which ends lead to a restart, the intensity, and restarts that fail.

use super::{AutoShutdown, Duration, Rig, Strategy, Why};

const EVERY_STRATEGY: [Strategy; 3] =
    [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];

// R1, R2, R3: kind of child x reason.
#[test]
fn the_kind_of_child_and_the_reason_decide_on_a_restart() {
    use Why::{Crash, Killed, Normal, Shutdown, ShutdownWith};
    for why in [Normal, Shutdown, ShutdownWith, Crash, Killed] {
        let is_clean = matches!(why, Normal | Shutdown | ShutdownWith);
        let again = format!("terminated a {why}; start a");
        let gone = if is_clean { String::new() } else { format!("terminated a {why}") };
        let table = [
            ("a permanent", again.clone(), "a up"),
            (
                "a transient",
                if is_clean { String::new() } else { again },
                if is_clean { "a undefined" } else { "a up" },
            ),
            ("a temporary", gone, ""),
        ];
        for (text, steps, which) in table {
            for strategy in EVERY_STRATEGY {
                let mut rig = Rig::new(strategy, text);
                assert_eq!(rig.exit('a', why), steps, "{strategy:?} {text} {why}");
                assert_eq!(rig.which(), which, "{strategy:?} {text} {why}");
            }
        }
    }
}

// R1: how to start a temporary child is forgotten once it runs.
#[test]
fn the_start_of_a_temporary_child_is_not_kept() {
    let rig = Rig::new(Strategy::OneForOne, "a, b temporary");
    assert!(rig.core.child_by_id("a").expect("kept").start.is_some());
    assert!(rig.core.child_by_id("b").expect("runs").start.is_none());
}

// One for one: siblings are left alone, and restarts are counted per child.
#[test]
fn one_for_one_leaves_the_siblings_alone() {
    let mut rig = Rig::new(Strategy::OneForOne, "a, b, c");
    assert_eq!(rig.exit('b', Why::Crash), "terminated b crash; start b");
    assert_eq!(rig.which(), "c up, b up, a up");
    let restarts = |id| rig.core.child_by_id(id).expect("kept").restarts;
    assert_eq!((restarts("a"), restarts("b"), restarts("c")), (0, 1, 0));
}

// I1: the window slides, and its edge is inclusive.
#[test]
fn a_restart_exactly_one_period_ago_still_counts() {
    let outcome = |gap: Duration| {
        let mut rig = Rig::booted(Strategy::OneForOne, AutoShutdown::Never, 1, "a");
        assert_eq!(rig.exit('a', Why::Crash), "terminated a crash; start a");
        rig.now += gap;
        rig.exit('a', Why::Crash)
    };
    let gives_up = "terminated a crash; max_intensity a; end shutdown";
    assert_eq!(outcome(Duration::from_secs(5)), gives_up);
    assert_eq!(outcome(Duration::from_nanos(5_000_000_001)), "terminated a crash; start a");
}

// I2: intensity 0 allows nothing; the count is common to all children.
#[test]
fn all_children_share_one_count() {
    let mut rig = Rig::booted(Strategy::OneForOne, AutoShutdown::Never, 0, "a");
    let steps = rig.exit('a', Why::Crash);
    assert_eq!(steps, "terminated a crash; max_intensity a; end shutdown");
    let mut rig = Rig::booted(Strategy::OneForOne, AutoShutdown::Never, 2, "a, b, c");
    rig.exit('a', Why::Crash);
    rig.exit('b', Why::Crash);
    assert_eq!(
        rig.exit('c', Why::Crash),
        "terminated c crash; max_intensity c; stop b; stop a; end shutdown"
    );
}

// I2: ends that lead to no restart do not count.
#[test]
fn ends_without_a_restart_do_not_count() {
    let mut rig =
        Rig::booted(Strategy::OneForOne, AutoShutdown::Never, 0, "a, b transient, c temporary");
    assert_eq!(rig.exit('b', Why::Normal), "");
    assert_eq!(rig.exit('c', Why::Crash), "terminated c crash");
    assert_eq!(rig.restart_child("b"), "start b; reply started");
}

// I3: a group restart counts once, however many children it starts.
#[test]
fn a_group_restart_counts_once() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let mut rig = Rig::booted(strategy, AutoShutdown::Never, 2, "a, b, c");
        for _ in 0..2 {
            let steps = rig.exit('a', Why::Crash);
            assert_eq!(steps, "terminated a crash; stop c; stop b; start a; start b; start c");
        }
        assert_eq!(
            rig.exit('a', Why::Crash),
            "terminated a crash; max_intensity a; stop c; stop b; end shutdown"
        );
    }
}

// I3: each retry of a failed restart counts. I4: it gives up with the reason shutdown.
#[test]
fn every_retry_counts() {
    let mut rig = Rig::booted(Strategy::OneForOne, AutoShutdown::Never, 2, "a, b");
    rig.fails('a').fails('a');
    assert_eq!(
        rig.exit('a', Why::Crash),
        "terminated a crash; start a; start_error a crash; retry a"
    );
    assert_eq!(rig.retry(), "start a; start_error a crash; retry a");
    assert_eq!(rig.retry(), "max_intensity a; stop b; end shutdown");
}

// F1: between two attempts the child is restarting, and a stop gets in between.
#[test]
fn a_failed_restart_is_retried_through_the_queue() {
    for strategy in EVERY_STRATEGY {
        let mut rig = Rig::new(strategy, "a");
        let steps = rig.fails('a').exit('a', Why::Crash);
        assert_eq!(steps, "terminated a crash; start a; start_error a crash; retry a");
        assert_eq!(rig.which(), "a restarting");
        assert_eq!(rig.core.count_children().active, 0);
        let mut stopped = Rig::new(strategy, "a");
        stopped.fails('a').exit('a', Why::Crash);
        assert_eq!(stopped.stop(Why::Shutdown), "end shutdown");
        assert_eq!(rig.retry(), "start a");
        assert_eq!(rig.which(), "a up");
    }
}

// F3: terminate_child cancels the retry; the stale one changes nothing.
#[test]
fn terminate_child_cancels_a_retry() {
    for strategy in EVERY_STRATEGY {
        let mut rig = Rig::new(strategy, "a");
        rig.fails('a').exit('a', Why::Crash);
        assert_eq!(rig.terminate_child("a"), "reply ok");
        assert_eq!(rig.which(), "a undefined");
        assert_eq!(rig.retry(), "");
        assert_eq!(rig.which(), "a undefined");
    }
}

// F3, D4: a stale retry is recognised even if the child is restarting again.
#[test]
fn a_stale_retry_does_not_serve_a_later_failure() {
    let mut rig = Rig::new(Strategy::OneForOne, "a");
    rig.fails('a').exit('a', Why::Crash);
    rig.terminate_child("a");
    rig.restart_child("a");
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(rig.retries.len(), 2);
    assert_eq!(rig.retry(), "", "of the first failure");
    assert_eq!(rig.which(), "a restarting");
    assert_eq!(rig.retry(), "start a");
}

// F3: nor does it serve a new child of the same id.
#[test]
fn a_stale_retry_does_not_serve_a_new_child_of_the_same_id() {
    let mut rig = Rig::new(Strategy::OneForOne, "a");
    rig.fails('a').exit('a', Why::Crash);
    rig.terminate_child("a");
    rig.delete_child("a");
    rig.start_child("a");
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(rig.retry(), "", "of the deleted child");
    assert_eq!(rig.retry(), "start a");
}

// R2: a restart that returns ignore leaves the specification without a process.
#[test]
fn a_restart_that_is_ignored_leaves_the_child_undefined() {
    for strategy in EVERY_STRATEGY {
        let mut rig = Rig::new(strategy, "a");
        assert_eq!(rig.ignores('a').exit('a', Why::Crash), "terminated a crash; start a");
        assert_eq!(rig.which(), "a undefined");
    }
}
