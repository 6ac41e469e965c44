//! Telling and asking one task through a bounded channel.

use tokio::sync::{mpsc, oneshot};

use crate::rig::{CAPACITY, Stopwatch, client};

enum Msg {
    Add(u64),
    Get(oneshot::Sender<u64>),
}

#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn counter(mut inbox: mpsc::Receiver<Msg>) {
    let mut sum = 0_u64;
    while let Some(message) = inbox.recv().await {
        match message {
            Msg::Add(n) => sum = sum.wrapping_add(n),
            Msg::Get(reply) => assert!(reply.send(sum).is_ok(), "the caller waits"),
        }
    }
}

/// The semaphore of the channel is asked for a future only when there is no room: that is a third faster.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
async fn tell_one(door: &mpsc::Sender<Msg>, message: Msg) {
    match door.try_send(message) {
        Ok(()) => {}
        Err(mpsc::error::TrySendError::Full(message)) => {
            assert!(door.send(message).await.is_ok(), "the counter runs");
        }
        Err(mpsc::error::TrySendError::Closed(_)) => panic!("the counter runs"),
    }
}

async fn get(door: &mpsc::Sender<Msg>) -> u64 {
    let (reply, answer) = oneshot::channel();
    tell_one(door, Msg::Get(reply)).await;
    answer.await.expect("the counter answers")
}

/// From the first send to an answer given after the last message was handled.
pub(crate) async fn tell(senders: usize, count: usize) -> f64 {
    let (door, inbox) = mpsc::channel(CAPACITY);
    let _counter = client(counter(inbox));
    let each = count / senders;
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..senders)
        .map(|_| {
            let door = door.clone();
            client(async move {
                for _ in 0..each {
                    tell_one(&door, Msg::Add(1)).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a sender does not panic");
    }
    let sum = get(&door).await;
    let ns = watch.ns_each(each * senders);
    assert_eq!(usize::try_from(sum), Ok(each * senders), "every message was handled");
    ns
}

/// Each caller asks one thing after another.
pub(crate) async fn call(callers: usize, count: usize) -> f64 {
    let (door, inbox) = mpsc::channel(CAPACITY);
    let _counter = client(counter(inbox));
    let each = count / callers;
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..callers)
        .map(|_| {
            let door = door.clone();
            client(async move {
                for _ in 0..each {
                    assert_eq!(get(&door).await, 0, "nobody told anything");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a caller does not panic");
    }
    watch.ns_each(each * callers)
}
