//! Task pools: one shared limit, isolated panics, nothing outlives its pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foundation::{
    ChildKind, Context, Exit, ExitReason, GenServer, PoolError, ServerSpec, Strategy, TaskError,
    TaskPool, TaskSupervisorSpec,
};
use test_helpers::{Baseline, Gate, IsolatedTree, Journal, eventually};

use crate::support::{Meeting, Witness, beside, is_pending, on_thread, quiet, supervisor};

/// A tree with the pool `pool`.
async fn pool(limit: usize, queue: usize) -> (IsolatedTree, TaskPool) {
    let tree = IsolatedTree::start_with(|node| {
        let spec = TaskSupervisorSpec::new()
            .limit(limit)
            .queue(queue)
            .name(node, "pool")
            .expect("the name is free");
        supervisor(Strategy::OneForOne).child(spec.as_child("pool"))
    });
    let tree = tree.await.expect("the tree starts");
    let pool = tree
        .node()
        .task_supervisor("pool")
        .expect("the type fits")
        .resolve()
        .await
        .expect("it runs");
    (tree, pool)
}

#[tokio::test]
async fn a_task_returns_its_value() {
    let (tree, pool) = pool(2, 10).await;
    let task = pool.spawn(async { 6 * 7 }).await.expect("there is room");
    assert_eq!(task.await.expect("it ends well"), 42);
    assert_eq!((pool.limit(), pool.running(), pool.available()), (2, 0, 2));
    let children = tree.handle().which_children().await.expect("the root lives");
    assert_eq!(children[0].kind, ChildKind::Supervisor);
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_over_all_callers_and_is_reached() {
    const LIMIT: usize = 5;
    let (tree, pool) = pool(LIMIT, 10_000).await;
    let (now, most, done) = (
        Arc::<AtomicUsize>::default(),
        Arc::<AtomicUsize>::default(),
        Arc::<AtomicUsize>::default(),
    );
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (pool, now, most, done) =
                (pool.clone(), Arc::clone(&now), Arc::clone(&most), Arc::clone(&done));
            beside(async move {
                for number in 0..100 {
                    let (now, most, done) =
                        (Arc::clone(&now), Arc::clone(&most), Arc::clone(&done));
                    let task = async move {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        quiet().await;
                        now.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        assert!(number % 10 != 0, "every tenth fails");
                    };
                    let ended = pool.spawn(task).await.expect("the queue is long").await;
                    assert_eq!(ended.is_err(), number % 10 == 0);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller panics");
    }
    assert_eq!(most.load(Ordering::SeqCst), LIMIT);
    assert_eq!(done.load(Ordering::SeqCst), 800);
    assert!(
        eventually(test_helpers::DEADLINE, || pool.available() == LIMIT && pool.running() == 0)
            .await
    );
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_is_the_result_of_its_task_and_of_nothing_else() {
    let (tree, pool) = pool(1, 10).await;
    let before = tree.incarnations().await;
    let task = pool.spawn(async { panic!("boom") }).await.expect("there is room");
    let error: Result<(), TaskError> = task.await;
    assert_eq!(error.expect_err("it panicked"), TaskError::Panicked("boom".into()));
    assert_eq!(pool.available(), 1, "the place is free when the result is known");
    assert_eq!(tree.incarnations().await, before);
    tree.shutdown().await;
}

#[tokio::test]
async fn dropping_a_handle_aborts_its_task_and_gives_the_place_back() {
    let (tree, pool) = pool(1, 10).await;
    let baseline = Baseline::of(tree.node());
    let journal = Journal::new();
    let presence = journal.enter("task");
    let task = pool.spawn(async move {
        let _presence = presence;
        std::future::pending::<()>().await;
    });
    let task = task.await.expect("there is room");
    quiet().await;
    assert_eq!((tree.node().counts().tasks, pool.running(), pool.available()), (1, 1, 0));
    drop(task);
    journal.written("-task", 1).await;
    let next = pool.acquire().await.expect("the place is free again");
    drop(next);
    baseline.restored().await;
    assert_eq!((pool.running(), pool.available()), (0, 1));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_detached_task_runs_on_inside_its_pool() {
    let (tree, pool) = pool(1, 10).await;
    let (journal, gate) = (Journal::new(), Gate::new());
    let task = {
        let (journal, gate) = (journal.clone(), gate.clone());
        async move {
            gate.pass().await;
            journal.note("done");
        }
    };
    pool.spawn(task).await.expect("there is room").detach();
    gate.arrival().await;
    gate.open();
    journal.written("done", 1).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_pool_refuses_more_than_its_queue_and_an_acquire_can_be_given_up() {
    let (tree, pool) = pool(1, 2).await;
    let place = pool.try_acquire().expect("there is room");
    assert_eq!(pool.try_acquire().expect_err("it is full"), PoolError::Full);
    let (mut first, mut second) = (Box::pin(pool.acquire()), Box::pin(pool.acquire()));
    assert!(is_pending(&mut first) && is_pending(&mut second));
    assert_eq!(pool.acquire().await.expect_err("two wait already"), PoolError::Full);
    drop(first);
    let mut third = Box::pin(pool.acquire());
    assert!(is_pending(&mut third), "one of the two has left");
    drop(place);
    let second = second.await.expect("first come, first served");
    assert!(is_pending(&mut third));
    drop(second);
    drop(third.await.expect("its turn"));
    assert_eq!(pool.available(), 1);
    tree.shutdown().await;
}

/// Fills a pool with tasks that never end, each with a presence in the journal.
async fn occupied(
    pool: &TaskPool,
    journal: &Journal,
    count: usize,
) -> Vec<foundation::TaskHandle<()>> {
    let mut tasks = Vec::new();
    for _ in 0..count {
        let presence = journal.enter("task");
        let task = async move {
            let _presence = presence;
            std::future::pending().await
        };
        tasks.push(pool.spawn(task).await.expect("there is room"));
    }
    tasks
}

#[tokio::test]
async fn a_pool_that_ends_takes_its_tasks_along_before_its_end_is_known() {
    for is_stopped in [true, false] {
        let (tree, pool) = pool(4, 10).await;
        let journal = Journal::new();
        let tasks = occupied(&pool, &journal, 4).await;
        let process = tree.process("pool").await;
        let mut waiting = Box::pin(pool.acquire());
        assert!(is_pending(&mut waiting));
        let monitor = process.monitor();
        let stop = if is_stopped {
            let handle = tree.handle().clone();
            Some(beside(async move { handle.terminate_child("pool").await }))
        } else {
            process.exit(ExitReason::Killed);
            None
        };
        monitor.down().await;
        assert_eq!(journal.alive("task"), 0, "no task is left when the end is known");
        assert_eq!(tree.node().counts().tasks, 0);
        for task in tasks {
            assert_eq!(task.await.expect_err("its pool is gone"), TaskError::PoolDown);
        }
        assert_eq!(waiting.await.expect_err("the pool is gone"), PoolError::Closed);
        assert!(pool.is_closed());
        assert_eq!(pool.try_acquire().expect_err("the pool is gone"), PoolError::Closed);
        if let Some(stop) = stop {
            stop.await.expect("the caller does not panic").expect("it stops");
        }
        tree.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_task_is_alive_when_the_end_of_its_pool_is_known_on_many_threads() {
    let (tree, _pool) = pool(8, 10).await;
    let named = tree.node().task_supervisor("pool").expect("the type fits");
    let journal = Journal::new();
    for _ in 0..100 {
        let pool = named.resolve().await.expect("it runs");
        let tasks = occupied(&pool, &journal, 8).await;
        let old = tree.kill("pool").await;
        assert_eq!(journal.alive("task"), 0);
        assert_eq!(tree.node().counts().tasks, 0);
        drop(tasks);
        tree.await_restart("pool", old).await;
    }
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_is_not_over_while_one_of_its_tasks_is_between_two_await_points() {
    for is_stopped in [true, false] {
        let (tree, pool) = pool(1, 10).await;
        let (started, gate) = (Gate::new(), Arc::new(Meeting::new()));
        let task = {
            let (started, gate) = (started.clone(), Arc::clone(&gate));
            async move {
                started.pass().await;
                gate.wait();
            }
        };
        started.open();
        pool.spawn(task).await.expect("there is room").detach();
        started.arrival().await;
        let process = tree.process("pool").await;
        let monitor = process.monitor();
        let stop = beside({
            let handle = tree.handle().clone();
            let process = process.clone();
            async move {
                if is_stopped {
                    handle.terminate_child("pool").await.expect("it stops");
                } else {
                    process.exit(ExitReason::Killed);
                }
            }
        });
        assert!(
            eventually(test_helpers::DEADLINE, || pool.is_closed()).await,
            "its own work is over"
        );
        quiet().await;
        assert!(process.is_alive(), "a task of it still runs");
        gate.wait();
        monitor.down().await;
        assert_eq!(tree.node().counts().tasks, 0);
        stop.await.expect("the caller does not panic");
        tree.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_handle_is_told_before_the_end_of_the_pool_is_known() {
    for _ in 0..10 {
        let (tree, pool) = pool(1, 10).await;
        let process = tree.process("pool").await;
        let witness = Witness::of(&process);
        let mut task = pool.spawn(std::future::pending::<()>()).await.expect("there is room");
        witness.watch(&mut task);
        let monitor = process.monitor();
        process.exit(ExitReason::Killed);
        monitor.down().await;
        assert_eq!(witness.times(), 1);
        assert_eq!(task.await.expect_err("its pool is gone"), TaskError::PoolDown);
        tree.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_kept_from_a_pool_that_has_ended_runs_nothing() {
    let (tree, _pool) = pool(1, 10).await;
    let named = tree.node().task_supervisor("pool").expect("the type fits");
    let journal = Journal::new();
    for _ in 0..300 {
        let pool = named.resolve().await.expect("it runs");
        let place = pool.try_acquire().expect("there is room");
        let old = tree.kill("pool").await;
        let noted = journal.clone();
        let task = place.spawn(async move { noted.note("ran") });
        assert_eq!(task.await.expect_err("the pool is gone"), TaskError::PoolDown);
        assert_eq!(tree.node().counts().tasks, 0);
        tree.await_restart("pool", old).await;
    }
    assert_eq!(journal.take(), [""; 0]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_restarted_pool_is_reached_by_its_name() {
    let (tree, old_pool) = pool(1, 10).await;
    let named = tree.node().task_supervisor("pool").expect("the type fits");
    let old = tree.kill("pool").await;
    tree.await_restart("pool", old).await;
    assert!(old_pool.is_closed());
    let pool = named.resolve().await.expect("it runs again");
    assert_eq!(pool.spawn(async { 1 }).await.expect("there is room").await, Ok(1));
    tree.handle().terminate_child("pool").await.expect("it stops");
    assert_eq!(named.resolve().await.map(drop).expect_err("it does not run"), PoolError::Closed);
    tree.shutdown().await;
}

/// A process with a task in a pool.
struct Owner;

impl GenServer for Owner {
    type Args = (TaskPool, Journal);
    type Msg = ();

    async fn init((pool, journal): Self::Args, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let place = pool.acquire().await?;
        let presence = journal.enter("owned");
        let task = cx.spawn_in(place, async move {
            let _presence = presence;
            std::future::pending::<()>().await;
        });
        cx.pipe_to_self(async move {
            drop(task.await);
        });
        Ok(Self)
    }

    async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Err(Exit::normal())
    }
}

#[tokio::test]
async fn a_task_that_a_process_owns_is_gone_before_the_end_of_the_process_is_known() {
    let (tree, pool) = pool(1, 10).await;
    let journal = Journal::new();
    let spec = ServerSpec::<Owner>::new((pool.clone(), journal.clone())).child("owner");
    tree.handle().start_child(spec).await.expect("it starts");
    for _ in 0..10 {
        let old = tree.kill("owner").await;
        tree.await_restart("owner", old).await;
    }
    assert_eq!((journal.alive("owned"), journal.most_at_once("owned")), (1, 1));
    tree.kill("pool").await;
    assert_eq!(journal.alive("owned"), 0, "the pool owns it, too");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_task_started_from_outside_a_runtime_does_not_run() {
    let (tree, pool) = pool(1, 10).await;
    let place = pool.try_acquire().expect("there is room");
    let spawned = on_thread(move || place.spawn(async { 1 }));
    assert!(eventually(test_helpers::DEADLINE, || spawned.is_finished()).await);
    let task = spawned.join().expect("it does not panic");
    assert_eq!(task.await.expect_err("it did not run"), TaskError::Aborted);
    assert_eq!((pool.available(), pool.running(), tree.node().counts().tasks), (1, 0, 0));
    tree.shutdown().await;
}
