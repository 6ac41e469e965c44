//! `TaskPool`: one shared limit, a bounded queue of those who wait for a place, and the process that owns the tasks.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, TryAcquireError};

use crate::error::CallError;
use crate::gen_server::GenServer;
use crate::gen_server::context::Context;
use crate::node::Node;
use crate::process::dependents::Dependents;
use crate::process::exit::Exit;
use crate::process::name::Name;
use crate::process::reply::Reply;
use crate::task::error::PoolError;
use crate::task::handle::TaskHandle;
use crate::task::place::PoolPermit;
use crate::telemetry;

/// How long the first contact with a pool may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A handle to a named pool, resolved at each use.
#[derive(Debug, Clone)]
pub struct TaskSupervisorRef {
    name: Name<PoolMsg>,
}

impl TaskSupervisorRef {
    pub(crate) fn new(name: Name<PoolMsg>) -> Self {
        Self { name }
    }

    /// Returns the pool that holds the name now. Keep it; it reports `Closed` when that incarnation has ended.
    ///
    /// # Errors
    ///
    /// [`PoolError::Closed`] if no pool runs under the name.
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
    /// assert_eq!(pool.limit(), 2);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn resolve(&self) -> Result<TaskPool, PoolError> {
        let answer = self.name.call_timeout(RESOLVE_TIMEOUT, PoolMsg::Resolve).await;
        answer.map_err(|_error: CallError| PoolError::Closed)
    }
}

pub(crate) enum PoolMsg {
    Resolve(Reply<TaskPool>),
}

/// The process of a pool. It only owns: all work is done by its handles.
pub(crate) struct PoolServer {
    core: Arc<Core>,
}

pub(crate) struct Core {
    pub(crate) node: Node,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) tasks: Arc<Dependents>,
    limit: usize,
    queue: usize,
    waiting: AtomicUsize,
}

impl GenServer for PoolServer {
    type Args = (usize, usize);
    type Msg = PoolMsg;

    async fn init((limit, queue): (usize, usize), cx: &mut Context<Self>) -> Result<Self, Exit> {
        let core = Core {
            node: cx.node().clone(),
            places: Arc::new(Semaphore::new(limit)),
            limit,
            queue,
            waiting: AtomicUsize::new(0),
            tasks: cx.cell().dependents(),
        };
        Ok(Self { core: Arc::new(core) })
    }

    async fn handle(
        &mut self,
        PoolMsg::Resolve(reply): PoolMsg,
        _cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        reply.send(TaskPool { core: Arc::clone(&self.core) });
        Ok(())
    }
}

impl Drop for PoolServer {
    fn drop(&mut self) {
        self.core.places.close();
    }
}

/// Identifies one task of one incarnation of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

/// One incarnation of a pool. A clone is the same pool.
#[derive(Clone)]
pub struct TaskPool {
    pub(crate) core: Arc<Core>,
}

impl TaskPool {
    /// Waits for a place; first come, first served.
    ///
    /// # Errors
    ///
    /// [`PoolError`]: `Full` if too many wait already, `Closed` if the pool has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the place in the queue up.
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
    /// let place = pool.acquire().await?;
    /// assert_eq!(place.spawn(async { 6 * 7 }).await?, 42);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn acquire(&self) -> Result<PoolPermit, PoolError> {
        if let Ok(permit) = self.take_place() {
            return Ok(permit);
        }
        let waiting = Waiting::enter(&self.core).inspect_err(telemetry::pool_refused)?;
        let acquired = Arc::clone(&self.core.places).acquire_owned().await;
        drop(waiting);
        let place = acquired.map_err(|_closed| PoolError::Closed);
        let place = place.inspect_err(telemetry::pool_refused)?;
        Ok(PoolPermit::new(Arc::clone(&self.core), place))
    }

    /// Takes a place if there is one now.
    ///
    /// # Errors
    ///
    /// [`PoolError`]: `Full` or `Closed`.
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
    /// let places = (pool.try_acquire()?, pool.try_acquire()?);
    /// assert!(pool.try_acquire().is_err(), "it has two");
    /// drop(places);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire(&self) -> Result<PoolPermit, PoolError> {
        self.take_place().inspect_err(telemetry::pool_refused)
    }

    /// The same for callers that can do without, and so are not refused anything.
    pub(crate) fn take_place(&self) -> Result<PoolPermit, PoolError> {
        match Arc::clone(&self.core.places).try_acquire_owned() {
            Ok(place) => Ok(PoolPermit::new(Arc::clone(&self.core), place)),
            Err(TryAcquireError::NoPermits) => Err(PoolError::Full),
            Err(TryAcquireError::Closed) => Err(PoolError::Closed),
        }
    }

    /// Waits for a place and starts a task in it.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
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
    /// let task = pool.spawn(async { 6 * 7 }).await?;
    /// assert_eq!(task.await?, 42);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn spawn<F>(&self, future: F) -> Result<TaskHandle<F::Output>, PoolError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Ok(self.acquire().await?.spawn(future))
    }

    /// Returns the tasks that run now, oldest first. As in Elixir `Task.Supervisor.children/1`. Cost: O(tasks).
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
    /// let task = pool.spawn(std::future::pending::<()>()).await?;
    /// assert_eq!(pool.children().len(), 1);
    /// drop(task);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn children(&self) -> Vec<TaskId> {
        self.core.tasks.keys().into_iter().map(TaskId).collect()
    }

    /// Aborts a task; whoever awaits it gets [`TaskError::Aborted`](crate::TaskError::Aborted). Returns false if it has already ended.
    ///
    /// As in Elixir `Task.Supervisor.terminate_child/2`, but returning does not mean that it is gone.
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
    /// let task = pool.spawn(std::future::pending::<()>()).await?;
    /// assert!(pool.terminate_child(pool.children()[0]));
    /// assert!(task.await.is_err());
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn terminate_child(&self, task: TaskId) -> bool {
        self.core.tasks.kill(task.0)
    }

    /// Returns how many tasks may run at once.
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
    /// assert_eq!(pool.limit(), 2);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn limit(&self) -> usize {
        self.core.limit
    }

    /// Returns how many tasks run now.
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
    /// assert_eq!(pool.running(), 0);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn running(&self) -> usize {
        self.core.tasks.len()
    }

    /// Returns how many places are free now.
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
    /// let place = pool.acquire().await?;
    /// assert_eq!(pool.available(), 1);
    /// drop(place);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn available(&self) -> usize {
        self.core.places.available_permits()
    }

    /// Returns true when this incarnation of the pool has ended.
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
    /// assert!(!pool.is_closed());
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.places.is_closed()
    }
}

impl fmt::Debug for TaskPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPool")
            .field("limit", &self.limit())
            .field("running", &self.running())
            .finish()
    }
}

/// Counts one waiting caller.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(core: &'a Core) -> Result<Self, PoolError> {
        if core.waiting.fetch_add(1, Ordering::Relaxed) >= core.queue {
            core.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(PoolError::Full);
        }
        telemetry::pool_waits();
        Ok(Self(&core.waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        telemetry::pool_waits_no_more();
    }
}
