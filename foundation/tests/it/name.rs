//! A name leads to whoever holds it now, and is free only when its holder is gone.

use std::time::Duration;

use foundation::{
    CallError, CastFailure, ExitReason, NameError, Node, NodeConfig, Restart, StartChildError,
    StartError, Strategy, Supervisor,
};
use test_helpers::{Baseline, Do, Gate, IsolatedTree, Journal, Plan, Worker};

use crate::support::{beside, note, quiet, settled, supervisor};

fn node() -> Node {
    Node::new(NodeConfig::default()).expect("tests unwind")
}

#[tokio::test]
async fn a_name_leads_to_the_new_incarnation_after_a_restart() {
    let node = node();
    let name = node.name::<Do>("a").expect("the name is free");
    let spec = supervisor(Strategy::OneForOne)
        .child(Worker::spec("a", &Journal::new()).name(&name).child("a"));
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let mut old = name.whereis().expect("it runs");
    assert_eq!(old.process().name(), Some("a"));
    for _ in 0..10 {
        let monitor = old.process().monitor();
        old.process().exit(ExitReason::Killed);
        monitor.down().await;
        let new = name.registered().await;
        assert_ne!(new.pid(), old.pid());
        assert_eq!(name.call(|reply| Do::Echo(7, reply)).await.expect("it answers"), 7);
        old = new;
    }
    root.shutdown().await;
    assert!(name.whereis().is_none());
    assert_eq!(node.counts().names, 0);
}

#[tokio::test]
async fn a_name_that_nobody_holds_reports_no_proc() {
    let name = node().name::<Do>("nobody").expect("the name is free");
    assert_eq!(name.key(), "nobody");
    let cast = name.cast(note("x")).expect_err("nobody is there");
    assert_eq!(cast.cause, CastFailure::NoProc);
    let send = name.send(note("x"), Duration::from_secs(1)).await.expect_err("nobody is there");
    assert_eq!(send.cause, foundation::SendFailure::NoProc);
    let call = name.call(|reply| Do::Echo(0, reply)).await;
    assert!(matches!(call, Err(CallError::NoProc)), "{call:?}");
}

#[tokio::test]
async fn a_key_has_one_message_type_as_long_as_it_is_in_use() {
    let node = node();
    let name = node.name::<Do>("a").expect("the name is free");
    let clash = node.name::<u64>("a").expect_err("it is in use for another type");
    assert_eq!(clash, NameError::TypeMismatch { key: "a".into() });
    node.name::<Do>("a").expect("the same type is fine");
    drop(name);
    node.name::<u64>("a").expect("nobody uses it any more");
}

#[tokio::test]
async fn a_name_that_is_held_refuses_a_second_process() {
    let tree = IsolatedTree::start_with(|node| {
        let name = node.name::<Do>("shared").expect("the name is free");
        supervisor(Strategy::OneForOne)
            .child(Worker::spec("a", &Journal::new()).name(&name).child("a"))
    });
    let tree = tree.await.expect("the tree starts");
    let node = tree.node().clone();
    let name = node.name::<Do>("shared").expect("the type fits");
    let holder = name.whereis().expect("it runs");
    let second = Worker::spec("b", &Journal::new()).name(&name);
    let error =
        tree.handle().start_child(second.clone().child("b")).await.expect_err("the name is held");
    let StartChildError::Failed(reason) = error else { panic!("{error:?}") };
    assert_eq!(reason.to_string(), format!("failed: the name is held by {}", holder.pid()));
    let baseline = Baseline::of(&node);
    let root = supervisor(Strategy::OneForOne).name("shared");
    let error = Supervisor::start(&node, root).await.expect_err("it is in use for another type");
    assert!(matches!(error, StartError::Failed(_)), "{error:?}");
    baseline.restored().await;
    assert_eq!(name.whereis().expect("it still runs").pid(), holder.pid());
    tree.shutdown().await;
}

#[tokio::test]
async fn two_roots_with_one_name_are_already_started() {
    let node = node();
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).name("root"))
        .await
        .expect("it starts");
    let error = Supervisor::start(&node, supervisor(Strategy::OneForOne).name("root"))
        .await
        .expect_err("held");
    assert!(
        matches!(error, StartError::AlreadyStarted(pid) if pid == root.process().pid()),
        "{error:?}"
    );
    let by_name = node.supervisor("root").expect("the type fits");
    assert_eq!(by_name.process().map(|process| process.pid()), Some(root.process().pid()));
    root.shutdown().await;
    assert!(by_name.process().is_none());
    let again = Supervisor::start(&node, supervisor(Strategy::OneForOne).name("root"))
        .await
        .expect("it is free");
    again.shutdown().await;
}

#[tokio::test]
async fn a_name_stays_with_a_process_that_is_still_terminating() {
    let node = node();
    let name = node.name::<Do>("a").expect("the name is free");
    let (plan, gate, journal) = (Plan::new(), Gate::new(), Journal::new());
    plan.hold_terminate(&gate);
    let child =
        Worker::planned("a", &journal, &plan).name(&name).child("a").restart(Restart::Temporary);
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child))
        .await
        .expect("it starts");
    let old = name.whereis().expect("it runs");
    old.cast(Do::End(ExitReason::Normal)).expect("there is room");
    gate.arrival().await;
    assert_eq!(name.whereis().expect("it is not over yet").pid(), old.pid());
    let second = Worker::spec("a", &journal).name(&name).child("b");
    let refused = root.handle().start_child(second.clone()).await;
    assert!(matches!(refused, Err(StartChildError::Failed(_))), "{refused:?}");
    let monitor = old.process().monitor();
    gate.open();
    monitor.down().await;
    assert!(name.whereis().is_none(), "the name is free when the end is known");
    root.handle().start_child(second).await.expect("the name is free");
    assert_eq!(journal.most_at_once("a"), 1);
    root.shutdown().await;
}

#[tokio::test]
async fn registered_waits_for_the_next_holder() {
    let node = node();
    let name = node.name::<Do>("a").expect("the name is free");
    let waiting = beside({
        let name = name.clone();
        async move { name.registered().await.pid() }
    });
    quiet().await;
    assert!(!waiting.is_finished());
    let spec = supervisor(Strategy::OneForOne)
        .child(Worker::spec("a", &Journal::new()).name(&name).child("a"));
    let root = Supervisor::start(&node, spec).await.expect("it starts");
    let server = name.whereis().expect("it runs");
    assert_eq!(waiting.await.expect("the waiter does not panic"), server.pid());
    settled(&server).await;
    root.shutdown().await;
}

#[tokio::test]
async fn the_table_of_names_forgets_what_nobody_uses() {
    let node = node();
    for number in 0..10_000 {
        node.name::<Do>(&format!("n{number}")).expect("the name is free");
    }
    assert_eq!(node.counts().names, 0);
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).name("root"))
        .await
        .expect("it starts");
    assert_eq!(node.counts().names, 1);
    root.shutdown().await;
}

#[tokio::test]
async fn a_name_is_found_by_its_key_and_looking_makes_none() {
    let (tree, pid) = named(&["a"]).await;
    let node = tree.node();
    let found = node.whereis::<Do>("a").expect("the type fits").expect("it runs");
    assert_eq!(found.pid(), pid[0]);
    settled(&found).await;
    let clash = node.whereis::<u64>("a").expect_err("it has another type");
    assert_eq!(clash, NameError::TypeMismatch { key: "a".into() });
    assert!(node.whereis::<Do>("b").expect("nobody uses it").is_none());
    node.name::<u64>("b").expect("the look did not fix its type");
    let was_text = node.name::<String>("c").expect("the name is free");
    drop(was_text);
    assert!(node.whereis::<Do>("c").expect("nobody uses it any more").is_none());
    tree.kill("a").await;
    assert!(node.whereis::<Do>("a").expect("the type fits").is_none());
    tree.shutdown().await;
}

/// Temporary workers with these names, and their pids.
async fn named(keys: &[&str]) -> (IsolatedTree, Vec<foundation::Pid>) {
    let tree = IsolatedTree::start_with(|node| {
        supervisor(Strategy::OneForOne).children(keys.iter().map(|key| {
            let name = node.name::<Do>(key).expect("the name is free");
            Worker::spec(key, &Journal::new()).name(&name).child(key).restart(Restart::Temporary)
        }))
    });
    let tree = tree.await.expect("the tree starts");
    let mut pids = Vec::new();
    for key in keys {
        pids.push(tree.process(key).await.pid());
    }
    (tree, pids)
}

#[tokio::test]
async fn the_list_of_names_has_the_living_in_order_and_nobody_else() {
    let nobody = node();
    nobody.name::<Do>("unheld").expect("the name is free");
    assert!(nobody.registered().is_empty());
    let (tree, pids) = named(&["b", "a", "c"]).await;
    let registered = || {
        let holders = tree.node().registered().into_iter();
        holders.map(|(key, holder)| (key.to_string(), holder.pid())).collect::<Vec<_>>()
    };
    let entry = |key: &str, pid| (key.to_owned(), pid);
    assert_eq!(registered(), [entry("a", pids[1]), entry("b", pids[0]), entry("c", pids[2])]);
    tree.kill("b").await;
    assert_eq!(registered(), [entry("a", pids[1]), entry("c", pids[2])]);
    let node = tree.node().clone();
    tree.shutdown().await;
    assert!(node.registered().is_empty());
}

/// Does not come back from its wake before another process has the name.
struct InFlight {
    name: foundation::Name<Do>,
    old: foundation::Pid,
    has_seen_successor: std::sync::atomic::AtomicBool,
    back: tokio::sync::Notify,
}

impl std::task::Wake for InFlight {
    fn wake(self: std::sync::Arc<Self>) {
        // As in `Witness`: what was woken last on this thread is set free for the others.
        drop(beside(async {}));
        // Far more than it takes, also when the machine is busy with other things.
        for _ in 0..200_000_000_u32 {
            if self.name.whereis().is_some_and(|holder| holder.pid() != self.old) {
                self.has_seen_successor.store(true, std::sync::atomic::Ordering::SeqCst);
                break;
            }
            std::thread::yield_now();
        }
        self.back.notify_one();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_entry_of_a_successor_stays_while_the_down_of_the_old_process_is_in_flight() {
    let node = node();
    let (name, group) = (
        node.name::<Do>("a").expect("the name is free"),
        node.group::<Do>("g").expect("the key is free"),
    );
    let worker = Worker::spec("a", &Journal::new()).name(&name).group(&group).child("a");
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(worker))
        .await
        .expect("it starts");
    let old = name.whereis().expect("it runs");
    let flight = std::sync::Arc::new(InFlight {
        name: name.clone(),
        old: old.pid(),
        has_seen_successor: std::sync::atomic::AtomicBool::new(false),
        back: tokio::sync::Notify::new(),
    });
    let mut first = Box::pin(old.process().monitor().down());
    let waker = std::task::Waker::from(std::sync::Arc::clone(&flight));
    assert!(first.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    // Told after the first. Who asks only now may know of the end before it is told.
    let last = old.process().monitor();
    old.process().exit(ExitReason::Killed);
    last.down().await;
    flight.back.notified().await;
    assert!(flight.has_seen_successor.load(std::sync::atomic::Ordering::SeqCst), "in flight");
    let new = name.whereis().expect("the entry stays");
    assert_ne!(new.pid(), old.pid());
    settled(&new).await;
    assert_eq!(name.whereis().map(|holder| holder.pid()), Some(new.pid()));
    assert_eq!(group.members().iter().map(|member| member.pid()).collect::<Vec<_>>(), [new.pid()]);
    root.shutdown().await;
}

#[tokio::test]
async fn a_thousand_names_come_and_go_and_none_is_left() {
    let node = node();
    let baseline = Baseline::of(&node);
    for _ in 0..3 {
        let keys: Vec<_> = (0..1_000).map(|number| format!("n{number}")).collect();
        let children = keys.iter().map(|key| {
            let name = node.name::<Do>(key).expect("the name is free");
            Worker::spec("w", &Journal::new()).name(&name).child(key)
        });
        let spec = supervisor(Strategy::OneForOne).children(children);
        let root = Supervisor::start(&node, spec).await.expect("it starts");
        assert_eq!(node.counts().names, 1_000);
        for key in &keys {
            assert!(node.whereis::<Do>(key).expect("the type fits").is_some(), "{key}");
        }
        root.shutdown().await;
        baseline.assert_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let node = node();
    let mut starts = Vec::new();
    for _ in 0..50 {
        let node = node.clone();
        starts.push(beside(async move {
            let spec = supervisor(Strategy::OneForOne).name("only");
            Supervisor::start(&node, spec).await
        }));
    }
    let mut roots = Vec::new();
    for start in starts {
        match start.await.expect("no start panics") {
            Ok(root) => roots.push(root),
            Err(error) => assert!(matches!(error, StartError::AlreadyStarted(_)), "{error:?}"),
        }
    }
    assert_eq!(roots.len(), 1);
    assert_eq!(node.registered()[0].1.pid(), roots[0].process().pid());
    assert_eq!(node.counts().names, 1);
    drop(roots);
}
