//! What must not outlive a process: its children and its tasks.
//!
//! A process that ends, in whatever way, first kills its dependents, then waits until each has ended, and only then is its own
//! end published. So a name is free and a supervisor restarts only when nothing of the old incarnation runs any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::process::cell::Process;
use crate::process::exit::ExitReason;
use crate::process::kill::kill;

#[derive(Default)]
pub(crate) struct Dependents {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    entries: BTreeMap<u64, Option<Dependent>>,
    killed: bool,
    waiting: Vec<Waker>,
}

/// How one dependent is killed.
#[derive(Clone)]
pub(crate) enum Dependent {
    Process(Weak<dyn Process>),
    Task(AbortHandle),
}

impl Dependent {
    fn kill(&self) {
        match self {
            Self::Process(process) => {
                if let Some(process) = process.upgrade() {
                    kill(&process, ExitReason::Killed);
                }
            }
            Self::Task(handle) => abort(handle),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the kernel ends what it started")]
fn abort(handle: &AbortHandle) {
    handle.abort();
}

/// One place in the table; dropping it says that the dependent has ended.
pub(crate) struct DependentGuard {
    owner: Arc<Dependents>,
    key: u64,
}

impl Dependents {
    /// Takes a place before the dependent is started, so that none can be missed.
    pub(crate) fn attach(self: &Arc<Self>) -> DependentGuard {
        let mut table = self.table.lock();
        let key = table.next;
        table.next += 1;
        table.entries.insert(key, None);
        DependentGuard { owner: Arc::clone(self), key }
    }

    /// Takes a place unless the owner is ending or has ended; for dependents that others than the owner start.
    pub(crate) fn try_attach(self: &Arc<Self>) -> Option<DependentGuard> {
        let mut table = self.table.lock();
        if table.killed {
            return None;
        }
        let key = table.next;
        table.next += 1;
        table.entries.insert(key, None);
        Some(DependentGuard { owner: Arc::clone(self), key })
    }

    /// Kills every dependent, and every one that is still to announce itself.
    pub(crate) fn kill_all(&self) {
        let dependents: Vec<Dependent> = {
            let mut table = self.table.lock();
            table.killed = true;
            table.entries.values().flatten().cloned().collect()
        };
        for dependent in &dependents {
            dependent.kill();
        }
    }

    /// Returns the keys of all dependents, oldest first.
    pub(crate) fn keys(&self) -> Vec<u64> {
        self.table.lock().entries.keys().copied().collect()
    }

    /// Kills one dependent; returns false if it has ended, or has not announced itself.
    pub(crate) fn kill(&self, key: u64) -> bool {
        let dependent = self.table.lock().entries.get_mut(&key).and_then(Option::take);
        dependent.as_ref().map(Dependent::kill).is_some()
    }

    /// Returns true if a process is among those that have not ended.
    pub(crate) fn has_processes(&self) -> bool {
        let table = self.table.lock();
        table.entries.values().flatten().any(|entry| matches!(entry, Dependent::Process(_)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.lock().entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.table.lock().entries.len()
    }

    /// Waits until no dependent is left.
    pub(crate) async fn ended(&self) {
        std::future::poll_fn(|cx| {
            let mut table = self.table.lock();
            if table.entries.is_empty() {
                return Poll::Ready(());
            }
            table.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl DependentGuard {
    /// Says how to kill the dependent. If the owner is already ending, that happens now.
    pub(crate) fn announce(&self, dependent: Dependent) {
        let mut table = self.owner.table.lock();
        if table.killed {
            drop(table);
            dependent.kill();
        } else if let Some(entry) = table.entries.get_mut(&self.key) {
            *entry = Some(dependent);
        }
    }
}

impl Drop for DependentGuard {
    fn drop(&mut self) {
        let mut table = self.owner.table.lock();
        table.entries.remove(&self.key);
        let woken =
            if table.entries.is_empty() { std::mem::take(&mut table.waiting) } else { Vec::new() };
        drop(table);
        woken.into_iter().for_each(Waker::wake);
    }
}
