//! All processes of a node at one moment, found without asking any of them.
//!
//! Whoever starts a tree, and each supervisor, keeps a table of the processes that depend on it. The walk goes from the roots
//! through these tables and holds the lock of one table at a time, only while it copies it.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::node::Node;
use crate::process::cell::Process;
use crate::process::dependents::Dependents;
use crate::process::pid::Pid;
use crate::sys::status::ProcessStatus;

/// The tables that the trees of one node hang from.
#[derive(Default)]
pub(crate) struct Roots(Mutex<Vec<Weak<Dependents>>>);

impl Roots {
    /// Enters the owner of a tree, as long as anybody has it. Cost: O(trees).
    pub(crate) fn add(&self, owner: &Arc<Dependents>) {
        let mut roots = self.0.lock();
        roots.retain(|root| root.strong_count() > 0);
        roots.push(Arc::downgrade(owner));
    }

    fn all(&self) -> Vec<Arc<Dependents>> {
        self.0.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

/// Visits every process that has not ended, each after its supervisor, with the pid of that.
pub(crate) fn walk(node: &Node, mut visit: impl FnMut(Option<Pid>, &Arc<dyn Process>)) {
    let mut tables: Vec<_> = node.roots().all().into_iter().map(|root| (None, root)).collect();
    while let Some((supervisor, table)) = tables.pop() {
        for process in table.processes() {
            visit(supervisor, &process);
            let cell = process.cell();
            if let Some(table) = cell.known_dependents() {
                tables.push((Some(cell.pid()), table));
            }
        }
    }
}

/// One process of a [`Node`], with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessEntry {
    /// The supervisor that owns it; `None` for the root of a tree.
    pub supervisor: Option<Pid>,
    /// What it was doing.
    pub status: ProcessStatus,
}

impl Node {
    /// Returns every process of the node that has not ended, oldest first, so each after its supervisor. As in OTP `processes/0`.
    ///
    /// Asks nobody: it works while supervisors are busy, and while every thread of the runtime is stuck.
    ///
    /// | figures | how far to trust them |
    /// |---|---|
    /// | `supervisor` | exact, and never changes |
    /// | who is there | a process that lived during the whole call is there, once; one that started or ended meanwhile may be |
    /// | two processes | looked at one after the other, so their figures are not of one moment |
    /// | status | see [`ProcessStatus`] |
    ///
    /// A [fenced](crate::NodeConfig::kill_grace) process has ended and is not there. Ids of children, restart types and
    /// strategies are known to supervisors alone, see [`SupervisorRef::tree`](crate::SupervisorRef::tree). Cost: for each process
    /// that of [`ProcessRef::status`](crate::ProcessRef::status); for each supervisor a short lock and a copy of its table.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let inner = SupervisorSpec::new(Strategy::OneForOne).as_child("inner");
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(inner)).await?;
    /// let processes = node.processes();
    /// assert_eq!(processes.len(), 2);
    /// assert_eq!(processes[1].supervisor, Some(root.process().pid()));
    /// for entry in &processes {
    ///     println!("{}", entry.status);
    /// }
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn processes(&self) -> Vec<ProcessEntry> {
        let mut entries = Vec::new();
        walk(self, |supervisor, process| {
            entries.push(ProcessEntry { supervisor, status: ProcessStatus::of(&**process) });
        });
        entries.sort_unstable_by_key(|entry| entry.status.pid);
        entries
    }
}
