//! Calls, callbacks, timers and piped futures of a `GenServer`.

use std::time::Duration;

use foundation::{
    CallError, Context, Exit, ExitReason, GenServer, Node, NodeConfig, Overflow, Reply, Restart,
    ServerSpec, StartError, Strategy, Supervisor, SupervisorSpec, TimerRef, time,
};
use test_helpers::{Do, Gate, IsolatedTree, Journal, Plan, Probe, Worker};

use crate::support::{
    beside, held, is_killed, is_panic, is_pending, is_shutdown, lone, note, of, quiet, settled,
    supervisor,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_call_returns_the_answer() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    assert_eq!(server.call(|reply| Do::Echo(7, reply)).await.expect("it answers"), 7);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_after_five_seconds_by_default() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let started = tokio::time::Instant::now();
    let answer = server.call(Do::KeepReply).await;
    assert!(matches!(answer, Err(CallError::Timeout)), "{answer:?}");
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert!(server.is_alive());
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_never_reaches_a_later_call() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal)).await;
    let gate = held(&server).await;
    let late = server.call_timeout(SECOND, |reply| Do::Echo(1, reply)).await;
    assert!(matches!(late, Err(CallError::Timeout)), "{late:?}");
    let next = server.call_timeout(SECOND, |reply| Do::Echo(2, reply));
    gate.open();
    assert_eq!(next.await.expect("it answers"), 2);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_server_sees_whether_anybody_waits_for_its_answer() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let mut probe = Probe::<Do>::start(&node).await;
    let mut call = Box::pin({
        let server = probe.server().clone();
        async move { server.call(Do::KeepReply).await }
    });
    assert!(is_pending(&mut call));
    let Do::KeepReply(reply) = probe.next().await else { panic!("another message") };
    assert!(!reply.is_abandoned());
    drop(call);
    assert!(reply.is_abandoned());
    reply.send(1);
    probe.stop().await;
}

async fn unanswered(make: impl FnOnce(Reply<u64>) -> Do) -> CallError {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let error = server.call(make).await.expect_err("there is no answer");
    tree.shutdown().await;
    error
}

#[tokio::test]
async fn a_call_whose_server_ends_reports_its_reason() {
    let error = unanswered(|reply| Do::PanicOn("boom", reply)).await;
    assert!(matches!(&error, CallError::Down(reason) if is_panic(reason, "boom")), "{error:?}");
    let error = unanswered(|reply| Do::FailOn("no luck", reply)).await;
    assert_eq!(error.to_string(), "the process ended before it answered: failed: no luck");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_dropped_on_the_way_out_is_never_taken_for_a_server_that_lives_on() {
    for round in 0..200 {
        let error = match round % 2 {
            0 => unanswered(|reply| Do::FailOn("no luck", reply)).await,
            _ => unanswered(|reply| Do::PanicOn("boom", reply)).await,
        };
        assert!(matches!(error, CallError::Down(_)), "round {round}: {error:?}");
    }
}

#[tokio::test]
async fn a_call_whose_server_is_killed_or_stopped_reports_that() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let call = beside({
        let server = server.clone();
        async move { server.call(Do::KeepReply).await }
    });
    settled(&server).await;
    tree.kill("a").await;
    let error = call.await.expect("the caller does not panic").expect_err("there is no answer");
    assert!(matches!(&error, CallError::Down(reason) if is_killed(reason)), "{error:?}");
    tree.shutdown().await;

    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let call = beside(async move { server.call(Do::KeepReply).await });
    quiet().await;
    tree.handle().terminate_child("a").await.expect("it stops");
    let error = call.await.expect("the caller does not panic").expect_err("there is no answer");
    assert!(matches!(&error, CallError::Down(reason) if is_shutdown(reason)), "{error:?}");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_call_that_still_waits_in_the_mailbox_when_the_server_ends_is_told() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let _gate = held(&server).await;
    let call = beside({
        let server = server.clone();
        async move { server.call(|reply| Do::Echo(1, reply)).await }
    });
    quiet().await;
    tree.kill("a").await;
    let error = call.await.expect("the caller does not panic").expect_err("there is no answer");
    assert!(matches!(&error, CallError::Down(reason) if is_killed(reason)), "{error:?}");
    assert_eq!(tree.node().dead_letters().counts().total, 0, "the caller knows");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_dropped_reply_of_a_server_that_lives_on_is_told_at_once() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let answer = server.call(Do::DropReply).await;
    assert!(matches!(answer, Err(CallError::NoReply)), "{answer:?}");
    settled(&server).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn calls_to_a_full_or_dead_process_or_to_oneself_fail_at_once() {
    let (tree, server) =
        lone(Worker::spec("a", &Journal::new()).capacity(1).overflow(Overflow::Reject)).await;
    assert_eq!(server.call(Do::CallYourself).await.expect("it answers"), 1);
    let gate = held(&server).await;
    server.cast(note("fills it")).expect("there is room");
    let answer = server.call(|reply| Do::Echo(0, reply)).await;
    assert!(matches!(answer, Err(CallError::Full)), "{answer:?}");
    gate.open();
    tree.kill("a").await;
    let answer = server.call(|reply| Do::Echo(0, reply)).await;
    assert!(matches!(answer, Err(CallError::NoProc)), "{answer:?}");
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn timers_fire_in_order_and_before_waiting_mail() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal)).await;
    server.cast(Do::NoteAfter(3 * SECOND, "third".into())).expect("there is room");
    server.cast(Do::NoteAfter(SECOND, "first".into())).expect("there is room");
    server.cast(Do::NoteAfter(SECOND, "second".into())).expect("there is room");
    let gate = held(&server).await;
    tokio::time::advance(2 * SECOND).await;
    server.cast(note("mail")).expect("there is room");
    gate.open();
    journal.written("third", 1).await;
    assert_eq!(journal.take(), ["+a", "first", "second", "mail", "third"]);
    tree.shutdown().await;
}

/// Sets two timers, cancels one, and says whether each cancel found its timer.
struct Canceller(Journal, Option<TimerRef>);

enum CancelMsg {
    Go(Reply<(bool, bool)>),
    Fired(&'static str),
}

impl GenServer for Canceller {
    type Args = Journal;
    type Msg = CancelMsg;

    async fn init(journal: Journal, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(journal, None))
    }

    async fn handle(&mut self, msg: CancelMsg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            CancelMsg::Go(reply) => {
                self.1 = Some(cx.send_after(SECOND, CancelMsg::Fired("kept")));
                let cancelled = cx.send_after(SECOND, CancelMsg::Fired("cancelled"));
                let first = cx.cancel_timer(cancelled);
                reply.send((first, cx.cancel_timer(cancelled)));
            }
            CancelMsg::Fired(what) => {
                let timer = self.1.take().is_some_and(|timer| cx.cancel_timer(timer));
                self.0.note(format!("{what} {timer}"));
            }
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_timer_does_not_fire_and_a_fired_one_cannot_be_cancelled() {
    let journal = Journal::new();
    let tree =
        of(Strategy::OneForOne, [ServerSpec::<Canceller>::new(journal.clone()).child("a")]).await;
    let server = tree.server::<CancelMsg>("a").await;
    assert_eq!(server.call(CancelMsg::Go).await.expect("it answers"), (true, false));
    time::sleep(5 * SECOND).await;
    assert_eq!(journal.take(), ["kept false"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_piped_future_does_not_block_the_process_and_its_result_comes_before_waiting_mail() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal)).await;
    let piped = Gate::new();
    server.cast(Do::PipeNote(piped.clone(), "piped".into())).expect("there is room");
    piped.arrival().await;
    settled(&server).await;
    let gate = held(&server).await;
    server.cast(note("mail")).expect("there is room");
    piped.open();
    gate.open();
    settled(&server).await;
    assert_eq!(journal.take(), ["+a", "piped", "mail"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_piped_future_ends_with_its_process() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let piped = Gate::new();
    server.cast(Do::PipeNote(piped.clone(), "piped".into())).expect("there is room");
    piped.arrival().await;
    tree.kill("a").await;
    piped.open();
    quiet().await;
    assert_eq!(piped.passed(), 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn terminate_runs_on_every_end_but_kill_and_panic() {
    let ends: [(Do, &[&str]); 4] = [
        (Do::End(ExitReason::Normal), &["+a", "terminate a normal", "-a"]),
        (Do::Fail("no luck"), &["+a", "terminate a failed: no luck", "-a"]),
        (Do::Panic("boom"), &["+a", "-a"]),
        (
            Do::End(ExitReason::ShutdownWith("done".into())),
            &["+a", "terminate a shutdown: done", "-a"],
        ),
    ];
    for (message, expected) in ends {
        let journal = Journal::new();
        let (tree, server) = lone(Worker::spec("a", &journal)).await;
        let monitor = server.process().monitor();
        server.cast(message).expect("there is room");
        monitor.down().await;
        assert_eq!(journal.take(), expected);
        tree.shutdown().await;
    }
    let journal = Journal::new();
    let (tree, _server) = lone(Worker::spec("a", &journal)).await;
    tree.kill("a").await;
    assert_eq!(journal.take(), ["+a", "-a"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_in_terminate_is_the_reason_of_the_end() {
    struct Last;
    impl GenServer for Last {
        type Args = ();
        type Msg = ();
        async fn init(_args: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
            Ok(Self)
        }
        async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
            Err(Exit::normal())
        }
        async fn terminate(&mut self, _reason: &ExitReason, _cx: &mut Context<Self>) {
            panic!("in terminate");
        }
    }
    let tree = of(
        Strategy::OneForOne,
        [ServerSpec::<Last>::new(()).child("a").restart(Restart::Temporary)],
    )
    .await;
    let server = tree.server::<()>("a").await;
    let monitor = server.process().monitor();
    server.cast(()).expect("there is room");
    assert!(is_panic(&monitor.down().await.reason, "in terminate"));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_in_init_or_in_the_making_of_its_arguments_is_a_failed_start() {
    struct Never;
    impl GenServer for Never {
        type Args = &'static str;
        type Msg = ();
        async fn init(text: &'static str, _cx: &mut Context<Self>) -> Result<Self, Exit> {
            panic!("{text}");
        }
        async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
            Ok(())
        }
    }
    let in_init = ServerSpec::<Never>::new("in init");
    let in_args = ServerSpec::<Never>::from_fn(|| panic!("in args"));
    for (spec, wanted) in [(in_init, "in init"), (in_args, "in args")] {
        let spec = supervisor(Strategy::OneForOne).child(spec.child("a"));
        let error = IsolatedTree::start(spec).await.expect_err("it cannot start");
        let StartError::Child { id, reason } = error else { panic!("{error:?}") };
        assert_eq!(&*id, "a");
        assert!(is_panic(&reason, wanted), "{reason:?}");
    }
}

#[tokio::test]
async fn init_is_over_before_the_first_message_is_handled() {
    let journal = Journal::new();
    let plan = Plan::new();
    let gate = Gate::new();
    plan.hold_init(&gate);
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name::<Do>("a").expect("the name is free");
    let spec = Worker::planned("a", &journal, &plan).name(&name).child("a");
    let start = beside({
        let node = node.clone();
        async move { Supervisor::start(&node, supervisor(Strategy::OneForOne).child(spec)).await }
    });
    gate.arrival().await;
    name.cast(note("early")).expect("the name is taken before init");
    quiet().await;
    assert_eq!(journal.take(), [""; 0]);
    gate.open();
    let root = start.await.expect("the starter does not panic").expect("the tree starts");
    settled(&name.whereis().expect("it runs")).await;
    assert_eq!(journal.take(), ["+a", "early"]);
    root.shutdown().await;
}

/// A runtime that goes away takes the sweep over the deadlines along; the next one has its own.
#[test]
fn deadlines_hold_on_a_second_runtime_of_the_same_node() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().expect("a runtime")
    };
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let journal = Journal::new();
    for name in ["first", "second"] {
        let (node, journal) = (node.clone(), journal.clone());
        runtime().block_on(async move {
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .child(Worker::spec(name, &journal).child(name));
            let root = Supervisor::start(&node, spec).await.expect("it starts");
            let children = root.handle().which_children().await.expect("the root lives");
            let process = children[0].process.running().expect("it runs");
            let server = process.server::<Do>().expect("a worker");
            // The first runtime ends with a wait in the table.
            let mut call = Box::pin(server.call(Do::KeepReply));
            assert!(is_pending(&mut call));
            let limit = Duration::from_secs(600);
            if name == "second" {
                let ended = time::timeout(limit, call).await.expect("the deadline was forgotten");
                assert!(matches!(ended, Err(CallError::Timeout)), "{ended:?}");
            }
        });
    }
}
