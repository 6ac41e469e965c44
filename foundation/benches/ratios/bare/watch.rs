//! Telling very many of the end of a task, and finding one of very many by its name.

use std::pin::Pin;

use dashmap::DashMap;
use futures_util::future::{FutureExt, poll_fn};
use tokio::sync::{mpsc, oneshot};

use crate::rig::{CAPACITY_SMALL, Stopwatch, WATCHERS_EACH, client, names, shuffled};

/// Why a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Killed,
}

/// One client waits with `count` one-shot channels, a thousand for each task; the tasks are told to end and tell all; the cost of
/// one.
#[expect(clippy::disallowed_methods, reason = "a raw channel is what is compared with")]
pub(crate) async fn monitor_down(count: usize) -> f64 {
    let targets = count.div_ceil(WATCHERS_EACH);
    let mut lists: Vec<Vec<oneshot::Sender<Reason>>> = (0..targets).map(|_| Vec::new()).collect();
    let mut waits: Vec<Pin<Box<dyn Future<Output = Reason> + Send>>> = Vec::with_capacity(count);
    for place in 0..count {
        let (sender, ended) = oneshot::channel();
        lists[place % targets].push(sender);
        waits.push(async { ended.await.expect("it is told") }.boxed());
    }
    let kills: Vec<oneshot::Sender<Reason>> = lists
        .into_iter()
        .map(|watchers| {
            let (kill, killed) = oneshot::channel();
            drop(client(async move {
                let reason = killed.await.expect("it is killed");
                for watcher in watchers {
                    assert!(watcher.send(reason).is_ok(), "the client waits");
                }
            }));
            kill
        })
        .collect();
    poll_fn(|cx| {
        let are_waiting = waits.iter_mut().all(|wait| wait.poll_unpin(cx).is_pending());
        assert!(are_waiting, "nobody has ended");
        std::task::Poll::Ready(())
    })
    .await;
    let watch = Stopwatch::start();
    for kill in kills {
        assert!(kill.send(Reason::Killed).is_ok(), "the task waits");
    }
    for wait in waits {
        assert_eq!(wait.await, Reason::Killed);
    }
    watch.ns_each(count)
}

/// Finds `count` times one of as many doors by its name, in no order; the cost of one.
pub(crate) async fn registry_lookup(count: usize) -> f64 {
    let keys = names(count);
    let mut inboxes: Vec<mpsc::Receiver<u64>> = Vec::with_capacity(count);
    let registry: DashMap<String, mpsc::Sender<u64>> = DashMap::new();
    for key in &keys {
        let (door, inbox) = mpsc::channel(CAPACITY_SMALL);
        registry.insert(key.clone(), door);
        inboxes.push(inbox);
    }
    let order = shuffled(count);
    let watch = Stopwatch::start();
    for &place in &order {
        let door = registry.get(keys[place].as_str()).map(|door| door.value().clone());
        assert!(std::hint::black_box(door).is_some(), "it runs");
    }
    watch.ns_each(count)
}
