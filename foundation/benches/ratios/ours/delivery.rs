//! Supervised delivery, with all of its options set: to one receiver, and to very many.

use std::sync::Arc;

use foundation::{
    Backoff, Broadcast, BroadcastRule, Metadata, OnFailure, SendOptions, ServerSpec, Strategy,
    accepted_with, handled_with,
};

use crate::ours::mail::{Msg, counter};
use crate::ours::relay::{Listener, doors};
use crate::ours::{node, tree};
use crate::rig::{CAPACITY_SMALL, Gate, PATIENCE, Stopwatch, client};

fn options() -> SendOptions {
    SendOptions::within(PATIENCE)
        .retries(3, Backoff::default())
        .on_failure(OnFailure::DeadLetter)
        .metadata(Metadata::new([("row", "delivery")]).expect("it is short"))
}

/// From the first send to an answer given after the last message was handled.
pub(crate) async fn accepted(count: usize) -> f64 {
    let node = node();
    let (root, counter) = counter(&node).await;
    let watch = Stopwatch::start();
    let sender = {
        let (counter, options) = (counter.clone(), options());
        client(async move {
            for _ in 0..count {
                accepted_with(&counter, Msg::Add(1), &options).await.expect("the counter runs");
            }
        })
    };
    sender.await.expect("a sender does not panic");
    let sum = counter.call(Msg::Get).await.expect("the counter answers");
    let ns = watch.ns_each(count);
    assert_eq!(usize::try_from(sum), Ok(count), "every message was handled");
    root.shutdown().await;
    ns
}

/// One message after another, each until its handler is over.
pub(crate) async fn handled(count: usize) -> f64 {
    let node = node();
    let (root, counter) = counter(&node).await;
    let watch = Stopwatch::start();
    let sender = {
        let (counter, options) = (counter.clone(), options());
        client(async move {
            for _ in 0..count {
                handled_with(&counter, Msg::Add(1), &options).await.expect("the counter runs");
            }
        })
    };
    sender.await.expect("a sender does not panic");
    let ns = watch.ns_each(count);
    root.shutdown().await;
    ns
}

/// One broadcast after another, each until all have handled it; the cost of one delivery.
async fn broadcast(rule: BroadcastRule, receivers: usize, laps: usize) -> f64 {
    let node = node();
    let gate = Arc::new(Gate::of(receivers));
    let spec = ServerSpec::<Listener>::new(Arc::clone(&gate)).capacity(CAPACITY_SMALL);
    let children = (0..receivers).map(|place| spec.clone().child(&place.to_string()));
    let root = tree(&node, Strategy::OneForOne, children).await;
    let doors = doors::<u64>(root.handle()).await;
    let broadcast = Broadcast::within(PATIENCE).rule(rule);
    let lap = async |lap: usize| {
        gate.close(receivers);
        let report = broadcast.accepted(&doors, lap as u64).await.expect("the lap before is over");
        assert_eq!(report.succeeded(), receivers, "everyone has room");
        gate.opened().await;
    };
    lap(0).await;
    let watch = Stopwatch::start();
    for number in 1..=laps {
        lap(number).await;
    }
    let ns = watch.ns_each(receivers * laps);
    drop(root);
    ns
}

pub(crate) async fn best_effort(receivers: usize, laps: usize) -> f64 {
    broadcast(BroadcastRule::BestEffort, receivers, laps).await
}

pub(crate) async fn all_or_nothing(receivers: usize, laps: usize) -> f64 {
    broadcast(BroadcastRule::AllOrNothing, receivers, laps).await
}
