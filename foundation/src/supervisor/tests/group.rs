//! one_for_all and rest_for_one.

use super::{Rig, Strategy, Why};

// G1, T1: all others in reverse, then all in order.
#[test]
fn one_for_all_restarts_everybody() {
    let mut rig = Rig::new(Strategy::OneForAll, "a, b, c, d");
    assert_eq!(
        rig.exit('b', Why::Crash),
        "terminated b crash; stop d; stop c; stop a; start a; start b; start c; start d"
    );
    assert_eq!(rig.which(), "d up, c up, b up, a up");
}

// G2: only those after it.
#[test]
fn rest_for_one_restarts_only_younger_siblings() {
    let mut rig = Rig::new(Strategy::RestForOne, "a, b, c, d");
    assert_eq!(
        rig.exit('b', Why::Crash),
        "terminated b crash; stop d; stop c; start b; start c; start d"
    );
    assert_eq!(rig.exit('d', Why::Crash), "terminated d crash; start d");
}

// G3, R2: the sweep revives what was stopped, ignored or had ended normally.
#[test]
fn a_group_restart_revives_children_without_a_process() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let mut rig = Rig::new(strategy, "a, b transient, c, d");
        rig.exit('b', Why::Normal);
        rig.terminate_child("c");
        assert_eq!(rig.which(), "d up, c undefined, b undefined, a up");
        assert_eq!(
            rig.exit('a', Why::Crash),
            "terminated a crash; stop d; start a; start b; start c; start d"
        );
    }
}

// Every child that the sweep brings back counts it as a restart of its own.
#[test]
fn a_group_restart_is_counted_for_each_child_it_starts() {
    let mut rig = Rig::new(Strategy::RestForOne, "a, b, c, d transient");
    rig.exit('d', Why::Normal);
    rig.exit('b', Why::Crash);
    let restarts = |id| rig.core.child_by_id(id).expect("kept").restarts;
    assert_eq!(["a", "b", "c", "d"].map(restarts), [0, 1, 1, 1]);
}

// G3: outside the range of rest_for_one nothing is revived.
#[test]
fn rest_for_one_does_not_revive_older_children() {
    let mut rig = Rig::new(Strategy::RestForOne, "a, b, c");
    rig.terminate_child("a");
    assert_eq!(rig.exit('b', Why::Crash), "terminated b crash; stop c; start b; start c");
    assert_eq!(rig.which(), "c up, b up, a undefined");
}

// R1: a temporary bystander is stopped and forgotten.
#[test]
fn a_temporary_bystander_is_removed() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let mut rig = Rig::new(strategy, "a, b temporary, c");
        assert_eq!(
            rig.exit('a', Why::Crash),
            "terminated a crash; stop c; stop b; start a; start c"
        );
        assert_eq!(rig.which(), "c up, a up");
    }
}

// R1: the end of a temporary child sweeps nobody.
#[test]
fn a_temporary_child_that_crashes_restarts_nobody() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let mut rig = Rig::new(strategy, "a temporary, b, c");
        assert_eq!(rig.exit('a', Why::Crash), "terminated a crash");
        assert_eq!(rig.which(), "c up, b up");
    }
}

// T2: a bystander that ends badly is reported; T5: its queued exit is then meaningless.
#[test]
fn a_bystander_that_had_crashed_is_reported_and_restarted_once() {
    let mut rig = Rig::new(Strategy::OneForAll, "a, b");
    let old = rig.pids[&'b'];
    rig.ends_with('b', Why::Crash);
    assert_eq!(
        rig.exit('a', Why::Crash),
        "terminated a crash; stop b; shutdown_error b crash; start a; start b"
    );
    assert_eq!(rig.exit_pid(old, Why::Crash), "");
}

// F2: one_for_all undoes what had come up and starts all again.
#[test]
fn one_for_all_retries_from_the_beginning() {
    let mut rig = Rig::new(Strategy::OneForAll, "a, b, c");
    rig.fails('b');
    assert_eq!(
        rig.exit('c', Why::Crash),
        "terminated c crash; stop b; stop a; start a; start b; start_error b crash; retry b"
    );
    assert_eq!(rig.which(), "c undefined, b restarting, a up");
    assert_eq!(rig.retry(), "stop a; start a; start b; start c");
}

// F2: rest_for_one resumes from the child that failed; earlier ones stay up.
#[test]
fn rest_for_one_resumes_from_the_child_that_failed() {
    let mut rig = Rig::new(Strategy::RestForOne, "a, b, c, d");
    rig.fails('c').fails('c');
    assert_eq!(
        rig.exit('b', Why::Crash),
        "terminated b crash; stop d; stop c; start b; start c; start_error c crash; retry c"
    );
    assert_eq!(rig.which(), "d undefined, c restarting, b up, a up");
    assert_eq!(rig.retry(), "start c; start_error c crash; retry c");
    assert_eq!(rig.retry(), "start c; start d");
    assert_eq!(rig.which(), "d up, c up, b up, a up");
}

// F1, D4: a crash between two attempts makes a sweep of its own, and the older retry is stale.
#[test]
fn a_sweep_between_two_attempts_makes_the_retry_stale() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let mut rig = Rig::new(strategy, "a, b, c");
        rig.fails('b').exit('a', Why::Crash);
        assert_eq!(rig.which(), "c undefined, b restarting, a up");
        rig.fails('b');
        assert_eq!(
            rig.exit('a', Why::Crash),
            "terminated a crash; start a; start b; start_error b crash; retry b"
        );
        assert_eq!(rig.retry(), "", "of the first sweep");
        let steps = rig.retry();
        assert!(steps.ends_with("start b; start c"), "{steps}");
        assert_eq!(rig.which(), "c up, b up, a up");
    }
}

// F1: the child after the one that failed can be started by hand and is swept by the retry.
#[test]
fn a_retry_sweeps_children_started_in_between() {
    let mut rig = Rig::new(Strategy::RestForOne, "a, b, c");
    rig.fails('b').exit('a', Why::Crash);
    assert_eq!(rig.restart_child("c"), "start c; reply started");
    assert_eq!(rig.start_child("d temporary"), "start d; reply started");
    assert_eq!(rig.retry(), "stop d; stop c; start b; start c");
}

// A7 and the list order after restarts: start_child appends, and restarts keep places.
#[test]
fn children_keep_their_places_through_restarts() {
    let mut rig = Rig::new(Strategy::OneForAll, "a, b");
    rig.start_child("c");
    rig.exit('a', Why::Crash);
    assert_eq!(rig.which(), "c up, b up, a up");
    rig.terminate_child("a");
    rig.delete_child("a");
    rig.start_child("a");
    assert_eq!(rig.which(), "a up, c up, b up");
    assert_eq!(rig.stop(Why::Shutdown), "stop a; stop c; stop b; end shutdown");
}
