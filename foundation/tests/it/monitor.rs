//! One `Down` for each monitor, exactly once, and none after the guard is gone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foundation::{
    Context, Down, Exit, ExitReason, GenServer, Info, MonitorRef, ProcessRef, Reply, Restart,
    ServerSpec, Strategy,
};
use futures_util::FutureExt;
use test_helpers::{Baseline, Do, IsolatedTree, Journal, Worker, eventually};

use crate::support::{
    Witness, is_killed, is_pending, lone, of, on_thread, quiet, settled, supervisor,
};

#[tokio::test]
async fn a_monitor_of_a_dead_process_fires_at_once_with_no_proc() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    tree.kill("a").await;
    let down = server.process().monitor().down().now_or_never().expect("it is there at once");
    assert!(matches!(down.reason, ExitReason::NoProc), "{:?}", down.reason);
    assert_eq!(down.pid, server.pid());

    let journal = Journal::new();
    let (watching, watcher) = lone(Worker::spec("w", &journal)).await;
    watcher.cast(Do::Monitor(server.process().clone())).expect("there is room");
    settled(&watcher).await;
    assert_eq!(journal.take(), ["+w", "down no such process"]);
    watching.shutdown().await;
    tree.shutdown().await;
}

#[tokio::test]
async fn each_monitor_gets_its_own_down_once() {
    let journal = Journal::new();
    let (tree, watcher) = lone(Worker::spec("w", &journal)).await;
    let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
    for _ in 0..3 {
        watcher.cast(Do::Monitor(target.process().clone())).expect("there is room");
    }
    settled(&watcher).await;
    other.kill("a").await;
    settled(&watcher).await;
    quiet().await;
    settled(&watcher).await;
    assert_eq!(journal.take(), ["+w", "down killed", "down killed", "down killed"]);
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn a_monitor_that_was_dropped_in_time_says_nothing() {
    let journal = Journal::new();
    let (tree, watcher) = lone(Worker::spec("w", &journal)).await;
    let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
    watcher.cast(Do::Monitor(target.process().clone())).expect("there is room");
    watcher.cast(Do::Demonitor).expect("there is room");
    settled(&watcher).await;
    assert_eq!(other.node().counts().monitors, 0, "nobody watches");
    other.kill("a").await;
    settled(&watcher).await;
    assert_eq!(journal.take(), ["+w"]);
    other.shutdown().await;
    tree.shutdown().await;
}

/// Watches, sees the target end by another way, and drops the guard before its own `Down` is handled.
struct Flusher(Journal);

struct Watch(ProcessRef, Reply<()>);

impl GenServer for Flusher {
    type Args = Journal;
    type Msg = Watch;

    async fn init(journal: Journal, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(journal))
    }

    async fn handle(
        &mut self,
        Watch(target, reply): Watch,
        cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        let kept = cx.monitor(&target);
        let dropped = cx.monitor(&target);
        assert_eq!((kept.pid(), dropped.pid()), (target.pid(), target.pid()));
        // Made last, so it is told last: the other two have been delivered when it is.
        let outside = target.monitor();
        target.exit(ExitReason::Killed);
        outside.down().await;
        drop(dropped);
        let id = kept.id();
        cx.pipe_to_self(async move {
            let _kept: MonitorRef = kept;
            std::future::pending().await
        });
        self.0.note(format!("kept {id}"));
        reply.send(());
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Down(down) = info {
            self.0.note(format!("down {}", down.monitor));
        }
        Ok(())
    }
}

#[tokio::test]
async fn dropping_a_monitor_takes_back_a_down_that_was_delivered_but_not_seen() {
    let journal = Journal::new();
    let tree =
        of(Strategy::OneForOne, [ServerSpec::<Flusher>::new(journal.clone()).child("a")]).await;
    let flusher = tree.server::<Watch>("a").await;
    for _ in 0..3 {
        let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
        let process = target.process().clone();
        flusher.call(|reply| Watch(process, reply)).await.expect("it answers");
        drop(other);
    }
    quiet().await;
    let entries = journal.take();
    let kept: Vec<&str> = entries.iter().filter_map(|entry| entry.strip_prefix("kept ")).collect();
    let downs: Vec<&str> = entries.iter().filter_map(|entry| entry.strip_prefix("down ")).collect();
    assert_eq!(downs, kept, "the kept monitor fires once, the dropped one never");
    assert_eq!(downs.len(), 3);
    tree.shutdown().await;
}

/// Drops each guard while its target ends on another thread, and counts the `Down`s that come nevertheless.
struct Racer {
    stray: Arc<AtomicU64>,
    live: Option<MonitorRef>,
}

enum Race {
    Watch(ProcessRef, Reply<()>),
    Drop(Reply<()>),
}

impl GenServer for Racer {
    type Args = Arc<AtomicU64>;
    type Msg = Race;

    async fn init(stray: Arc<AtomicU64>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { stray, live: None })
    }

    async fn handle(&mut self, race: Race, cx: &mut Context<Self>) -> Result<(), Exit> {
        match race {
            Race::Watch(target, reply) => {
                self.live = Some(cx.monitor(&target));
                reply.send(());
            }
            Race::Drop(reply) => {
                self.live = None;
                reply.send(());
            }
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        let Info::Down(down) = info else { return Ok(()) };
        if self.live.take().is_none_or(|live| live.id() != down.monitor) {
            self.stray.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_down_comes_after_its_guard_was_dropped_while_the_target_ended() {
    let stray = Arc::new(AtomicU64::new(0));
    let watcher = ServerSpec::<Racer>::new(Arc::clone(&stray)).child("w");
    let target = Worker::spec("t", &Journal::new()).child("t");
    let spec = foundation::SupervisorSpec::new(Strategy::OneForOne)
        .intensity(u32::MAX, std::time::Duration::from_secs(1))
        .children([watcher, target]);
    let tree = IsolatedTree::start(spec).await.expect("the tree starts");
    let racer = tree.server::<Race>("w").await;
    for _ in 0..1_500 {
        let target = tree.process("t").await;
        let watched = target.clone();
        racer.call(|reply| Race::Watch(watched, reply)).await.expect("it answers");
        target.exit(ExitReason::Killed);
        racer.call(Race::Drop).await.expect("it answers");
        tree.await_restart("t", target.pid()).await;
    }
    assert_eq!(stray.load(Ordering::SeqCst), 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_watcher_that_ends_takes_its_monitors_along() {
    let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
    let baseline = Baseline::of(other.node());
    let (tree, watcher) = lone(Worker::spec("w", &Journal::new())).await;
    for _ in 0..10 {
        watcher.cast(Do::Monitor(target.process().clone())).expect("there is room");
    }
    settled(&watcher).await;
    assert_eq!(other.node().counts().monitors, 10);
    tree.kill("a").await;
    baseline.restored().await;
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn monitors_made_while_the_target_ends_fire_once_each() {
    for _ in 0..200 {
        let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
        let process = server.process().clone();
        let watching = on_thread({
            let process = process.clone();
            move || (0..50).map(|_| process.monitor()).collect::<Vec<_>>()
        });
        process.exit(ExitReason::Killed);
        assert!(eventually(test_helpers::DEADLINE, || watching.is_finished()).await);
        for monitor in watching.join().expect("it does not panic") {
            let reason = monitor.down().await.reason;
            assert!(matches!(reason, ExitReason::Killed | ExitReason::NoProc), "{reason:?}");
        }
        tree.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_supervisor_is_never_known_before_that_of_its_children() {
    for _ in 0..10 {
        let inner = supervisor(Strategy::OneForOne)
            .child(Worker::spec("leaf", &Journal::new()).child("leaf"));
        let tree = of(Strategy::OneForOne, [inner.as_child("inner")]).await;
        let (inner, leaf) = (tree.process("inner").await, tree.process("inner/leaf").await);
        let witness = Witness::of(&inner);
        let mut leaf_down = Box::pin(leaf.monitor().down());
        witness.watch(&mut leaf_down);
        let monitor = inner.monitor();
        inner.exit(ExitReason::Killed);
        monitor.down().await;
        assert_eq!(witness.times(), 1);
        assert!(leaf_down.now_or_never().is_some(), "the leaf's end is known");
        tree.shutdown().await;
    }
}

type SharedEnd = Arc<parking_lot::Mutex<Pin<Box<dyn Future<Output = Down> + Send>>>>;

/// Looks at the end of a process when it is dropped.
struct Looker {
    end: SharedEnd,
    has_looked: Arc<AtomicU64>,
}

impl Drop for Looker {
    fn drop(&mut self) {
        let mut end = self.end.lock();
        let times = if is_pending(&mut *end) { 1 } else { 100 };
        self.has_looked.fetch_add(times, Ordering::SeqCst);
    }
}

struct Deaf;

impl GenServer for Deaf {
    type Args = ();
    type Msg = (Looker, Reply<()>);

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, _message: Self::Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_end_is_known_to_nobody_while_mail_is_still_disposed_of() {
    let child = ServerSpec::<Deaf>::new(()).child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<(Looker, Reply<()>)>("a").await;
    let end = Box::pin(server.process().monitor().down());
    let end: SharedEnd = Arc::new(parking_lot::Mutex::new(end));
    let has_looked = Arc::<AtomicU64>::default();
    let looker = || Looker { end: Arc::clone(&end), has_looked: Arc::clone(&has_looked) };
    // The first is held by the handler, the second by the mailbox.
    let (first, second) = (looker(), looker());
    let mut calls = [first, second].map(|looker| {
        let server = server.clone();
        Box::pin(async move { server.call(|reply| (looker, reply)).await })
    });
    calls.iter_mut().for_each(|call| assert!(is_pending(call)));
    quiet().await;
    server.process().exit(ExitReason::Killed);
    let down = server.process().monitor().down().await;
    assert!(is_killed(&down.reason));
    assert_eq!(has_looked.load(Ordering::SeqCst), 2, "both looked and saw no end");
    drop((calls, end));
    tree.shutdown().await;
}

/// Counts what waits in a supervisor's queue when it is woken.
struct QueueWitness(ProcessRef, AtomicU64);

impl std::task::Wake for QueueWitness {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(self.0.mailbox_depth().0 as u64, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_supervisor_hears_of_an_end_before_any_watcher_does() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let root = tree.handle().process().expect("it lives");
    let witness = Arc::new(QueueWitness(root, AtomicU64::new(0)));
    let mut end = Box::pin(server.process().monitor().down());
    let waker = std::task::Waker::from(Arc::clone(&witness));
    assert!(end.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    server.process().exit(ExitReason::Killed);
    quiet().await;
    assert!(is_killed(&end.await.reason));
    assert_eq!(witness.1.load(Ordering::SeqCst), 1, "the end was in its queue");
    tree.shutdown().await;
}

/// Watches a process while it ends itself.
struct LastWatch(ProcessRef);

impl GenServer for LastWatch {
    type Args = ProcessRef;
    type Msg = ();

    async fn init(target: ProcessRef, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(target))
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Err(Exit::normal())
    }

    async fn terminate(&mut self, _reason: &ExitReason, cx: &mut Context<Self>) {
        let monitor = cx.monitor(&self.0);
        self.0.exit(ExitReason::Killed);
        // Nothing of it is handled any more, but the wait of a guard outside would be over.
        self.0.monitor().down().await;
        drop(monitor);
        let _kept_to_the_end = cx.monitor(&self.0);
    }
}

#[tokio::test]
async fn a_monitor_made_by_a_process_that_ends_is_gone_with_it() {
    let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
    let child = ServerSpec::<LastWatch>::new(target.process().clone()).child("w");
    let tree = of(Strategy::OneForOne, [child.restart(Restart::Temporary)]).await;
    let watcher = tree.server::<()>("w").await;
    let end = watcher.process().monitor();
    watcher.cast(()).expect("there is room");
    assert!(matches!(end.down().await.reason, ExitReason::Normal));
    assert_eq!(other.node().counts().monitors, 0);
    tree.shutdown().await;
    other.shutdown().await;
}
