//! How a supervisor starts.

use super::{AutoShutdown, Duration, Flags, Mode, Restart, Rig, Shutdown, Strategy, Why, child};

fn unbooted(text: &str) -> Rig {
    Rig::with_flags(Flags::default(), text)
}

// Defaults of the flags and of a child.
#[test]
fn defaults_are_those_of_otp() {
    let flags = Flags::default();
    let (strategy, auto_shutdown) = (Strategy::OneForOne, AutoShutdown::Never);
    assert_eq!(flags.mode, Mode::Static { strategy, auto_shutdown });
    assert_eq!((flags.intensity, flags.period), (1, Duration::from_secs(5)));
    let spec = child("a");
    assert_eq!(spec.restart, Restart::Permanent);
    assert_eq!(spec.shutdown, Shutdown::Timeout(Duration::from_millis(5000)));
    assert!(!spec.significant);
}

// S1: list order, each after the acknowledgement of the one before. S5: booted comes last.
#[test]
fn children_start_in_list_order_before_the_start_is_acknowledged() {
    assert_eq!(unbooted("a, b, c").boot(), "start a; start b; start c; booted");
    assert_eq!(unbooted("").boot(), "booted");
}

// S2: what had come up is stopped newest first, the rest never starts, nothing is retried.
#[test]
fn a_failing_start_undoes_the_earlier_ones_in_reverse() {
    let mut rig = unbooted("a, b, c, d");
    let steps = rig.fails('c').boot();
    assert_eq!(
        steps,
        "start a; start b; start c; start_error c crash; stop b; stop a; boot_failed c crash; \
         end failed_to_start"
    );
    assert!(rig.core.is_over());
    assert_eq!(rig.exit('a', Why::Crash), "", "nothing happens after the end");
}

// S2: a bad end during the undoing is reported, and does not change why the start failed.
#[test]
fn a_bad_end_during_a_failed_boot_is_reported() {
    let mut rig = unbooted("a, b");
    rig.fails('b').ends_with('a', Why::Crash);
    assert_eq!(
        rig.boot(),
        "start a; start b; start_error b crash; stop a; shutdown_error a crash; \
         boot_failed b crash; end failed_to_start"
    );
}

// S3: ignore keeps the specification without a process, except for a temporary child.
#[test]
fn an_ignored_start_keeps_the_specification_unless_temporary() {
    let mut rig = unbooted("a, b transient, c temporary, d");
    rig.ignores('a').ignores('b').ignores('c');
    assert_eq!(rig.boot(), "start a; start b; start c; start d; booted");
    assert_eq!(rig.which(), "d up, b undefined, a undefined");
}

// S2: an ignored child is not stopped when a later one fails.
#[test]
fn a_failed_boot_does_not_stop_ignored_children() {
    let mut rig = unbooted("a, b, c");
    rig.ignores('b').fails('c');
    assert_eq!(
        rig.boot(),
        "start a; start b; start c; start_error c crash; stop a; boot_failed c crash; \
         end failed_to_start"
    );
}

#[test]
fn a_stop_before_the_boot_ends_at_once() {
    assert_eq!(unbooted("a").stop(Why::Shutdown), "end shutdown");
}

#[test]
#[should_panic(expected = "boots once")]
fn a_second_boot_is_a_bug_of_the_driver() {
    Rig::new(Strategy::OneForOne, "a").boot();
}

// Busy means silent: nothing is taken in while a child starts.
#[test]
#[should_panic(expected = "while an action is outstanding")]
fn an_input_during_an_action_is_a_bug_of_the_driver() {
    let mut rig = unbooted("a");
    assert!(rig.core.handle(super::Input::Boot, rig.now).is_some());
    rig.stop(Why::Shutdown);
}

#[test]
#[should_panic(expected = "does not answer")]
fn an_outcome_of_another_kind_is_a_bug_of_the_driver() {
    let mut rig = unbooted("a");
    assert!(rig.core.handle(super::Input::Boot, rig.now).is_some());
    assert!(rig.core.outcome(super::Outcome::Done).is_none());
}

// D4: every attempt to start a child has its own generation.
#[test]
fn every_start_attempt_has_its_own_generation() {
    let mut rig = Rig::new(Strategy::OneForOne, "a");
    let generation = |rig: &Rig| rig.core.child_by_id("a").expect("kept").generation;
    assert_eq!(generation(&rig), 1);
    rig.fails('a').exit('a', Why::Crash);
    assert_eq!(generation(&rig), 2);
    rig.retry();
    assert_eq!(generation(&rig), 3);
}
