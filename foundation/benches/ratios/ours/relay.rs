//! Messages from process to process: a token in a ring, and one sender with very many receivers.

use std::sync::Arc;

use foundation::{Context, Exit, GenServer, ServerRef, ServerSpec, Strategy, SupervisorRef};

use crate::ours::{node, tree};
use crate::rig::{CAPACITY, CAPACITY_SMALL, Gate, Stopwatch};

struct Player {
    next: Option<ServerRef<Turn>>,
    gate: Arc<Gate>,
}

enum Turn {
    Next(ServerRef<Turn>),
    Token(u64),
}

impl GenServer for Player {
    type Args = Arc<Gate>;
    type Msg = Turn;

    async fn init(gate: Arc<Gate>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { next: None, gate })
    }

    async fn handle(&mut self, message: Turn, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            Turn::Next(next) => self.next = Some(next),
            Turn::Token(left) => match (left.checked_sub(1), &self.next) {
                (Some(left), Some(next)) => {
                    assert!(next.cast(Turn::Token(left)).is_ok(), "there is one token");
                }
                _ => self.gate.arrive(),
            },
        }
        Ok(())
    }
}

/// The doors of all children, oldest first.
pub(super) async fn doors<M: Send + 'static>(supervisor: &SupervisorRef) -> Vec<ServerRef<M>> {
    let children = supervisor.which_children().await.expect("the supervisor runs");
    let running = children.iter().rev().filter_map(|child| child.process.running());
    running.filter_map(|process| process.server::<M>()).collect()
}

/// A token makes `hops` hops in a ring; the cost of one hop.
async fn hops(players: usize, hops: usize) -> f64 {
    let node = node();
    let gate = Arc::new(Gate::of(1));
    let spec = ServerSpec::<Player>::new(Arc::clone(&gate)).capacity(CAPACITY);
    let children = (0..players).map(|place| spec.clone().child(&place.to_string()));
    let root = tree(&node, Strategy::OneForOne, children).await;
    let doors = doors::<Turn>(root.handle()).await;
    for (place, door) in doors.iter().enumerate() {
        let next = doors[(place + 1) % players].clone();
        assert!(door.cast(Turn::Next(next)).is_ok(), "the ring is empty");
    }
    let watch = Stopwatch::start();
    assert!(doors[0].cast(Turn::Token(hops as u64)).is_ok(), "the ring is empty");
    gate.opened().await;
    let ns = watch.ns_each(hops);
    root.shutdown().await;
    ns
}

/// A ring of two; the cost of a round trip.
pub(crate) async fn pingpong(count: usize) -> f64 {
    2.0 * hops(2, 2 * count).await
}

/// A ring of a thousand; the cost of a hop.
pub(crate) async fn ring(count: usize) -> f64 {
    hops(1_000, count).await
}

pub(super) struct Listener {
    gate: Arc<Gate>,
}

impl GenServer for Listener {
    type Args = Arc<Gate>;
    type Msg = u64;

    async fn init(gate: Arc<Gate>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { gate })
    }

    async fn handle(&mut self, _lap: u64, _cx: &mut Context<Self>) -> Result<(), Exit> {
        self.gate.arrive();
        Ok(())
    }
}

/// One sender tells every receiver and waits until all have handled it, `laps` times; the cost of one delivery.
pub(crate) async fn fanout(receivers: usize, laps: usize) -> f64 {
    let node = node();
    let gate = Arc::new(Gate::of(receivers));
    let spec = ServerSpec::<Listener>::new(Arc::clone(&gate)).capacity(CAPACITY_SMALL);
    let children = (0..receivers).map(|place| spec.clone().child(&place.to_string()));
    let root = tree(&node, Strategy::OneForOne, children).await;
    let doors = doors::<u64>(root.handle()).await;
    let lap = async |lap: usize| {
        gate.close(receivers);
        for door in &doors {
            assert!(door.cast(lap as u64).is_ok(), "the lap before is over");
        }
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
