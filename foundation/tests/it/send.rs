//! Accepted and handled, and where the rest goes.

use std::time::{Duration, SystemTime};

use foundation::{
    DeadLetter, DeadLetterFilter, DeadLetterInfo, DeadLetterReason, DeliveryError, ExitReason,
    Node, NodeConfig, Overflow, Restart, SendFailure, ServerRef, Strategy, Supervisor, accepted,
    accepted_or_dead_letter, handled,
};
use test_helpers::{Do, Gate, Journal, Worker};

use crate::support::{
    beside, held, is_killed, is_panic, lone, note, quiet, settled, supervisor, text,
};

const SECOND: Duration = Duration::from_secs(1);

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
        let DeliveryError::Died(reason) = &error else { panic!("{error:?}") };
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
    assert!(matches!(&error, DeliveryError::Died(reason) if is_killed(reason)), "{error:?}");
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
    assert!(matches!(error, DeliveryError::Timeout), "{error:?}");
    let error = accepted(&server, note("no room"), SECOND).await.expect_err("there is no room");
    let DeliveryError::NotAccepted(error) = error else { panic!("{error:?}") };
    assert_eq!(error.cause, SendFailure::Timeout);
    assert_eq!(text(error.into_message()), "no room");
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
    assert!(matches!(error, DeliveryError::Timeout), "{error:?}");
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
    assert!(matches!(error, DeliveryError::Dropped), "{error:?}");
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

#[tokio::test]
async fn an_undeliverable_message_is_a_dead_letter_before_the_call_returns() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let good = accepted_or_dead_letter(&server, note("good"), SECOND).await.expect("it runs");
    assert_eq!(good.pid, server.pid());
    settled(&server).await;
    tree.kill("a").await;
    let reason =
        accepted_or_dead_letter(&server, note("late"), SECOND).await.expect_err("it has ended");
    assert!(matches!(reason, DeadLetterReason::NoProc), "{reason:?}");
    let letters = tree.node().dead_letters().drain();
    let letter = letters.into_iter().next().expect("it is there");
    let DeadLetterInfo { id, address, message_type, .. } = letter.info;
    let (label, pid) = (address.label.as_deref(), address.pid);
    assert_eq!((id.seq(), pid, label), (1, Some(server.pid()), Some("a")));
    assert!(message_type.ends_with("Do"));
    assert_eq!(text(*letter.message.downcast::<Do>().expect("it is a Do")), "late");
    tree.shutdown().await;
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
