//! At least once on the way, once in effect.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use foundation::{
    Backoff, Context, Dedup, Exit, GenServer, Jitter, MessageId, Name, Node, NodeConfig, Seen,
    SendOptions, ServerSpec, Strategy, Supervisor, handled_at_least_once,
};
use parking_lot::Mutex;
use proptest::prelude::{ProptestConfig, prop};
use proptest::test_runner::TestRunner;
use test_helpers::{Gate, Recorder};

use crate::support::{beside, quiet, supervisor};

const SECOND: Duration = Duration::from_secs(1);

fn id(number: u64) -> MessageId {
    MessageId::from_parts(1, number)
}

/// What outlives the process: effects with the ids of their messages, written in one step.
type Store = Arc<Mutex<Vec<(MessageId, u64)>>>;

#[derive(Clone)]
struct Setup {
    store: Store,
    /// Whether `init` reads the ids back.
    restores: bool,
    /// So many times it ends between the effect and the acknowledgement.
    crashes: Arc<AtomicUsize>,
    gate: Option<Gate>,
}

impl Setup {
    fn new(restores: bool, crashes: usize) -> Self {
        let crashes = Arc::new(AtomicUsize::new(crashes));
        Self { store: Store::default(), restores, crashes, gate: None }
    }
}

struct Account {
    seen: Dedup,
    setup: Setup,
}

impl GenServer for Account {
    type Args = Setup;
    type Msg = (MessageId, u64);

    async fn init(setup: Setup, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let mut seen = Dedup::new(100);
        if setup.restores {
            let known: Vec<MessageId> = setup.store.lock().iter().map(|(id, _)| *id).collect();
            seen.restore(known, cx.node().clock().monotonic());
        }
        Ok(Self { seen, setup })
    }

    async fn handle(
        &mut self,
        (id, amount): (MessageId, u64),
        cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        if let Some(gate) = &self.setup.gate {
            gate.pass().await;
        }
        match self.seen.admit(id, cx.node().clock().monotonic()) {
            Seen::New => self.setup.store.lock().push((id, amount)),
            Seen::Duplicate => {}
        }
        let crash = |left: usize| left.checked_sub(1);
        let crashes = &self.setup.crashes;
        assert!(crashes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, crash).is_err(), "boom");
        Ok(())
    }
}

async fn account(setup: Setup) -> (Node, Supervisor, Name<(MessageId, u64)>) {
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let name = node.name("account").expect("the name is free");
    let child = ServerSpec::<Account>::new(setup).name(&name).child("account");
    let root = Supervisor::start(&node, supervisor(Strategy::OneForOne).child(child)).await;
    (node, root.expect("the tree starts"), name)
}

fn options() -> SendOptions {
    let backoff = Backoff { base: SECOND, factor: 1, cap: SECOND, jitter: Jitter::None };
    SendOptions::within(100 * SECOND).attempt_timeout(2 * SECOND).retries(10, backoff)
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_ends_between_effect_and_acknowledgement_handles_once_if_it_restores() {
    for (restores, effects) in [(true, 1), (false, 4)] {
        let setup = Setup::new(restores, 3);
        let store = Arc::clone(&setup.store);
        let (node, root, name) = account(setup).await;
        let message = (node.next_message_id(), 7);
        handled_at_least_once(&name, message, &options()).await.expect("the fourth attempt works");
        // Without the ids nothing can tell a repeat: that is what they are kept for.
        assert_eq!(*store.lock(), vec![message; effects], "restores: {restores}");
        root.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_slower_than_the_senders_patience_handles_each_id_once() {
    let gate = Gate::new();
    let setup = Setup { gate: Some(gate.clone()), ..Setup::new(false, 0) };
    let store = Arc::clone(&setup.store);
    let (node, root, name) = account(setup).await;
    let message = (node.next_message_id(), 7);
    let sending = beside({
        let name = name.clone();
        async move { handled_at_least_once(&name, message, &options()).await }
    });
    gate.arrival().await;
    // Two attempts run into their limits, the third waits.
    tokio::time::advance(2 * SECOND).await;
    quiet().await;
    tokio::time::advance(SECOND).await;
    quiet().await;
    tokio::time::advance(2 * SECOND).await;
    quiet().await;
    tokio::time::advance(SECOND).await;
    quiet().await;
    let (waiting, _most) = name.whereis().expect("it runs").process().mailbox_depth();
    assert!(waiting >= 1, "the copies lie in the mailbox: {waiting}");
    gate.open();
    sending.await.expect("no panic").expect("a duplicate is acknowledged");
    assert_eq!(*store.lock(), [message]);
    root.shutdown().await;
}

#[tokio::test]
async fn ids_are_unique_for_a_node_and_a_run() {
    let nodes: Vec<Node> =
        (0..3).map(|_| Node::new(NodeConfig::default()).expect("tests unwind")).collect();
    let ids: BTreeSet<MessageId> =
        nodes.iter().flat_map(|node| (0..1_000).map(|_| node.next_message_id())).collect();
    assert_eq!(ids.len(), 3_000);
    let runs: BTreeSet<u64> = ids.iter().map(|id| id.into_parts().0).collect();
    assert_eq!(runs.len(), 3, "a node is a run of its own");
}

#[test]
fn the_oldest_id_leaves_when_there_are_too_many() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let mut seen = Dedup::new(3);
    for number in 1..=3 {
        assert_eq!(seen.admit(id(number), Duration::ZERO), Seen::New);
    }
    // A duplicate does not make it younger.
    assert_eq!(seen.admit(id(1), Duration::ZERO), Seen::Duplicate);
    assert_eq!(seen.admit(id(4), Duration::ZERO), Seen::New);
    assert_eq!(seen.ids().collect::<Vec<_>>(), [id(2), id(3), id(4)]);
    assert_eq!(seen.admit(id(1), Duration::ZERO), Seen::New, "it was forgotten");
    drop(installed);
    assert_eq!(recorder.counter("foundation.dedup.duplicates_total", &[]), 1);
    assert_eq!(recorder.counter("foundation.dedup.evicted_total", &[]), 2);
}

#[test]
fn an_id_leaves_a_window_after_its_first_sight() {
    let mut seen = Dedup::new(100).window(10 * SECOND);
    assert_eq!(seen.admit(id(1), Duration::ZERO), Seen::New);
    assert_eq!(seen.admit(id(2), 4 * SECOND), Seen::New);
    assert_eq!(seen.admit(id(1), 9 * SECOND), Seen::Duplicate);
    assert_eq!(seen.admit(id(1), 10 * SECOND), Seen::New, "a window has passed");
    assert_eq!(seen.admit(id(2), 13 * SECOND), Seen::Duplicate);
    assert_eq!(seen.len(), 2);
    // What is restored begins a window.
    let mut next = Dedup::new(1).window(10 * SECOND);
    next.restore(seen.ids(), 20 * SECOND);
    assert_eq!(next.ids().collect::<Vec<_>>(), [id(1)], "the youngest fits");
    assert_eq!(next.admit(id(1), 29 * SECOND), Seen::Duplicate);
}

#[test]
fn an_id_that_is_forgotten_is_new_again() {
    let mut seen = Dedup::new(2);
    assert_eq!(seen.admit(id(1), Duration::ZERO), Seen::New);
    assert!(seen.forget(id(1)) && !seen.forget(id(1)));
    assert!(seen.is_empty());
    assert_eq!(seen.admit(id(1), Duration::ZERO), Seen::New);
}

#[test]
#[should_panic(expected = "capacity of at least one id")]
fn a_memory_without_room_is_refused() {
    drop(Dedup::new(0));
}

/// A capacity, a window in seconds, and which id comes after how many seconds.
type Script = (usize, Option<u64>, Vec<(u64, u64)>);

fn check_against_a_list((capacity, window, script): Script) {
    let mut seen = Dedup::new(capacity);
    if let Some(window) = window {
        seen = seen.window(Duration::from_secs(window));
    }
    let mut list: Vec<(u64, u64)> = Vec::new();
    let mut now = 0;
    for (number, step) in script {
        now += step;
        list.retain(|(_, at)| window.is_none_or(|window| now - at < window));
        let wanted = if list.iter().any(|(known, _)| *known == number) {
            Seen::Duplicate
        } else {
            list.push((number, now));
            if list.len() > capacity {
                list.remove(0);
            }
            Seen::New
        };
        assert_eq!(seen.admit(id(number), Duration::from_secs(now)), wanted);
        assert!(seen.len() <= capacity);
        let known: Vec<MessageId> = list.iter().map(|(known, _)| id(*known)).collect();
        assert_eq!(seen.ids().collect::<Vec<_>>(), known);
    }
}

#[test]
fn it_remembers_what_a_list_would() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let script = prop::collection::vec((0_u64..8, 0_u64..6), 0..80);
    let scripts = (1_usize..6, prop::option::of(1_u64..20), script);
    let checked = TestRunner::new(config).run(&scripts, |script| {
        check_against_a_list(script);
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}
