//! Processes on threads: batches, ends between batches, no overlap with the successor.

use std::sync::Arc;
use std::time::Duration;

use foundation::{
    CallError, DeadLetterReason, Exit, ExitReason, Reply, Restart, ServerRef, StartError, Strategy,
    ThreadContext, ThreadServer, ThreadServerSpec, handled,
};
use test_helpers::{IsolatedTree, Journal, Presence};

use crate::support::{Meeting, beside, in_time, is_killed, is_panic, of, quiet, supervisor};

/// What a [`Press`] is told.
enum Job {
    Note(u32),
    Ask(u32, Reply<u32>),
    /// Wait until the test comes to the barrier.
    Block(Arc<Meeting>, Reply<()>),
    Panic,
    Fail,
    FailOn(Reply<u32>),
}

/// Notes each batch as `[1, 2, 3]`.
struct Press {
    journal: Journal,
    _presence: Presence,
}

impl ThreadServer for Press {
    type Args = Journal;
    type Msg = Job;

    fn init(journal: Journal, _cx: &mut ThreadContext<Job>) -> Result<Self, Exit> {
        let presence = journal.enter("press");
        Ok(Self { journal, _presence: presence })
    }

    fn handle_batch(
        &mut self,
        batch: &mut Vec<Job>,
        _cx: &mut ThreadContext<Job>,
    ) -> Result<(), Exit> {
        let mut numbers = Vec::new();
        let mut answers = Vec::new();
        for job in batch.drain(..) {
            match job {
                Job::Note(number) => numbers.push(number),
                Job::Ask(number, reply) => {
                    numbers.push(number);
                    answers.push((number, reply));
                }
                Job::Block(gate, reply) => {
                    reply.send(());
                    gate.wait();
                }
                Job::Panic => panic!("boom"),
                Job::Fail => return Err(Exit::error("no luck")),
                Job::FailOn(_reply) => return Err(Exit::error("no luck")),
            }
        }
        if !numbers.is_empty() {
            self.journal.note(format!("{numbers:?}"));
        }
        answers.into_iter().for_each(|(number, reply)| reply.send(number));
        Ok(())
    }

    fn terminate(&mut self, reason: &ExitReason) {
        self.journal.note(format!("terminate {reason}"));
    }
}

async fn press(journal: &Journal, max_batch: usize) -> (IsolatedTree, ServerRef<Job>) {
    let spec = ThreadServerSpec::<Press>::new(journal.clone()).max_batch(max_batch).child("press");
    let tree = of(Strategy::OneForOne, [spec]).await;
    let server = tree.server::<Job>("press").await;
    (tree, server)
}

/// Makes the process block inside a batch until `unblock`.
async fn blocked(server: &ServerRef<Job>) -> Arc<Meeting> {
    let gate = Arc::new(Meeting::new());
    let inside = Arc::clone(&gate);
    server.call(|reply| Job::Block(inside, reply)).await.expect("it answers");
    gate
}

fn unblock(gate: &Meeting) {
    gate.wait();
}

async fn settled(server: &ServerRef<Job>) {
    server.call(|reply| Job::Ask(0, reply)).await.expect("it answers");
}

#[tokio::test]
async fn what_arrives_during_a_batch_is_the_next_batch() {
    let journal = Journal::new();
    let (tree, server) = press(&journal, 4).await;
    let gate = blocked(&server).await;
    for number in 1..=9 {
        server.cast(Job::Note(number)).expect("there is room");
    }
    unblock(&gate);
    journal.written("[9]", 1).await;
    assert_eq!(journal.take(), ["+press", "[1, 2, 3, 4]", "[5, 6, 7, 8]", "[9]"]);
    in_time(tree.shutdown()).await;
    assert_eq!(journal.take(), ["terminate shutdown", "-press"]);
}

#[tokio::test]
async fn a_call_and_a_handled_send_reach_a_process_on_a_thread() {
    let journal = Journal::new();
    let (tree, server) = press(&journal, 100).await;
    assert_eq!(server.call(|reply| Job::Ask(7, reply)).await.expect("it answers"), 7);
    let receipt =
        handled(&server, Job::Note(8), Duration::from_secs(10)).await.expect("it is handled");
    assert_eq!(receipt.pid, server.pid());
    assert_eq!(journal.take(), ["+press", "[7]", "[8]"]);
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn a_panic_ends_the_process_and_its_supervisor_starts_it_again() {
    let journal = Journal::new();
    let (tree, server) = press(&journal, 100).await;
    let monitor = server.process().monitor();
    server.cast(Job::Panic).expect("there is room");
    let down = in_time(monitor.down()).await;
    assert!(is_panic(&down.reason, "boom"));
    let new = tree.await_restart("press", down.pid).await.server::<Job>().expect("it takes jobs");
    settled(&new).await;
    assert_eq!(journal.take(), ["+press", "-press", "+press", "[0]"], "no terminate after a panic");
    assert_eq!(journal.most_at_once("press"), 1);
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn an_error_ends_the_process_after_terminate_and_its_callers_learn_the_reason() {
    for _ in 0..50 {
        let journal = Journal::new();
        let (tree, server) = press(&journal, 100).await;
        let monitor = server.process().monitor();
        let error = server.call(Job::FailOn).await.expect_err("it fails");
        assert_eq!(error.to_string(), "the process ended before it answered: failed: no luck");
        assert_eq!(in_time(monitor.down()).await.reason.to_string(), "failed: no luck");
        assert_eq!(journal.take()[..3], ["+press", "terminate failed: no luck", "-press"]);
        in_time(tree.shutdown()).await;
    }
}

#[tokio::test]
async fn a_batch_that_was_not_handled_to_its_end_is_not_handled() {
    let (tree, server) = press(&Journal::new(), 100).await;
    let error = handled(&server, Job::Fail, Duration::from_secs(10)).await.expect_err("it fails");
    assert_eq!(error.to_string(), "accepted, but the process ended: failed: no luck");
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn an_exit_signal_takes_effect_after_the_batch_and_the_successor_does_not_overlap() {
    let journal = Journal::new();
    let (tree, server) = press(&journal, 100).await;
    for _ in 0..20 {
        let server = tree.server::<Job>("press").await;
        let gate = blocked(&server).await;
        let monitor = server.process().monitor();
        server.process().exit(ExitReason::Killed);
        server.process().exit(ExitReason::Shutdown);
        quiet().await;
        assert!(server.is_alive(), "it is inside a batch");
        assert_eq!(journal.alive("press"), 1);
        unblock(&gate);
        let down = in_time(monitor.down()).await;
        assert!(is_killed(&down.reason), "{:?}", down.reason);
        tree.await_restart("press", down.pid).await;
    }
    assert_eq!((journal.alive("press"), journal.most_at_once("press")), (1, 1));
    assert!(!server.is_alive());
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn a_supervisor_is_not_over_before_the_threads_below_it_are() {
    let journal = Journal::new();
    let inner = supervisor(Strategy::OneForOne)
        .name("inner")
        .child(ThreadServerSpec::<Press>::new(journal.clone()).child("press"));
    let tree = of(Strategy::OneForOne, [inner.as_child("inner").restart(Restart::Temporary)]).await;
    let server = tree.server::<Job>("inner/press").await;
    let name = tree.node().supervisor("inner").expect("the type fits");
    let inner = tree.process("inner").await;
    let gate = blocked(&server).await;
    let monitor = inner.monitor();
    inner.exit(ExitReason::Killed);
    quiet().await;
    assert!(
        inner.is_alive() && name.process().is_some(),
        "its name is not free while the thread runs"
    );
    unblock(&gate);
    assert!(is_killed(&in_time(monitor.down()).await.reason));
    assert_eq!(journal.alive("press"), 0);
    assert!(!server.is_alive() && name.process().is_none());
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn a_stop_lets_the_batch_end_and_leaves_the_rest_as_dead_letters() {
    let journal = Journal::new();
    let (tree, server) = press(&journal, 100).await;
    let gate = blocked(&server).await;
    let stop = {
        let handle = tree.handle().clone();
        beside(async move { handle.terminate_child("press").await })
    };
    quiet().await;
    for number in 1..=3 {
        server.cast(Job::Note(number)).expect("there is room");
    }
    let call = beside({
        let server = server.clone();
        async move { server.call(|reply| Job::Ask(4, reply)).await }
    });
    quiet().await;
    unblock(&gate);
    stop.await.expect("the caller does not panic").expect("it stops");
    let answer = call.await.expect("the caller does not panic");
    assert!(matches!(answer, Err(CallError::Down(ExitReason::Shutdown))), "{answer:?}");
    let letters = tree.node().dead_letters().drain();
    assert_eq!(letters.len(), 3);
    assert!(letters.iter().all(|letter| matches!(
        letter.info.reason,
        DeadLetterReason::Exited(ExitReason::Shutdown)
    )));
    assert_eq!(journal.take(), ["+press", "terminate shutdown", "-press"]);
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn a_stop_never_loses_a_message_without_a_word() {
    const EACH: u32 = 500;
    for _ in 0..100 {
        let journal = Journal::new();
        let (tree, server) = press(&journal, 100_000).await;
        let sender = beside({
            let server = server.clone();
            async move { (0..EACH).filter(|number| server.cast(Job::Note(*number)).is_ok()).count() }
        });
        tree.handle().terminate_child("press").await.expect("it stops");
        let accepted = sender.await.expect("the sender does not panic");
        let handled: usize = journal
            .take()
            .iter()
            .filter(|entry| entry.starts_with('['))
            .map(|entry| entry.split(',').count())
            .sum();
        let letters = tree.node().dead_letters().drain().len();
        assert_eq!(handled + letters, accepted);
        in_time(tree.shutdown()).await;
    }
}

/// Fails in `init` in one of several ways.
struct Never;

impl ThreadServer for Never {
    type Args = u8;
    type Msg = ();

    fn init(how: u8, _cx: &mut ThreadContext<()>) -> Result<Self, Exit> {
        match how {
            0 => Err(Exit::error("no luck")),
            1 => panic!("in init"),
            _ => Err(Exit::ignore()),
        }
    }

    fn handle_batch(
        &mut self,
        _batch: &mut Vec<()>,
        _cx: &mut ThreadContext<()>,
    ) -> Result<(), Exit> {
        Ok(())
    }
}

#[tokio::test]
async fn a_start_on_a_thread_is_acknowledged_or_fails_like_any_other() {
    for (spec, wanted) in [
        (ThreadServerSpec::<Never>::new(0), "failed: no luck"),
        (ThreadServerSpec::<Never>::new(1), "panicked: in init"),
        (ThreadServerSpec::<Never>::from_fn(|| panic!("in args")), "panicked: in args"),
    ] {
        let started =
            IsolatedTree::start(supervisor(Strategy::OneForOne).child(spec.child("a"))).await;
        let StartError::Child { reason, .. } = started.expect_err("it does not start") else {
            panic!("a child failed")
        };
        assert_eq!(reason.to_string(), wanted);
    }
    let tree = of(Strategy::OneForOne, [ThreadServerSpec::<Never>::new(2).child("a")]).await;
    let counts = tree.handle().count_children().await.expect("the root lives");
    assert_eq!((counts.specs, counts.active), (1, 0));
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn an_idle_thread_ends_when_its_tree_is_dropped() {
    let journal = Journal::new();
    let (tree, _server) = press(&journal, 100).await;
    in_time(tree.abandon()).await;
    assert_eq!(journal.alive("press"), 0);
    assert!(!journal.take().contains(&"terminate shutdown".to_owned()));
}
