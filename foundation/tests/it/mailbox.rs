//! The data lane is bounded and fair, the control lane comes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use foundation::{CallError, CastFailure, DeadLetterReason, Overflow, SendFailure, ServerRef};
use test_helpers::{Do, Journal, Worker, eventually};

use crate::support::{beside, held, is_pending, lone, note, on_thread, quiet, settled, text};

const SECOND: Duration = Duration::from_secs(1);

/// Casts notes until the mailbox is full, and returns how many it took.
fn fill(server: &ServerRef<Do>) -> usize {
    (0..).take_while(|number| server.cast(note(format!("n{number}"))).is_ok()).count()
}

#[tokio::test]
async fn a_mailbox_takes_exactly_its_capacity() {
    for capacity in [1, 2, 3, 4, 7, 64, 300] {
        let (tree, server) = lone(Worker::spec("a", &Journal::new()).capacity(capacity)).await;
        let gate = held(&server).await;
        assert_eq!(fill(&server), capacity, "the one that is being handled takes no room");
        let refused = server.cast(note("more")).expect_err("it is full");
        assert_eq!(refused.cause, CastFailure::Full);
        assert!(refused.is_retryable());
        assert_eq!(text(refused.into_message()), "more");
        gate.open();
        settled_after_full(&server).await;
        assert_eq!(server.process().mailbox_depth(), (0, capacity));
        tree.shutdown().await;
    }
}

/// Like `settled`, for a mailbox that may still be full.
async fn settled_after_full(server: &ServerRef<Do>) {
    server
        .call_timeout(Duration::from_secs(20), |reply| Do::Echo(0, reply))
        .await
        .expect("there is room in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_senders_never_exceed_the_capacity_and_nothing_is_lost() {
    const SENDERS: usize = 8;
    const EACH: usize = 2_000;
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(16)).await;
    let accepted = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (server, accepted) = (server.clone(), Arc::clone(&accepted));
            on_thread(move || {
                for number in 0..EACH {
                    if server.cast(note(format!("{sender}:{number}"))).is_ok() {
                        accepted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    let all_sent = || threads.iter().all(std::thread::JoinHandle::is_finished);
    assert!(eventually(test_helpers::DEADLINE, all_sent).await);
    settled_after_full(&server).await;
    let (waiting, most) = server.process().mailbox_depth();
    assert_eq!(waiting, 0);
    assert!(most <= 16, "{most} messages waited");
    let handled = journal.entries().iter().filter(|entry| entry.contains(':')).count();
    assert_eq!(handled, accepted.load(Ordering::SeqCst));
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_one_sender_arrive_in_order() {
    const SENDERS: usize = 4;
    const EACH: usize = 500;
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(8)).await;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let server = server.clone();
            beside(async move {
                for number in 0..EACH {
                    let message = note(format!("{sender}:{number}"));
                    // Half of them never wait, half of them do: the order holds across both ways.
                    let refused = if number % 2 == 0 { server.cast(message).err() } else { None };
                    let message = match (refused, number % 2) {
                        (Some(refused), _) => refused.into_message(),
                        (None, 0) => continue,
                        (None, _) => note(format!("{sender}:{number}")),
                    };
                    server
                        .send(message, test_helpers::DEADLINE)
                        .await
                        .expect("there is room in time");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("no sender panics");
    }
    settled_after_full(&server).await;
    let entries = journal.entries();
    for sender in 0..SENDERS {
        let prefix = format!("{sender}:");
        let got: Vec<usize> =
            entries.iter().filter_map(|entry| entry.strip_prefix(&prefix)?.parse().ok()).collect();
        assert_eq!(got, (0..EACH).collect::<Vec<_>>());
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn a_down_overtakes_a_full_data_lane() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(4)).await;
    let (other, target) = lone(Worker::spec("b", &Journal::new())).await;
    server.cast(Do::Monitor(target.process().clone())).expect("there is room");
    settled(&server).await;
    let gate = held(&server).await;
    assert_eq!(fill(&server), 4);
    other.kill("a").await;
    journal.take();
    gate.open();
    settled_after_full(&server).await;
    assert_eq!(journal.take(), ["down killed", "n0", "n1", "n2", "n3"]);
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn a_stop_overtakes_a_full_data_lane_and_what_is_left_becomes_dead_letters_in_order() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(5)).await;
    // Some of what is left was taken out in one swap already, the rest came later.
    let first = test_helpers::Gate::new();
    server.cast(Do::Wait(first.clone())).expect("there is room");
    let second = test_helpers::Gate::new();
    first.arrival().await;
    server.cast(note("n0")).expect("there is room");
    server.cast(Do::Wait(second.clone())).expect("there is room");
    server.cast(note("n1")).expect("there is room");
    first.open();
    second.arrival().await;
    server.cast(note("n2")).expect("there is room");
    let stop = {
        let handle = tree.handle().clone();
        beside(async move { handle.terminate_child("a").await })
    };
    quiet().await;
    second.open();
    stop.await.expect("the caller does not panic").expect("the child stops");
    assert_eq!(journal.take(), ["+a", "n0", "terminate a shutdown", "-a"]);
    let letters = tree.node().dead_letters().drain();
    let texts: Vec<String> = letters
        .into_iter()
        .map(|letter| text(*letter.message.downcast::<Do>().expect("it is a Do")))
        .collect();
    assert_eq!(texts, ["n1", "n2"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn with_overflow_wait_a_send_waits_for_room_until_its_deadline() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new()).capacity(2)).await;
    let gate = held(&server).await;
    fill(&server);
    let started = tokio::time::Instant::now();
    let late = server.send(note("late"), SECOND).await.expect_err("there is no room");
    assert_eq!(late.cause, SendFailure::Timeout);
    assert_eq!(text(late.into_message()), "late");
    assert_eq!(started.elapsed(), SECOND);
    let call = server.call_timeout(SECOND, |reply| Do::Echo(0, reply)).await;
    assert!(matches!(call, Err(CallError::Timeout)), "{call:?}");
    gate.open();
    server.send(note("in time"), SECOND).await.expect("there is room now");
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn with_overflow_reject_nobody_waits() {
    let (tree, server) =
        lone(Worker::spec("a", &Journal::new()).capacity(2).overflow(Overflow::Reject)).await;
    let gate = held(&server).await;
    assert_eq!(fill(&server), 2);
    let started = tokio::time::Instant::now();
    let send = server.send(note("more"), SECOND).await.expect_err("it is full");
    assert_eq!(send.cause, SendFailure::Full);
    let call = server.call(|reply| Do::Echo(0, reply)).await;
    assert!(matches!(call, Err(CallError::Full)), "{call:?}");
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(tree.node().dead_letters().counts().total, 0, "the sender has the message");
    gate.open();
    tree.shutdown().await;
}

/// The texts of the dead letters, which must all be overflows.
fn overflowed(tree: &test_helpers::IsolatedTree) -> Vec<String> {
    let letters = tree.node().dead_letters().drain();
    assert!(letters.iter().all(|letter| matches!(letter.info.reason, DeadLetterReason::Overflow)));
    letters
        .into_iter()
        .map(|letter| text(*letter.message.downcast::<Do>().expect("it is a Do")))
        .collect()
}

#[tokio::test]
async fn with_overflow_drop_oldest_the_newest_messages_stay() {
    for capacity in [1, 3, 10] {
        let journal = Journal::new();
        let spec = Worker::spec("a", &journal).capacity(capacity).overflow(Overflow::DropOldest);
        let (tree, server) = lone(spec).await;
        // The messages that wait when the process takes one must stay droppable.
        let first = held(&server).await;
        let second = test_helpers::Gate::new();
        server.cast(Do::Wait(second.clone())).expect("it always has room");
        for number in 1..capacity {
            server.cast(note(format!("old{number}"))).expect("it always has room");
        }
        first.open();
        second.arrival().await;
        for number in 0..capacity {
            server.cast(note(format!("new{number}"))).expect("it always has room");
        }
        journal.take();
        second.open();
        journal.written(&format!("new{}", capacity - 1), 1).await;
        let kept: Vec<String> = (0..capacity).map(|number| format!("new{number}")).collect();
        let dropped: Vec<String> = (1..capacity).map(|number| format!("old{number}")).collect();
        assert_eq!(overflowed(&tree), dropped);
        assert_eq!(journal.take(), kept);
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn with_overflow_drop_newest_the_oldest_messages_stay_and_callers_are_told() {
    let journal = Journal::new();
    let spec = Worker::spec("a", &journal).capacity(2).overflow(Overflow::DropNewest);
    let (tree, server) = lone(spec).await;
    let gate = held(&server).await;
    for number in 0..4 {
        server.cast(note(format!("n{number}"))).expect("the drop is not the sender's concern");
    }
    let call = server.call(|reply| Do::Echo(0, reply)).await;
    assert!(matches!(call, Err(CallError::Full)), "{call:?}");
    let sent = foundation::handled(&server, note("n4"), SECOND).await;
    let failure = sent.expect_err("it was dropped").failure;
    assert!(matches!(failure, foundation::DeliveryFailure::NotAccepted(_)), "{failure:?}");
    assert_eq!(overflowed(&tree), ["n2", "n3"], "what the sender knows of is no dead letter");
    journal.take();
    gate.open();
    journal.written("n1", 1).await;
    settled(&server).await;
    assert_eq!(journal.take(), ["n0", "n1"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn those_who_wait_for_room_are_served_first_come_first_served() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(1)).await;
    let gate = held(&server).await;
    assert_eq!(fill(&server), 1);
    journal.take();
    let mut waiting = Vec::new();
    for name in ["w1", "w2", "w3"] {
        let mut send = Box::pin(server.send(note(name), test_helpers::DEADLINE));
        assert!(is_pending(&mut send));
        waiting.push(send);
    }
    gate.open();
    quiet().await;
    // There is room for one, and it belongs to the first who waits: a cast does not slip in.
    let cast = server.cast(note("cast")).expect_err("the slot is taken");
    assert_eq!(cast.cause, CastFailure::Full);
    assert_eq!(server.try_reserve().expect_err("the slot is taken"), CastFailure::Full);
    for send in waiting {
        send.await.expect("each gets a slot in turn");
    }
    settled_after_full(&server).await;
    assert_eq!(journal.take(), ["n0", "w1", "w2", "w3"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_waiting_send_that_is_cancelled_gives_its_place_back() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(1)).await;
    let gate = held(&server).await;
    assert_eq!(fill(&server), 1);
    let mut first = Box::pin(server.send(note("first"), test_helpers::DEADLINE));
    let mut second = Box::pin(server.send(note("second"), test_helpers::DEADLINE));
    let mut third = Box::pin(server.send(note("third"), test_helpers::DEADLINE));
    assert!(is_pending(&mut first) && is_pending(&mut second) && is_pending(&mut third));
    // One gives up while it waits ...
    drop(first);
    gate.open();
    quiet().await;
    // ... and one after it was given the slot and before it noticed.
    drop(second);
    third.await.expect("the slot was passed on");
    settled_after_full(&server).await;
    assert_eq!(journal.take(), ["+a", "n0", "third"]);
    let gate = held(&server).await;
    assert_eq!(fill(&server), 1, "no slot was lost, none appeared");
    gate.open();
    tree.shutdown().await;
}

#[tokio::test]
async fn a_permit_is_a_slot_that_nobody_else_gets() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal).capacity(2)).await;
    let gate = held(&server).await;
    let permit = server.try_reserve().expect("there is room");
    let unused = server.try_reserve().expect("there is room");
    assert_eq!(server.try_reserve().expect_err("both are reserved"), CastFailure::Full);
    assert_eq!(fill(&server), 0);
    drop(unused);
    assert_eq!(fill(&server), 1);
    permit.send(note("reserved")).expect("a permit always has room");
    assert_eq!(fill(&server), 0);
    journal.take();
    gate.open();
    settled_after_full(&server).await;
    assert_eq!(journal.take(), ["n0", "reserved"]);
    let gate = held(&server).await;
    assert_eq!(fill(&server), 2, "both slots are back");
    gate.open();
    tree.shutdown().await;
}

#[tokio::test]
async fn a_permit_for_a_process_that_has_ended_returns_the_message() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let permit = server.try_reserve().expect("there is room");
    let unused = server.try_reserve().expect("there is room");
    tree.kill("a").await;
    let error = permit.send(note("late")).expect_err("nobody is there");
    assert_eq!(error.cause, CastFailure::NoProc);
    assert_eq!(text(error.into_message()), "late");
    drop(unused);
    assert_eq!(server.try_reserve().expect_err("nobody is there"), CastFailure::NoProc);
    tree.shutdown().await;
}

#[tokio::test]
async fn the_end_of_a_process_wakes_those_who_wait_for_room() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new()).capacity(1)).await;
    let _gate = held(&server).await;
    fill(&server);
    // A task of its own, which runs again only when it is woken.
    let send = beside(async move { server.send(note("waiting"), test_helpers::DEADLINE).await });
    quiet().await;
    tree.kill("a").await;
    let error = send.await.expect("the sender does not panic").expect_err("nobody is there");
    assert_eq!(error.cause, SendFailure::NoProc);
    assert_eq!(text(error.into_message()), "waiting");
    tree.shutdown().await;
}
