//! Dynamic supervisors: children by pid, OTP's simple_one_for_one.

use super::{Rig, Why};

// S4: nothing starts by itself.
#[test]
fn a_dynamic_supervisor_starts_without_children() {
    let rig = Rig::dynamic(1, "");
    assert_eq!(rig.which(), "");
}

#[test]
#[should_panic(expected = "starts without children")]
fn a_dynamic_supervisor_takes_no_children_at_its_creation() {
    let mode = super::Mode::Dynamic { max_children: 1 };
    Rig::with_flags(super::Flags { mode, ..super::Flags::default() }, "a");
}

// Ids are labels: they may repeat, and each process is its own child.
#[test]
fn ids_may_repeat() {
    let mut rig = Rig::dynamic(9, "a, a");
    assert_eq!(rig.which(), "a up, a up");
    let newest = rig.pids[&'a'];
    assert_eq!(rig.terminate_pid(newest - 1, true), "stop a; reply ok");
    assert_eq!(rig.exit_pid(newest, Why::Crash), "terminated a crash; start a");
    assert_eq!(rig.which(), "a up");
}

#[test]
fn a_full_dynamic_supervisor_refuses_children() {
    let mut rig = Rig::dynamic(9, "a, b, c, d, e temporary");
    assert_eq!(rig.start_child("f"), "reply max_children");
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(rig.start_child("f"), "reply max_children", "a restarting child has its place");
    rig.exit('e', Why::Normal);
    assert_eq!(rig.start_child("f"), "start f; reply started");
}

// A1: neither a failed nor an ignored start leaves anything behind.
#[test]
fn a_dynamic_start_that_fails_or_ignores_leaves_nothing() {
    let mut rig = Rig::dynamic(1, "");
    assert_eq!(rig.fails('a').start_child("a"), "start a; reply start_failed");
    assert_eq!(rig.ignores('a').start_child("a"), "start a; reply ignored");
    assert_eq!(rig.which(), "");
}

// R1, R2: a dynamic child that stays down is dropped, also a transient one.
#[test]
fn a_dynamic_child_that_stays_down_is_dropped() {
    let mut rig = Rig::dynamic(9, "a, b transient, c temporary");
    assert_eq!(rig.exit('a', Why::Normal), "terminated a normal; start a");
    assert_eq!(rig.exit('b', Why::ShutdownWith), "");
    assert_eq!(rig.exit('c', Why::Crash), "terminated c crash");
    assert_eq!(rig.which(), "a up");
    assert_eq!(rig.core.count_children().specs, 1);
}

// A2: by pid only; unknown pids by whether they live.
#[test]
fn dynamic_children_are_terminated_by_pid() {
    let mut rig = Rig::dynamic(9, "a, b");
    let pid = rig.pids[&'a'];
    assert_eq!(rig.terminate_child("a"), "reply dynamic");
    assert_eq!(rig.restart_child("a"), "reply dynamic");
    assert_eq!(rig.delete_child("a"), "reply dynamic");
    assert_eq!(rig.terminate_pid(pid, true), "stop a; reply ok");
    assert_eq!(rig.which(), "b up");
    assert_eq!(rig.terminate_pid(pid, false), "reply ok", "it died long ago");
    assert_eq!(rig.terminate_pid(999, true), "reply not_found", "a living stranger");
}

// F1, F3: while it is restarting a dynamic child answers to its last pid.
#[test]
fn a_restarting_dynamic_child_is_terminated_by_its_last_pid() {
    let mut rig = Rig::dynamic(9, "a");
    let pid = rig.pids[&'a'];
    rig.fails('a').fails('a').exit('a', Why::Crash);
    assert_eq!(rig.retry(), "start a; start_error a crash; retry a");
    assert_eq!(rig.which(), "a restarting");
    assert_eq!(rig.exit_pid(pid, Why::Crash), "", "it cannot end twice");
    let counts = rig.core.count_children();
    assert_eq!((counts.specs, counts.active), (1, 0));
    assert_eq!(rig.terminate_pid(pid, false), "reply ok");
    assert_eq!(rig.which(), "");
    assert_eq!(rig.core.count_children().active, 0);
    assert_eq!(rig.retry(), "");
    assert_eq!(rig.which(), "");
}

// F1: after a successful retry the old pid is nobody.
#[test]
fn the_last_pid_is_forgotten_after_a_restart() {
    let mut rig = Rig::dynamic(9, "a");
    let pid = rig.pids[&'a'];
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(rig.retry(), "start a");
    assert_eq!(rig.terminate_pid(pid, true), "reply not_found");
    assert_eq!(rig.which(), "a up");
}

// F4: a restart that returns ignore drops the child.
#[test]
fn a_dynamic_restart_that_is_ignored_drops_the_child() {
    let mut rig = Rig::dynamic(9, "a, b");
    assert_eq!(rig.ignores('a').exit('a', Why::Crash), "terminated a crash; start a");
    assert_eq!(rig.which(), "b up");
    rig.fails('b').ignores('b').exit('b', Why::Crash);
    assert_eq!(rig.retry(), "start b");
    assert_eq!(rig.which(), "");
}

// T4: all at once; those that end badly are reported reason by reason.
#[test]
fn dynamic_children_stop_all_at_once() {
    let mut rig = Rig::dynamic(9, "a, b, c, d transient, e");
    rig.fails('e').exit('e', Why::Crash);
    rig.ends_with('a', Why::Killed).ends_with('c', Why::Killed).ends_with('b', Why::Crash);
    rig.ends_with('d', Why::Normal);
    assert_eq!(
        rig.stop(Why::Shutdown),
        "stop_all abcd; shutdown_error ac killed; shutdown_error b crash; end shutdown"
    );
    assert_eq!(rig.which(), "");
}

// T4: each child brings its own shutdown rule.
#[test]
fn each_dynamic_child_stops_by_its_own_rule() {
    use super::{Action, Duration, Input, Shutdown};
    let mut rig = Rig::dynamic(9, "a, b brutal, c infinity");
    let action = rig.core.handle(Input::Stop { reason: Why::Shutdown }, rig.now);
    let Some(Action::StopAll(stops)) = action else { panic!("children run") };
    let rules: Vec<_> = stops.iter().map(|stop| stop.shutdown).collect();
    let five = Shutdown::Timeout(Duration::from_secs(5));
    assert_eq!(rules, [five, Shutdown::BrutalKill, Shutdown::Infinity]);
}

#[test]
fn an_empty_dynamic_supervisor_ends_at_once() {
    assert_eq!(Rig::dynamic(9, "").stop(Why::Normal), "end normal");
}

// I2, I4: one count for all; the one too many is dropped, the others are stopped.
#[test]
fn a_dynamic_supervisor_gives_up_like_any_other() {
    let mut rig = Rig::dynamic(1, "a, b, c");
    rig.exit('a', Why::Crash);
    assert_eq!(
        rig.exit('b', Why::Crash),
        "terminated b crash; max_intensity b; stop_all ac; end shutdown"
    );
}

// X2: significant children are refused.
#[test]
fn a_dynamic_supervisor_refuses_significant_children() {
    let mut rig = Rig::dynamic(1, "");
    assert_eq!(rig.start_child("a transient significant"), "reply spec");
    assert_eq!(rig.start_child("a temporary significant"), "reply spec");
}

// The newest is listed first, and a restart keeps the place.
#[test]
fn dynamic_children_are_listed_newest_first() {
    let mut rig = Rig::dynamic(9, "a, b, c");
    rig.exit('a', Why::Crash);
    assert_eq!(rig.which(), "c up, b up, a up");
}
