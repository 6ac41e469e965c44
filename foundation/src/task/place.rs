//! `PoolPermit`: a place in a pool, and what is started in it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::node::Node;
use crate::process::blocking::{BlockingError, BlockingFailure, BlockingSeat};
use crate::process::dependents::DependentGuard;
use crate::process::reply;
use crate::process::spawn::{BlockingDoor, spawn_dependent};
use crate::task::count::{Counted, TaskCount};
use crate::task::handle::TaskHandle;
use crate::task::pool::Core;

/// A place in a pool. Dropping it gives the place back.
#[must_use = "a place that is dropped runs nothing"]
pub struct PoolPermit {
    core: Arc<Core>,
    place: OwnedSemaphorePermit,
}

impl PoolPermit {
    pub(crate) fn new(core: Arc<Core>, place: OwnedSemaphorePermit) -> Self {
        Self { core, place }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.core.node
    }

    /// Starts a task in this place, which is free again when the task has ended, in whatever way.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let task = pool.acquire().await?.spawn(async { "done" });
    /// assert_eq!(task.await?, "done");
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn<F>(self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_owned(future, None)
    }

    /// Runs work that blocks its thread in this place, which is free again when the work has returned.
    ///
    /// It also takes one of the [`NodeConfig::blocking_max`](crate::NodeConfig::blocking_max) seats of the node. Work that
    /// runs cannot be aborted: dropping the handle only loses its result, and the end of the pool waits for it.
    ///
    /// # Errors
    ///
    /// [`BlockingError`] with the work: `Full` if all seats of the node are taken, `NoRuntime`, `NoThread` if the operating
    /// system gives the runtime none. The place in the pool is given back.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let task = pool.acquire().await?.spawn_blocking(|| 6 * 7)?;
    /// assert_eq!(task.await?, 42);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn_blocking<W, T>(self, work: W) -> Result<TaskHandle<T>, BlockingError<W>>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let Self { core, place } = self;
        let Some(door) = BlockingDoor::here() else {
            return Err(BlockingError::new(work, BlockingFailure::NoRuntime));
        };
        let Some(node_seat) = BlockingSeat::take(&core.node) else {
            return Err(BlockingError::new(work, BlockingFailure::Full));
        };
        let (reply, answer) = reply::pair();
        let started = core.tasks.try_attach().map(|seat| {
            let count = TaskCount::new(&core.node);
            door.spawn_dependent(vec![seat], work, move |outcome| {
                count.ended(outcome.is_ok());
                drop((place, node_seat));
                reply.send(outcome);
            })
        });
        match started.transpose() {
            Ok(kill) => Ok(TaskHandle::new(answer, kill, core)),
            Err(work) => Err(BlockingError::new(work, BlockingFailure::NoThread)),
        }
    }

    /// Starts a task that belongs to a process, too: the process's end waits for the task's.
    pub(crate) fn spawn_owned<F>(
        self,
        future: F,
        owner: Option<DependentGuard>,
    ) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let Self { core, place } = self;
        let (reply, answer) = reply::pair();
        // A pool that is ending takes no task any more, even from who still has a permit.
        let kill = core.tasks.try_attach().and_then(|seat| {
            let count = TaskCount::new(&core.node);
            let seats = std::iter::once(seat).chain(owner).collect();
            spawn_dependent(seats, future, move |outcome| {
                count.ended(outcome.is_ok());
                drop(place);
                reply.send(outcome);
            })
        });
        TaskHandle::new(answer, kill, core)
    }
}

impl fmt::Debug for PoolPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolPermit")
    }
}
