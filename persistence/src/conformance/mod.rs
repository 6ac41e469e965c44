//! One suite for every implementation of the store traits.
//!
//! It states the contract as cases against the traits alone. It says nothing about durability,
//! which only a crash can test.

mod logs;
mod state;
mod transactions;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::{Append, Epoch, Key, Revision, Save, Schema, Seq, StateStore, Store, WriteId};

/// Checks an implementation of [`Store`] against the whole contract.
///
/// `make` is called once for each case and gives an empty store, with a guard that keeps it alive
/// until the case is over.
///
/// # Panics
///
/// Panics with the violated rule if the store breaks the contract, or if it is not available.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
/// use persistence::{
///     Durability, Store, StoreHandle, StoreOptions, check_conformance, memory_store_child,
/// };
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
/// # async fn main() {
/// check_conformance(|| async {
///     let node = Node::new(NodeConfig::default()).expect("panics unwind");
///     let name = node.name("store").expect("a fresh node");
///     let options = StoreOptions::new(Durability::Volatile);
///     let tree = SupervisorSpec::new(Strategy::RestForOne)
///         .child(memory_store_child("store", &name, options));
///     let tree = Supervisor::start(&node, tree).await.expect("a store in memory");
///     (Arc::new(StoreHandle::new(name)) as Arc<dyn Store>, tree)
/// })
/// .await;
/// # }
/// ```
pub async fn check_conformance<F, Fut, Guard>(mut make: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = (Arc<dyn Store>, Guard)>,
{
    for case in state::cases().into_iter().chain(logs::cases()).chain(transactions::cases()) {
        let (store, guard) = make().await;
        case(store).await;
        drop(guard);
    }
}

/// A boxed future, so that cases of different types stand in one list.
type Running = Pin<Box<dyn Future<Output = ()> + Send>>;
type Case = Box<dyn FnOnce(Arc<dyn Store>) -> Running>;

fn case<F, Fut>(check: F) -> Case
where
    F: FnOnce(Arc<dyn Store>) -> Fut + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Box::new(move |store| Box::pin(check(store)))
}

fn key(text: &str) -> Key {
    Key::new(text).expect("the suite's keys are valid")
}

fn save(name: &str, expected: Revision) -> Save {
    Save {
        key: key(name),
        expected,
        epoch: Epoch::new(1),
        seq: Seq::new(1),
        write_id: WriteId::random(),
        schema: Schema::raw("conformance", 2),
        bytes: name.as_bytes().to_vec(),
    }
}

fn append(log: &str, expected_last: u64, entries: &[&str]) -> Append {
    Append {
        log: key(log),
        expected_last: Seq::new(expected_last),
        epoch: Epoch::new(1),
        write_id: WriteId::random(),
        schema: Schema::raw("conformance", 2),
        entries: entries.iter().map(|entry| entry.as_bytes().to_vec()).collect(),
    }
}

/// Creates a record and gives its revision.
async fn created(store: &dyn Store, name: &str) -> Revision {
    let saved = store.save(save(name, Revision::ABSENT)).await;
    saved.expect("an absent record can be created").revision
}

/// The revision of a record, or [`Revision::ABSENT`].
async fn revision(store: &dyn StateStore, name: &str) -> Revision {
    let record = store.load(&key(name)).await.expect("a load answers");
    record.map_or(Revision::ABSENT, |record| record.revision)
}

/// Runs all futures at once and gives their outputs in order.
async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| Ok(Box::pin(future))).collect();
    poll_fn(|cx| {
        for slot in &mut running {
            if let Ok(future) = slot
                && let Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *slot = Err(output);
            }
        }
        if running.iter().all(Result::is_err) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(Result::err).collect()
}
