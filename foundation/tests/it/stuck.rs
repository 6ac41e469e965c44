//! A process that does not come back from one poll is named, once for each such poll.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use foundation::{
    Alarm, Context, DynamicSupervisorSpec, Exit, GenServer, Node, NodeConfig, Restart, ServerRef,
    ServerSpec, Strategy, Supervisor, ThreadContext, ThreadServer, ThreadServerSpec,
};
use parking_lot::Mutex;
use test_helpers::{DEADLINE, Gate, IsolatedTree, eventually};

use crate::clerk::{Clerk, Gates, Task};
use crate::support::{Meeting, beside, in_time, supervisor};

/// So long that the watchdog's own thread never looks during a test: its looks are paced by real time.
const LIMIT: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_secs(3_599);
const SECOND: Duration = Duration::from_secs(1);

/// A tree of clerks, and one clerk of it.
async fn watched() -> (IsolatedTree, ServerRef<Task>) {
    let config = NodeConfig::default().stuck_after(LIMIT);
    let child = Clerk::spec(&Gates::default()).child("clerk").restart(Restart::Temporary);
    let spec = supervisor(Strategy::OneForOne).child(child);
    let tree = IsolatedTree::start_configured(config, |_node| spec).await.expect("it starts");
    let clerk = tree.server::<Task>("clerk").await;
    (tree, clerk)
}

/// Blocks the process in a handler until the sender is dropped.
async fn block(clerk: &ServerRef<Task>) -> SyncSender<()> {
    let (release, released) = sync_channel(0);
    clerk.call(|reply| Task::Block(reply, released)).await.expect("it answers first");
    release
}

/// Waits until the process has come back from the poll that it is in.
async fn back(clerk: &ServerRef<Task>) {
    assert!(eventually(DEADLINE, || !clerk.process().status().is_polled).await);
}

fn stuck(clerk: &ServerRef<Task>, held: Duration) -> Alarm {
    let name = Some(Arc::from("clerk"));
    Alarm::Stuck { pid: clerk.pid(), name, message: Some("Block"), held }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_process_that_blocks_is_named_once_for_each_poll_with_what_it_works_on() {
    let (tree, clerk) = watched().await;
    let release = block(&clerk).await;
    assert_eq!(tree.node().check_stuck(), 0, "it is seen for the first time");
    tree.clock().advance(SHORT);
    assert_eq!(tree.node().check_stuck(), 0, "it may still come back");
    tree.clock().advance(SECOND);
    assert_eq!(tree.node().check_stuck(), 1);
    tree.clock().advance(LIMIT);
    assert_eq!(tree.node().check_stuck(), 0, "it has been said");
    drop(release);
    back(&clerk).await;
    assert_eq!(tree.alarms(), [stuck(&clerk, LIMIT)]);

    let release = block(&clerk).await;
    assert_eq!(tree.node().check_stuck(), 0);
    tree.clock().advance(2 * LIMIT);
    assert_eq!(tree.node().check_stuck(), 1, "another poll");
    assert_eq!(tree.alarms()[1..], [stuck(&clerk, 2 * LIMIT)]);
    drop(release);
    in_time(tree.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_comes_back_in_time_or_only_waits_is_not_stuck() {
    let (tree, clerk) = watched().await;
    for _ in 0..3 {
        let release = block(&clerk).await;
        assert_eq!(tree.node().check_stuck(), 0);
        tree.clock().advance(SHORT);
        drop(release);
        back(&clerk).await;
        assert_eq!(tree.node().check_stuck(), 0);
    }
    let gate = Gate::new();
    clerk.cast(Task::Hold(gate.clone())).expect("there is room");
    gate.arrival().await;
    back(&clerk).await;
    for _ in 0..3 {
        assert_eq!(tree.node().check_stuck(), 0);
        tree.clock().advance(2 * LIMIT);
    }
    gate.open();
    assert_eq!(tree.alarms(), []);
    in_time(tree.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_node_without_a_limit_looks_at_nobody() {
    let child = Clerk::spec(&Gates::default()).child("clerk").restart(Restart::Temporary);
    let tree =
        IsolatedTree::start(supervisor(Strategy::OneForOne).child(child)).await.expect("it starts");
    let release = block(&tree.server::<Task>("clerk").await).await;
    assert_eq!(tree.node().check_stuck(), 0);
    tree.clock().advance(2 * LIMIT);
    assert_eq!(tree.node().check_stuck(), 0);
    drop(release);
    in_time(tree.shutdown()).await;
}

/// Blocks in `init`, before its first await, or where its state is dropped.
struct Slow {
    dropped: Option<Arc<Meeting>>,
}

#[derive(Clone)]
struct SlowArgs {
    init: Option<Arc<Meeting>>,
    dropped: Option<Arc<Meeting>>,
    fails: bool,
}

/// Once to say that it is here, once to be let go.
fn pass(barrier: Option<&Arc<Meeting>>) {
    if let Some(barrier) = barrier {
        barrier.wait();
        barrier.wait();
    }
}

impl GenServer for Slow {
    type Args = SlowArgs;
    type Msg = ();

    async fn init(args: SlowArgs, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        pass(args.init.as_ref());
        if args.fails {
            return Err(Exit::error("it should not start"));
        }
        Ok(Self { dropped: args.dropped })
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        pass(self.dropped.as_ref());
    }
}

fn names(alarms: &[Alarm]) -> Vec<(&str, Option<&str>)> {
    let name = |alarm| match alarm {
        &Alarm::Stuck { ref name, message, .. } => (name.as_deref().expect("a name"), message),
        other => panic!("not stuck: {other}"),
    };
    alarms.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_child_that_blocks_its_supervisors_task_is_named_and_the_supervisor_is_not() {
    let config = NodeConfig::default().stuck_after(LIMIT);
    let kids = DynamicSupervisorSpec::new().name("kids").as_child("kids");
    let spec = supervisor(Strategy::OneForOne).child(kids);
    let tree = IsolatedTree::start_configured(config, |_node| spec).await.expect("it starts");
    let kids = tree.node().supervisor("kids").expect("a supervisor");
    let pair = || Some(Arc::new(Meeting::new()));
    let args = SlowArgs { init: pair(), dropped: pair(), fails: false };
    let (init, dropped) = (args.init.clone(), args.dropped.clone());
    let child = ServerSpec::<Slow>::new(args).child("slow").restart(Restart::Temporary);
    let starting = beside({
        let kids = kids.clone();
        async move { kids.start_child(child).await }
    });
    init.as_ref().expect("made").wait();
    let parent = kids.process().expect("it lives");
    assert!(parent.status().is_polled, "the child runs on its task");
    assert_eq!(tree.node().check_stuck(), 0);
    tree.clock().advance(LIMIT);
    assert_eq!(tree.node().check_stuck(), 1);
    assert_eq!(names(&tree.alarms()), [("slow", None)]);
    init.expect("made").wait();
    let slow = starting.await.expect("no panic").expect("it starts");

    // What it does when its state is dropped is its own, too.
    let stopping = beside(async move { kids.terminate_child(&slow).await });
    let dropped = dropped.expect("made");
    dropped.wait();
    assert_eq!(tree.node().check_stuck(), 0);
    tree.clock().advance(LIMIT);
    assert_eq!(tree.node().check_stuck(), 1);
    assert_eq!(names(&tree.alarms()), [("slow", None), ("slow", None)]);
    dropped.wait();
    stopping.await.expect("no panic").expect("it stops");
    in_time(tree.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn for_the_supervisor_the_limit_begins_when_its_child_has_come_back() {
    let (clock, alarms) =
        (Arc::new(test_helpers::ManualClock::new()), Arc::new(Mutex::new(vec![])));
    let (heard, reported) = (Arc::clone(&alarms), Arc::new(Meeting::new()));
    let report = Arc::clone(&reported);
    let config = NodeConfig::default()
        .stuck_after(LIMIT)
        .clock(Arc::clone(&clock) as Arc<_>)
        .on_alarm(move |alarm| heard.lock().push(alarm.clone()))
        // It runs inside the supervisor, which is stuck if it blocks.
        .on_report(move |_report| pass(Some(&report)));
    let node = Node::new(config).expect("tests unwind");
    let init = Arc::new(Meeting::new());
    // The child crashes, blocks when it is restarted, and fails then: all that is one poll of the supervisor.
    let attempts = Mutex::new(0);
    let second = Some(Arc::clone(&init));
    let spec = ServerSpec::<Slow>::from_fn(move || {
        let mut attempts = attempts.lock();
        *attempts += 1;
        let fails = *attempts == 2;
        SlowArgs { init: second.clone().filter(|_barrier| fails), dropped: None, fails }
    });
    let spec = supervisor(Strategy::OneForOne).name("root").child(spec.child("slow"));
    let root = Supervisor::start(&node, spec).await.expect("it starts");
    let slow = root.handle().which_children().await.expect("it lives")[0].clone();
    slow.process.running().expect("it runs").exit(foundation::ExitReason::error("crash"));
    reported.wait();
    let polls = root.process().status().polls;
    assert_eq!(node.check_stuck(), 0);
    reported.wait();
    init.wait();
    assert_eq!(node.check_stuck(), 0, "the child is seen for the first time");
    clock.advance(LIMIT);
    assert_eq!(node.check_stuck(), 1);
    assert_eq!(names(&alarms.lock()), [("slow", None)]);
    init.wait();
    reported.wait();
    assert_eq!(root.process().status().polls, polls, "it has been one poll");
    assert_eq!(node.check_stuck(), 0, "now it is the supervisor that does not come back");
    clock.advance(LIMIT);
    assert_eq!(node.check_stuck(), 1);
    assert_eq!(names(&alarms.lock())[1..], [("root", Some("child exited"))]);
    reported.wait();
    root.shutdown().await;
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
        batch.drain(..).for_each(|barrier| pass(Some(&barrier)));
        Ok(())
    }
}

#[tokio::test]
async fn a_process_on_its_own_thread_may_block() {
    let config = NodeConfig::default().stuck_after(LIMIT);
    let spec =
        supervisor(Strategy::OneForOne).child(ThreadServerSpec::<Blocks>::new(()).child("t"));
    let tree = IsolatedTree::start_configured(config, |_node| spec).await.expect("it starts");
    let server: ServerRef<Arc<Meeting>> = tree.server("t").await;
    let barrier = Arc::new(Meeting::new());
    server.cast(Arc::clone(&barrier)).expect("there is room");
    barrier.wait();
    for _ in 0..3 {
        assert!(server.process().status().is_polled);
        assert_eq!(tree.node().check_stuck(), 0);
        tree.clock().advance(2 * LIMIT);
    }
    barrier.wait();
    in_time(tree.shutdown()).await;
}

#[cfg(target_os = "linux")]
fn watchdogs() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    let names = tasks.filter_map(|task| name(task.ok()?).ok());
    names.filter(|name| name.trim() == "node-watchdog").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_watchdog_looks_by_itself_as_long_as_the_node_is_there() {
    // The alarm is what lets the process go on.
    let (release, released): (_, Receiver<()>) = sync_channel(0);
    let release = Mutex::new(Some(release));
    let config = NodeConfig::default()
        .stuck_after(Duration::from_millis(1))
        .on_alarm(move |_stuck| drop(release.lock().take()));
    let node = Node::new(config).expect("there is a thread");
    let name = node.name::<Task>("clerk").expect("a new name");
    let child = Clerk::spec(&Gates::default()).name(&name).child("clerk");
    let spec = supervisor(Strategy::OneForOne).child(child);
    let root = Supervisor::start(&node, spec).await.expect("it starts");
    name.call(|reply| Task::Block(reply, released)).await.expect("it answers first");
    name.call(Task::Ping).await.expect("it goes on");
    #[cfg(target_os = "linux")]
    assert_eq!(watchdogs(), 1);
    root.shutdown().await;
    // Its rest is a long one: it ends because it is woken.
    let other = Node::new(NodeConfig::default().stuck_after(LIMIT)).expect("there is a thread");
    drop((name, node, other));
    #[cfg(target_os = "linux")]
    assert!(eventually(DEADLINE, || watchdogs() == 0).await);
    let plain = Node::new(NodeConfig::default()).expect("tests unwind");
    #[cfg(target_os = "linux")]
    assert_eq!(watchdogs(), 0, "nobody asked for one");
    drop(plain);
}
