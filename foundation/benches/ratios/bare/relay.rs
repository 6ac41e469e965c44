//! Messages from task to task: a token in a ring, and one sender with very many receivers.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::rig::{CAPACITY, CAPACITY_SMALL, Gate, Stopwatch, client};

#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn player(mut inbox: mpsc::Receiver<u64>, next: mpsc::Sender<u64>, gate: Arc<Gate>) {
    while let Some(left) = inbox.recv().await {
        match left.checked_sub(1) {
            Some(left) => assert!(next.try_send(left).is_ok(), "there is one token"),
            None => gate.arrive(),
        }
    }
}

/// A token makes `hops` hops in a ring; the cost of one hop.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn hops(players: usize, hops: usize) -> f64 {
    let gate = Arc::new(Gate::of(1));
    let (doors, inboxes): (Vec<_>, Vec<_>) = (0..players).map(|_| mpsc::channel(CAPACITY)).unzip();
    for (place, inbox) in inboxes.into_iter().enumerate() {
        let next = doors[(place + 1) % players].clone();
        let _player = client(player(inbox, next, Arc::clone(&gate)));
    }
    let watch = Stopwatch::start();
    assert!(doors[0].try_send(hops as u64).is_ok(), "the ring is empty");
    gate.opened().await;
    watch.ns_each(hops)
}

/// A ring of two; the cost of a round trip.
pub(crate) async fn pingpong(count: usize) -> f64 {
    2.0 * hops(2, 2 * count).await
}

/// A ring of a thousand; the cost of a hop.
pub(crate) async fn ring(count: usize) -> f64 {
    hops(1_000, count).await
}

async fn listener(mut inbox: mpsc::Receiver<u64>, gate: Arc<Gate>) {
    while let Some(_lap) = inbox.recv().await {
        gate.arrive();
    }
}

/// One sender tells every receiver and waits until all have handled it, `laps` times; the cost of one delivery.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
pub(crate) async fn fanout(receivers: usize, laps: usize) -> f64 {
    let gate = Arc::new(Gate::of(receivers));
    let doors: Vec<_> = (0..receivers)
        .map(|_| {
            let (door, inbox) = mpsc::channel(CAPACITY_SMALL);
            let _listener = client(listener(inbox, Arc::clone(&gate)));
            door
        })
        .collect();
    let lap = async |lap: usize| {
        gate.close(receivers);
        for door in &doors {
            assert!(door.try_send(lap as u64).is_ok(), "the lap before is over");
        }
        gate.opened().await;
    };
    lap(0).await;
    let watch = Stopwatch::start();
    for number in 1..=laps {
        lap(number).await;
    }
    watch.ns_each(receivers * laps)
}
