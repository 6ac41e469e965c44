//! A process ends exactly once, however it ends, and panics stay inside.

use std::time::Duration;

use foundation::{
    CastFailure, Context, Exit, ExitReason, GenServer, Node, NodeConfig, ProcessRef, Restart,
    ServerSpec, Strategy, Supervisor,
};
use futures_util::FutureExt;
use test_helpers::{Baseline, Do, Journal, Probe, Worker, eventually};

use crate::support::{held, is_killed, is_panic, lone, note, of, quiet, settled, supervisor};

/// Watches three times and requires one `Down` from each monitor and the state gone by then.
async fn ends_once(process: ProcessRef, journal: &Journal, end: impl FnOnce()) -> ExitReason {
    let (first, second) = (process.monitor(), process.monitor());
    assert_ne!(first.id(), second.id());
    assert!(process.is_alive() && process.exit_reason().is_none());
    end();
    let down = first.down().await;
    assert_eq!(journal.alive_in_all(), 0, "the state is gone before the end is known");
    assert_eq!(down.pid, process.pid());
    let second = second.down().await;
    assert_eq!(down.reason.to_string(), second.reason.to_string());
    assert!(!process.is_alive());
    assert!(process.exit_reason().is_some());
    down.reason
}

#[tokio::test]
async fn each_kind_of_end_publishes_one_down_with_its_reason() {
    let casts: [(Do, &str); 5] = [
        (Do::End(ExitReason::Normal), "normal"),
        (Do::End(ExitReason::Shutdown), "shutdown"),
        (Do::End(ExitReason::ShutdownWith("why".into())), "shutdown: why"),
        (Do::Fail("no luck"), "failed: no luck"),
        (Do::Panic("boom"), "panicked: boom"),
    ];
    for (message, wanted) in casts {
        let journal = Journal::new();
        let (tree, server) = lone(Worker::spec("a", &journal)).await;
        let cast = || server.cast(message).expect("there is room");
        let reason = ends_once(server.process().clone(), &journal, cast).await;
        assert_eq!(reason.to_string(), wanted);
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn an_exit_signal_ends_a_process_that_waits_inside_a_handler() {
    for (signal, wanted) in [
        (ExitReason::Killed, "killed"),
        (ExitReason::Shutdown, "shutdown"),
        (ExitReason::error("told so"), "failed: told so"),
    ] {
        let journal = Journal::new();
        let (tree, server) = lone(Worker::spec("a", &journal)).await;
        let gate = held(&server).await;
        let process = server.process().clone();
        let reason = ends_once(process.clone(), &journal, || process.exit(signal)).await;
        assert_eq!(reason.to_string(), wanted);
        assert_eq!(gate.passed(), 0);
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn the_first_exit_signal_decides_and_normal_is_no_signal() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    server.process().exit(ExitReason::Normal);
    settled(&server).await;
    let monitor = server.process().monitor();
    server.process().exit(ExitReason::ShutdownWith("first".into()));
    server.process().exit(ExitReason::Killed);
    assert_eq!(monitor.down().await.reason.to_string(), "shutdown: first");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_that_is_always_busy_can_be_killed() {
    struct Busy;
    impl GenServer for Busy {
        type Args = ();
        type Msg = ();
        async fn init(_args: (), cx: &mut Context<Self>) -> Result<Self, Exit> {
            cx.this().cast(())?;
            Ok(Self)
        }
        async fn handle(&mut self, _msg: (), cx: &mut Context<Self>) -> Result<(), Exit> {
            cx.this().cast(())?;
            Ok(())
        }
    }
    let child = ServerSpec::<Busy>::new(()).capacity(1).child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    tree.kill("a").await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_that_was_never_polled_still_publishes_its_end() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let baseline = Baseline::of(&node);
    let journal = Journal::new();
    let name = node.name::<Do>("a").expect("the name is free");
    let child = Worker::spec("a", &journal).name(&name).child("a");
    // The root has been made and waits for its first turn when its start is given up.
    let mut start =
        Box::pin(Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child)));
    assert!((&mut start).now_or_never().is_none());
    assert_eq!(node.counts().processes, 1);
    drop(start);
    baseline.restored().await;
    assert_eq!(journal.take(), [""; 0]);
}

#[test]
fn a_runtime_that_goes_away_publishes_the_ends_of_all_its_processes() {
    let journal = Journal::new();
    let first = runtime();
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let baseline = Baseline::of(&node);
    let (root, monitors) = first.block_on(async {
        let inner = supervisor(Strategy::OneForOne).child(Worker::spec("b", &journal).child("b"));
        let spec = supervisor(Strategy::OneForOne)
            .child(Worker::spec("a", &journal).child("a"))
            .child(inner.as_child("inner"));
        let root = Supervisor::start(&node, spec).await.expect("the tree starts");
        let children = root.handle().which_children().await.expect("the root lives");
        let mut monitors = vec![root.process().monitor()];
        monitors.extend(
            children.iter().map(|child| child.process.running().expect("it runs").monitor()),
        );
        (root, monitors)
    });
    drop(first);
    runtime().block_on(async {
        for monitor in monitors {
            let down = foundation::time::timeout(Duration::from_secs(10), monitor.down()).await;
            assert!(is_killed(&down.expect("the end was published").reason));
        }
        drop(root);
        baseline.restored().await;
        assert_eq!(journal.alive_in_all(), 0);
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts")
}

#[tokio::test]
async fn a_dead_process_takes_nothing_and_says_so() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    tree.kill("a").await;
    let error = server.cast(note("late")).expect_err("nobody is there");
    assert_eq!(error.cause, CastFailure::NoProc);
    assert!(!error.is_retryable());
    let error =
        server.send(note("late"), Duration::from_secs(1)).await.expect_err("nobody is there");
    assert_eq!(error.cause, foundation::SendFailure::NoProc);
    assert_eq!(tree.node().dead_letters().counts().total, 0, "the sender has the messages");
    server.process().exit(ExitReason::Killed);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_ends_one_process_and_touches_no_other() {
    let (left, right) = (Journal::new(), Journal::new());
    let children = [
        Worker::spec("a", &left).child("a").restart(Restart::Temporary),
        Worker::spec("b", &right).child("b"),
    ];
    let tree = of(Strategy::OneForOne, children).await;
    let (a, b) = (tree.server::<Do>("a").await, tree.server::<Do>("b").await);
    let monitor = a.process().monitor();
    a.cast(Do::Panic("boom")).expect("there is room");
    assert!(is_panic(&monitor.down().await.reason, "boom"));
    settled(&b).await;
    assert_eq!(right.take(), ["+b"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_state_that_panics_when_it_is_dropped_does_not_prevent_the_end() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("in drop");
            }
        }
    }
    impl GenServer for Bad {
        type Args = ();
        type Msg = ();
        async fn init(_args: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
            Ok(Self)
        }
        async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
            Err(Exit::normal())
        }
    }
    for is_killed_in_place in [false, true] {
        let tree = of(
            Strategy::OneForOne,
            [ServerSpec::<Bad>::new(()).child("a").restart(Restart::Temporary)],
        )
        .await;
        let server = tree.server::<()>("a").await;
        let monitor = server.process().monitor();
        if is_killed_in_place {
            server.process().exit(ExitReason::Killed);
            assert!(is_killed(&monitor.down().await.reason));
        } else {
            server.cast(()).expect("there is room");
            assert!(is_panic(&monitor.down().await.reason, "in drop"));
        }
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn pids_are_never_used_again() {
    let tree = of(Strategy::OneForOne, [Worker::spec("a", &Journal::new()).child("a")]).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let old = tree.kill("a").await;
        assert!(seen.insert(old));
        tree.await_restart("a", old).await;
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn a_door_of_an_ended_incarnation_never_reaches_its_successor() {
    let journal = Journal::new();
    let tree = of(Strategy::OneForOne, [Worker::spec("a", &journal).child("a")]).await;
    let old = tree.server::<Do>("a").await;
    let killed = tree.kill("a").await;
    let new = tree.await_restart("a", killed).await;
    old.cast(note("for the old one")).expect_err("it has ended");
    settled(&new.server::<Do>().expect("it takes Do")).await;
    assert!(!journal.take().contains(&"for the old one".to_owned()));
    assert!(new.server::<u64>().is_none(), "the type of the messages is checked");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_recipient_is_a_narrow_door_by_pid_or_by_name() {
    struct Wide(u64);
    impl From<u32> for Wide {
        fn from(number: u32) -> Self {
            Self(u64::from(number))
        }
    }
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let mut probe = Probe::<Wide>::start(&node).await;
    let recipient = probe.recipient::<u32>();
    recipient.cast(7).expect("there is room");
    assert_eq!(probe.next().await.0, 7);
    assert_eq!(recipient.pid(), Some(probe.server().pid()));

    let name = node.name::<Wide>("nobody").expect("the name is free");
    let nobody = name.recipient::<u32>();
    assert_eq!(nobody.cast(1).expect_err("nobody holds the name"), CastFailure::NoProc);
    assert!(nobody.pid().is_none() && nobody.process().is_none());
    probe.stop().await;
    assert_eq!(recipient.cast(7).expect_err("it has ended"), CastFailure::NoProc);
}

#[tokio::test]
async fn several_nodes_share_nothing() {
    let (first, one) = lone(Worker::spec("a", &Journal::new())).await;
    let (second, _two) = lone(Worker::spec("a", &Journal::new())).await;
    let counts = second.node().counts();
    one.cast(Do::Panic("boom")).expect("there is room");
    assert!(eventually(test_helpers::DEADLINE, || !one.is_alive()).await);
    quiet().await;
    assert_eq!(second.node().counts(), counts);
    first.shutdown().await;
    second.shutdown().await;
}
