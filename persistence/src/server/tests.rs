//! Grouping, and what callers are told when the backend fails, on a backend the test controls.

use std::sync::Arc;
use std::time::Duration;

use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
use futures_util::future::join_all;
use futures_util::poll;
use parking_lot::{Condvar, Mutex};

use super::child;
use crate::engine::{Applied, Engine, EngineFailure, Op, Stage};
use crate::memory_store::MemoryEngine;
use crate::{
    Caps, Durability, Epoch, Key, ReadError, Revision, Save, SaveError, Schema, Seq, StateStore,
    Store, StoreHandle, StoreOptions, WriteId,
};

/// What the next commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Succeed,
    /// Blocks until the test says otherwise.
    Block,
    FailBefore,
    /// Fails with the group applied, or not.
    FailIn {
        applied: bool,
    },
}

/// A backend in the test's hands. Its data survives restarts of the store.
#[derive(Clone)]
struct Backend(Arc<(Mutex<Inner>, Condvar)>);

struct Inner {
    next: Next,
    blocked: bool,
    opened: u64,
    /// Number of requests in each group that wrote.
    groups: Vec<usize>,
    data: MemoryEngine,
}

impl Backend {
    fn new() -> Self {
        let data = MemoryEngine::open(&StoreOptions::new(Durability::Volatile)).unwrap();
        let inner =
            Inner { next: Next::Succeed, blocked: false, opened: 0, groups: Vec::new(), data };
        Self(Arc::new((Mutex::new(inner), Condvar::new())))
    }

    fn set(&self, next: Next) {
        self.0.0.lock().next = next;
        self.0.1.notify_all();
    }

    /// Blocks the test until the store's thread is inside a commit.
    fn wait_blocked(&self) {
        let mut inner = self.0.0.lock();
        self.0.1.wait_while(&mut inner, |inner| !inner.blocked);
    }
}

impl Engine for Backend {
    fn caps(&self) -> Caps {
        self.0.0.lock().data.caps()
    }

    fn incarnation(&self) -> u64 {
        self.0.0.lock().opened
    }

    fn apply(&mut self, ops: &[Op], now_ms: u64) -> Result<Applied, EngineFailure> {
        let mut inner = self.0.0.lock();
        if !ops.iter().any(Op::is_write) {
            return inner.data.apply(ops, now_ms);
        }
        inner.groups.push(ops.len());
        inner.blocked = inner.next == Next::Block;
        self.0.1.notify_all();
        self.0.1.wait_while(&mut inner, |inner| inner.next == Next::Block);
        inner.blocked = false;
        let next = std::mem::replace(&mut inner.next, Next::Succeed);
        let cause = Arc::new(std::io::Error::other("the disk is on fire"));
        match next {
            Next::FailBefore => Err(EngineFailure { stage: Stage::BeforeCommit, cause }),
            Next::FailIn { applied } => {
                if applied {
                    inner.data.apply(ops, now_ms)?;
                }
                Err(EngineFailure { stage: Stage::Commit, cause })
            }
            Next::Succeed | Next::Block => inner.data.apply(ops, now_ms),
        }
    }

    fn close(&mut self) -> Result<(), EngineFailure> {
        Ok(())
    }
}

async fn start(backend: &Backend) -> (Supervisor, StoreHandle) {
    let node = Node::new(NodeConfig::default()).unwrap();
    let name = node.name("store").unwrap();
    let backend = backend.clone();
    let open = move || {
        backend.0.0.lock().opened += 1;
        Ok(backend.clone())
    };
    let options = StoreOptions::new(Durability::Volatile);
    let store = child("store", &name, &options, open);
    let tree = SupervisorSpec::new(Strategy::RestForOne)
        .intensity(10, Duration::from_secs(60))
        .child(store);
    let tree = Supervisor::start(&node, tree).await.unwrap();
    (tree, StoreHandle::new(name).deadline(Duration::from_secs(60)))
}

fn key(number: usize) -> Key {
    Key::new(format!("k{number}")).unwrap()
}

fn save(number: usize) -> Save {
    Save {
        key: key(number),
        expected: Revision::ABSENT,
        epoch: Epoch::new(1),
        seq: Seq::ZERO,
        write_id: WriteId::random(),
        schema: Schema::raw("s", 1),
        bytes: vec![1],
    }
}

/// Waits for the incarnation after a failure.
async fn restarted(store: &StoreHandle) {
    let mut stats = store.stats().await;
    while !matches!(stats, Ok(stats) if stats.incarnation == 2) {
        tokio::task::yield_now().await;
        stats = store.stats().await;
    }
}

#[tokio::test]
async fn what_arrives_during_a_commit_becomes_one_group() {
    let backend = Backend::new();
    let (tree, store) = start(&backend).await;
    backend.set(Next::Block);
    let mut first = Box::pin(store.save(save(0)));
    assert!(poll!(&mut first).is_pending());
    backend.wait_blocked();
    let mut rest = Box::pin(join_all((1..=100).map(|number| store.save(save(number)))));
    assert!(poll!(&mut rest).is_pending());
    // A read waits behind the writes that arrived before it, and sees them.
    let last = key(100);
    let mut read = Box::pin(store.load(&last));
    assert!(poll!(&mut read).is_pending());
    backend.set(Next::Succeed);
    first.await.unwrap();
    assert!(rest.await.iter().all(Result::is_ok));
    assert!(read.await.unwrap().is_some());
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.commits, stats.writes, stats.group_max), (2, 101, 100));
    assert_eq!(backend.0.0.lock().groups, [1, 101]);
    tree.shutdown().await;
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit_returned() {
    let backend = Backend::new();
    let (tree, store) = start(&backend).await;
    backend.set(Next::Block);
    let mut saving = Box::pin(store.save(save(0)));
    assert!(poll!(&mut saving).is_pending());
    backend.wait_blocked();
    assert!(poll!(&mut saving).is_pending());
    backend.set(Next::Succeed);
    saving.await.unwrap();
    tree.shutdown().await;
}

async fn check_failed_commit(applied: bool) {
    let backend = Backend::new();
    let (tree, store) = start(&backend).await;
    backend.set(Next::Block);
    let mut first = Box::pin(store.save(save(0)));
    assert!(poll!(&mut first).is_pending());
    backend.wait_blocked();
    let saves: Vec<_> = (1..=10).map(save).collect();
    let mut group = Box::pin(join_all(saves.iter().map(|save| store.save(save.clone()))));
    assert!(poll!(&mut group).is_pending());
    backend.set(Next::FailIn { applied });
    // The first, alone in its group, meets the failure; the rest never reached a commit.
    assert!(matches!(first.await, Err(SaveError::Indeterminate(_))));
    for outcome in group.await {
        let lost = matches!(outcome, Err(SaveError::Indeterminate(_) | SaveError::Unavailable(_)));
        assert!(lost, "{outcome:?}");
    }
    restarted(&store).await;
    backend.set(Next::FailIn { applied });
    let outcomes = join_all(saves.iter().map(|save| store.save(save.clone()))).await;
    for outcome in outcomes {
        let failed = matches!(
            outcome,
            Err(SaveError::Indeterminate(_) | SaveError::Unavailable(_) | SaveError::Closed)
        );
        assert!(failed || outcome.is_ok(), "{outcome:?}");
    }
    // Retrying under the same write id resolves every one, whichever way it went.
    for save in saves {
        loop {
            match store.save(save.clone()).await {
                Ok(_) => break,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
            tokio::task::yield_now().await;
        }
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn a_commit_that_failed_unapplied_is_indeterminate_and_resolved_by_a_retry() {
    check_failed_commit(false).await;
}

#[tokio::test]
async fn a_commit_that_failed_applied_is_indeterminate_and_resolved_by_a_retry() {
    check_failed_commit(true).await;
}

#[tokio::test]
async fn a_failure_before_the_commit_is_unavailable_and_restarts_the_store() {
    let backend = Backend::new();
    let (tree, store) = start(&backend).await;
    backend.set(Next::FailBefore);
    assert!(matches!(store.save(save(0)).await, Err(SaveError::Unavailable(_))));
    restarted(&store).await;
    assert!(store.load(&key(0)).await.unwrap().is_none());
    store.save(save(0)).await.unwrap();
    tree.shutdown().await;
}

#[tokio::test]
async fn a_store_that_is_gone_is_closed_for_everybody() {
    let backend = Backend::new();
    let (tree, store) = start(&backend).await;
    tree.shutdown().await;
    assert!(matches!(store.save(save(0)).await, Err(SaveError::Closed)));
    assert!(matches!(store.load(&key(0)).await, Err(ReadError::Closed)));
    assert!(matches!(store.caps().await, Err(ReadError::Closed)));
}

#[tokio::test]
async fn a_deadline_leaves_a_write_indeterminate_and_a_read_unavailable() {
    let backend = Backend::new();
    let (tree, store) = start(&backend).await;
    backend.set(Next::Block);
    let hurried = store.clone().deadline(Duration::from_millis(1));
    assert!(matches!(hurried.save(save(0)).await, Err(SaveError::Indeterminate(_))));
    backend.wait_blocked();
    assert!(matches!(hurried.load(&key(0)).await, Err(ReadError::Unavailable(_))));
    backend.set(Next::Succeed);
    assert!(store.load(&key(0)).await.unwrap().is_some(), "it was written after all");
    tree.shutdown().await;
}
