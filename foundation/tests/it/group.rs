//! A group has exactly the processes that joined it, did not leave it, and live.

use std::sync::Arc;

use foundation::{ExitReason, Group, NameError, Restart, ServerRef, Strategy};
use test_helpers::{Do, IsolatedTree, Journal, Worker};

use crate::support::{Meeting, lone, note, on_thread, settled, supervisor};

/// Workers of these names, members of the group `g`.
async fn members(ids: &[&str]) -> (IsolatedTree, Group<Do>) {
    let mut group = None;
    let tree = IsolatedTree::start_with(|node| {
        let made = node.group::<Do>("g").expect("the key is free");
        group = Some(made.clone());
        let children = ids.iter().map(|id| {
            let spec = Worker::spec(id, &Journal::new()).group(&made);
            spec.child(id).restart(Restart::Transient)
        });
        supervisor(Strategy::OneForOne).children(children)
    });
    let tree = tree.await.expect("the tree starts");
    (tree, group.expect("it was made"))
}

fn pids(members: &[ServerRef<Do>]) -> Vec<foundation::Pid> {
    members.iter().map(ServerRef::pid).collect()
}

#[tokio::test]
async fn members_are_there_before_their_init_in_the_order_of_joining() {
    let (tree, group) = members(&["a", "b", "c"]).await;
    let mut wanted = Vec::new();
    for id in ["a", "b", "c"] {
        wanted.push(tree.server::<Do>(id).await.pid());
    }
    assert_eq!(pids(&group.members()), wanted);
    for member in group.members() {
        member.cast(note("news")).expect("there is room");
        settled(&member).await;
    }
    tree.shutdown().await;
    assert!(group.members().is_empty());
}

#[tokio::test]
async fn a_member_that_ends_leaves_and_its_successor_joins() {
    let (tree, group) = members(&["a", "b"]).await;
    let old = tree.kill("a").await;
    tree.await_restart("a", old).await;
    let now = group.joined(2).await;
    assert!(!pids(&now).contains(&old));
    assert_eq!(pids(&now)[0], tree.server::<Do>("b").await.pid(), "the new one is the youngest");
    tree.server::<Do>("b").await.cast(Do::End(ExitReason::Normal)).expect("there is room");
    now[0].process().monitor().down().await;
    assert_eq!(pids(&group.members()), [tree.server::<Do>("a").await.pid()]);
    tree.shutdown().await;
}

#[tokio::test]
async fn joining_is_once_and_leaving_needs_a_member() {
    let (tree, group) = members(&["a"]).await;
    let member = tree.server::<Do>("a").await;
    assert!(group.join(&member), "it is one already");
    assert_eq!(group.members().len(), 1);
    assert!(group.leave(&member));
    assert!(!group.leave(&member));
    assert!(group.members().is_empty());
    assert!(group.join(&member));
    tree.kill("a").await;
    group.joined(1).await;
    assert!(!pids(&group.members()).contains(&member.pid()));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_that_has_ended_cannot_join() {
    let (tree, group) = members(&[]).await;
    let (other, server) = lone(Worker::spec("a", &Journal::new())).await;
    other.kill("a").await;
    assert!(!group.join(&server));
    assert!(group.members().is_empty());
    other.shutdown().await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_group_has_one_message_type_and_names_are_something_else() {
    let (tree, group) = members(&["a"]).await;
    let error = tree.node().group::<u8>("g").expect_err("it is in use");
    assert_eq!(error, NameError::TypeMismatch { key: "g".to_owned() });
    assert!(tree.node().name::<u8>("g").is_ok());
    assert_eq!(tree.node().group::<Do>("g").expect("the same").members().len(), 1);
    tree.shutdown().await;
    drop(group);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_joins_while_it_ends_is_no_member_afterwards() {
    let (tree, group) = members(&[]).await;
    for turn in 0..300 {
        let (other, server) = lone(Worker::spec("a", &Journal::new())).await;
        let barrier = Arc::new(Meeting::new());
        let joiner = on_thread({
            let (group, server, barrier) = (group.clone(), server.clone(), Arc::clone(&barrier));
            move || {
                barrier.wait();
                (0..turn % 32).for_each(|_| std::thread::yield_now());
                group.join(&server)
            }
        });
        let ended = server.process().monitor();
        barrier.wait();
        server.process().exit(ExitReason::Killed);
        ended.down().await;
        joiner.join().expect("no panic");
        assert!(group.members().is_empty(), "turn {turn}");
        other.shutdown().await;
    }
    assert_eq!(tree.node().counts().groups, 0, "nor is it kept without being seen");
    let (other, server) = lone(Worker::spec("a", &Journal::new())).await;
    assert!(group.join(&server));
    assert_eq!(pids(&group.joined(1).await), [server.pid()]);
    assert_eq!(tree.node().counts().groups, 1);
    other.shutdown().await;
    tree.shutdown().await;
}
