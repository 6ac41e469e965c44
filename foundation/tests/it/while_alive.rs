//! An operation that is given up when a process ends, and leaves no monitor behind.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foundation::{
    Context, Down, Exit, ExitReason, GenServer, ProcessRef, Reply, Restart, ServerSpec, Strategy,
};
use futures_util::FutureExt;
use test_helpers::{Journal, Worker};

use crate::support::{in_time, is_killed, is_pending, lone, of};

/// Counts that it was dropped.
struct Dropped(Arc<AtomicU64>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn an_operation_that_ends_first_gives_its_result_and_the_monitor_is_gone() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let result = server.process().while_alive(async { 7 }).await;
    assert_eq!(result.map_err(|down| down.reason.to_string()), Ok(7));
    assert_eq!(tree.node().counts().monitors, 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_operation_is_dropped_before_the_end_of_its_process_is_reported() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let drops = Arc::<AtomicU64>::default();
    let held = Dropped(Arc::clone(&drops));
    let mut operation = Box::pin(server.process().while_alive(async move {
        let _held = held;
        pending::<()>().await
    }));
    assert!(is_pending(&mut operation));
    assert_eq!((tree.node().counts().monitors, drops.load(Ordering::SeqCst)), (1, 0));
    tree.kill("a").await;
    let down = operation.as_mut().await.expect_err("the process ended");
    assert!(is_killed(&down.reason));
    assert_eq!(down.pid, server.pid());
    // The future itself still stands.
    assert_eq!((tree.node().counts().monitors, drops.load(Ordering::SeqCst)), (0, 1));
    drop(operation);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_operation_for_a_process_that_has_ended_is_not_begun() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    tree.kill("a").await;
    let never = async { panic!("it was begun") };
    let result: Result<(), Down> =
        server.process().while_alive(never).now_or_never().expect("it is known at once");
    assert!(matches!(result.expect_err("it has ended").reason, ExitReason::NoProc));
    assert_eq!(tree.node().counts().monitors, 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_operation_is_not_gone_on_with_when_both_are_ready() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let gate = test_helpers::Gate::new();
    let waiting = gate.clone();
    let mut operation = Box::pin(server.process().while_alive(async move { waiting.pass().await }));
    assert!(is_pending(&mut operation));
    tree.kill("a").await;
    gate.open();
    assert!(is_killed(&in_time(operation).await.expect_err("the end comes first").reason));
    tree.shutdown().await;
}

#[tokio::test]
async fn an_operation_that_is_given_up_or_panics_leaves_no_monitor() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let monitors = || tree.node().counts().monitors;
    let never_polled = server.process().while_alive(pending::<()>());
    assert_eq!(monitors(), 1, "it watches from the call on");
    drop(never_polled);
    assert_eq!(monitors(), 0);
    let mut polled = Box::pin(server.process().while_alive(pending::<()>()));
    assert!(is_pending(&mut polled));
    drop(polled);
    assert_eq!(monitors(), 0);
    let mut panics = Box::pin(server.process().while_alive(async { panic!("boom") }));
    let caught = std::panic::AssertUnwindSafe(&mut panics).catch_unwind().await;
    let caught: Result<Result<(), Down>, _> = caught;
    assert!(caught.is_err());
    drop(panics);
    assert_eq!(monitors(), 0);
    tree.shutdown().await;
}

/// Waits for something that never comes, as long as another process lives.
struct Client;

struct Wait(ProcessRef, Reply<Down>);

impl GenServer for Client {
    type Args = ();
    type Msg = Wait;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(
        &mut self,
        Wait(target, reply): Wait,
        _cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        match target.while_alive(pending::<()>()).await {
            Ok(()) => Err(Exit::error("it cannot be over")),
            Err(down) => {
                reply.send(down);
                Ok(())
            }
        }
    }
}

#[tokio::test]
async fn a_process_can_wait_for_another_one_as_long_as_that_lives() {
    let children = [
        ServerSpec::<Client>::new(()).child("c"),
        Worker::spec("t", &Journal::new()).child("t").restart(Restart::Temporary),
    ];
    let tree = of(Strategy::OneForOne, children).await;
    let (client, target) = (tree.server::<Wait>("c").await, tree.process("t").await);
    let watched = target.clone();
    let mut call = Box::pin(client.call(|reply| Wait(watched, reply)));
    assert!(is_pending(&mut call));
    let is_watched = || tree.node().counts().monitors > 0;
    assert!(test_helpers::eventually(test_helpers::DEADLINE, is_watched).await);
    tree.kill("t").await;
    let down = in_time(call).await.expect("it answers");
    assert!(is_killed(&down.reason));
    assert_eq!(down.pid, target.pid());
    tree.shutdown().await;
}
