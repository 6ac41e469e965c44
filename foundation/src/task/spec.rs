//! `TaskSupervisorSpec`: a pool as a child of a supervisor.

use std::sync::Arc;

use crate::gen_server::spec::ServerSpec;
use crate::node::Node;
use crate::process::name::Name;
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::spec::{ChildKind, Shutdown};
use crate::task::pool::{PoolMsg, PoolServer};

/// A pool of tasks as a child: how many run at once, how many may wait.
///
/// Defaults: 64 tasks at once, 1,024 callers waiting, no name. When the pool's process ends, in whatever way, its tasks are
/// aborted first and its end is published when the last one is gone.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
///
/// let node = Node::new(NodeConfig::default())?;
/// let pool = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(pool)).await?;
///
/// let pool = node.task_supervisor("pool")?.resolve().await?;
/// let task = pool.spawn(async { 6 * 7 }).await?;
/// assert_eq!(task.await?, 42);
/// root.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TaskSupervisorSpec {
    limit: usize,
    queue: usize,
    name: Option<Name<PoolMsg>>,
}

impl TaskSupervisorSpec {
    /// Creates the specification.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::TaskSupervisorSpec;
    ///
    /// let child = TaskSupervisorSpec::new().as_child("pool");
    /// assert_eq!(child.id(), "pool");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { limit: 64, queue: 1_024, name: None }
    }

    /// Sets how many tasks run at once, whoever starts them.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::TaskSupervisorSpec;
    ///
    /// let child = TaskSupervisorSpec::new().limit(8).as_child("pool");
    /// assert_eq!(child.id(), "pool");
    /// ```
    #[must_use]
    pub fn limit(mut self, tasks_max: usize) -> Self {
        assert!(tasks_max > 0, "a pool needs room for at least one task");
        self.limit = tasks_max;
        self
    }

    /// Sets how many callers may wait for a place at once; one more is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::TaskSupervisorSpec;
    ///
    /// let child = TaskSupervisorSpec::new().queue(100).as_child("pool");
    /// assert_eq!(child.id(), "pool");
    /// ```
    #[must_use]
    pub fn queue(mut self, waiting_max: usize) -> Self {
        self.queue = waiting_max;
        self
    }

    /// Registers each incarnation of the pool under `key`; reach it by
    /// [`Node::task_supervisor`](crate::Node::task_supervisor).
    ///
    /// # Errors
    ///
    /// [`NameError`](crate::NameError) if the key is in use for something else.
    pub fn name(mut self, node: &Node, key: &str) -> Result<Self, crate::process::name::NameError> {
        self.name = Some(node.name(key)?);
        Ok(self)
    }

    /// Makes a child specification: permanent, and it counts as a supervisor, which may take any time to stop.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::TaskSupervisorSpec;
    ///
    /// let child = TaskSupervisorSpec::new().as_child("pool");
    /// assert_eq!(child.id(), "pool");
    /// ```
    #[must_use]
    pub fn as_child(self, id: &str) -> ChildSpec {
        let Self { limit, queue, name } = self;
        let mut spec = ServerSpec::<PoolServer>::new((limit, queue));
        if let Some(name) = &name {
            spec = spec.name(name);
        }
        let mut child = spec.child(id).shutdown(Shutdown::Infinity);
        Arc::make_mut(&mut child.core).kind = ChildKind::Supervisor;
        child
    }
}

impl Default for TaskSupervisorSpec {
    fn default() -> Self {
        Self::new()
    }
}
