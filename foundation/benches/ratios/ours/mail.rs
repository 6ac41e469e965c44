//! Telling and asking one process.

use foundation::{
    Context, Exit, GenServer, Node, Reply, ServerRef, ServerSpec, Strategy, Supervisor,
};

use crate::ours::{node, tree};
use crate::rig::{CAPACITY, PATIENCE, Stopwatch, client};

pub(super) struct Counter(u64);

pub(super) enum Msg {
    Add(u64),
    Get(Reply<u64>),
}

impl GenServer for Counter {
    type Args = u64;
    type Msg = Msg;

    async fn init(start: u64, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(start))
    }

    async fn handle(&mut self, message: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            Msg::Add(n) => self.0 = self.0.wrapping_add(n),
            Msg::Get(reply) => reply.send(self.0),
        }
        Ok(())
    }
}

pub(super) async fn counter(node: &Node) -> (Supervisor, ServerRef<Msg>) {
    let name = node.name("counter").expect("the name is free");
    let spec = ServerSpec::<Counter>::new(0).name(&name).capacity(CAPACITY);
    let root = tree(node, Strategy::OneForOne, [spec.child("counter")]).await;
    (root, name.whereis().expect("the counter runs"))
}

/// From the first send to an answer given after the last message was handled.
pub(crate) async fn tell(senders: usize, count: usize) -> f64 {
    let node = node();
    let (root, counter) = counter(&node).await;
    let each = count / senders;
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..senders)
        .map(|_| {
            let counter = counter.clone();
            client(async move {
                for _ in 0..each {
                    counter.send(Msg::Add(1), PATIENCE).await.expect("the counter runs");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a sender does not panic");
    }
    let sum = counter.call(Msg::Get).await.expect("the counter answers");
    let ns = watch.ns_each(each * senders);
    assert_eq!(usize::try_from(sum), Ok(each * senders), "every message was handled");
    root.shutdown().await;
    ns
}

/// Each caller asks one thing after another, with the default deadline.
pub(crate) async fn call(callers: usize, count: usize) -> f64 {
    let node = node();
    let (root, counter) = counter(&node).await;
    let each = count / callers;
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..callers)
        .map(|_| {
            let counter = counter.clone();
            client(async move {
                for _ in 0..each {
                    assert_eq!(counter.call(Msg::Get).await.expect("an answer"), 0, "no tells");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a caller does not panic");
    }
    let ns = watch.ns_each(each * callers);
    root.shutdown().await;
    ns
}
