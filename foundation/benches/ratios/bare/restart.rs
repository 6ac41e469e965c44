//! A hand-written owner of tasks: it sees that one has ended through its join handle, and starts it again.
//!
//! One `JoinSet`, one map from task to place, one channel a task. The first task (in a group: the last) is the one that the
//! client talks to; the owner hands its new door out through a `watch` channel. In a group the owner does what rest-for-one
//! means: the tasks after the crashed one are told to stop, newest first, each waited for, and then all are started in order.
//! A bare task has no `init`, so no start is acknowledged.

#![expect(clippy::disallowed_methods, reason = "tasks without a supervisor are what is compared with")]

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

    async fn run_one_for_one(mut self, newest: watch::Sender<Door>) {
        while let Some(place) = self.next_end().await {
            self.doors[place] = self.start(place);
            if place == 0 {
                newest.send_replace(self.doors[place].clone());
            }
        }
    }

    async fn run_rest_for_one(mut self, newest: watch::Sender<Door>) {
        let last = self.doors.len() - 1;
        while let Some(crashed) = self.next_end().await {
            for place in (crashed + 1..=last).rev() {
                assert!(self.doors[place].try_send(Msg::Stop).is_ok(), "it runs");
                assert_eq!(self.next_end().await, Some(place), "no other has ended");
            }
            for place in crashed..=last {
                self.doors[place] = self.start(place);
                if place == 0 {
                    // The client crashes the first one again, so it must know the way there, too.
                    newest.send_replace(self.doors[place].clone());
                }
            }
            newest.send_replace(self.doors[last].clone());
        }
    }
}

async fn get(door: &Door) -> u64 {
    let (reply, answer) = oneshot::channel();
    assert!(door.send(Msg::Get(reply)).await.is_ok(), "the worker runs");
    answer.await.expect("the worker answers")
}

/// The first of `siblings` children crashes: from the message that crashes it to an answer of the new one; the median.
pub(crate) async fn one_for_one(siblings: usize, crashes: usize) -> f64 {
    let owner = Owner::of(siblings);
    let (newest, mut doors) = watch::channel(owner.doors[0].clone());
    let _owner = client(owner.run_one_for_one(newest));
    let mut door = doors.borrow_and_update().clone();
    let mut incarnation = get(&door).await;
    let mut times = Vec::with_capacity(crashes);
    for _ in 0..crashes {
        let watch = Stopwatch::start();
        assert!(door.try_send(Msg::Crash).is_ok(), "the worker runs");
        doors.changed().await.expect("the owner runs");
        door = doors.borrow_and_update().clone();
        let next = get(&door).await;
        times.push(watch.ns());
        assert!(next > incarnation, "it is a new one");
        incarnation = next;
    }
    median(times)
}
