//! Who is there and what each is doing: by asking the supervisors, and without asking anybody.

use std::time::Duration;

use foundation::{
    DynamicSupervisorSpec, Node, Pid, ProcessKind, Restart, RunState, Strategy, Supervision,
    Supervisor,
};
use test_helpers::{Gate, Journal, Worker};

use crate::clerk::{Clerk, Gates, Task};
use crate::support::{beside, of, quiet, supervisor};

/// Who is there, by name, with the name of its supervisor.
fn names(node: &Node) -> Vec<(String, Option<String>)> {
    let entries = node.processes();
    let name = |pid: Pid| {
        let entry = entries.iter().find(|entry| entry.status.pid == pid).expect("it is there");
        entry.status.name.as_deref().expect("all have one").to_owned()
    };
    entries.iter().map(|entry| (name(entry.status.pid), entry.supervisor.map(name))).collect()
}

fn named(names: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    names.iter().map(|(name, of)| ((*name).to_owned(), of.map(str::to_owned))).collect()
}

#[tokio::test]
async fn the_tree_says_how_each_child_is_kept_and_what_it_is_doing() {
    let gates = Gates::default();
    let inner = supervisor(Strategy::RestForOne)
        .child(Clerk::spec(&gates).child("clerk").restart(Restart::Transient));
    let children = [inner.as_child("inner"), DynamicSupervisorSpec::new().as_child("kids")];
    let tree = of(Strategy::OneForOne, children).await;
    tree.clock().advance(Duration::from_secs(3));
    let old = tree.kill("inner/clerk").await;
    tree.await_restart("inner/clerk", old).await;
    tree.clock().advance(Duration::from_secs(2));
    let clerk = tree.server::<Task>("inner/clerk").await;
    clerk.call(Task::Ping).await.expect("it answers");
    let gate = Gate::new();
    clerk.cast(Task::Hold(gate.clone())).expect("there is room");
    gate.arrival().await;
    clerk.cast(Task::Hold(gate.clone())).expect("there is room");

    let nodes = tree.handle().tree().await.expect("the root lives");
    let kept: Vec<_> = nodes.iter().map(|node| node.supervision).collect();
    let rest_for_one = Supervision::Static(Strategy::RestForOne);
    assert_eq!(kept, [Some(rest_for_one), Some(Supervision::Dynamic)]);
    assert_eq!(rest_for_one.to_string(), "rest_for_one");
    assert_eq!(nodes[0].child.restart, Restart::Permanent);
    let status = nodes[0].status.as_ref().expect("it runs");
    assert_eq!((status.kind, status.state), (ProcessKind::Supervisor, RunState::Waiting));
    assert_eq!(status.uptime, Duration::from_secs(5));
    let [leaf] = &nodes[0].children[..] else { panic!("one child: {nodes:?}") };
    assert_eq!((leaf.child.restart, leaf.child.restarts), (Restart::Transient, 1));
    assert_eq!(leaf.supervision, None);
    assert_eq!(leaf.status, Some(clerk.process().status()));
    let status = leaf.status.as_ref().expect("it runs");
    assert_eq!(
        (status.state, status.message, status.handled),
        (RunState::Running, Some("Hold"), 1)
    );
    assert_eq!((status.mailbox_depth, status.uptime), (1, Duration::from_secs(2)));
    gate.open();

    tree.handle().terminate_child("kids").await.expect("it stops");
    let nodes = tree.handle().tree().await.expect("the root lives");
    assert!(nodes[1].status.is_none() && nodes[1].supervision.is_none(), "it has no process");
    tree.shutdown().await;
}

#[tokio::test]
async fn the_processes_of_a_node_are_seen_while_their_supervisor_is_busy() {
    let init = Gate::new();
    let gates = Gates { init: Some(init.clone()), ..Gates::default() };
    let journal = Journal::new();
    let children = [
        Worker::spec("a", &journal).child("a"),
        DynamicSupervisorSpec::new().name("kids").as_child("kids"),
    ];
    let tree = of(Strategy::OneForOne, children).await;
    let kids = tree.node().supervisor("kids").expect("a supervisor");
    let starting = beside({
        let (kids, child) = (kids.clone(), Clerk::spec(&gates).child("clerk"));
        async move { kids.start_child(child).await }
    });
    init.arrival().await;
    let asked = beside({
        let handle = tree.handle().clone();
        async move { handle.tree().await }
    });
    quiet().await;
    assert!(!asked.is_finished(), "who asks waits for the busy one");

    let wanted =
        [("root", None), ("a", Some("root")), ("kids", Some("root")), ("clerk", Some("kids"))];
    assert_eq!(names(tree.node()), named(&wanted));
    let entries = tree.node().processes();
    let states: Vec<_> = entries.iter().map(|entry| entry.status.state).collect();
    use RunState::{Running, Starting, Waiting};
    assert_eq!(states, [Waiting, Waiting, Running, Starting]);
    assert_eq!(entries[2].status.message, Some("start_child"));

    init.open();
    let clerk = starting.await.expect("no panic").expect("it starts");
    asked.await.expect("no panic").expect("it is answered");
    let entries = tree.node().processes();
    assert_eq!(entries[3].status, clerk.status());
    kids.terminate_child(&clerk).await.expect("it stops");
    assert_eq!(names(tree.node()), named(&wanted[..3]));
    let old = tree.kill("a").await;
    tree.await_restart("a", old).await;
    let wanted = [("root", None), ("kids", Some("root")), ("a", Some("root"))];
    assert_eq!(names(tree.node()), named(&wanted), "oldest first");
    tree.shutdown().await;
}

#[tokio::test]
async fn every_tree_of_a_node_is_seen_until_its_last_process_has_ended() {
    let tree = of(Strategy::OneForOne, []).await;
    let node = tree.node().clone();
    let terminate = Gate::new();
    let gates = Gates { terminate: Some(terminate.clone()), ..Gates::default() };
    let spec = supervisor(Strategy::OneForOne).name("second").child(Clerk::spec(&gates).child("c"));
    let second = Supervisor::start(&node, spec).await.expect("it starts");
    let wanted = [("root", None), ("second", None), ("c", Some("second"))];
    assert_eq!(names(&node), named(&wanted));
    let stopping = beside(second.shutdown());
    terminate.arrival().await;
    assert_eq!(names(&node), named(&wanted));
    terminate.open();
    stopping.await.expect("no panic");
    assert_eq!(names(&node), named(&wanted[..1]));
    let third = Supervisor::start(&node, supervisor(Strategy::OneForOne)).await;
    assert_eq!(node.processes().len(), 2);
    third.expect("it starts").shutdown().await;
    tree.shutdown().await;
    assert_eq!(node.processes(), []);
}
