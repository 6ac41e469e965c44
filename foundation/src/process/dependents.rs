//! What must not outlive a process: its children and its tasks.
//!
//! A process that ends, in whatever way, first kills its dependents, then waits until each has ended, and only then is its own
//! end published. So a name is free and a supervisor restarts only when nothing of the old incarnation runs any more.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use slab::Slab;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::process::cell::Process;
use crate::process::exit::ExitReason;
use crate::process::kill::kill;
use crate::process::pid::Pid;

#[derive(Default)]
pub(crate) struct Dependents {
    table: Mutex<Table>,
    /// Whose they are, if that is a supervisor.
    supervisor: OnceLock<Weak<dyn Process>>,
    /// Where children get their tasks: that of the owner's own task.
    runtime: OnceLock<Handle>,
}

#[derive(Default)]
struct Table {
    children: Slab<Weak<dyn Process>>,
    next: u64,
    entries: BTreeMap<u64, Option<Dependent>>,
    killed: bool,
    waiting: Vec<Waker>,
}

impl Table {
    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.entries.is_empty()
    }

    /// Whom to wake, if nothing is left.
    fn done(&mut self) -> Vec<Waker> {
        if self.is_empty() { std::mem::take(&mut self.waiting) } else { Vec::new() }
    }
}

/// How one dependent that is no process is killed.
pub(crate) enum Dependent {
    Task(AbortHandle),
    /// Blocking work: what has not begun never begins, what runs cannot be aborted. The owner waits until it has returned.
    Blocking(AbortHandle),
}

impl Dependent {
    fn kill(&self) {
        match self {
            Self::Task(handle) | Self::Blocking(handle) => abort(handle),
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

/// The place of one child process; dropping it says that the child has ended.
pub(crate) struct Place {
    owner: Arc<Dependents>,
    key: usize,
}

impl Dependents {
    /// Says who is told of the ends of children.
    pub(crate) fn belong_to(&self, supervisor: &Arc<dyn Process>) {
        self.supervisor.get_or_init(|| Arc::downgrade(supervisor));
    }

    /// The runtime that the owner runs on, noted when the owner first asks.
    fn runtime(&self) -> Option<Handle> {
        if let Some(known) = self.runtime.get() {
            return Some(known.clone());
        }
        let here = Handle::try_current().ok()?;
        Some(self.runtime.get_or_init(|| here).clone())
    }

    /// Enters a process that does not run yet. If the owner is already ending, it is killed before it does.
    pub(crate) fn adopt(self: &Arc<Self>, child: &Arc<dyn Process>) {
        let mut table = self.table.lock();
        if table.children.len() == table.children.capacity() {
            // A quarter more, not twice as much, as in the supervisor's own list.
            let more = (table.children.len() / 4).max(4);
            table.children.reserve_exact(more);
        }
        let key = table.children.insert(Arc::downgrade(child));
        let is_late = table.killed;
        drop(table);
        child.cell().set_place(Place { owner: Arc::clone(self), key });
        if is_late {
            kill(child, ExitReason::Killed);
        }
    }

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
        let (children, dependents): (Vec<_>, Vec<Dependent>) = {
            let mut table = self.table.lock();
            table.killed = true;
            let children = table.children.iter().filter_map(|(_, child)| child.upgrade()).collect();
            (children, table.entries.values_mut().filter_map(Option::take).collect())
        };
        for child in children {
            kill(&child, ExitReason::Killed);
        }
        for dependent in &dependents {
            dependent.kill();
        }
    }

    /// Returns the keys of all tasks, oldest first.
    pub(crate) fn keys(&self) -> Vec<u64> {
        self.table.lock().entries.keys().copied().collect()
    }

    /// Kills one task; returns false if it has ended, or has not announced itself.
    pub(crate) fn kill(&self, key: u64) -> bool {
        let dependent = self.table.lock().entries.get_mut(&key).and_then(Option::take);
        dependent.as_ref().map(Dependent::kill).is_some()
    }

    /// Returns the processes that have not ended, in no order.
    pub(crate) fn processes(&self) -> Vec<Arc<dyn Process>> {
        self.table.lock().children.iter().filter_map(|(_, child)| child.upgrade()).collect()
    }

    /// Returns true if a process is among those that have not ended.
    pub(crate) fn has_processes(&self) -> bool {
        !self.table.lock().children.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.lock().is_empty()
    }

    /// The number of tasks.
    pub(crate) fn len(&self) -> usize {
        self.table.lock().entries.len()
    }

    /// Waits until no dependent is left.
    pub(crate) async fn ended(&self) {
        std::future::poll_fn(|cx| {
            let mut table = self.table.lock();
            if table.is_empty() {
                return Poll::Ready(());
            }
            if !table.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                table.waiting.push(cx.waker().clone());
            }
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
        let woken = table.done();
        drop(table);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Place {
    /// The runtime of the owner. First asked for in a turn on the owner's task.
    pub(crate) fn runtime(&self) -> Option<Handle> {
        self.owner.runtime()
    }

    /// Tells the owner of the end of the child that has this place.
    pub(crate) fn tell_owner(&self, child: Pid, reason: &ExitReason) {
        // A supervisor that is gone cares for no child.
        if let Some(supervisor) = self.owner.supervisor.get().and_then(Weak::upgrade) {
            supervisor.child_ended(child, reason);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.owner.table.lock();
        let child = table.children.try_remove(self.key);
        let woken = table.done();
        drop(table);
        drop(child);
        woken.into_iter().for_each(Waker::wake);
    }
}
