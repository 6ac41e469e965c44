//! A suspended process does nothing but what its supervisor or a kill asks, and loses nothing.

use std::time::Duration;

use foundation::{CallError, CastFailure, ExitReason, RunState, SuspendError};
use test_helpers::{Do, Journal, Worker};

use crate::support::{beside, held, is_killed, lone, note, quiet, settled};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_suspended_process_takes_nothing_until_it_is_resumed_and_then_everything_in_order() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("w", &journal)).await;
    let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
    server.cast(Do::Monitor(target.process().clone())).expect("there is room");
    server.cast(Do::NoteAfter(SECOND, "timer".to_owned())).expect("there is room");
    settled(&server).await;
    journal.take();

    server.process().suspend(SECOND).await.expect("it stands still");
    assert_eq!(server.process().status().state, RunState::Suspended);
    for number in 1..=3 {
        server.cast(note(format!("n{number}"))).expect("there is room");
    }
    other.kill("a").await;
    tokio::time::advance(2 * SECOND).await;
    quiet().await;
    assert!(journal.take().is_empty(), "it stands still");
    let call = server.call_timeout(SECOND, |reply| Do::Echo(1, reply)).await;
    assert!(matches!(call, Err(CallError::Timeout)), "{call:?}");
    assert_eq!(server.process().status().mailbox_depth, 4);

    assert!(server.process().resume());
    settled(&server).await;
    assert_eq!(journal.take(), ["down killed", "timer", "n1", "n2", "n3"]);
    assert_eq!(server.process().status().state, RunState::Waiting);
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn the_bound_of_its_mailbox_holds() {
    let (tree, server) = lone(Worker::spec("w", &Journal::new()).capacity(2)).await;
    server.process().suspend(SECOND).await.expect("it stands still");
    server.cast(note("one")).expect("there is room");
    server.cast(note("two")).expect("there is room");
    assert_eq!(server.cast(note("three")).expect_err("it is full").cause, CastFailure::Full);
    server.process().resume();
    settled(&server).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn it_obeys_its_supervisor_and_a_kill() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("w", &journal)).await;
    server.process().suspend(SECOND).await.expect("it stands still");
    server.cast(note("never")).expect("there is room");
    tree.shutdown().await;
    assert_eq!(journal.take(), ["+w", "terminate w shutdown", "-w"]);

    let (tree, server) = lone(Worker::spec("w", &journal)).await;
    server.process().suspend(SECOND).await.expect("it stands still");
    server.process().exit(ExitReason::Killed);
    assert!(is_killed(&server.process().monitor().down().await.reason));
    tree.shutdown().await;
}

#[tokio::test]
async fn suspending_twice_needs_one_resume() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("w", &journal)).await;
    server.process().suspend(SECOND).await.expect("it stands still");
    server.process().suspend(SECOND).await.expect("it still does");
    server.process().resume();
    settled(&server).await;
    // Nor does one resume too many count for later.
    server.process().resume();
    server.process().suspend(SECOND).await.expect("it stands still");
    server.cast(note("waits")).expect("there is room");
    quiet().await;
    assert_eq!(journal.take(), ["+w"]);
    server.process().resume();
    settled(&server).await;
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_has_not_suspended_it() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("w", &journal)).await;
    let gate = held(&server).await;
    let late = server.process().suspend(SECOND).await;
    assert!(matches!(late, Err(SuspendError::Timeout)), "{late:?}");
    gate.open();
    settled(&server).await;
    assert_eq!(server.process().status().state, RunState::Waiting);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_that_ends_first_reports_its_reason() {
    let (tree, server) = lone(Worker::spec("w", &Journal::new())).await;
    let _gate = held(&server).await;
    let waiting = beside({
        let process = server.process().clone();
        async move { process.suspend(60 * SECOND).await }
    });
    quiet().await;
    server.process().exit(ExitReason::Killed);
    let error = waiting.await.expect("no panic").expect_err("it has ended");
    assert!(matches!(&error, SuspendError::Down(reason) if is_killed(reason)), "{error:?}");
    let again = server.process().suspend(SECOND).await;
    assert!(matches!(again, Err(SuspendError::NoProc)), "{again:?}");
    assert!(!server.process().resume());
    let refused = tree.root().process().suspend(SECOND).await;
    assert!(matches!(refused, Err(SuspendError::Unsupported)), "{refused:?}");
    tree.shutdown().await;
}
