//! `TaskSupervisor`: tasks that belong to a pool with one shared limit, awaited through handles.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::error::CallError;
use crate::gen_server::GenServer;
use crate::gen_server::context::Context;
use crate::gen_server::spec::ServerSpec;
use crate::node::Node;
use crate::process::blocking::{BlockingError, BlockingFailure, BlockingSeat};
use crate::process::dependents::{DependentGuard, Dependents};
use crate::process::exit::Exit;
use crate::process::name::Name;
use crate::process::reply::{self, Answer, Reply};
use crate::process::spawn::{BlockingDoor, TaskKill, spawn_dependent};
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::spec::{ChildKind, Shutdown};

/// How long the first contact with a pool may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

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

/// Why a pool gives no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool is not running.
    Closed,
    /// All places are taken (`try_acquire`), or too many callers wait for one.
    Full,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the task pool is not running",
            Self::Full => "the task pool is full",
        })
    }
}

impl std::error::Error for PoolError {}

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked, with this text.
    Panicked(Arc<str>),
    /// It was aborted.
    Aborted,
    /// Its pool ended and took it along.
    PoolDown,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(text) => write!(f, "the task panicked: {text}"),
            Self::Aborted => f.write_str("the task was aborted"),
            Self::PoolDown => f.write_str("the task pool ended"),
        }
    }
}

impl std::error::Error for TaskError {}

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
struct PoolServer {
    core: Arc<Core>,
}

struct Core {
    node: Node,
    places: Arc<Semaphore>,
    limit: usize,
    queue: usize,
    waiting: AtomicUsize,
    tasks: Arc<Dependents>,
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
    core: Arc<Core>,
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
        if let Ok(permit) = self.try_acquire() {
            return Ok(permit);
        }
        let waiting = Waiting::enter(&self.core)?;
        let acquired = Arc::clone(&self.core.places).acquire_owned().await;
        drop(waiting);
        let place = acquired.map_err(|_closed| PoolError::Closed)?;
        Ok(PoolPermit { core: Arc::clone(&self.core), place })
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
        match Arc::clone(&self.core.places).try_acquire_owned() {
            Ok(place) => Ok(PoolPermit { core: Arc::clone(&self.core), place }),
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

    /// Aborts a task; whoever awaits it gets [`TaskError::Aborted`]. Returns false if it has already ended.
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
        Ok(Self(&core.waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place in a pool. Dropping it gives the place back.
#[must_use = "a place that is dropped runs nothing"]
pub struct PoolPermit {
    core: Arc<Core>,
    place: OwnedSemaphorePermit,
}

impl PoolPermit {
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
                drop((place, count, node_seat));
                reply.send(outcome);
            })
        });
        match started.transpose() {
            Ok(kill) => Ok(TaskHandle { answer, kill, core, detached: false }),
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
                drop((place, count));
                reply.send(outcome);
            })
        });
        TaskHandle { answer, kill, core, detached: false }
    }
}

impl fmt::Debug for PoolPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolPermit")
    }
}

/// Counts one task on its node.
pub(crate) struct TaskCount(Node);

impl TaskCount {
    pub(crate) fn new(node: &Node) -> Self {
        node.counters().task_started();
        Self(node.clone())
    }
}

impl Drop for TaskCount {
    fn drop(&mut self) {
        self.0.counters().task_ended();
    }
}

/// The owner of a running task, and a future of its result. Dropping it aborts the task.
#[must_use = "dropping a task handle aborts the task"]
pub struct TaskHandle<T> {
    answer: Answer<Result<T, Arc<str>>>,
    kill: Option<TaskKill>,
    core: Arc<Core>,
    detached: bool,
}

impl<T> TaskHandle<T> {
    /// Lets the task run on by itself, in its pool. Its result is lost.
    pub fn detach(mut self) {
        self.detached = true;
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let Poll::Ready(answered) = Pin::new(&mut self.answer).poll(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(match answered {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(TaskError::Panicked(panic)),
            Err(_dropped) if self.core.places.is_closed() => Err(TaskError::PoolDown),
            Err(_dropped) => Err(TaskError::Aborted),
        })
    }
}

impl<T> Drop for TaskHandle<T> {
    fn drop(&mut self) {
        if let Some(kill) = &self.kill
            && !self.detached
        {
            kill.kill();
        }
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskHandle")
    }
}
