//! Very many monitors: each one fires once, nothing is left, and none costs more because of the others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foundation::{
    Context, DynamicSupervisorSpec, Exit, ExitReason, GenServer, Info, MonitorId, MonitorRef,
    ProcessRef, Reply, Restart, ServerSpec, Strategy,
};
use test_helpers::{Baseline, IsolatedTree, Journal, Worker, eventually};

use crate::support::{in_time, is_killed, lone, of, supervisor};

/// Watches everything it is told to and counts.
struct Counter {
    downs: Arc<AtomicU64>,
    guards: BTreeMap<MonitorId, MonitorRef>,
}

impl GenServer for Counter {
    type Args = Arc<AtomicU64>;
    type Msg = (Vec<ProcessRef>, Reply<()>);

    async fn init(downs: Arc<AtomicU64>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { downs, guards: BTreeMap::new() })
    }

    async fn handle(
        &mut self,
        (all, reply): Self::Msg,
        cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        let guards = all.iter().map(|process| cx.monitor(process));
        self.guards = guards.map(|guard| (guard.id(), guard)).collect();
        reply.send(());
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Down(down) = info {
            assert!(self.guards.remove(&down.monitor).is_some(), "one for each monitor");
            self.downs.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

async fn many_targets_die(count: u64) {
    let downs = Arc::new(AtomicU64::new(0));
    let spec = supervisor(Strategy::OneForOne)
        .child(ServerSpec::<Counter>::new(Arc::clone(&downs)).child("w"))
        .child(DynamicSupervisorSpec::new().name("targets").as_child("targets"));
    let tree = IsolatedTree::start(spec).await.expect("the tree starts");
    let targets = tree.node().supervisor("targets").expect("the name fits");
    let baseline = Baseline::of(tree.node());
    let (journal, mut processes) = (Journal::new(), Vec::new());
    for _ in 0..count {
        let spec = Worker::spec("t", &journal).capacity(1).child("t").restart(Restart::Temporary);
        processes.push(targets.start_child(spec).await.expect("it starts"));
    }
    let watcher = tree.server::<(Vec<ProcessRef>, Reply<()>)>("w").await;
    let watched = processes.clone();
    watcher.call(|reply| (watched, reply)).await.expect("it answers");
    // One from inside and one from outside for each.
    let outside: Vec<_> = processes.iter().map(ProcessRef::monitor).collect();
    assert_eq!(u64::try_from(tree.node().counts().monitors).expect("it fits"), 2 * count);
    processes.iter().for_each(|process| process.exit(ExitReason::Killed));
    for monitor in outside {
        assert!(is_killed(&monitor.down().await.reason));
    }
    assert!(eventually(test_helpers::DEADLINE, || downs.load(Ordering::SeqCst) == count).await);
    baseline.restored().await;
    assert_eq!(downs.load(Ordering::SeqCst), count);
    assert_eq!(journal.alive_in_all(), 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_thousand_targets_die_and_nothing_is_left() {
    many_targets_die(1_000).await;
}

#[tokio::test]
async fn ten_thousand_targets_die_and_nothing_is_left() {
    many_targets_die(10_000).await;
}

#[tokio::test]
async fn a_hundred_thousand_monitors_of_one_process_fire_once_each() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let monitors: Vec<_> = (0..100_000).map(|_| server.process().monitor()).collect();
    assert_eq!(tree.node().counts().monitors, 100_000);
    tree.kill("a").await;
    for monitor in monitors {
        let (id, down) = (monitor.id(), in_time(monitor.down()).await);
        assert!(down.monitor == id && is_killed(&down.reason), "its own");
    }
    let stats = tree.node().monitors().stats();
    // One more is that of who killed it.
    assert_eq!((stats.created, stats.fired, stats.active), (100_001, 100_001, 0));
    tree.shutdown().await;
}

#[tokio::test]
async fn fifty_rounds_of_making_and_dropping_leave_none() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    for round in 0..50 {
        let monitors: Vec<_> = (0..=round).map(|_| server.process().monitor()).collect();
        assert_eq!(tree.node().counts().monitors, monitors.len());
        drop(monitors);
        assert_eq!(tree.node().counts().monitors, 0);
    }
    tree.shutdown().await;
}

/// Watches one process very often, sees it end, and gives up most of the guards before it handles any notice.
struct Loser {
    kept: Vec<MonitorRef>,
    heard: Vec<MonitorId>,
}

enum Lose {
    /// All of them but these last ones.
    AllBut(usize, ProcessRef, Arc<str>, Reply<usize>),
    Heard(Reply<(Vec<MonitorId>, Vec<MonitorId>)>),
}

const WATCHES: usize = 5_000;

impl GenServer for Loser {
    type Args = ();
    type Msg = Lose;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { kept: Vec::new(), heard: Vec::new() })
    }

    async fn handle(&mut self, lose: Lose, cx: &mut Context<Self>) -> Result<(), Exit> {
        match lose {
            Lose::AllBut(kept, target, reason, reply) => {
                let mut guards: Vec<_> = (0..WATCHES).map(|_| cx.monitor(&target)).collect();
                let outside = target.monitor();
                target.exit(ExitReason::ShutdownWith(Arc::clone(&reason)));
                outside.down().await;
                self.kept = guards.split_off(WATCHES - kept);
                drop(guards);
                // Who holds the reason: each notice that lies in the mailbox, and a few others.
                reply.send(Arc::strong_count(&reason));
            }
            Lose::Heard(reply) => {
                reply.send((self.heard.clone(), self.kept.iter().map(MonitorRef::id).collect()));
            }
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Down(down) = info {
            self.heard.push(down.monitor);
        }
        Ok(())
    }
}

#[tokio::test]
async fn notices_that_nobody_wants_any_more_do_not_fill_the_mailbox() {
    for kept in [0, 1, 100] {
        let tree = of(Strategy::OneForOne, [ServerSpec::<Loser>::new(()).child("l")]).await;
        let loser = tree.server::<Lose>("l").await;
        let (other, target) = lone(Worker::spec("t", &Journal::new())).await;
        let process = target.process().clone();
        let held = loser.call(|reply| Lose::AllBut(kept, process, "enough".into(), reply));
        let held = in_time(held).await.expect("it answers");
        assert!(held <= 2 * kept + 10, "{held} notices for {kept} monitors");
        let (heard, wanted) = loser.call(Lose::Heard).await.expect("it answers");
        assert_eq!(heard, wanted, "those that it kept, each once");
        assert_eq!(heard.len(), kept);
        tree.shutdown().await;
        other.shutdown().await;
    }
}
