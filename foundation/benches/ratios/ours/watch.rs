//! Watching very many processes, and finding one of very many by its name.

use std::pin::Pin;

use foundation::{
    ChildSpec, Context, Down, Exit, ExitReason, GenServer, ProcessRef, Restart, ServerSpec,
    Strategy,
};
use futures_util::future::{FutureExt, poll_fn};

use crate::ours::{node, tree};
use crate::rig::{CAPACITY_SMALL, Stopwatch, WATCHERS_EACH, names, shuffled};

struct Idle;

impl GenServer for Idle {
    type Args = ();
    type Msg = u64;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, _number: u64, _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

fn idle() -> ServerSpec<Idle> {
    ServerSpec::<Idle>::new(()).capacity(CAPACITY_SMALL)
}

/// One client watches with `count` monitors, a thousand for each target, and waits for all; the targets are killed; the cost of
/// one `Down`.
pub(crate) async fn monitor_down(count: usize) -> f64 {
    let node = node();
    let children: Vec<ChildSpec> = (0..count.div_ceil(WATCHERS_EACH))
        .map(|place| idle().child(&place.to_string()).restart(Restart::Temporary))
        .collect();
    let root = tree(&node, Strategy::OneForOne, children).await;
    let targets: Vec<ProcessRef> = root
        .handle()
        .which_children()
        .await
        .expect("the supervisor runs")
        .iter()
        .map(|child| child.process.running().expect("it runs").clone())
        .collect();
    let mut waits: Vec<Pin<Box<dyn Future<Output = Down> + Send>>> =
        (0..count).map(|place| targets[place % targets.len()].monitor().down().boxed()).collect();
    poll_fn(|cx| {
        let are_waiting = waits.iter_mut().all(|wait| wait.poll_unpin(cx).is_pending());
        assert!(are_waiting, "nobody has ended");
        std::task::Poll::Ready(())
    })
    .await;
    let watch = Stopwatch::start();
    targets.iter().for_each(|target| target.exit(ExitReason::Killed));
    for wait in waits {
        assert!(matches!(wait.await.reason, ExitReason::Killed), "it was killed");
    }
    let ns = watch.ns_each(count);
    root.shutdown().await;
    ns
}

/// Finds `count` times one of as many processes by its name, in no order; the cost of one.
pub(crate) async fn registry_lookup(count: usize) -> f64 {
    let node = node();
    let keys = names(count);
    let children = keys.iter().map(|key| {
        let name = node.name::<u64>(key).expect("the name is free");
        idle().name(&name).child(key)
    });
    let root = tree(&node, Strategy::OneForOne, children).await;
    let order = shuffled(count);
    let watch = Stopwatch::start();
    for &place in &order {
        let door = node.whereis::<u64>(&keys[place]).expect("the type is right");
        assert!(std::hint::black_box(door).is_some(), "it runs");
    }
    let ns = watch.ns_each(count);
    root.shutdown().await;
    ns
}
