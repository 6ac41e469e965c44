//! Starting, stopping, keeping and watching tasks.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::rig::{
    CAPACITY, CAPACITY_SMALL, STARTS_AT_ONCE, Stopwatch, bytes_each, client, count_heap,
};

enum Msg {
    Add(u64),
    Get(oneshot::Sender<u64>),
}

/// Returns its sum when the last door is dropped.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn counter(mut inbox: mpsc::Receiver<Msg>) -> u64 {
    let mut sum = 0_u64;
    while let Some(message) = inbox.recv().await {
        match message {
            Msg::Add(n) => sum = sum.wrapping_add(n),
            Msg::Get(reply) => assert!(reply.send(sum).is_ok(), "the caller waits"),
        }
    }
    sum
}

struct Running {
    door: mpsc::Sender<Msg>,
    task: JoinHandle<u64>,
}

fn start() -> Running {
    let (door, inbox) = mpsc::channel(CAPACITY_SMALL);
    Running { door, task: client(counter(inbox)) }
}

/// Starts `count` tasks, then ends them all and waits for each; the cost of one.
pub(crate) async fn spawn_stop(count: usize) -> f64 {
    let mut running = Vec::with_capacity(count);
    let watch = Stopwatch::start();
    running.extend((0..count).map(|_| start()));
    // All doors first: every task is told before the first one is waited for.
    let tasks: Vec<_> = running.into_iter().map(|Running { task, .. }| task).collect();
    for task in tasks {
        assert_eq!(task.await.expect("a counter does not panic"), 0, "nobody told anything");
    }
    watch.ns_each(count)
}

/// Starts a task for each request and answers with its door; in the end waits for all of them.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn owner(mut requests: mpsc::Receiver<oneshot::Sender<mpsc::Sender<Msg>>>) {
    let mut tasks = Vec::new();
    while let Some(reply) = requests.recv().await {
        let Running { door, task } = start();
        tasks.push(task);
        assert!(reply.send(door).is_ok(), "the client waits");
    }
    for task in tasks {
        assert_eq!(task.await.expect("a counter does not panic"), 0, "nobody told anything");
    }
}

/// A client has an owner start `count` tasks, each acknowledged to it, then ends them all and waits until they are gone; the cost
/// of one.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
pub(crate) async fn start_child(count: usize) -> f64 {
    let (requests, inbox) = mpsc::channel(CAPACITY);
    let owner = client(owner(inbox));
    let mut doors = Vec::with_capacity(count);
    let watch = Stopwatch::start();
    let mut starts = stream::iter(0..count)
        .map(|_| async {
            let (reply, door) = oneshot::channel();
            assert!(requests.send(reply).await.is_ok(), "the owner runs");
            door.await.expect("the owner answers")
        })
        .buffer_unordered(STARTS_AT_ONCE);
    while let Some(door) = starts.next().await {
        doors.push(door);
    }
    drop(starts);
    drop(doors);
    drop(requests);
    owner.await.expect("the owner does not panic");
    watch.ns_each(count)
}

/// What the heap keeps for one task that waits for its first message. The list of handles is not counted.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
pub(crate) async fn bytes_idle(count: usize) -> f64 {
    let mut running: Vec<Running> = Vec::with_capacity(count);
    count_heap();
    running.extend((0..count).map(|_| start()));
    // Each answers: now all of them have been polled.
    let bytes = {
        tokio::task::yield_now().await;
        bytes_each(count)
    };
    for Running { door, .. } in &running {
        let (reply, answer) = oneshot::channel();
        assert!(door.try_send(Msg::Add(1)).is_ok(), "the counter runs");
        assert!(door.try_send(Msg::Get(reply)).is_ok(), "the counter runs");
        assert_eq!(answer.await, Ok(1), "it was alive all the time");
    }
    bytes
}

/// Who wants to know of the end of one task: a slab of one-shot senders.
#[derive(Default)]
struct Watchers {
    slots: Vec<Option<oneshot::Sender<()>>>,
    free: Vec<usize>,
}

/// Resolves when the task has ended; dropping it takes the sender out again.
struct Watch {
    watchers: Arc<Mutex<Watchers>>,
    slot: usize,
    ended: oneshot::Receiver<()>,
}

impl Watch {
    fn of(watchers: &Arc<Mutex<Watchers>>) -> Self {
        let (sender, ended) = oneshot::channel();
        let mut table = watchers.lock();
        let slot = if let Some(slot) = table.free.pop() {
            table.slots[slot] = Some(sender);
            slot
        } else {
            table.slots.push(Some(sender));
            table.slots.len() - 1
        };
        drop(table);
        Self { watchers: Arc::clone(watchers), slot, ended }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut table = self.watchers.lock();
        let sender = table.slots[self.slot].take();
        table.free.push(self.slot);
        drop(table);
        drop(sender);
        self.ended.close();
    }
}

/// Watches a task and stops watching it.
pub(crate) async fn monitor_pair(count: usize) -> f64 {
    let watchers = Arc::new(Mutex::new(Watchers::default()));
    let watch = Stopwatch::start();
    for _ in 0..count {
        drop(std::hint::black_box(Watch::of(&watchers)));
    }
    watch.ns_each(count)
}
