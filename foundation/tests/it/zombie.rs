//! Processes that are killed and do not end: fenced after the kill grace, bottom up, and accounted for until they are gone.

use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Context, DynamicSupervisorSpec, Exit, ExitReason, GenServer, Name, Node, NodeConfig, Reply,
    Restart, ServerSpec, Shutdown, Strategy, Supervisor, SupervisorSpec, ThreadContext,
    ThreadServer, ThreadServerSpec,
};
use test_helpers::{DEADLINE, Do, IsolatedTree, Journal, Recorder, Worker, eventually};

use crate::support::{Meeting, beside, is_killed, is_pending, quiet, supervisor};

const GRACE: Duration = Duration::from_secs(600);

/// What both kinds of process understand.
enum Job {
    /// Answer, and block the thread until the test comes to the barrier.
    Block(Arc<Meeting>, Reply<()>),
    /// The same, but as blocking work of the process.
    BlockAside(Arc<Meeting>, Reply<()>),
    Ask(Reply<u32>),
    /// Blocking work is over.
    Over,
}

fn serve(job: Job) {
    match job {
        Job::Block(barrier, reply) => {
            reply.send(());
            barrier.wait();
        }
        Job::Ask(reply) => reply.send(7),
        Job::BlockAside(..) | Job::Over => {}
    }
}

/// Blocks a thread of its own, so that paused time goes on.
struct Press;

impl ThreadServer for Press {
    type Args = ();
    type Msg = Job;

    fn init((): (), _cx: &mut ThreadContext<Job>) -> Result<Self, Exit> {
        Ok(Self)
    }

    fn handle_batch(
        &mut self,
        batch: &mut Vec<Job>,
        _cx: &mut ThreadContext<Job>,
    ) -> Result<(), Exit> {
        batch.drain(..).for_each(serve);
        Ok(())
    }
}

/// Blocks a thread of the runtime, or one for blocking work.
struct Hog;

impl GenServer for Hog {
    type Args = ();
    type Msg = Job;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, job: Job, cx: &mut Context<Self>) -> Result<(), Exit> {
        match job {
            Job::BlockAside(barrier, reply) => {
                let started = cx.spawn_blocking(move || {
                    serve(Job::Block(Arc::clone(&barrier), reply));
                    Job::Over
                });
                assert!(started.is_ok(), "there is room");
            }
            job => serve(job),
        }
        Ok(())
    }
}

fn graceful(grace: Duration) -> NodeConfig {
    NodeConfig::default().kill_grace(grace)
}

/// A tree with one process on a thread, which is in the middle of a batch when this returns. Time stands still from then on:
/// what a thread answers, it answers outside of it.
async fn blocked_press(config: NodeConfig) -> (IsolatedTree, Name<Job>, Arc<Meeting>) {
    let mut press = None;
    let tree = IsolatedTree::start_configured(config, |node| {
        let name = node.name::<Job>("press").expect("the name is free");
        press = Some(name.clone());
        let child = ThreadServerSpec::<Press>::new(()).name(&name).child("press");
        supervisor(Strategy::OneForOne).child(child.shutdown(Shutdown::BrutalKill))
    })
    .await
    .expect("the tree starts");
    let name = press.expect("it was made");
    let barrier = block(&name).await;
    tokio::time::pause();
    (tree, name, barrier)
}

async fn block(name: &Name<Job>) -> Arc<Meeting> {
    let barrier = Arc::new(Meeting::new());
    let theirs = Arc::clone(&barrier);
    name.call(|reply| Job::Block(theirs, reply)).await.expect("it answers before it blocks");
    barrier
}

async fn answers(name: &Name<Job>) {
    name.registered().await;
    assert_eq!(name.call(Job::Ask).await.expect("it runs"), 7);
}

async fn gone(tree: &IsolatedTree) {
    let patience = Duration::from_secs(20);
    assert!(eventually(patience, || tree.node().counts().zombies == 0).await, "the zombie ends");
}

#[tokio::test]
async fn a_killed_process_that_does_not_end_is_fenced_after_the_grace() {
    let (tree, name, barrier) = blocked_press(graceful(GRACE)).await;
    let zombie = name.whereis().expect("it runs");
    let down = zombie.process().monitor();
    let began = tokio::time::Instant::now();
    zombie.process().exit(ExitReason::Killed);
    let down = down.down().await;
    assert!(is_killed(&down.reason), "{}", down.reason);
    let waited = began.elapsed();
    assert!((GRACE..GRACE + Duration::from_millis(10)).contains(&waited), "{waited:?}");

    tokio::time::resume();
    // Its successor has the name and works, while it still runs.
    answers(&name).await;
    assert_eq!(tree.node().counts().zombies, 1);
    assert!(zombie.call(Job::Ask).await.is_err(), "its mailbox is closed");
    barrier.wait();
    gone(&tree).await;
    answers(&name).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_listener_that_panics_keeps_no_zombie_from_being_fenced() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let config = graceful(GRACE).on_alarm(|alarm| panic!("{alarm}"));
    let node = Node::new(config).expect("tests unwind");
    let names = ["a", "b"].map(|id| (id, node.name::<Job>(id).expect("the name is free")));
    let children = names.each_ref().map(|(id, name)| {
        let spec = ThreadServerSpec::<Press>::new(()).name(name).child(id);
        spec.restart(Restart::Temporary)
    });
    let tree = supervisor(Strategy::OneForOne).children(children);
    let root = Supervisor::start(&node, tree).await.expect("it starts");
    let barriers = [block(&names[0].1).await, block(&names[1].1).await];
    tokio::time::pause();
    let zombies = names.map(|(_, name)| name.whereis().expect("it runs"));
    let downs = zombies.each_ref().map(|zombie| zombie.process().monitor());
    zombies.iter().for_each(|zombie| zombie.process().exit(ExitReason::Killed));
    for down in downs {
        tokio::time::timeout(GRACE * 2, down.down()).await.expect("each is fenced");
    }
    tokio::time::resume();
    assert_eq!((node.counts().zombies, node.listener_panics()), (2, 2));
    barriers.iter().for_each(|barrier| barrier.wait());
    assert!(eventually(DEADLINE, || node.counts().zombies == 0).await, "the zombies end");
    root.shutdown().await;
    drop(installed);
    let label = [("listener", "alarm")];
    assert_eq!(recorder.counter("foundation.listener.panics_total", &label), 2);
}

#[tokio::test]
async fn a_supervisor_that_stops_a_child_goes_on_after_the_grace() {
    let (tree, name, barrier) = blocked_press(graceful(GRACE)).await;
    tree.handle().terminate_child("press").await.expect("it counts as stopped");
    tokio::time::resume();
    assert!(name.whereis().is_none());
    assert_eq!(tree.node().counts().zombies, 1);
    barrier.wait();
    gone(&tree).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn without_a_grace_a_supervisor_waits_as_otp_does() {
    let (tree, name, barrier) = blocked_press(NodeConfig::default()).await;
    let mut stop = Box::pin(tree.handle().terminate_child("press"));
    tokio::time::timeout(Duration::from_secs(3_600), &mut stop).await.expect_err("it waits");
    tokio::time::resume();
    assert!(name.whereis().is_some());
    barrier.wait();
    stop.await.expect("it has ended");
    assert_eq!(tree.node().counts().zombies, 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn who_ends_in_time_is_no_zombie() {
    let (tree, name, barrier) = blocked_press(graceful(GRACE)).await;
    let mut stop = Box::pin(tree.handle().terminate_child("press"));
    assert!(is_pending(&mut stop));
    tokio::time::advance(GRACE / 2).await;
    // The rest of the grace, in real time, is more than enough for a thread.
    tokio::time::resume();
    barrier.wait();
    stop.await.expect("it has ended");
    tokio::time::pause();
    tokio::time::advance(GRACE * 2).await;
    quiet().await;
    assert_eq!(tree.node().counts().zombies, 0);
    assert!(name.whereis().is_none());
    tree.shutdown().await;
}

#[tokio::test]
async fn a_killed_supervisor_is_replaced_only_after_its_zombie_children_are_fenced() {
    let mut press = None;
    let tree = IsolatedTree::start_configured(graceful(GRACE), |node| {
        let name = node.name::<Job>("press").expect("the name is free");
        press = Some(name.clone());
        let child = ThreadServerSpec::<Press>::new(()).name(&name).child("press");
        let inner = SupervisorSpec::new(Strategy::OneForOne).child(child);
        // One start only: one that found the name taken would end the tree.
        let outer = SupervisorSpec::new(Strategy::OneForOne).intensity(1, GRACE);
        outer.child(inner.as_child("inner"))
    })
    .await
    .expect("the tree starts");
    let name = press.expect("it was made");
    let barrier = block(&name).await;
    let zombie = name.whereis().expect("it runs");
    let inner = tree.process("inner").await;
    tokio::time::pause();
    let ends = (inner.monitor(), zombie.process().monitor());
    inner.exit(ExitReason::Killed);
    ends.1.down().await;
    ends.0.down().await;
    tokio::time::resume();
    tree.await_restart("inner", inner.pid()).await;
    answers(&name).await;
    assert_eq!(tree.node().counts().zombies, 1);
    let wanted = format!("process {} (press) was killed and does not end", zombie.pid());
    let alarms: Vec<String> = tree.alarms().iter().map(ToString::to_string).collect();
    assert_eq!(alarms, [wanted], "only the child; its supervisor ended");
    barrier.wait();
    gone(&tree).await;
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_never_awaits_is_fenced_too() {
    let mut hog = None;
    let tree = IsolatedTree::start_configured(graceful(Duration::from_millis(1)), |node| {
        let name = node.name::<Job>("hog").expect("the name is free");
        hog = Some(name.clone());
        let other = Worker::spec("other", &Journal::new()).child("other");
        let child = ServerSpec::<Hog>::new(()).name(&name).child("hog");
        supervisor(Strategy::OneForOne).children([other, child])
    })
    .await
    .expect("the tree starts");
    let name = hog.expect("it was made");
    let barrier = block(&name).await;
    let zombie = name.whereis().expect("it runs");
    zombie.process().exit(ExitReason::error("told"));
    let new = tree.await_restart("hog", zombie.pid()).await;
    assert_eq!(
        zombie.process().exit_reason().map(|why| why.to_string()).as_deref(),
        Some("failed: told")
    );
    assert_eq!(tree.node().counts().zombies, 1);
    barrier.wait();
    gone(&tree).await;
    assert!(new.is_alive());
    let other = tree.server::<Do>("other").await;
    assert_eq!(other.call(|reply| Do::Echo(1, reply)).await.expect("an answer"), 1);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_with_blocking_work_that_does_not_return_is_fenced_too() {
    let mut hog = None;
    let tree = IsolatedTree::start_configured(graceful(GRACE), |node| {
        let name = node.name::<Job>("hog").expect("the name is free");
        hog = Some(name.clone());
        supervisor(Strategy::OneForOne).child(ServerSpec::<Hog>::new(()).name(&name).child("hog"))
    })
    .await
    .expect("the tree starts");
    let name = hog.expect("it was made");
    let barrier = Arc::new(Meeting::new());
    let theirs = Arc::clone(&barrier);
    name.call(|reply| Job::BlockAside(theirs, reply)).await.expect("it answers");
    let zombie = name.whereis().expect("it runs");
    let ends = zombie.process().monitor();
    tokio::time::pause();
    // Blocking work keeps the paused clock from going on by itself.
    let killed = beside(async move {
        zombie.process().exit(ExitReason::Killed);
        quiet().await;
        assert!(zombie.is_alive(), "its work has not returned");
        tokio::time::advance(GRACE + Duration::from_millis(10)).await;
    });
    assert!(is_killed(&ends.down().await.reason));
    killed.await.expect("it was alive so long");
    tokio::time::resume();
    answers(&name).await;
    let counts = tree.node().counts();
    assert_eq!((counts.zombies, counts.blocking), (1, 1));
    barrier.wait();
    gone(&tree).await;
    tree.shutdown().await;
}

/// Blocks in its first `init`.
struct Slow;

impl GenServer for Slow {
    type Args = (Arc<Meeting>, Journal);
    type Msg = ();

    async fn init((barrier, journal): Self::Args, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        journal.note("init");
        if journal.entries().len() == 1 {
            barrier.wait();
        }
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_init_that_blocks_does_not_block_its_supervisor_for_ever() {
    let (barrier, journal) = (Arc::new(Meeting::new()), Journal::new());
    let tree = IsolatedTree::start_configured(graceful(Duration::from_millis(1)), |_node| {
        SupervisorSpec::new(Strategy::OneForOne)
            .child(DynamicSupervisorSpec::new().name("pool").as_child("pool"))
    })
    .await
    .expect("the tree starts");
    let pool = tree.process("pool").await;
    let spec = ServerSpec::<Slow>::new((Arc::clone(&barrier), journal.clone())).child("slow");
    let handle = tree.node().supervisor("pool").expect("the name is a supervisor's");
    let start = beside(async move { handle.start_child(spec).await });
    assert!(eventually(DEADLINE, || !journal.entries().is_empty()).await, "it is in its init");
    pool.exit(ExitReason::Killed);
    let new = tree.await_restart("pool", pool.pid()).await;
    assert!(start.await.expect("no panic").is_err(), "its supervisor is gone");
    assert_eq!(tree.node().counts().zombies, 1, "the child alone: its supervisor could end");
    barrier.wait();
    gone(&tree).await;
    assert!(new.is_alive());
    tree.shutdown().await;
}
