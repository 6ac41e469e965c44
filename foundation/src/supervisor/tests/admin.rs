//! The administrative calls of a static supervisor.

use super::{Rig, Strategy, Why};

fn rig(text: &str) -> Rig {
    Rig::new(Strategy::OneForOne, text)
}

// A1: start_child in each state of the id.
#[test]
fn start_child_refuses_an_id_that_is_taken() {
    let mut rig = rig("a");
    assert_eq!(rig.start_child("b"), "start b; reply started");
    assert_eq!(rig.start_child("b"), "reply already_started");
    rig.terminate_child("b");
    assert_eq!(rig.start_child("b"), "reply already_present");
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(rig.start_child("a"), "reply already_present", "while it is restarting");
    rig.delete_child("b");
    assert_eq!(rig.start_child("b"), "start b; reply started");
}

// A1: on an error the specification is discarded, and nothing is reported or retried.
#[test]
fn a_failed_start_child_leaves_nothing_behind() {
    let mut rig = rig("");
    assert_eq!(rig.fails('a').start_child("a"), "start a; reply start_failed");
    assert_eq!(rig.which(), "");
    assert_eq!(rig.delete_child("a"), "reply not_found");
    assert_eq!(rig.start_child("a"), "start a; reply started");
}

// A1, S3: an ignored start_child keeps the specification unless it is temporary.
#[test]
fn an_ignored_start_child_keeps_the_specification_unless_temporary() {
    let mut rig = rig("");
    rig.ignores('a').ignores('b');
    assert_eq!(rig.start_child("a"), "start a; reply ignored");
    assert_eq!(rig.start_child("b temporary"), "start b; reply ignored");
    assert_eq!(rig.which(), "a undefined");
}

// A1, X2: a senseless specification is refused before anything starts.
#[test]
fn start_child_checks_the_specification() {
    let mut rig = rig("");
    assert_eq!(rig.start_child("a transient significant"), "reply spec");
    assert_eq!(rig.which(), "");
}

// A2: keeps the specification, temporary removed, ok for an already dead one.
#[test]
fn terminate_child_keeps_the_specification_unless_temporary() {
    let mut rig = rig("a, b transient, c temporary");
    assert_eq!(rig.terminate_child("a"), "stop a; reply ok");
    assert_eq!(rig.terminate_child("a"), "reply ok");
    assert_eq!(rig.terminate_child("b"), "stop b; reply ok");
    assert_eq!(rig.terminate_child("c"), "stop c; reply ok");
    assert_eq!(rig.terminate_child("c"), "reply not_found");
    assert_eq!(rig.which(), "b undefined, a undefined");
}

// A2, T2: a bad end is reported, and the call still succeeds.
#[test]
fn terminate_child_reports_a_bad_end() {
    let mut rig = rig("a");
    rig.ends_with('a', Why::Killed);
    assert_eq!(rig.terminate_child("a"), "stop a; shutdown_error a killed; reply ok");
}

// A2: children of a static supervisor are addressed by id only, as in OTP.
#[test]
fn a_static_child_is_not_found_by_pid() {
    let mut rig = rig("a");
    let pid = rig.pids[&'a'];
    assert_eq!(rig.terminate_pid(pid, true), "reply not_found");
    assert_eq!(rig.which(), "a up");
}

// A2: no strategy sweeps because of an administrative stop.
#[test]
fn terminate_child_sweeps_nobody() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let mut rig = Rig::new(strategy, "a, b");
        assert_eq!(rig.terminate_child("a"), "stop a; reply ok");
        assert_eq!(rig.which(), "b up, a undefined");
    }
}

// A3: restart_child and delete_child in each state.
#[test]
fn restart_child_and_delete_child_need_a_stopped_child() {
    let mut rig = rig("a, b");
    assert_eq!(rig.restart_child("a"), "reply running");
    assert_eq!(rig.delete_child("a"), "reply running");
    assert_eq!(rig.restart_child("x"), "reply not_found");
    assert_eq!(rig.delete_child("x"), "reply not_found");
    rig.fails('b').exit('b', Why::Crash);
    assert_eq!(rig.restart_child("b"), "reply restarting");
    assert_eq!(rig.delete_child("b"), "reply restarting");
    rig.terminate_child("a");
    assert_eq!(rig.restart_child("a"), "start a; reply started");
    rig.terminate_child("a");
    assert_eq!(rig.delete_child("a"), "reply ok");
    assert_eq!(rig.which(), "b restarting");
}

// A3: a failed restart_child keeps the specification; nothing is reported or retried.
#[test]
fn a_failed_restart_child_leaves_the_child_stopped() {
    let mut rig = rig("a");
    rig.terminate_child("a");
    assert_eq!(rig.fails('a').restart_child("a"), "start a; reply start_failed");
    assert_eq!(rig.ignores('a').restart_child("a"), "start a; reply ignored");
    assert_eq!(rig.which(), "a undefined");
    assert_eq!(rig.restart_child("a"), "start a; reply started");
}

// A4: newest first; counts by kind and by state.
#[test]
fn children_are_listed_newest_first_and_counted_by_kind() {
    let mut rig = rig("a supervisor, b, c transient, d supervisor");
    rig.fails('b').exit('b', Why::Crash);
    rig.exit('c', Why::Normal);
    assert_eq!(rig.which(), "d up, c undefined, b restarting, a up");
    let counts = rig.core.count_children();
    assert_eq!((counts.specs, counts.active), (4, 2));
    assert_eq!((counts.supervisors, counts.workers), (2, 2));
}

// A restart by hand is not a restart by the supervisor.
#[test]
fn calls_do_not_count_as_restarts() {
    let mut rig = Rig::booted(Strategy::OneForOne, super::AutoShutdown::Never, 0, "a");
    for _ in 0..3 {
        rig.terminate_child("a");
        assert_eq!(rig.restart_child("a"), "start a; reply started");
    }
    assert_eq!(rig.core.child_by_id("a").expect("kept").restarts, 0);
}
