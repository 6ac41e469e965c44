//! A hand-written owner of tasks: it sees that one has ended through its join handle, and starts it again.
//!
//! One `JoinSet`, one map from task to place, one channel a task. The client crashes the first task and asks the last one (alone:
//! the same); the owner hands the new doors out through a `watch` channel. In a group the owner does what rest-for-one
//! means: the tasks after the crashed one are told to stop, newest first, each waited for, and then all are started in order.
//! A bare task has no `init`, so no start is acknowledged.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinSet};

use crate::rig::{CAPACITY_SMALL, Stopwatch, client, median};

enum Msg {
    Crash,
    Stop,
    Get(oneshot::Sender<u64>),
}

type Door = mpsc::Sender<Msg>;

#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn worker(mut inbox: mpsc::Receiver<Msg>, incarnation: u64) {
    while let Some(message) = inbox.recv().await {
        match message {
            Msg::Crash => panic!("crash"),
            Msg::Stop => return,
            Msg::Get(reply) => assert!(reply.send(incarnation).is_ok(), "the caller waits"),
        }
    }
}

struct Owner {
    tasks: JoinSet<()>,
    places: HashMap<Id, usize>,
    doors: Vec<Door>,
    starts: u64,
}

impl Owner {
    fn of(count: usize) -> Self {
        let mut owner =
            Self { tasks: JoinSet::new(), places: HashMap::new(), doors: Vec::new(), starts: 0 };
        for place in 0..count {
            let door = owner.start(place);
            owner.doors.push(door);
        }
        owner
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "unsupervised_spawn: tasks without a supervisor are compared with"
    )]
    fn start(&mut self, place: usize) -> Door {
        let (door, inbox) = mpsc::channel(CAPACITY_SMALL);
        self.starts += 1;
        let task = self.tasks.spawn(worker(inbox, self.starts));
        self.places.insert(task.id(), place);
        door
    }

    /// Waits for the end of any task and returns the place of it.
    async fn next_end(&mut self) -> Option<usize> {
        let id = match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => id,
            Err(error) => error.id(),
        };
        self.places.remove(&id)
    }

    /// What a client needs to know.
    fn ends(&self) -> Ends {
        Ends { first: self.doors[0].clone(), last: self.doors[self.doors.len() - 1].clone() }
    }

    async fn run_one_for_one(mut self, newest: watch::Sender<Ends>) {
        while let Some(place) = self.next_end().await {
            let door = self.start(place);
            self.doors[place] = door.clone();
            newest.send_replace(Ends { first: door.clone(), last: door });
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
    async fn run_rest_for_one(mut self, newest: watch::Sender<Ends>) {
        while let Some(crashed) = self.next_end().await {
            for place in (crashed + 1..self.doors.len()).rev() {
                assert!(self.doors[place].try_send(Msg::Stop).is_ok(), "it runs");
                assert_eq!(self.next_end().await, Some(place), "no other has ended");
            }
            for place in crashed..self.doors.len() {
                self.doors[place] = self.start(place);
            }
            newest.send_replace(self.ends());
        }
    }
}

#[derive(Clone)]
struct Ends {
    first: Door,
    last: Door,
}

#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn get(door: &Door) -> u64 {
    let (reply, answer) = oneshot::channel();
    assert!(door.send(Msg::Get(reply)).await.is_ok(), "the worker runs");
    answer.await.expect("the worker answers")
}

/// Crashes the first child, again and again: from the message that crashes it to an answer of the new last one; the median.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn crashes(mut newest: watch::Receiver<Ends>, crashes: usize) -> f64 {
    let mut ends = newest.borrow_and_update().clone();
    let mut incarnation = get(&ends.last).await;
    let mut times = Vec::with_capacity(crashes);
    for _ in 0..crashes {
        let watch = Stopwatch::start();
        assert!(ends.first.try_send(Msg::Crash).is_ok(), "the worker runs");
        newest.changed().await.expect("the owner runs");
        ends = newest.borrow_and_update().clone();
        let next = get(&ends.last).await;
        times.push(watch.ns());
        assert!(next > incarnation, "it is a new one");
        incarnation = next;
    }
    median(times)
}

/// One of `siblings` children, always the same, crashes and is started again alone.
pub(crate) async fn one_for_one(siblings: usize, count: usize) -> f64 {
    let owner = Owner::of(siblings);
    let only = Ends { first: owner.doors[0].clone(), last: owner.doors[0].clone() };
    let (newest, doors) = watch::channel(only);
    let _owner = client(owner.run_one_for_one(newest));
    crashes(doors, count).await
}

/// The first of `siblings` children crashes, and all are replaced.
pub(crate) async fn rest_for_one(siblings: usize, count: usize) -> f64 {
    let owner = Owner::of(siblings);
    let (newest, doors) = watch::channel(owner.ends());
    let _owner = client(owner.run_rest_for_one(newest));
    crashes(doors, count).await
}
