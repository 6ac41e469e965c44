//! Blocking work: off the threads of the processes, counted, capped, and waited for.

use std::sync::Arc;

use foundation::{
    BlockingFailure, Context, ExitReason, Node, NodeConfig, Restart, ServerRef, Strategy,
    Supervisor, TaskError, TaskPool, TaskSupervisorSpec,
};
use test_helpers::{Baseline, DEADLINE, IsolatedTree, Journal, eventually};

use crate::host::{Host, HostMsg, host, note, spec, within};
use crate::support::{Meeting, in_time, is_killed, is_pending, on_thread, quiet, supervisor};

/// Work that blocks its thread until the test comes, too.
fn until(both: &Arc<Meeting>, text: &'static str) -> impl FnOnce() -> HostMsg + Send + use<> {
    let both = Arc::clone(both);
    move || {
        both.wait();
        note(text)
    }
}

fn door() -> Arc<Meeting> {
    Arc::new(Meeting::new())
}

fn start(
    cx: &mut Context<Host>,
    work: impl FnOnce() -> HostMsg + Send + 'static,
) -> foundation::TaskRef {
    cx.spawn_blocking(work).expect("there is a seat")
}

#[tokio::test]
async fn blocking_work_leaves_the_process_free() {
    let (tree, server, journal) = host().await;
    let baseline = Baseline::of(tree.node());
    let both = door();
    let work = until(&both, "output");
    within(&server, |cx| start(cx, work)).await;
    assert_eq!(within(&server, |cx| cx.tasks()).await, 1, "it answers meanwhile");
    assert_eq!(tree.node().counts().blocking, 1);
    both.wait();
    journal.written("done", 1).await;
    assert_eq!(journal.take(), ["output", "done"]);
    baseline.assert_now();
    in_time(tree.shutdown()).await;
}

#[tokio::test]
async fn a_panic_in_blocking_work_is_one_notice() {
    let (tree, server, journal) = host().await;
    within(&server, |cx| start(cx, || panic!("no luck"))).await;
    journal.written("done: the task panicked: no luck", 1).await;
    assert_eq!(within(&server, |cx| cx.tasks()).await, 0);
    assert_eq!((journal.take().len(), tree.node().counts().blocking), (1, 0));
    in_time(tree.shutdown()).await;
}

/// A host on a node with `pieces_max` seats, and on nothing else.
async fn capped(pieces_max: usize) -> (Node, Supervisor, ServerRef<HostMsg>, Journal) {
    let journal = Journal::new();
    let node = Node::new(NodeConfig::default().blocking_max(pieces_max)).expect("tests unwind");
    let name = node.name::<HostMsg>("host").expect("the name is free");
    let child = spec(&journal).name(&name).child("a").restart(Restart::Temporary);
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child)).await;
    let server = name.whereis().expect("it runs");
    (node, root.expect("it starts"), server, journal)
}

#[tokio::test]
async fn one_piece_too_many_is_refused_and_comes_back() {
    let (node, root, server, journal) = capped(2).await;
    let doors = [door(), door()];
    for both in &doors {
        let work = until(both, "output");
        within(&server, |cx| start(cx, work)).await;
    }
    assert_eq!(node.counts().blocking, 2);
    let refused = within(&server, |cx| {
        let refused = cx.spawn_blocking(|| note("refused")).expect_err("two run");
        (refused.cause, refused.into_work())
    })
    .await;
    assert_eq!(refused.0, BlockingFailure::Full);
    assert_eq!((node.counts().blocking, within(&server, |cx| cx.tasks()).await), (2, 2));
    doors[0].wait();
    journal.written("done", 1).await;
    within(&server, move |cx| start(cx, refused.1)).await;
    journal.written("refused", 1).await;
    doors[1].wait();
    journal.written("done", 3).await;
    assert_eq!(node.counts().blocking, 0);
    in_time(root.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_holds_however_many_ask_at_once() {
    let node = Node::new(NodeConfig::default().blocking_max(3)).expect("tests unwind");
    let journal = Journal::new();
    let ids = ["a", "b", "c", "d"];
    let hosts = ids.map(|id| (id, node.name::<HostMsg>(id).expect("the name is free")));
    let children = hosts.each_ref().map(|(id, name)| spec(&Journal::new()).name(name).child(id));
    let tree = supervisor(Strategy::OneForOne).children(children);
    let root = Supervisor::start(&node, tree).await.expect("it starts");
    let mut accepted = 0;
    for _ in 0..200 {
        for (_, name) in &hosts {
            let presences: Vec<_> = (0..4).map(|_| journal.clone()).collect();
            let host = name.registered().await;
            accepted += within(&host, |cx| {
                let start = |journal: Journal| {
                    cx.spawn_blocking(move || {
                        let _presence = journal.enter("work");
                        std::thread::yield_now();
                        note("output")
                    })
                };
                presences.into_iter().map(start).filter(Result::is_ok).count()
            })
            .await;
        }
    }
    assert!(eventually(DEADLINE, || node.counts().blocking == 0).await);
    assert!(journal.most_at_once("work") <= 3, "{}", journal.most_at_once("work"));
    let begun = journal.take().iter().filter(|entry| *entry == "+work").count();
    assert_eq!(begun, accepted, "what was accepted ran, what was refused did not");
    in_time(root.shutdown()).await;
}

#[tokio::test]
async fn the_end_of_a_process_is_known_only_when_its_blocking_work_has_returned() {
    for how in 0..3 {
        let (tree, server, journal) = host().await;
        let begun = door();
        let both = door();
        let work = {
            let (begun, both, presence) =
                (Arc::clone(&begun), Arc::clone(&both), journal.enter("work"));
            move || {
                let _presence = presence;
                begun.wait();
                both.wait();
                note("output")
            }
        };
        within(&server, |cx| start(cx, work)).await;
        begun.wait();
        let mut down = Box::pin(server.process().monitor().down());
        match how {
            0 => server.process().exit(ExitReason::Killed),
            1 => server.cast(HostMsg::Panic).expect("there is room"),
            _ => server.cast(HostMsg::End).expect("there is room"),
        }
        quiet().await;
        assert!(is_pending(&mut down), "way {how}: its work still runs");
        assert!(server.is_alive());
        both.wait();
        let reason = in_time(down).await.reason;
        assert!(how != 0 || is_killed(&reason), "{reason:?}");
        assert_eq!((journal.alive("work"), tree.node().counts().blocking), (0, 0));
        assert!(!journal.entries().contains(&"output".to_owned()));
        in_time(tree.shutdown()).await;
    }
}

#[tokio::test]
async fn an_abort_takes_the_output_and_the_end_comes_when_the_work_has_returned() {
    let (tree, server, journal) = host().await;
    let begun = door();
    let both = door();
    let work = {
        let (begun, both) = (Arc::clone(&begun), Arc::clone(&both));
        move || {
            begun.wait();
            both.wait();
            note("output")
        }
    };
    let task = within(&server, |cx| start(cx, work)).await;
    begun.wait();
    assert!(within(&server, move |cx| cx.abort_task(task)).await);
    quiet().await;
    assert_eq!(journal.entries(), [""; 0], "it still runs");
    assert_eq!(within(&server, |cx| cx.tasks()).await, 1);
    both.wait();
    journal.written("done: the task was aborted", 1).await;
    quiet().await;
    assert_eq!((journal.take().len(), tree.node().counts().blocking), (1, 0));
    in_time(tree.shutdown()).await;
}

/// With one thread for blocking work, the second piece waits for it.
#[test]
fn work_that_still_waits_for_a_thread_is_not_begun_any_more() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(1).build().expect("a runtime");
    runtime.block_on(async {
        let (tree, server, journal) = host().await;
        let both = door();
        let (first, second) = (until(&both, "first"), until(&both, "second"));
        let (_, second) = within(&server, |cx| (start(cx, first), start(cx, second))).await;
        assert_eq!(tree.node().counts().blocking, 2, "one that waits counts");
        assert!(within(&server, move |cx| cx.abort_task(second)).await);
        both.wait();
        // The second would wait for the test, which does not come: its end comes because it never began.
        journal.written("done: the task was aborted", 1).await;
        journal.written("done", 1).await;
        assert_eq!(journal.take().len(), 3);

        let (begun, second) = (door(), until(&both, "second"));
        let (first_begun, first) = (Arc::clone(&begun), until(&both, "first"));
        let first = move || {
            first_begun.wait();
            first()
        };
        within(&server, |cx| (start(cx, first), start(cx, second))).await;
        // Only work that has begun is waited for.
        begun.wait();
        let down = server.process().monitor();
        server.process().exit(ExitReason::Killed);
        quiet().await;
        both.wait();
        assert!(is_killed(&in_time(down.down()).await.reason));
        assert_eq!((journal.take().len(), tree.node().counts().blocking), (0, 0));
        in_time(tree.shutdown()).await;
    });
}

#[tokio::test]
async fn a_place_of_a_pool_takes_blocking_work_and_the_pool_waits_for_it() {
    let (tree, pool) = pool().await;
    let baseline = Baseline::of(tree.node());

    let place = pool.try_acquire().expect("there is room");
    let task = place.spawn_blocking(|| 6 * 7).expect("there is a seat");
    assert_eq!(in_time(task).await, Ok(42));
    baseline.assert_now();
    let place = in_time(pool.acquire()).await.expect("it is free again");
    let task = place.spawn_blocking(|| -> u64 { panic!("no luck") }).expect("there is a seat");
    assert_eq!(in_time(task).await, Err(TaskError::Panicked("no luck".into())));

    let (begun, both) = (door(), door());
    let work = {
        let (begun, both) = (Arc::clone(&begun), Arc::clone(&both));
        move || {
            begun.wait();
            both.wait();
        }
    };
    let place = in_time(pool.acquire()).await.expect("it is free again");
    let task = place.spawn_blocking(work).expect("there is a seat");
    begun.wait();
    let process = tree.process("pool").await;
    let mut down = Box::pin(process.monitor().down());
    process.exit(ExitReason::Killed);
    quiet().await;
    assert!(is_pending(&mut down), "its work still runs");
    // A piece of work whose result is known can be on its way out for a moment.
    let is_alone = || (tree.node().counts().blocking, pool.running()) == (1, 1);
    let was_alone = eventually(DEADLINE, is_alone).await;
    both.wait();
    assert!(was_alone, "no other work runs");
    in_time(down).await;
    assert_eq!(tree.node().counts().blocking, 0);
    assert_eq!(in_time(task).await, Ok(()), "it had a result when the pool ended");
    in_time(tree.shutdown()).await;
}

/// A tree with a pool of one place.
async fn pool() -> (IsolatedTree, TaskPool) {
    let spec = TaskSupervisorSpec::new().limit(1);
    let tree = IsolatedTree::start_with(|node| {
        let spec = spec.name(node, "pool").expect("the name is free");
        supervisor(Strategy::OneForOne).child(spec.as_child("pool"))
    });
    let tree = tree.await.expect("the tree starts");
    let named = tree.node().task_supervisor("pool").expect("the type fits");
    let pool = named.resolve().await.expect("it runs");
    (tree, pool)
}

/// A runtime that gets no thread: no system has room for such a stack.
#[test]
fn blocking_work_without_a_thread_comes_back() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().thread_stack_size(1 << 60).build().expect("a runtime");
    runtime.block_on(async {
        let (tree, server, journal) = host().await;
        let baseline = Baseline::of(tree.node());
        for _ in 0..2 {
            let refused = within(&server, |cx| {
                let refused = cx.spawn_blocking(|| note("it")).expect_err("there is no thread");
                assert_eq!(cx.tasks(), 0, "there was no task");
                (refused.cause, refused.to_string(), refused.into_work()())
            });
            let (cause, text, work) = in_time(refused).await;
            assert_eq!(cause, BlockingFailure::NoThread);
            assert_eq!(text, "the runtime could start no thread for blocking work");
            assert!(matches!(work, HostMsg::Note(text) if text == "it"));
        }
        quiet().await;
        assert_eq!(journal.entries(), [""; 0], "nothing ran, and nothing ended");
        baseline.assert_now();
        in_time(tree.shutdown()).await;

        let (tree, pool) = pool().await;
        let place = pool.try_acquire().expect("there is room");
        let refused = place.spawn_blocking(|| 1).expect_err("there is no thread");
        assert_eq!((refused.cause, refused.into_work()()), (BlockingFailure::NoThread, 1));
        assert_eq!((pool.available(), tree.node().counts().blocking), (1, 0));
        in_time(tree.shutdown()).await;
    });
}

#[tokio::test]
async fn blocking_work_is_refused_without_seats_and_without_a_runtime() {
    let (_node, root, server, _journal) = capped(0).await;
    let cause =
        within(&server, |cx| cx.spawn_blocking(|| note("x")).map_err(|refused| refused.cause));
    assert_eq!(cause.await, Err(BlockingFailure::Full));
    in_time(root.shutdown()).await;

    let (tree, pool) = pool().await;
    let place = pool.try_acquire().expect("there is room");
    let outside = on_thread(move || {
        let refused = place.spawn_blocking(|| 1).expect_err("there is no runtime");
        (refused.cause, refused.to_string(), refused.into_work()())
    });
    assert!(eventually(DEADLINE, || outside.is_finished()).await);
    let (cause, text, work) = outside.join().expect("it does not panic");
    assert_eq!((cause, work), (BlockingFailure::NoRuntime, 1));
    assert_eq!(text, "blocking work needs a tokio runtime");
    assert_eq!((pool.available(), tree.node().counts().blocking), (1, 0));
    in_time(tree.shutdown()).await;
}
