//! The status of a process says where it is in its life, and how much it has done.

use std::sync::Arc;
use std::time::Duration;

use foundation::{
    DynamicSupervisorSpec, Exit, ExitReason, ProcessKind, ProcessStatus, Restart, RunState,
    ServerRef, Strategy, ThreadContext, ThreadServer, ThreadServerSpec,
};
use test_helpers::{Do, Gate, Journal, Plan, Worker};

use crate::clerk::{Clerk, Gates, Task};
use crate::support::{Meeting, beside, held, in_time, lone, of, settled};

#[tokio::test]
async fn the_state_follows_the_life_of_a_process() {
    let gates = Gates {
        init: Some(Gate::new()),
        info: Some(Gate::new()),
        terminate: Some(Gate::new()),
        ..Gates::default()
    };
    let (init, info, terminate) = (gates.init.clone(), gates.info.clone(), gates.terminate.clone());
    let (init, info, terminate) =
        (init.expect("made"), info.expect("made"), terminate.expect("made"));
    let dynamic = DynamicSupervisorSpec::new().name("kids").as_child("kids");
    let tree = of(Strategy::OneForOne, [dynamic]).await;
    let kids = tree.node().supervisor("kids").expect("a supervisor");
    let name = tree.node().name::<Task>("clerk").expect("a new name");
    let child = Clerk::spec(&gates).name(&name).child("clerk").restart(Restart::Temporary);
    let starting = beside({
        let kids = kids.clone();
        async move { kids.start_child(child).await }
    });
    init.arrival().await;
    let clerk = name.whereis().expect("it is registered before its init");
    let status = clerk.process().status();
    assert_eq!((status.state, status.message, status.handled), (RunState::Starting, None, 0));
    let parent = kids.process().expect("it lives").status();
    assert_eq!((parent.kind, parent.state), (ProcessKind::Supervisor, RunState::Running));
    assert_eq!(parent.message, Some("start_child"));

    init.open();
    starting.await.expect("no panic").expect("it starts");
    let status = clerk.process().status();
    assert_eq!((status.state, status.kind), (RunState::Waiting, ProcessKind::Worker));
    assert_eq!((status.name.as_deref(), status.pid), (Some("clerk"), clerk.pid()));

    let gate = Gate::new();
    clerk.cast(Task::Hold(gate.clone())).expect("there is room");
    gate.arrival().await;
    clerk.cast(Task::Watch(tree.root().process().clone())).expect("there is room");
    let status = clerk.process().status();
    assert_eq!((status.state, status.message), (RunState::Running, Some("Hold")));
    assert_eq!((status.handled, status.mailbox_depth, status.is_polled), (0, 1, false));
    gate.open();
    clerk.call(Task::Ping).await.expect("it answers");

    let (gone, dead) = lone(Worker::spec("a", &Journal::new())).await;
    gone.shutdown().await;
    clerk.cast(Task::Watch(dead.process().clone())).expect("there is room");
    info.arrival().await;
    let status = clerk.process().status();
    assert_eq!(
        (status.state, status.message, status.handled),
        (RunState::Running, Some("Info"), 4)
    );
    info.open();
    clerk.call(Task::Ping).await.expect("it answers");

    let stopping = beside({
        let process = clerk.process().clone();
        async move { kids.terminate_child(&process).await }
    });
    terminate.arrival().await;
    let status = clerk.process().status();
    assert_eq!((status.state, status.message), (RunState::Ending, None));
    assert_eq!(status.handled, 5, "the notice is not counted");
    terminate.open();
    stopping.await.expect("no panic").expect("it stops");
    assert_eq!(clerk.process().status().state, RunState::Ended);
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn an_exit_signal_shows_before_the_end_does() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let _gate = held(&server).await;
    server.process().exit(ExitReason::Killed);
    // The task runs only when the test waits for something.
    assert_eq!(server.process().status().state, RunState::Ending);
    assert_eq!(server.process().status().message, None);
    in_time(server.process().monitor().down()).await;
    assert_eq!(server.process().status().state, RunState::Ended);
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn without_names_of_its_own_a_message_has_that_of_its_type() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let gate = held(&server).await;
    let kind = server.process().status().message.expect("a message is handled");
    assert!(kind.ends_with("::Do"), "{kind}");
    gate.open();
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn each_message_is_counted_once_and_each_poll_shows() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let mut polls = server.process().status().polls;
    assert!(polls > 0);
    for handled in 0..5 {
        let status = server.process().status();
        assert_eq!((status.handled, status.state), (handled, RunState::Waiting));
        server.cast(Do::Note("x".into())).expect("there is room");
        tokio::task::yield_now().await;
        let status = server.process().status();
        assert!(status.polls > polls && !status.is_polled);
        polls = status.polls;
    }
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn uptime_is_that_of_the_incarnation_by_the_clock_of_the_node() {
    let tree = of(Strategy::OneForOne, [Worker::spec("a", &Journal::new()).child("a")]).await;
    tree.clock().advance(Duration::from_secs(100));
    let old = tree.process("a").await;
    assert_eq!(old.status().uptime, Duration::from_secs(100));
    tree.kill("a").await;
    let new = tree.await_restart("a", old.pid()).await;
    tree.clock().advance(Duration::from_secs(7));
    assert_eq!(new.status().uptime, Duration::from_secs(7));
    assert_eq!(tree.root().process().status().uptime, Duration::from_secs(107));
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn a_supervisor_shows_what_it_serves() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    let child = Worker::planned("a", &journal, &plan).child("a");
    let tree = of(Strategy::OneForOne, [child]).await;
    let served = tree.root().process().status().handled;
    assert_eq!(served, 0, "its own start is no message");
    plan.hold_init(&gate);
    tree.kill("a").await;
    gate.arrival().await;
    let status = tree.root().process().status();
    assert_eq!((status.state, status.message), (RunState::Running, Some("child exited")));
    gate.open();
    tree.handle().which_children().await.expect("the root lives");
    let status = tree.root().process().status();
    assert_eq!((status.state, status.handled), (RunState::Waiting, served + 1));
    in_time(tree.shutdown()).await;
}

struct Blocks;

impl ThreadServer for Blocks {
    type Args = ();
    type Msg = Arc<Meeting>;

    fn init((): (), _cx: &mut ThreadContext<Arc<Meeting>>) -> Result<Self, Exit> {
        Ok(Self)
    }

    fn handle_batch(
        &mut self,
        batch: &mut Vec<Arc<Meeting>>,
        _cx: &mut ThreadContext<Arc<Meeting>>,
    ) -> Result<(), Exit> {
        for barrier in batch.drain(..) {
            // Once to say that it is here, once to be let go.
            barrier.wait();
            barrier.wait();
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_process_on_a_thread_shows_its_batch() {
    let child = ThreadServerSpec::<Blocks>::new(()).child("t").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server: ServerRef<Arc<Meeting>> = tree.server("t").await;
    let status = server.process().status();
    assert_eq!((status.kind, status.state), (ProcessKind::Thread, RunState::Waiting));
    let barrier = Arc::new(Meeting::new());
    let handled = beside({
        let (server, barrier) = (server.clone(), Arc::clone(&barrier));
        async move { foundation::handled(&server, barrier, Duration::from_secs(5)).await.map(drop) }
    });
    tokio::task::yield_now().await;
    barrier.wait();
    let status = server.process().status();
    assert_eq!((status.state, status.is_polled, status.polls), (RunState::Running, true, 1));
    assert!(status.message.is_some_and(|kind| kind.contains("Meeting")));
    barrier.wait();
    handled.await.expect("no panic").expect("it is handled");
    let status = server.process().status();
    assert_eq!((status.state, status.handled), (RunState::Waiting, 1));
    in_time(tree.shutdown()).await;
    assert_eq!(server.process().status().state, RunState::Ended);
}

#[tokio::test]
async fn a_status_reads_as_a_line() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    settled(&server).await;
    tree.clock().advance(Duration::from_secs(2));
    let pid = server.pid();
    let line = server.process().status().to_string();
    assert_eq!(line, format!("{pid} a: worker waiting, 0/1 waiting, 1 handled, up 2s"));
    let gate = held(&server).await;
    let status: ProcessStatus = server.process().status();
    assert!(status.to_string().starts_with(&format!("{pid} a: worker running (")), "{status}");
    gate.open();
    in_time(tree.shutdown()).await;
}
