//! How a supervisor stops its children.

use super::{Rig, Strategy, Why};

// T1: reverse order, one after another. The supervisor ends with the reason of its own stop.
#[test]
fn children_stop_in_reverse_order() {
    for reason in [Why::Shutdown, Why::Normal, Why::Crash, Why::ShutdownWith] {
        let mut rig = Rig::new(Strategy::RestForOne, "a, b temporary, c");
        assert_eq!(rig.stop(reason), format!("stop c; stop b; stop a; end {reason}"));
        assert!(rig.core.is_over());
    }
}

// T1: the order is that of the list, even if a child was restarted later than its successors.
#[test]
fn a_restarted_child_keeps_its_place_in_the_stop_order() {
    let mut rig = Rig::new(Strategy::OneForOne, "a, b, c");
    assert_eq!(rig.exit('a', Why::Crash), "terminated a crash; start a");
    assert_eq!(rig.stop(Why::Shutdown), "stop c; stop b; stop a; end shutdown");
}

// T1: children without a process and children between two attempts are skipped.
#[test]
fn only_running_children_are_stopped() {
    let mut rig = Rig::new(Strategy::OneForOne, "a, b transient, c, d");
    rig.exit('b', Why::Normal);
    rig.fails('c').exit('c', Why::Crash);
    assert_eq!(rig.which(), "d up, c restarting, b undefined, a up");
    assert_eq!(rig.stop(Why::Shutdown), "stop d; stop a; end shutdown");
    assert_eq!(rig.retry(), "", "the retry dies with the supervisor");
}

// T1, brutal_kill and time-outs: the rule of the child travels with the action.
#[test]
fn each_stop_carries_the_shutdown_rule_of_its_child() {
    use super::{Action, Duration, Input, Shutdown};
    let five = Shutdown::Timeout(Duration::from_secs(5));
    let table =
        [("a", five), ("a brutal", Shutdown::BrutalKill), ("a infinity", Shutdown::Infinity)];
    for (text, expected) in table {
        let mut rig = Rig::new(Strategy::OneForOne, text);
        let action = rig.core.handle(Input::Stop { reason: Why::Shutdown }, rig.now);
        let Some(Action::StopChild(stop)) = action else { panic!("a runs") };
        assert_eq!((stop.pid, stop.shutdown), (rig.pids[&'a'], expected));
    }
}

// T2, T5: which ends are acceptable, by kind of child and by shutdown rule.
#[test]
fn unacceptable_ends_are_reported() {
    use Why::{Crash, Killed, Normal, Shutdown, ShutdownWith};
    let table: [(&str, &[Why]); 5] = [
        ("a permanent", &[Shutdown]),
        ("a transient", &[Shutdown, ShutdownWith, Normal]),
        ("a temporary", &[Shutdown, ShutdownWith, Normal]),
        ("a permanent brutal", &[Killed]),
        ("a transient brutal", &[Killed, Shutdown, ShutdownWith, Normal]),
    ];
    for (text, acceptable) in table {
        for why in [Crash, Killed, Normal, Shutdown, ShutdownWith] {
            let mut rig = Rig::new(Strategy::OneForOne, text);
            let steps = rig.ends_with('a', why).stop(Shutdown);
            let expected = if acceptable.contains(&why) {
                "stop a; end shutdown".to_owned()
            } else {
                format!("stop a; shutdown_error a {why}; end shutdown")
            };
            assert_eq!(steps, expected, "{text} ending with {why}");
        }
    }
}

// T2: the report of one child comes before the stop of the next.
#[test]
fn a_bad_end_is_reported_before_the_next_stop() {
    let mut rig = Rig::new(Strategy::OneForOne, "a, b");
    rig.ends_with('b', Why::Killed);
    assert_eq!(rig.stop(Why::Shutdown), "stop b; shutdown_error b killed; stop a; end shutdown");
}

// T3, A6: the exit of a process that the supervisor stopped says nothing new.
#[test]
fn the_exit_of_a_stopped_child_is_ignored() {
    let mut rig = Rig::new(Strategy::OneForOne, "a");
    let old = rig.pids[&'a'];
    assert_eq!(rig.terminate_child("a"), "stop a; reply ok");
    assert_eq!(rig.exit_pid(old, Why::Crash), "");
    assert_eq!(rig.restart_child("a"), "start a; reply started");
    assert_eq!(rig.exit_pid(old, Why::Crash), "");
    assert_eq!(rig.exit_pid(999, Why::Crash), "", "nor does the exit of a stranger");
    assert_eq!(rig.which(), "a up");
}
