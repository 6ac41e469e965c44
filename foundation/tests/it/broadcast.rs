//! One message for many: every receiver has a result, and the rules hold.

use std::time::Duration;

use foundation::{
    Accepted, Broadcast, BroadcastError, BroadcastOutcome, BroadcastReport, BroadcastRule,
    CastFailure, DeliveryFailure, ExitReason, Node, NodeConfig, Overflow, Restart, SendFailure,
    ServerRef, Strategy, Supervisor,
};
use futures_util::FutureExt;
use proptest::prelude::{Just, ProptestConfig, Strategy as Generator, prop};
use proptest::prop_oneof;
use proptest::test_runner::TestRunner;
use test_helpers::{Do, Gate, IsolatedTree, Journal, Recorder, Worker};

use crate::support::{beside, held, note, of, quiet, settled};

const SECOND: Duration = Duration::from_secs(1);

/// Workers `w0`, `w1` and so on, each with room for `capacity` messages; their journals.
async fn workers(
    count: usize,
    capacity: usize,
) -> (IsolatedTree, Vec<ServerRef<Do>>, Vec<Journal>) {
    let journals: Vec<Journal> = (0..count).map(|_| Journal::new()).collect();
    let child = |place: usize| {
        let id = format!("w{place}");
        let spec = Worker::spec(&id, &journals[place]).capacity(capacity);
        spec.child(&id).restart(Restart::Temporary)
    };
    let tree = of(Strategy::OneForOne, (0..count).map(child)).await;
    let mut doors = Vec::new();
    for place in 0..count {
        doors.push(tree.server::<Do>(&format!("w{place}")).await);
    }
    journals.iter().for_each(|journal| drop(journal.take()));
    (tree, doors, journals)
}

/// Holds the process and fills its mailbox.
async fn filled(server: &ServerRef<Do>) -> Gate {
    let gate = held(server).await;
    while server.cast(note("fills")).is_ok() {}
    gate
}

/// How many slots of its mailbox are free.
fn free(server: &ServerRef<Do>) -> usize {
    std::iter::from_fn(|| server.try_reserve().ok()).collect::<Vec<_>>().len()
}

fn report(
    outcome: Result<BroadcastReport<Accepted>, BroadcastError<Accepted>>,
) -> BroadcastReport<Accepted> {
    outcome.unwrap_or_else(|error| error.report)
}

/// Results as words.
fn words<R>(report: &BroadcastReport<R>) -> Vec<&'static str> {
    report.results().iter().map(|result| result.as_ref().map_or_else(word, |_| "ok")).collect()
}

fn word(failure: &DeliveryFailure) -> &'static str {
    match failure {
        DeliveryFailure::NotAccepted(SendFailure::NoProc) => "noproc",
        DeliveryFailure::NotAccepted(SendFailure::Full) => "full",
        DeliveryFailure::NotAccepted(SendFailure::Timeout) => "no room",
        DeliveryFailure::NotAccepted(SendFailure::SelfSend) => "self",
        DeliveryFailure::Withheld => "withheld",
        DeliveryFailure::Died(_) => "died",
        DeliveryFailure::Timeout => "timeout",
        _ => "other",
    }
}

fn all_or_nothing() -> Broadcast {
    Broadcast::within(SECOND).rule(BroadcastRule::AllOrNothing)
}

#[tokio::test(start_paused = true)]
async fn best_effort_has_one_result_per_receiver_in_their_order() {
    let (tree, doors, journals) = workers(4, 8).await;
    tree.kill("w1").await;
    let gate = filled(&doors[2]).await;
    let started = tokio::time::Instant::now();
    let sent = Broadcast::within(SECOND).accepted_each(&doors, |place| note(format!("m{place}")));
    let report = sent.await.expect("best effort is never an error");
    assert_eq!(words(&report), ["ok", "noproc", "no room", "ok"]);
    assert_eq!((report.succeeded(), report.outcome()), (2, BroadcastOutcome::Met));
    assert_eq!(started.elapsed(), SECOND);
    let pids: Vec<_> = report.into_results().into_iter().flatten().map(|got| got.pid).collect();
    assert_eq!(pids, [doors[0].pid(), doors[3].pid()]);
    for place in [0, 3] {
        settled(&doors[place]).await;
        assert_eq!(journals[place].take(), [format!("m{place}")]);
    }
    gate.open();
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn receivers_are_waited_for_at_the_same_time_and_one_that_is_late_delays_no_other() {
    let (tree, doors, journals) = workers(10, 1).await;
    let mut gates = Vec::new();
    for door in &doors[1..] {
        gates.push(filled(door).await);
    }
    let started = tokio::time::Instant::now();
    let broadcast = beside({
        let doors = doors.clone();
        async move { report(Broadcast::within(SECOND).accepted_each(&doors, |_| note("m")).await) }
    });
    quiet().await;
    settled(&doors[0]).await;
    assert_eq!(journals[0].take(), ["m"], "who has room has it at once");
    gates.split_off(5).iter().for_each(Gate::open);
    quiet().await;
    assert_eq!(journals[9].take(), ["fills", "m"]);
    let report = broadcast.await.expect("no panic");
    assert_eq!(report.succeeded(), 5);
    assert_eq!(words(&report)[1..6], ["no room"; 5]);
    assert_eq!(started.elapsed(), SECOND, "one deadline for all of them");
    gates.iter().for_each(Gate::open);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn at_least_and_quorum_count_receipts_and_report_everyone() {
    let (tree, doors, _journals) = workers(4, 8).await;
    tree.kill("w0").await;
    tree.kill("w3").await;
    let recorder = Recorder::new();
    let installed = recorder.install();
    for (rule, receivers, wanted) in [
        (BroadcastRule::AtLeast(1), &doors[..], Ok(2)),
        (BroadcastRule::AtLeast(2), &doors[..], Ok(2)),
        (BroadcastRule::AtLeast(3), &doors[..], Err(2)),
        (BroadcastRule::AtLeast(1), &doors[..1], Err(0)),
        (BroadcastRule::AtLeast(0), &doors[..0], Ok(0)),
        (BroadcastRule::Quorum, &doors[..], Err(2)),
        (BroadcastRule::Quorum, &doors[..3], Ok(2)),
        (BroadcastRule::Quorum, &doors[..0], Err(0)),
        (BroadcastRule::AllOrNothing, &doors[..0], Ok(0)),
    ] {
        let sent = Broadcast::within(SECOND).rule(rule).accepted_each(receivers, |_| note("m"));
        let sent = sent.await;
        let report = match &sent {
            Ok(report) => report,
            Err(error) => &error.report,
        };
        assert_eq!(report.results().len(), receivers.len());
        let got = report.succeeded();
        assert_eq!(
            sent.as_ref().map_or_else(|_error| Err(got), |_report| Ok(got)),
            wanted,
            "{rule:?}"
        );
    }
    drop(installed);
    let count = |rule: &str, outcome: &str| {
        let labels = [("rule", rule), ("outcome", outcome)];
        recorder.counter("foundation.broadcast.outcomes_total", &labels)
    };
    assert_eq!((count("at_least", "met"), count("at_least", "missed")), (3, 2));
    assert_eq!((count("quorum", "met"), count("quorum", "missed")), (1, 2));
    assert_eq!(recorder.counter("foundation.delivery.accepted_total", &[]), 10);
    let failed = recorder.counter("foundation.delivery.failed_total", &[("cause", "noproc")]);
    assert_eq!(failed, 10);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn with_one_dead_or_full_receiver_nobody_gets_a_message_for_all_or_nothing() {
    let (tree, doors, journals) = workers(3, 4).await;
    let gate = filled(&doors[1]).await;
    let started = tokio::time::Instant::now();
    let mut made = 0;
    let error = all_or_nothing()
        .accepted_each(&doors, |_| {
            made += 1;
            note("m")
        })
        .await
        .expect_err("one is full");
    assert_eq!(words(&error.report), ["withheld", "no room", "withheld"]);
    assert_eq!(error.report.outcome(), BroadcastOutcome::Withheld);
    assert_eq!((started.elapsed(), made), (SECOND, 0), "it waited for room, and made nothing");
    assert_eq!(error.to_string(), "not every one of 3 receivers could take it, so none got it");
    gate.open();
    settled(&doors[1]).await;
    tree.kill("w2").await;
    let started = tokio::time::Instant::now();
    let error = all_or_nothing().accepted_each(&doors, |_| note("m")).await.expect_err("one died");
    assert_eq!(words(&error.report), ["withheld", "withheld", "noproc"]);
    assert_eq!(started.elapsed(), Duration::ZERO);
    for place in [0, 1] {
        settled(&doors[place]).await;
        assert_eq!(free(&doors[place]), 4, "no slot is kept");
        assert!(!journals[place].take().contains(&"m".to_owned()));
    }
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_receiver_that_lets_nobody_wait_ends_all_or_nothing_at_once() {
    for overflow in [Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest] {
        let spec = Worker::spec("a", &Journal::new()).capacity(1).overflow(overflow);
        let child = spec.child("a").restart(Restart::Temporary);
        let tree = of(Strategy::OneForOne, [child]).await;
        let door = tree.server::<Do>("a").await;
        let gate = held(&door).await;
        door.cast(note("fills")).expect("there is room");
        let started = tokio::time::Instant::now();
        let doors = [door];
        let error = all_or_nothing().accepted_each(&doors, |_| note("m")).await.expect_err("full");
        assert_eq!(words(&error.report), ["full"], "{overflow:?}");
        assert_eq!(started.elapsed(), Duration::ZERO);
        gate.open();
        tree.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn all_or_nothing_waits_for_room_and_then_everyone_has_it() {
    let (tree, doors, journals) = workers(3, 2).await;
    let gate = filled(&doors[1]).await;
    let broadcast = beside({
        let doors = doors.clone();
        async move { all_or_nothing().accepted_each(&doors, |place| note(format!("m{place}"))).await }
    });
    quiet().await;
    assert!(journals[0].take().is_empty(), "nobody has it before all can");
    gate.open();
    let report = broadcast.await.expect("no panic").expect("there is room now");
    assert_eq!(report.succeeded(), 3);
    for (place, door) in doors.iter().enumerate() {
        settled(door).await;
        assert_eq!(journals[place].take().last(), Some(&format!("m{place}")));
        assert_eq!(free(door), 2);
    }
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_death_before_the_last_slot_is_reserved_leaves_nobody_with_the_message() {
    let (tree, doors, journals) = workers(3, 2).await;
    let gate = filled(&doors[2]).await;
    let broadcast = beside({
        let doors = doors.clone();
        async move { report(all_or_nothing().accepted_each(&doors, |_| note("m")).await) }
    });
    quiet().await;
    // The first two are reserved; the third is waited for.
    tree.kill("w0").await;
    gate.open();
    let report = broadcast.await.expect("no panic");
    assert_eq!(words(&report), ["noproc", "withheld", "withheld"]);
    for place in [1, 2] {
        settled(&doors[place]).await;
        assert!(!journals[place].take().contains(&"m".to_owned()));
    }
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_death_after_the_commit_is_reported_for_that_receiver_alone() {
    let (tree, doors, _journals) = workers(3, 2).await;
    let gate = held(&doors[1]).await;
    let broadcast = beside({
        let doors = doors.clone();
        async move { all_or_nothing().handled_each(&doors, |_| note("m")).await }
    });
    quiet().await;
    tree.kill("w1").await;
    let error = broadcast.await.expect("no panic").expect_err("one died");
    assert_eq!(words(&error.report), ["ok", "died", "ok"]);
    assert_eq!(error.report.outcome(), BroadcastOutcome::Missed);
    assert_eq!(error.to_string(), "2 of 3 receivers have it, 3 were wanted");
    drop(gate);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn two_broadcasts_that_meet_at_full_mailboxes_do_not_wait_for_each_other() {
    let (tree, doors, journals) = workers(2, 1).await;
    let gates = [filled(&doors[0]).await, filled(&doors[1]).await];
    let there = doors.clone();
    let back: Vec<_> = doors.iter().rev().cloned().collect();
    let started = tokio::time::Instant::now();
    let broadcasts = [there, back].map(|receivers| {
        beside(async move { all_or_nothing().accepted_each(&receivers, |_| note("m")).await })
    });
    quiet().await;
    gates.iter().for_each(Gate::open);
    for broadcast in broadcasts {
        assert_eq!(broadcast.await.expect("no panic").expect("there is room").succeeded(), 2);
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    for (door, journal) in doors.iter().zip(&journals) {
        settled(door).await;
        assert_eq!(journal.take(), ["fills", "m", "m"]);
    }
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_that_is_dropped_leaves_nothing_reserved_and_no_place_in_a_queue() {
    for rule in [BroadcastRule::AllOrNothing, BroadcastRule::BestEffort] {
        let (tree, doors, journals) = workers(3, 1).await;
        let gate = filled(&doors[1]).await;
        let broadcast = Broadcast::within(SECOND).rule(rule);
        let mut sent = Box::pin(broadcast.accepted_each(&doors, |_| note("m")));
        assert!(sent.as_mut().now_or_never().is_none(), "it waits for room");
        if rule == BroadcastRule::AllOrNothing {
            assert_eq!(free(&doors[0]), 0, "the slot is held");
        }
        drop(sent);
        gate.open();
        for door in &doors {
            settled(door).await;
            assert_eq!(free(door), 1, "{rule:?}");
        }
        assert_eq!(journals[1].take(), ["fills"]);
        tree.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_made_leaves_nobody_with_one() {
    let (tree, doors, journals) = workers(3, 2).await;
    let panicked = beside({
        let doors = doors.clone();
        async move {
            let make = |place: usize| if place == 2 { panic!("no message") } else { note("m") };
            report(all_or_nothing().accepted_each(&doors, make).await).succeeded()
        }
    });
    assert!(panicked.await.expect_err("it panics").is_panic());
    for (door, journal) in doors.iter().zip(&journals) {
        settled(door).await;
        assert_eq!(free(door), 2);
        assert!(journal.take().is_empty());
    }
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn handled_reports_who_handled_it_who_died_of_it_and_who_is_late() {
    let (tree, doors, _journals) = workers(4, 1).await;
    let gates = [held(&doors[1]).await, filled(&doors[3]).await];
    let message = |place: usize| if place == 2 { Do::Fail("no luck") } else { note("m") };
    let recorder = Recorder::new();
    let installed = recorder.install();
    let broadcast = Broadcast::within(SECOND).rule(BroadcastRule::AtLeast(1));
    let report = broadcast.handled_each(&doors, message).await.expect("one is enough");
    drop(installed);
    assert_eq!(words(&report), ["ok", "timeout", "died", "no room"]);
    assert!(!report.results()[3].as_ref().is_err_and(DeliveryFailure::may_have_been_handled));
    assert_eq!(recorder.counter("foundation.delivery.handled_total", &[]), 1);

    // Room comes within the deadline, the handler does not: it is accepted by then.
    let next = Gate::new();
    let receivers = [doors[3].clone()];
    let broadcast = beside({
        let next = next.clone();
        async move {
            let message = |_place| Do::Wait(next.clone());
            Broadcast::within(SECOND).handled_each(&receivers, message).await
        }
    });
    quiet().await;
    gates.iter().for_each(Gate::open);
    let report = broadcast.await.expect("no panic").expect("best effort");
    assert_eq!(words(&report), ["timeout"]);
    next.open();
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn names_are_addresses_and_a_clone_goes_to_everyone() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let mut probes = [
        test_helpers::Probe::<u64>::start(&node).await,
        test_helpers::Probe::<u64>::start(&node).await,
    ];
    let doors: Vec<_> = probes.iter().map(|probe| probe.server().clone()).collect();
    for rule in [BroadcastRule::BestEffort, BroadcastRule::AllOrNothing] {
        let report = Broadcast::within(SECOND).rule(rule).handled(&doors, 7).await;
        assert_eq!(report.expect("all live").succeeded(), 2);
        assert!(probes.iter_mut().all(|probe| probe.drain() == [7]));
        // The same process twice gets it twice.
        let twice = [doors[0].clone(), doors[0].clone()];
        let report = Broadcast::within(SECOND).rule(rule).handled(&twice, 8).await;
        assert_eq!(report.expect("it lives").succeeded(), 2);
        assert_eq!(probes[0].drain(), [8, 8]);
    }
    let names = [node.name::<u64>("nobody").expect("it is free")];
    let error = all_or_nothing().accepted(&names, 7).await.expect_err("nobody is there");
    assert_eq!(words(&error.report), ["noproc"]);
    for probe in probes {
        probe.stop().await;
    }
}

/// What a receiver is like when a broadcast comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Alive,
    Dead,
    /// And stays so.
    Full,
    /// It ends when its message is made: to all or to none, that is after the slots were reserved.
    Dying,
}

/// What a broadcast comes to, one receiver after the other.
fn model(rule: BroadcastRule, states: &[State]) -> Vec<&'static str> {
    let refusal = |state: &State| match state {
        State::Alive => "ok",
        State::Dead | State::Dying => "noproc",
        State::Full => "no room",
    };
    let all: Vec<_> = states.iter().map(refusal).collect();
    if rule != BroadcastRule::AllOrNothing {
        return all;
    }
    // A dead one decides at once, a full one at the deadline.
    let obstacle = |wanted| states.iter().position(|state| *state == wanted);
    match obstacle(State::Dead).or_else(|| obstacle(State::Full)) {
        Some(at) => (0..all.len()).map(|n| if n == at { all[n] } else { "withheld" }).collect(),
        None => all,
    }
}

/// Receivers on a runtime of their own, so that they can end while the broadcast does not let go of its thread.
fn elsewhere(count: usize) -> (tokio::runtime::Runtime, Supervisor, Vec<ServerRef<Do>>, Journal) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_time().build().expect("there is a thread");
    let journal = Journal::new();
    let (root, doors) = runtime.block_on(async {
        let node = Node::new(NodeConfig::default()).expect("tests unwind");
        let child = |place: usize| {
            let spec = Worker::spec(&place.to_string(), &journal).capacity(1);
            spec.child(&place.to_string()).restart(Restart::Temporary)
        };
        let spec = crate::support::supervisor(Strategy::OneForOne).children((0..count).map(child));
        let root = Supervisor::start(&node, spec).await.expect("the tree starts");
        let children = root.handle().which_children().await.expect("it runs");
        let running = children.iter().rev().filter_map(|child| child.process.running());
        let doors = running.filter_map(|process| process.server::<Do>()).collect();
        (root, doors)
    });
    (runtime, root, doors, journal)
}

/// Kills it and returns when its mailbox is closed.
fn killed(server: &ServerRef<Do>) {
    server.process().exit(ExitReason::Killed);
    while !matches!(server.try_reserve(), Err(CastFailure::NoProc)) {
        std::thread::yield_now();
    }
}

/// Runs one broadcast against these receivers; returns its results, and which of the living ones got the message.
fn broadcast_to(rule: BroadcastRule, states: &[State]) -> (Vec<&'static str>, Vec<String>) {
    let (runtime, root, doors, journal) = elsewhere(states.len());
    let mut gates = Vec::new();
    for (state, door) in states.iter().zip(&doors) {
        match state {
            State::Dead => killed(door),
            State::Full => gates.push(runtime.block_on(filled(door))),
            State::Alive | State::Dying => {}
        }
    }
    let mut here = tokio::runtime::Builder::new_current_thread();
    let here = here.enable_time().start_paused(true).build().expect("it starts");
    let sent = here.block_on(Broadcast::within(SECOND).rule(rule).accepted_each(&doors, |place| {
        if states[place] == State::Dying {
            killed(&doors[place]);
        }
        note(format!("m{place}"))
    }));
    let results = words(&report(sent));
    gates.iter().for_each(Gate::open);
    runtime.block_on(async {
        for (state, door) in states.iter().zip(&doors) {
            if matches!(state, State::Alive | State::Full) {
                settled(door).await;
            }
        }
        root.shutdown().await;
    });
    let mut got: Vec<String> =
        journal.take().into_iter().filter(|entry| entry.starts_with('m')).collect();
    got.sort_unstable();
    (results, got)
}

fn a_state() -> impl Generator<Value = State> {
    prop_oneof![
        6 => Just(State::Alive), 1 => Just(State::Dead), 1 => Just(State::Full), 2 => Just(State::Dying)
    ]
}

fn a_rule() -> impl Generator<Value = BroadcastRule> {
    prop_oneof![
        Just(BroadcastRule::BestEffort),
        (0_usize..6).prop_map(BroadcastRule::AtLeast),
        Just(BroadcastRule::Quorum),
        Just(BroadcastRule::AllOrNothing),
        Just(BroadcastRule::AllOrNothing),
    ]
}

#[test]
fn every_rule_does_what_the_model_does() {
    let config =
        ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    let broadcasts = (a_rule(), prop::collection::vec(a_state(), 0..7));
    let checked = TestRunner::new(config).run(&broadcasts, |(rule, states)| {
        let (results, got) = broadcast_to(rule, &states);
        assert_eq!(results, model(rule, &states), "{rule:?} {states:?}");
        let wanted: Vec<String> = (0..states.len())
            .filter(|place| results[*place] == "ok")
            .map(|place| format!("m{place}"))
            .collect();
        assert_eq!(got, wanted, "{rule:?} {states:?}");
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}
