//! Whatever happens, the counts come back.

use std::time::Duration;

use foundation::{
    DynamicSupervisorSpec, ExitReason, Node, NodeConfig, Overflow, Restart, Shutdown, Strategy,
    Supervisor, TaskSupervisorSpec,
};
use test_helpers::{Baseline, Do, IsolatedTree, Journal, Worker, eventually};

use crate::support::{beside, note, of, settled, supervisor};

/// A small generator of choices; the seed is in the test's name for whoever wants to see them.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % bound
    }
}

#[tokio::test]
async fn a_thousand_trees_leave_nothing_behind() {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let baseline = Baseline::of(&node);
    let journal = Journal::new();
    for number in 0..1_000 {
        let spec = supervisor(Strategy::OneForAll)
            .name("root")
            .child(Worker::spec("a", &journal).child("a"))
            .child(
                supervisor(Strategy::OneForOne)
                    .child(Worker::spec("b", &journal).child("b"))
                    .as_child("inner"),
            );
        let root = Supervisor::start(&node, spec).await.expect("the name is free again");
        if number % 2 == 0 {
            root.shutdown().await;
            baseline.assert_now();
        } else {
            drop(root);
            baseline.restored().await;
        }
    }
    assert_eq!(journal.alive_in_all(), 0);
}

#[tokio::test]
async fn three_hundred_random_crashes_leave_the_tree_as_it_was() {
    let journal = Journal::new();
    let ids = ["a", "b", "c", "d"];
    let group = |strategy| {
        supervisor(strategy).children(ids.map(|id| Worker::spec(id, &journal).child(id)))
    };
    let tree = of(
        Strategy::OneForOne,
        [
            group(Strategy::OneForOne).as_child("one"),
            group(Strategy::OneForAll).as_child("all"),
            group(Strategy::RestForOne).as_child("rest"),
        ],
    )
    .await;
    let baseline = Baseline::of(tree.node());
    let mut choices = Choices(1);
    for _ in 0..300 {
        let path =
            format!("{}/{}", ["one", "all", "rest"][choices.below(3)], ids[choices.below(4)]);
        let server = tree.server::<Do>(&path).await;
        let monitor = server.process().monitor();
        match choices.below(4) {
            0 => server.process().exit(ExitReason::Killed),
            1 => server.cast(Do::Panic("boom")).expect("there is room"),
            2 => server.cast(Do::Fail("no luck")).expect("there is room"),
            _ => server.cast(Do::End(ExitReason::Normal)).expect("there is room"),
        }
        let down = monitor.down().await;
        tree.await_restart(&path, down.pid).await;
    }
    baseline.restored().await;
    for id in ids {
        assert_eq!(journal.alive(id), 3, "{id}");
    }
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_casters_and_killers_on_many_threads_leave_nothing_behind() {
    let tree = IsolatedTree::start_with(|node| {
        let name = node.name::<Do>("target").expect("the name is free");
        let target = Worker::spec("t", &Journal::new()).capacity(4).name(&name).child("target");
        let pool = TaskSupervisorSpec::new().limit(4).name(node, "pool").expect("the name is free");
        foundation::SupervisorSpec::new(Strategy::OneForOne)
            .intensity(u32::MAX, Duration::from_secs(1))
            .child(target)
            .child(pool.as_child("pool"))
    });
    let tree = tree.await.expect("the tree starts");
    let baseline = Baseline::of(tree.node());
    let pool = tree
        .node()
        .task_supervisor("pool")
        .expect("the type fits")
        .resolve()
        .await
        .expect("it runs");
    let mut clients = Vec::new();
    for client in 0..4 {
        let name = tree.node().name::<Do>("target").expect("the type fits");
        let task = async move {
            let mut answered = 0;
            for number in 0..250 {
                match (client + number) % 4 {
                    0 => drop(name.cast(note("x"))),
                    1 => drop(name.send(note("x"), Duration::from_millis(5)).await),
                    2 => drop(foundation::handled(&name, note("x"), Duration::from_secs(5)).await),
                    _ => {
                        answered += usize::from(name.call(|reply| Do::Echo(1, reply)).await.is_ok())
                    }
                }
            }
            answered
        };
        clients.push(pool.spawn(task).await.expect("there is room"));
    }
    let killer = beside({
        let name = tree.node().name::<Do>("target").expect("the type fits");
        async move {
            for _ in 0..200 {
                let server = name.registered().await;
                let monitor = server.process().monitor();
                server.process().exit(ExitReason::Killed);
                monitor.down().await;
            }
        }
    });
    for client in clients {
        client.await.expect("no client hangs or panics");
    }
    killer.await.expect("the killer does not panic");
    let name = tree.node().name::<Do>("target").expect("the type fits");
    settled(&name.registered().await).await;
    baseline.restored().await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_dynamic_supervisor_of_ten_thousand_children_comes_and_goes() {
    let journal = Journal::new();
    let tree =
        of(Strategy::OneForOne, [DynamicSupervisorSpec::new().name("pool").as_child("pool")]).await;
    let pool = tree.node().supervisor("pool").expect("the name fits");
    let baseline = Baseline::of(tree.node());
    let child = Worker::spec("c", &journal).capacity(1).child("c").restart(Restart::Temporary);
    for _ in 0..10_000 {
        pool.start_child(child.clone().shutdown(Shutdown::BrutalKill)).await.expect("it starts");
    }
    assert_eq!(pool.count_children().await.expect("it lives").active, 10_000);
    let old = tree.kill("pool").await;
    assert_eq!(journal.alive("c"), 0);
    tree.await_restart("pool", old).await;
    baseline.restored().await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_mailbox_that_drops_messages_forgets_none_of_them() {
    let spec = Worker::spec("a", &Journal::new()).capacity(8).overflow(Overflow::DropOldest);
    let tree = of(Strategy::OneForOne, [spec.child("a")]).await;
    let server = tree.server::<Do>("a").await;
    for number in 0..1_000 {
        server.cast(note(number.to_string())).expect("it always has room");
    }
    settled(&server).await;
    let counts = tree.node().dead_letters().counts();
    assert_eq!(counts.total, 1_000 - 7, "the last call pushed one out, too");
    assert!(eventually(test_helpers::DEADLINE, || server.process().mailbox_depth().0 == 0).await);
    tree.shutdown().await;
}
