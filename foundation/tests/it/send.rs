//! Accepted and handled, and where the rest goes.

use std::time::{Duration, SystemTime};

use foundation::{
    Alarm, Backoff, Context, DeadLetter, DeadLetterFilter, DeadLetterInfo, DeadLetterReason,
    DeliveryFailure, Exit, ExitReason, Fate, GenServer, Jitter, Metadata, MetadataError, Name,
    Node, NodeConfig, OnFailure, Overflow, Reply, Restart, SendFailure, SendOptions, ServerRef,
    ServerSpec, Strategy, Supervisor, accepted, accepted_with, handled, handled_at_least_once,
    handled_with,
};
use test_helpers::{Do, Gate, Journal, Recorder, Worker};

use crate::support::{
    beside, held, is_killed, is_panic, lone, note, quiet, settled, supervisor, text,
};

const SECOND: Duration = Duration::from_secs(1);

/// Why it did not get into the mailbox.
fn refusal(failure: &DeliveryFailure) -> SendFailure {
    match failure {
        DeliveryFailure::NotAccepted(cause) => *cause,
        other => panic!("{other}"),
    }
}

/// Waits of 1 s, 2 s, 4 s and so on, up to `cap`, without chance.
fn doubling(cap: Duration) -> Backoff {
    Backoff { base: SECOND, factor: 2, cap, jitter: Jitter::None }
}

/// A worker under a name, restarted when it ends.
async fn named(node: &Node, journal: &Journal) -> (Supervisor, Name<Do>) {
    let name = node.name::<Do>("a").expect("the name is free");
    let child = Worker::spec("a", journal).name(&name).child("a");
    let root = Supervisor::start(node, supervisor(Strategy::OneForOne).child(child)).await;
    (root.expect("the tree starts"), name)
}

#[tokio::test]
async fn accepted_means_in_the_mailbox_and_handled_means_done() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal)).await;
    let gate = held(&server).await;
    let receipt = accepted(&server, note("first"), SECOND).await.expect("there is room");
    assert_eq!(receipt.pid, server.pid());
    assert_eq!(journal.take(), ["+a"], "not handled yet");
    let second = beside({
        let server = server.clone();
        async move {
            handled(&server, note("second"), test_helpers::DEADLINE)
                .await
                .map(|receipt| receipt.pid)
        }
    });
    quiet().await;
    assert!(!second.is_finished());
    gate.open();
    let pid = second.await.expect("the sender does not panic").expect("it is handled");
    assert_eq!(pid, server.pid());
    assert_eq!(journal.take(), ["first", "second"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn what_the_handler_did_not_finish_is_not_handled() {
    for (message, wanted) in [
        (Do::Panic("boom"), "panicked: boom"),
        (Do::Fail("no luck"), "failed: no luck"),
        (Do::End(ExitReason::Normal), "normal"),
    ] {
        let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
        let error = handled(&server, message, SECOND).await.expect_err("it was not handled");
        let DeliveryFailure::Died(reason) = &error.failure else { panic!("{error:?}") };
        assert_eq!(reason.to_string(), wanted);
        assert!(error.into_message().is_none());
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn what_was_accepted_and_not_taken_when_the_process_ended_is_reported() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let _gate = held(&server).await;
    let waiting = beside({
        let server = server.clone();
        async move { handled(&server, note("waits"), test_helpers::DEADLINE).await }
    });
    quiet().await;
    tree.kill("a").await;
    let error = waiting.await.expect("the sender does not panic").expect_err("it was not handled");
    let DeliveryFailure::Died(reason) = &error.failure else { panic!("{error:?}") };
    assert!(is_killed(reason), "{error:?}");
    assert_eq!(tree.node().dead_letters().counts().total, 0, "the sender knows");
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_the_wait_for_room_and_the_wait_for_the_handler() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new()).capacity(1)).await;
    let gate = held(&server).await;
    let started = tokio::time::Instant::now();
    let error = handled(&server, note("in the mailbox"), SECOND)
        .await
        .expect_err("it is not handled in time");
    assert!(matches!(error.failure, DeliveryFailure::Timeout), "{error:?}");
    let error = accepted(&server, note("no room"), SECOND).await.expect_err("there is no room");
    assert_eq!(refusal(&error.failure), SendFailure::Timeout);
    assert_eq!(error.into_message().map(text).as_deref(), Some("no room"));
    assert_eq!(started.elapsed(), 2 * SECOND);

    // Half of the time goes by before there is room.
    let started = tokio::time::Instant::now();
    let next = Gate::new();
    let first = beside({
        let (server, next) = (server.clone(), next.clone());
        async move { accepted(&server, Do::Wait(next), SECOND).await }
    });
    quiet().await;
    let waiting = beside({
        let server = server.clone();
        async move { handled(&server, note("late"), SECOND).await }
    });
    quiet().await;
    tokio::time::advance(SECOND / 2).await;
    gate.open();
    first.await.expect("no panic").expect("room comes");
    let error = waiting.await.expect("no panic").expect_err("it is not handled in time");
    assert!(matches!(error.failure, DeliveryFailure::Timeout), "{error:?}");
    assert_eq!(started.elapsed(), SECOND);
    next.open();
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_newer_one_pushed_out_is_reported_as_dropped() {
    let spec = Worker::spec("a", &Journal::new()).capacity(1).overflow(Overflow::DropOldest);
    let (tree, server) = lone(spec).await;
    let gate = held(&server).await;
    let old = beside({
        let server = server.clone();
        async move { handled(&server, note("old"), 5 * SECOND).await }
    });
    quiet().await;
    server.cast(note("new")).expect("it always has room");
    gate.open();
    let error = old.await.expect("the sender does not panic").expect_err("it was dropped");
    assert!(matches!(error.failure, DeliveryFailure::Dropped), "{error:?}");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_name_is_resolved_at_each_send() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name::<Do>("a").expect("the name is free");
    let error = accepted(&name, note("early"), SECOND).await.expect_err("nobody is there");
    assert_eq!(error.into_message().map(text).as_deref(), Some("early"));
    let spec = supervisor(Strategy::OneForOne)
        .child(Worker::spec("a", &Journal::new()).name(&name).child("a"));
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let first = handled(&name, note("one"), SECOND).await.expect("it runs");
    let old = name.whereis().expect("it runs");
    let monitor = old.process().monitor();
    old.process().exit(ExitReason::Killed);
    monitor.down().await;
    name.registered().await;
    let second = handled(&name, note("two"), SECOND).await.expect("it runs again");
    assert_ne!(first.pid, second.pid);
    root.shutdown().await;
}

/// Leaves `count` casts and one call in the mailbox of a process that ends like this.
async fn left_behind(server: &ServerRef<Do>, count: usize) {
    for number in 0..count {
        server.cast(note(format!("n{number}"))).expect("there is room");
    }
}

#[tokio::test]
async fn messages_left_in_a_mailbox_become_dead_letters_with_the_reason_and_the_time() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    server.cast(note("handled")).expect("there is room");
    server.cast(Do::Panic("boom")).expect("there is room");
    left_behind(&server, 3).await;
    tree.clock().advance(SECOND);
    server.process().monitor().down().await;
    let now = tree.node().clock().wall();
    let letters = tree.node().dead_letters().drain();
    let stamp = |letter: &DeadLetter| (letter.info.id.seq(), letter.info.first_failure);
    let seen: Vec<(u64, SystemTime)> = letters.iter().map(stamp).collect();
    assert_eq!(seen, [(1, now), (2, now), (3, now)]);
    for letter in &letters {
        assert!(
            matches!(&letter.info.reason, DeadLetterReason::Exited(reason) if is_panic(reason, "boom"))
        );
    }
    let texts: Vec<String> = letters
        .into_iter()
        .map(|letter| text(*letter.message.downcast::<Do>().expect("it is a Do")))
        .collect();
    assert_eq!(texts, ["n0", "n1", "n2"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn the_dead_letters_are_bounded_and_what_leaves_is_counted() {
    let node = Node::new(NodeConfig::default().dead_letters(10)).expect("tests unwind");
    let child = Worker::spec("a", &Journal::new()).child("a").restart(Restart::Temporary);
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child))
        .await
        .expect("it starts");
    let children = root.handle().which_children().await.expect("the root lives");
    let process =
        children.first().and_then(|child| child.process.running()).expect("it runs").clone();
    let server = process.server::<Do>().expect("it takes Do");
    let _gate = held(&server).await;
    left_behind(&server, 25).await;
    let monitor = process.monitor();
    process.exit(ExitReason::Killed);
    monitor.down().await;
    let counts = node.dead_letters().counts();
    assert_eq!((counts.total, counts.evicted, counts.kept), (25, 15, 10));
    let kept = node.dead_letters().list(&DeadLetterFilter::all());
    let kept: Vec<u64> = kept.iter().map(|letter| letter.id.seq()).collect();
    assert_eq!(kept, (16..=25).collect::<Vec<u64>>());
    root.shutdown().await;
}

#[test]
fn what_is_accepted_at_once_needs_no_timer() {
    // Without a timer driver, whoever makes a timer panics.
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    runtime.block_on(async {
        let spec = Worker::spec("a", &Journal::new()).capacity(10_001);
        let child = spec.child("a").restart(Restart::Temporary);
        let node = Node::new(NodeConfig::default()).expect("tests unwind");
        let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child))
            .await
            .expect("it starts");
        let children = root.handle().which_children().await.expect("it runs");
        let server = children[0].process.running().and_then(|child| child.server::<Do>());
        let server = server.expect("it runs");
        let gate = held(&server).await;
        let options = SendOptions::within(SECOND).retries(3, Backoff::default());
        for number in 0..10_000 {
            let message = note(format!("n{number}"));
            accepted_with(&server, message, &options).await.expect("there is room");
        }
        gate.open();
        drop(root);
    });
}

#[tokio::test(start_paused = true)]
async fn a_name_is_resolved_anew_before_each_attempt() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name::<Do>("a").expect("the name is free");
    let options = SendOptions::within(10 * SECOND).retries(5, doubling(60 * SECOND));
    let sending = beside({
        let (name, options) = (name.clone(), options.clone());
        async move { accepted_with(&name, note("at last"), &options).await }
    });
    quiet().await;
    let journal = Journal::new();
    let (root, name) = named(&node, &journal).await;
    let receipt = sending.await.expect("no panic").expect("somebody is there by now");
    assert_eq!(Some(receipt.pid), name.whereis().map(|server| server.pid()));
    handled(&name, note("after"), SECOND).await.expect("it runs");
    assert_eq!(journal.take(), ["+a", "at last", "after"]);

    // It ends while the sender waits for room: that attempt fails, the next one finds the successor.
    let old = name.whereis().expect("it runs");
    let _gate = held(&old).await;
    while old.try_reserve().is_ok_and(|permit| permit.send(note("fills")).is_ok()) {}
    let sending = beside({
        let (name, options) = (name.clone(), options.clone());
        async move { handled_with(&name, note("to the successor"), &options).await }
    });
    quiet().await;
    old.process().exit(ExitReason::Killed);
    let receipt = sending.await.expect("no panic").expect("the successor handles it");
    assert_ne!(receipt.pid, old.pid());
    assert_eq!(journal.take(), ["-a", "+a", "to the successor"]);
    root.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn attempts_grow_apart_up_to_the_cap_and_their_number_is_bounded() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name::<Do>("nobody").expect("the name is free");
    let options = SendOptions::within(1_000 * SECOND).retries(5, doubling(4 * SECOND));
    let started = tokio::time::Instant::now();
    let error = accepted_with(&name, note("x"), &options).await.expect_err("nobody is there");
    assert_eq!(started.elapsed(), (1 + 2 + 4 + 4 + 4) * SECOND);
    assert_eq!((error.attempts, refusal(&error.failure)), (6, SendFailure::NoProc));
    assert_eq!(error.to_string(), "not accepted: no such process, after 6 attempts");
    assert!(error.is_retryable());
    assert_eq!(error.into_message().map(text).as_deref(), Some("x"));
    drop(installed);
    assert_eq!(recorder.counter("foundation.delivery.retried_total", &[]), 5);
    let failed = recorder.counter("foundation.delivery.failed_total", &[("cause", "noproc")]);
    assert_eq!(failed, 1, "one message, whatever the attempts");
}

#[tokio::test(start_paused = true)]
async fn those_who_failed_together_do_not_come_back_together() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name::<Do>("nobody").expect("the name is free");
    let backoff = Backoff { base: 1_000 * SECOND, cap: 1_000 * SECOND, ..Backoff::default() };
    let options = SendOptions::within(10_000 * SECOND).retries(1, backoff);
    let mut waits = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let started = tokio::time::Instant::now();
        accepted_with(&name, note("x"), &options).await.expect_err("nobody is there");
        assert!(started.elapsed() <= 1_001 * SECOND);
        waits.insert(started.elapsed());
    }
    assert!(waits.len() > 10, "{waits:?}");
    let middle = waits.iter().filter(|wait| **wait < 500 * SECOND).count();
    assert!(middle > 0 && middle < waits.len(), "down to nothing, and up to all of it: {waits:?}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_all_attempts_and_the_waits_between_them() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name::<Do>("nobody").expect("the name is free");
    let options = SendOptions::within(5 * SECOND).retries(100, doubling(60 * SECOND));
    let started = tokio::time::Instant::now();
    let error = accepted_with(&name, note("x"), &options).await.expect_err("nobody is there");
    // The wait of 4 s would end after 7 s, so it is not begun.
    assert_eq!((started.elapsed(), error.attempts), (3 * SECOND, 3));

    let (tree, server) = lone(Worker::spec("a", &Journal::new()).capacity(1)).await;
    let gate = held(&server).await;
    server.cast(note("fills")).expect("there is room");
    let options = options.attempt_timeout(2 * SECOND);
    for is_handled in [false, true] {
        let started = tokio::time::Instant::now();
        let error = if is_handled {
            handled_with(&server, note("x"), &options).await.expect_err("there is no room")
        } else {
            accepted_with(&server, note("x"), &options).await.expect_err("there is no room")
        };
        // 2 s of waiting for room, 1 s between the attempts, and what is left of the 5 s.
        assert_eq!((started.elapsed(), error.attempts), (5 * SECOND, 2));
        assert_eq!(refusal(&error.failure), SendFailure::Timeout);
    }
    gate.open();
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_that_failed_early_counts() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let (root, name) = named(&node, &Journal::new()).await;
    let server = name.whereis().expect("it runs");
    let _gate = held(&server).await;
    while server.try_reserve().is_ok_and(|permit| permit.send(note("fills")).is_ok()) {}
    let options = SendOptions::within(5 * SECOND).retries(100, doubling(SECOND));
    let started = tokio::time::Instant::now();
    let sending = beside(async move { accepted_with(&name, note("x"), &options).await });
    quiet().await;
    tokio::time::advance(3 * SECOND).await;
    // Nobody follows: the supervisor goes, too.
    root.handle().process().expect("it runs").exit(ExitReason::Killed);
    let error = sending.await.expect("no panic").expect_err("nobody is there any more");
    // 3 s of waiting for room, an attempt after 4 s; after 5 s it is over.
    assert_eq!((started.elapsed(), error.attempts), (4 * SECOND, 2));
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_again_is_not_tried_again() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    tree.kill("a").await;
    let options = SendOptions::within(100 * SECOND).retries(5, doubling(SECOND));
    let started = tokio::time::Instant::now();
    let error = accepted_with(&server, note("x"), &options).await.expect_err("it has ended");
    assert_eq!((error.attempts, refusal(&error.failure)), (1, SendFailure::NoProc));
    let error = handled_with(&server, note("x"), &options).await.expect_err("it has ended");
    assert_eq!((error.attempts, refusal(&error.failure)), (1, SendFailure::NoProc));
    assert_eq!(started.elapsed(), Duration::ZERO, "nobody follows this incarnation");
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_handled_is_sent_again_only_at_least_once() {
    let options = SendOptions::within(100 * SECOND)
        .attempt_timeout(SECOND)
        .retries(3, doubling(SECOND))
        .on_failure(OnFailure::DeadLetter);
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let (root, name) = named(&node, &Journal::new()).await;
    let error = handled_with(&name, Do::Panic("boom"), &options).await.expect_err("it panics");
    assert!(matches!(error.failure, DeliveryFailure::Died(_)), "{error:?}");
    assert_eq!(error.attempts, 1);
    assert!(error.may_have_been_handled() && !error.is_retryable());
    assert!(!error.failure.is_retryable());
    assert!(matches!(error.fate, Fate::Gone), "it did not come back, so it cannot be buried");
    let gate = held(&name.registered().await).await;
    let error = handled_with(&name, note("slow"), &options).await.expect_err("it is held");
    assert!(matches!(error.failure, DeliveryFailure::Timeout), "{error:?}");
    assert_eq!(error.attempts, 1);
    gate.open();
    root.shutdown().await;
    assert_eq!(node.dead_letters().counts().total, 0);

    let (probe, name) = listening(&node).await;
    let gate = Gate::new();
    name.cast(Told::Wait(gate.clone())).expect("it runs");
    gate.arrival().await;
    let error = handled_at_least_once(&name, Told::Number(7), &options).await;
    let error = error.expect_err("it is held all the time");
    assert_eq!(error.attempts, 4);
    assert!(error.may_have_been_handled() && !error.is_retryable());
    assert!(matches!(error.fate, Fate::DeadLetter), "the sender has it still");
    assert!(matches!(node.dead_letters().drain()[0].info.reason, DeadLetterReason::Unhandled));
    gate.open();
    probe.shutdown().await;
}

/// A message that can be sent again.
#[derive(Debug, Clone)]
enum Told {
    Number(u64),
    Wait(Gate),
}

/// Tells itself things, and is told.
struct Listener(Vec<u64>);

enum ToListener {
    Told(Told),
    /// Sends itself this, both ways, and answers what came of the second.
    TellYourself(u64, Reply<SendFailure>),
    Heard(Reply<Vec<u64>>),
}

impl GenServer for Listener {
    type Args = ();
    type Msg = ToListener;

    async fn init(_: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(Vec::new()))
    }

    async fn handle(&mut self, message: ToListener, cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            ToListener::Told(Told::Number(number)) => self.0.push(number),
            ToListener::Told(Told::Wait(gate)) => gate.pass().await,
            ToListener::TellYourself(number, reply) => {
                let this = cx.this().clone();
                let told = || ToListener::Told(Told::Number(number));
                accepted(&this, told(), SECOND).await.expect("there is room");
                let error =
                    handled(&this, told(), SECOND).await.expect_err("it would wait for itself");
                reply.send(refusal(&error.failure));
            }
            ToListener::Heard(reply) => reply.send(self.0.clone()),
        }
        Ok(())
    }
}

/// A process that takes nothing but what can be sent again.
struct Hearer;

impl GenServer for Hearer {
    type Args = ();
    type Msg = Told;

    async fn init(_: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, message: Told, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Told::Wait(gate) = message {
            gate.pass().await;
        }
        Ok(())
    }
}

async fn listening(node: &Node) -> (Supervisor, Name<Told>) {
    let name = node.name::<Told>("hearer").expect("the name is free");
    let child = ServerSpec::<Hearer>::new(()).name(&name).child("hearer");
    let root = Supervisor::start(node, supervisor(Strategy::OneForOne).child(child)).await;
    (root.expect("the tree starts"), name)
}

#[tokio::test(start_paused = true)]
async fn a_process_can_send_to_itself_but_not_wait_for_itself() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name("listener").expect("the name is free");
    let child = ServerSpec::<Listener>::new(()).name(&name).child("listener");
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child)).await;
    let root = root.expect("the tree starts");
    let started = tokio::time::Instant::now();
    let refused = name.call(|reply| ToListener::TellYourself(7, reply)).await.expect("it answers");
    assert_eq!(refused, SendFailure::SelfSend);
    assert_eq!(name.call(ToListener::Heard).await.expect("it answers"), [7]);
    assert_eq!(started.elapsed(), Duration::ZERO, "nobody waited for a deadline");
    root.shutdown().await;
}

#[tokio::test]
async fn an_undeliverable_message_is_a_dead_letter_before_the_call_returns() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let metadata = Metadata::new([("order", "4711")]).expect("it is short");
    let options = SendOptions::within(SECOND).on_failure(OnFailure::DeadLetter).metadata(metadata);
    let good = accepted_with(&server, note("good"), &options).await.expect("it runs");
    assert_eq!(good.pid, server.pid());
    settled(&server).await;
    tree.kill("a").await;
    let error = accepted_with(&server, note("late"), &options).await.expect_err("it has ended");
    assert!(matches!(error.fate, Fate::DeadLetter), "{error:?}");
    assert!(error.into_message().is_none(), "it is in one place");
    let name = tree.node().name::<Do>("nobody").expect("the name is free");
    handled_with(&name, note("lost"), &options).await.expect_err("nobody is there");
    let letters = tree.node().dead_letters().drain();
    let whom = |letter: &DeadLetter| {
        let DeadLetterInfo { id, address, .. } = &letter.info;
        (id.seq(), address.pid, address.label.clone())
    };
    let seen: Vec<_> = letters.iter().map(whom).collect();
    assert_eq!(seen, [(1, Some(server.pid()), Some("a".into())), (2, None, Some("nobody".into()))]);
    for (letter, wanted) in letters.into_iter().zip(["late", "lost"]) {
        assert!(matches!(letter.info.reason, DeadLetterReason::NoProc), "{letter:?}");
        assert_eq!(letter.info.metadata.get("order"), Some("4711"));
        assert!(letter.info.message_type.ends_with("Do"));
        assert_eq!(text(*letter.message.downcast::<Do>().expect("it is a Do")), wanted);
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn who_asks_for_an_alarm_gets_one_and_the_message_back() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    tree.kill("a").await;
    let metadata = Metadata::new([("order", "4711")]).expect("it is short");
    let quiet = SendOptions::within(SECOND).metadata(metadata.clone());
    let loud = quiet.clone().on_failure(OnFailure::Alarm);
    for options in [&quiet, &loud] {
        let error = accepted_with(&server, note("late"), options).await.expect_err("it has ended");
        assert_eq!(error.into_message().map(text).as_deref(), Some("late"));
    }
    let alarms = tree.alarms();
    let [Alarm::Undelivered { to, failure, attempts: 1, metadata: told, .. }] = &alarms[..] else {
        panic!("one alarm: {alarms:?}");
    };
    assert_eq!((to.as_deref(), &**failure), (Some("a"), "not accepted: no such process"));
    assert_eq!(*told, metadata);
    assert_eq!(tree.node().dead_letters().counts().total, 0);
    tree.shutdown().await;
}

#[test]
fn metadata_is_bounded() {
    let many = |count: usize| Metadata::new((0..count).map(|n| (n.to_string(), "x")));
    assert_eq!(many(8).expect("eight fit").iter().count(), 8);
    assert_eq!(many(9), Err(MetadataError::TooMany));
    assert!(Metadata::new([("k", "v".repeat(255))]).is_ok());
    assert_eq!(Metadata::new([("k", "v".repeat(256))]), Err(MetadataError::TooLong));
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_counted_by_what_came_of_them() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let (tree, server) = lone(Worker::spec("a", &Journal::new()).capacity(2)).await;
    accepted(&server, note("one"), SECOND).await.expect("there is room");
    handled(&server, note("two"), SECOND).await.expect("it runs");
    let gate = held(&server).await;
    handled(&server, note("late"), SECOND).await.expect_err("it is held");
    accepted(&server, note("fits"), SECOND).await.expect("there is room");
    accepted(&server, note("too many"), SECOND).await.expect_err("there is no room");
    gate.open();
    handled(&server, Do::Panic("boom"), SECOND).await.expect_err("it panics");
    let bury = SendOptions::within(SECOND).on_failure(OnFailure::DeadLetter);
    accepted_with(&server, note("dead"), &bury).await.expect_err("it has ended");
    tree.shutdown().await;
    drop(installed);
    assert_eq!(recorder.counter("foundation.delivery.accepted_total", &[]), 2);
    assert_eq!(recorder.counter("foundation.delivery.handled_total", &[]), 1);
    for cause in ["timeout", "no_room", "died", "noproc"] {
        let failed = recorder.counter("foundation.delivery.failed_total", &[("cause", cause)]);
        assert_eq!(failed, 1, "{cause}");
    }
    assert_eq!(recorder.counter("foundation.dead_letter.buried_total", &[("cause", "noproc")]), 1);
}
