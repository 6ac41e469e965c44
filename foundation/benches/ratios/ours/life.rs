//! Starting, stopping, keeping and watching processes.

use foundation::{
    ChildSpec, Context, DynamicSupervisorSpec, Exit, GenServer, Node, Reply, ServerRef, ServerSpec,
    Strategy, Supervisor, SupervisorRef, SupervisorSpec,
};
use futures_util::stream::{self, StreamExt};

use crate::ours::{node, tree};
use crate::rig::{CAPACITY_SMALL, STARTS_AT_ONCE, Stopwatch, bytes_each, count_heap};

struct Counter(u64);

enum Msg {
    Add(u64),
    Get(Reply<u64>),
}

impl GenServer for Counter {
    type Args = ();
    type Msg = Msg;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(0))
    }

    async fn handle(&mut self, message: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            Msg::Add(n) => self.0 = self.0.wrapping_add(n),
            Msg::Get(reply) => reply.send(self.0),
        }
        Ok(())
    }
}

/// A dynamic supervisor below a root, and what to start in it.
async fn pool(node: &Node) -> (Supervisor, SupervisorRef, ChildSpec) {
    let spec = DynamicSupervisorSpec::new().name("pool").as_child("pool");
    let root = tree(node, Strategy::OneForOne, [spec]).await;
    let pool = node.supervisor("pool").expect("the name is a supervisor's");
    let child = ServerSpec::<Counter>::new(()).capacity(CAPACITY_SMALL).child("counter");
    (root, pool, child)
}

/// A supervisor starts its `count` children in order, each acknowledged, and then stops them, newest first, each within its limit;
/// the cost of one.
pub(crate) async fn spawn_stop(count: usize) -> f64 {
    let node = node();
    let child = ServerSpec::<Counter>::new(()).capacity(CAPACITY_SMALL);
    let children = (0..count).map(|place| child.clone().child(&place.to_string()));
    let family = SupervisorSpec::new(Strategy::OneForOne).children(children).as_child("family");
    let root = tree(&node, Strategy::OneForOne, []).await;
    let watch = Stopwatch::start();
    root.handle().start_child(family).await.expect("the family starts");
    root.handle().terminate_child("family").await.expect("the family stops");
    let ns = watch.ns_each(count);
    root.shutdown().await;
    ns
}

/// A client has a dynamic supervisor start `count` children, each acknowledged to it, then stops the pool, which stops them all;
/// the cost of one.
pub(crate) async fn start_child(count: usize) -> f64 {
    let node = node();
    let (root, pool, child) = pool(&node).await;
    let mut doors = Vec::with_capacity(count);
    let watch = Stopwatch::start();
    let mut starts = stream::iter(0..count)
        .map(|_| pool.start_child(child.clone()))
        .buffer_unordered(STARTS_AT_ONCE);
    while let Some(process) = starts.next().await {
        doors.push(process.expect("the child starts"));
    }
    drop(starts);
    drop(doors);
    root.handle().terminate_child("pool").await.expect("the pool stops");
    let ns = watch.ns_each(count);
    root.shutdown().await;
    ns
}

/// What the heap keeps for one child that waits for its first message, its entry in the supervisor included. The list of
/// handles is not counted.
pub(crate) async fn bytes_idle(count: usize) -> f64 {
    let node = node();
    let (root, pool, child) = pool(&node).await;
    let mut doors: Vec<ServerRef<Msg>> = Vec::with_capacity(count);
    count_heap();
    for _ in 0..count {
        let process = pool.start_child(child.clone()).await.expect("the child starts");
        doors.push(process.server().expect("it is a counter"));
    }
    let bytes = {
        tokio::task::yield_now().await;
        bytes_each(count)
    };
    for door in &doors {
        assert!(door.cast(Msg::Add(1)).is_ok(), "the counter runs");
        assert_eq!(door.call(Msg::Get).await.expect("an answer"), 1, "it was alive all the time");
    }
    drop(root);
    bytes
}

/// Watches a process and stops watching it.
pub(crate) async fn monitor_pair(count: usize) -> f64 {
    let node = node();
    let child = ServerSpec::<Counter>::new(()).child("counter");
    let root = tree(&node, Strategy::OneForOne, [child]).await;
    let children = root.handle().which_children().await.expect("the supervisor runs");
    let process = children[0].process.running().expect("the counter runs").clone();
    let watch = Stopwatch::start();
    for _ in 0..count {
        drop(std::hint::black_box(process.monitor()));
    }
    let ns = watch.ns_each(count);
    root.shutdown().await;
    ns
}
