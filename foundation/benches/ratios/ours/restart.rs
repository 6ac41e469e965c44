//! Crashes under a supervisor.
//!
//! The client crashes the first child and asks the last one (alone: the same), both by name. That a new incarnation is there
//! it hears from that incarnation's `init`, as the client of the baseline hears it from the owner.

use std::sync::Arc;

use foundation::{
    Context, Exit, GenServer, Name, Node, Pid, Reply, ServerSpec, Strategy, Supervisor,
};
use tokio::sync::Notify;

use crate::ours::{node, tree};
use crate::rig::{CAPACITY_SMALL, Stopwatch, median};

struct Worker;

enum Msg {
    Crash,
    Get(Reply<Pid>),
}

impl GenServer for Worker {
    /// Whom to tell of the start.
    type Args = Option<Arc<Notify>>;
    type Msg = Msg;

    async fn init(newest: Self::Args, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        if let Some(newest) = newest {
            newest.notify_one();
        }
        Ok(Self)
    }

    async fn handle(&mut self, message: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            Msg::Crash => panic!("crash"),
            Msg::Get(reply) => reply.send(cx.pid()),
        }
        Ok(())
    }
}

/// Crashes the first child, again and again: from the message that crashes it to an answer of the new last one; the median.
async fn crashes(first: &Name<Msg>, last: &Name<Msg>, newest: &Notify, crashes: usize) -> f64 {
    newest.notified().await;
    let mut incarnation = last.call(Msg::Get).await.expect("the worker answers");
    let mut times = Vec::with_capacity(crashes);
    for _ in 0..crashes {
        let watch = Stopwatch::start();
        assert!(first.cast(Msg::Crash).is_ok(), "the worker runs");
        newest.notified().await;
        let next = last.call(Msg::Get).await.expect("the worker answers");
        times.push(watch.ns());
        assert!(next > incarnation, "it is a new one");
        incarnation = next;
    }
    median(times)
}

/// A tree of `siblings` workers; those with a name among `named` have it, and the last of these tells of its starts.
async fn workers(
    node: &Node,
    strategy: Strategy,
    siblings: usize,
    named: &[(usize, &Name<Msg>)],
    newest: &Arc<Notify>,
) -> Supervisor {
    let speaker = named.last().map(|(place, _)| *place);
    let children = (0..siblings).map(|place| {
        let args = (Some(place) == speaker).then(|| Arc::clone(newest));
        let spec = ServerSpec::<Worker>::new(args).capacity(CAPACITY_SMALL);
        let name = named.iter().find(|(at, _)| *at == place);
        let spec = if let Some((_, name)) = name { spec.name(name) } else { spec };
        spec.child(&place.to_string())
    });
    tree(node, strategy, children).await
}

/// One of `siblings` children, always the same, crashes and is started again alone.
pub(crate) async fn one_for_one(siblings: usize, count: usize) -> f64 {
    let node = node();
    let name = node.name("first").expect("the name is free");
    let newest = Arc::new(Notify::new());
    let root = workers(&node, Strategy::OneForOne, siblings, &[(0, &name)], &newest).await;
    let ns = crashes(&name, &name, &newest, count).await;
    drop(root);
    ns
}

/// The first of `siblings` children crashes, and all are replaced.
pub(crate) async fn rest_for_one(siblings: usize, count: usize) -> f64 {
    let node = node();
    let first = node.name("first").expect("the name is free");
    let last = node.name("last").expect("the name is free");
    let newest = Arc::new(Notify::new());
    let named = [(0, &first), (siblings - 1, &last)];
    let root = workers(&node, Strategy::RestForOne, siblings, &named, &newest).await;
    let ns = crashes(&first, &last, &newest, count).await;
    drop(root);
    ns
}
