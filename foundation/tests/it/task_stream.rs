//! Many tasks in a pool: order, bound, deadlines, and what is left when a stream ends early.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use foundation::time::sleep;
use foundation::{
    Context, Exit, ExitReason, GenServer, ItemError, ProcessRef, Restart, ServerSpec, Strategy,
    TaskError, TaskItem, TaskPool, TaskSupervisorSpec,
};
use test_helpers::{Gate, IsolatedTree, Journal};

use crate::support::{beside, is_pending, quiet, supervisor};

/// A tree with the pool `pool`.
async fn pool(limit: usize, queue: usize) -> (IsolatedTree, TaskPool) {
    let tree = IsolatedTree::start_with(|node| {
        let spec = TaskSupervisorSpec::new().limit(limit).queue(queue);
        let spec = spec.name(node, "pool").expect("the name is free");
        supervisor(Strategy::OneForOne).child(spec.as_child("pool"))
    });
    let tree = tree.await.expect("the tree starts");
    let named = tree.node().task_supervisor("pool").expect("the type fits");
    let pool = named.resolve().await.expect("it runs");
    (tree, pool)
}

/// Everything that a test counts is back.
fn assert_idle(tree: &IsolatedTree, pool: &TaskPool) {
    assert_eq!((pool.running(), pool.available()), (0, pool.limit()));
    assert_eq!(tree.node().counts().tasks, 0);
}

/// How many are at it, and how many were at most.
#[derive(Clone, Default)]
struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

struct Member(Crowd);

impl Crowd {
    fn enter(&self) -> Member {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Member(self.clone())
    }

    fn now(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Numbers from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What one input does.
#[derive(Debug, Clone, Copy)]
struct Plan {
    id: usize,
    millis: u64,
    panics: bool,
}

const TIMEOUT_MS: u64 = 100;

impl Plan {
    fn throw(dice: &mut Dice, id: usize) -> Self {
        let millis = match dice.below(10) {
            0 => TIMEOUT_MS * 10,
            1..4 => 0,
            _ => dice.below(TIMEOUT_MS / 2),
        };
        Self { id, millis, panics: dice.below(5) == 0 }
    }

    fn wanted(self) -> Result<usize, ItemError> {
        match self {
            Self { millis, .. } if millis > TIMEOUT_MS => Err(ItemError::TimedOut),
            Self { panics: true, id, .. } => Err(ItemError::Panicked(format!("{id}").into())),
            Self { id, .. } => Ok(id),
        }
    }
}

async fn carry_out(plan: Plan, crowd: Crowd) -> usize {
    let _member = crowd.enter();
    if plan.millis > 0 {
        // lint: allow(sleep_in_test) -- the work of a task, under the paused clock of its callers
        sleep(Duration::from_millis(plan.millis)).await;
    }
    assert!(!plan.panics, "{}", plan.id);
    plan.id
}

/// One case: `limit` and `concurrency`, random inputs, in order or not. All that the stream promises is checked.
async fn case(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let limit = 1 + usize::try_from(dice.below(6)).expect("it is small");
    let concurrency = 1 + usize::try_from(dice.below(8)).expect("it is small");
    let count = usize::try_from(dice.below(30)).expect("it is small");
    let is_ordered = dice.below(2) == 0;
    let plans: Vec<Plan> = (0..count).map(|id| Plan::throw(&mut dice, id)).collect();
    let (tree, pool) = pool(limit, 10).await;
    let crowd = Crowd::default();
    let work = {
        let crowd = crowd.clone();
        move |plan| carry_out(plan, crowd.clone())
    };
    let stream = if is_ordered {
        pool.map_ordered(plans.clone(), work)
    } else {
        pool.map_unordered(plans.clone(), work)
    };
    let mut stream = stream.concurrency(concurrency).timeout(Duration::from_millis(TIMEOUT_MS));
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        assert!(crowd.now() <= limit.min(concurrency));
        items.push(item);
    }
    let order: Vec<usize> = items.iter().map(|item| item.index).collect();
    let in_order: Vec<usize> = (0..count).collect();
    if is_ordered {
        assert_eq!(order, in_order, "seed {seed}");
    }
    items.sort_by_key(|item| item.index);
    let wanted: Vec<_> =
        plans.iter().map(|plan| TaskItem { index: plan.id, result: plan.wanted() }).collect();
    assert_eq!(items, wanted, "seed {seed}: each input once, with its own result");
    let bound = limit.min(concurrency);
    assert!(crowd.most() <= bound, "seed {seed}: {} of {bound}", crowd.most());
    assert_eq!(crowd.most() == 0, count == 0, "seed {seed}");
    assert_eq!(crowd.now(), 0);
    quiet().await;
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_input_has_its_result_once_in_order_and_within_the_bound() {
    for seed in 0..200 {
        case(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_batches_share_the_limit_of_one_pool() {
    let (tree, pool) = pool(2, 10).await;
    let crowd = Crowd::default();
    let batches: Vec<_> = (0..5)
        .map(|_| {
            let (pool, crowd) = (pool.clone(), crowd.clone());
            beside(async move {
                let work = move |plan| carry_out(plan, crowd.clone());
                let plans = (0..10).map(|id| Plan { id, millis: 10, panics: false });
                pool.map_ordered(plans, work).try_collect().await
            })
        })
        .collect();
    for batch in batches {
        let all = batch.await.expect("no batch panics").expect("every item is done");
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
    assert_eq!(crowd.most(), 2, "the limit is reached and never exceeded");
    quiet().await;
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

#[tokio::test]
async fn nothing_runs_before_the_first_item_is_asked_for_and_inputs_are_pulled_as_there_is_room() {
    let (tree, pool) = pool(3, 10).await;
    let pulled = Arc::<AtomicUsize>::default();
    let inputs = {
        let pulled = Arc::clone(&pulled);
        (0..).inspect(move |_| {
            pulled.fetch_add(1, Ordering::SeqCst);
        })
    };
    let gate = Gate::new();
    let work = {
        let gate = gate.clone();
        move |n: u32| {
            let gate = gate.clone();
            async move {
                gate.pass().await;
                n
            }
        }
    };
    let mut stream = pool.map_ordered(inputs, work);
    quiet().await;
    assert_eq!((pulled.load(Ordering::SeqCst), pool.running()), (0, 0));
    {
        let mut first = Box::pin(stream.next());
        assert!(is_pending(&mut first));
        quiet().await;
        assert!(is_pending(&mut first));
    }
    assert_eq!((pulled.load(Ordering::SeqCst), pool.running()), (3, 3));
    gate.open();
    let first = stream.next().await.expect("there is no end of inputs");
    assert_eq!(
        first,
        TaskItem { index: 0, result: Ok(0) },
        "a wait that was given up lost nothing"
    );
    stream.cancel().await;
    quiet().await;
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

/// A stream over tasks that never end, all of which have begun.
async fn occupied(pool: &TaskPool, journal: &Journal) -> foundation::TaskStream<()> {
    let journal = journal.clone();
    let work = move |()| {
        let presence = journal.enter("task");
        async move {
            let _presence = presence;
            std::future::pending().await
        }
    };
    let mut stream = pool.map_unordered([(); 10], work);
    assert!(is_pending(&mut Box::pin(stream.next())));
    quiet().await;
    stream
}

#[tokio::test]
async fn dropping_a_stream_aborts_what_runs_and_starts_nothing_more() {
    let (tree, pool) = pool(3, 10).await;
    let journal = Journal::new();
    let stream = occupied(&pool, &journal).await;
    assert_eq!(journal.alive("task"), 3);
    drop(stream);
    quiet().await;
    assert_eq!((journal.alive("task"), journal.most_at_once("task")), (0, 3));
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_cancel_returns_when_everything_is_gone_and_says_how_it_ended() {
    let (tree, pool) = pool(3, 10).await;
    let journal = Journal::new();
    let stream = occupied(&pool, &journal).await;
    let begun = stream.cancel().await;
    assert_eq!(journal.alive("task"), 0, "at once, without another turn of anybody");
    assert_eq!(pool.available(), 3);
    let aborted = |index| TaskItem { index, result: Err(ItemError::Aborted) };
    assert_eq!(begun, [aborted(0), aborted(1), aborted(2)]);
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_task_is_gone_when_the_cancel_returns() {
    let (tree, pool) = pool(1, 10).await;
    let journal = Journal::new();
    for _ in 0..300 {
        let presence = journal.enter("task");
        let task = pool.spawn(async move {
            let _presence = presence;
            std::future::pending::<()>().await;
        });
        let task = task.await.expect("there is room");
        assert_eq!(task.cancel().await, Err(TaskError::Aborted));
        assert_eq!((journal.alive("task"), pool.available()), (0, 1));
    }
    let task = pool.spawn(async { 7 }).await.expect("there is room");
    quiet().await;
    assert!(matches!(task.cancel().await, Ok(7) | Err(TaskError::Aborted)));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_task_that_had_ended_before_its_cancel_has_its_value() {
    let (tree, pool) = pool(1, 10).await;
    let task = pool.spawn(async { 7 }).await.expect("there is room");
    quiet().await;
    assert_eq!(task.cancel().await, Ok(7));
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_begins_nothing_more_and_reports_what_was_done() {
    let (tree, pool) = pool(2, 10).await;
    let crowd = Crowd::default();
    let begun = Arc::<AtomicUsize>::default();
    let work = {
        let (crowd, begun) = (crowd.clone(), Arc::clone(&begun));
        move |plan: Plan| {
            begun.fetch_add(1, Ordering::SeqCst);
            carry_out(plan, crowd.clone())
        }
    };
    let plan = |id, millis| Plan { id, millis, panics: id == 1 };
    let plans = [plan(0, 1), plan(1, 5), plan(2, 50), plan(3, 1), plan(4, 1)];
    let failed = pool.map_ordered(plans, work).try_collect().await.expect_err("the second fails");
    assert_eq!(crowd.now(), 0, "nothing of the batch runs any more");
    assert_eq!((failed.index, failed.error), (1, ItemError::Panicked("1".into())));
    let done = TaskItem { index: 0, result: Ok(0) };
    assert_eq!(failed.others, [done, TaskItem { index: 2, result: Err(ItemError::Aborted) }]);
    assert_eq!(begun.load(Ordering::SeqCst), 3);
    quiet().await;
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

#[tokio::test]
async fn every_input_of_a_pool_that_ends_says_so() {
    let (tree, pool) = pool(2, 10).await;
    let journal = Journal::new();
    let mut stream = occupied(&pool, &journal).await;
    tree.kill("pool").await;
    assert_eq!(journal.alive("task"), 0);
    let mut indexes = Vec::new();
    while let Some(item) = stream.next().await {
        assert_eq!(item.result, Err(ItemError::PoolDown));
        indexes.push(item.index);
    }
    indexes.sort_unstable();
    assert_eq!(indexes, (0..10).collect::<Vec<_>>(), "none is passed over in silence");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_full_line_is_the_result_of_an_input_only_when_nothing_of_its_stream_runs() {
    let (tree, pool) = pool(1, 0).await;
    let place = pool.try_acquire().expect("there is room");
    let mut stream = pool.map_ordered([1, 2, 3], |n| async move { n });
    let refused = stream.next().await;
    assert_eq!(refused, Some(TaskItem { index: 0, result: Err(ItemError::Refused) }));
    drop(place);
    assert_eq!(stream.next().await, Some(TaskItem { index: 1, result: Ok(2) }));
    assert_eq!(stream.next().await, Some(TaskItem { index: 2, result: Ok(3) }));
    assert_eq!(stream.next().await, None);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_stream_that_is_not_asked_keeps_nobody_from_a_place() {
    let (tree, pool) = pool(2, 10).await;
    let gate = Gate::new();
    let work = {
        let gate = gate.clone();
        move |()| {
            let gate = gate.clone();
            async move { gate.pass().await }
        }
    };
    let other = pool.try_acquire().expect("there is room");
    let mut stream = pool.map_ordered([(); 5], work);
    {
        let mut first = Box::pin(stream.next());
        assert!(is_pending(&mut first), "one runs, and it waits in the line for the second place");
    }
    drop(other);
    let place = pool.try_acquire().expect("it has left the line with the wait");
    gate.open();
    drop(place);
    assert_eq!(stream.collect().await.len(), 5);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn deadlines_of_many_items_need_no_task_of_their_own() {
    let (tree, pool) = pool(100, 10).await;
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let work = |()| std::future::pending::<()>();
    let mut stream = pool.map_ordered([(); 100], work).timeout(Duration::from_secs(1));
    assert!(is_pending(&mut Box::pin(stream.next())));
    quiet().await;
    assert!(alive() - before <= 101, "one for each item, and at most one sweep");
    let began = tokio::time::Instant::now();
    let all = stream.collect().await;
    assert!(all.iter().all(|item| item.result == Err(ItemError::TimedOut)));
    assert!(began.elapsed() <= Duration::from_millis(1_010));
    quiet().await;
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

/// Notes when it goes whether its process has ended by then.
struct Witness(Arc<OnceLock<ProcessRef>>, Journal);

impl Drop for Witness {
    fn drop(&mut self) {
        let process = self.0.get().expect("the test has put it there");
        self.1.note(if process.is_alive() { "before the end" } else { "behind the end" });
    }
}

/// A process that works through a stream of its own.
struct Owner;

impl GenServer for Owner {
    type Args = (TaskPool, Gate, Arc<OnceLock<ProcessRef>>, Journal);
    type Msg = ();

    async fn init(
        (pool, begun, own, journal): Self::Args,
        cx: &mut Context<Self>,
    ) -> Result<Self, Exit> {
        let work = move |()| {
            let (begun, witness) = (begun.clone(), Witness(Arc::clone(&own), journal.clone()));
            async move {
                let _witness = witness;
                begun.pass().await;
                std::future::pending::<()>().await;
            }
        };
        let mut stream = pool.map_unordered([()], work).owned_by(cx);
        cx.pipe_to_self(async move {
            stream.next().await;
        });
        Ok(Self)
    }

    async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Err(Exit::normal())
    }
}

/// On one thread, so that nothing happens between the end of the process and that of its task but what the end itself does.
#[tokio::test]
async fn tasks_of_a_stream_that_a_process_owns_are_gone_before_its_end_is_known() {
    let (tree, pool) = pool(2, 10).await;
    let (begun, own, journal) = (Gate::new(), Arc::new(OnceLock::new()), Journal::new());
    let args = (pool.clone(), begun.clone(), Arc::clone(&own), journal.clone());
    let spec = ServerSpec::<Owner>::new(args).child("owner").restart(Restart::Temporary);
    tree.handle().start_child(spec).await.expect("it starts");
    begun.arrival().await;
    begun.open();
    let process = tree.process("owner").await;
    own.set(process.clone()).expect("only once");
    let monitor = process.monitor();
    process.exit(ExitReason::Killed);
    monitor.down().await;
    assert_eq!(journal.take(), ["before the end"]);
    quiet().await;
    assert_idle(&tree, &pool);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_pool_that_is_down_starts_nothing() {
    let (tree, pool) = pool(1, 10).await;
    let process = tree.process("pool").await;
    let monitor = process.monitor();
    process.exit(ExitReason::Killed);
    monitor.down().await;
    let journal = Journal::new();
    let noted = journal.clone();
    let work = move |_: u8| {
        noted.note("ran");
        async {}
    };
    let all = pool.map_ordered([1, 2], work).collect().await;
    assert!(all.iter().all(|item| item.result == Err(ItemError::PoolDown)) && all.len() == 2);
    assert_eq!(journal.take(), [""; 0]);
    tree.shutdown().await;
}
