//! The supervision tree: what starts before what.
//!
//! `rest_for_one`, 3 restarts in 5 s, the same in tests and in production: whatever fails takes along everything that was
//! started after it and may depend on it.
//!
//! | child | what it is | gone with it |
//! |---|---|---|
//! | `store` | the only owner of the file, on its own thread | everything |
//! | `router` | subscriptions of observers | everything below |
//! | `workers` | the pool: one place for each task in flight | everything below |
//! | `commands` | one place for each OS process | everything below |
//! | `workflows` | dynamic supervisor, one process for each running workflow | the gateway |
//! | `gateway` | starts, lists, cancels; finds in the store what ran before | nothing |

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    ChildSpec, Clock, DynamicSupervisorSpec, ExitReason, NameError, Node, NodeConfig, NodeError,
    Report as SupervisorReport, ServerSpec, StartError, Strategy, Supervisor, SupervisorRef,
    SupervisorSpec, SystemClock, TaskSupervisorSpec,
};
use persistence::{
    Durability, OpenError, StoreHandle, StoreMsg, StoreOptions, WriteId, memory_store_child,
    redb_store_child,
};
use signal_router::{Router, RouterHandle};

use crate::CommandShim;
use crate::gateway::handle::Gateway;
use crate::gateway::server::{GatewayServer, GatewaySetup};
use crate::workflow::archive::Archive;
use crate::workflow::process::WorkflowSeed;

/// The file in the folder of the store.
const STORE_FILE: &str = "jido.redb";
/// How long one operation of the store may take, a slow disk included.
const STORE_DEADLINE: Duration = Duration::from_secs(60);
/// The restart intensity of every supervisor of the tree.
const RESTARTS_MAX: u32 = 3;
const RESTART_PERIOD: Duration = Duration::from_secs(5);

/// Where the workflows are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// In this folder, which is made if it does not exist: survives `kill -9` and power loss.
    Folder(PathBuf),
    /// In memory: survives nothing, not even a restart of the store's process.
    Memory,
}

/// What a tree is started with.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    store: StoreLocation,
    workers: usize,
    shim: CommandShim,
    clock: Arc<dyn Clock>,
}

impl SystemConfig {
    /// Creates a configuration: as many workers as the machine runs threads in parallel, the system's clock.
    #[must_use]
    pub fn new(store: StoreLocation, shim: CommandShim) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { store, workers, shim, clock: Arc::new(SystemClock::new()) }
    }

    /// Sets how many tasks are in flight at most, over all workflows.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    pub fn workers(mut self, tasks_max: usize) -> Self {
        assert!(tasks_max > 0, "a system needs at least one worker");
        self.workers = tasks_max;
        self
    }

    /// Sets the clock of restart windows and of the journal.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

/// Why the tree did not start. The store is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum SystemError {
    /// The store did not open.
    Store(OpenError),
    /// The program cannot contain panics.
    Node(NodeError),
    /// Two parts of the tree claim the same name.
    Name(NameError),
    /// Another part of the tree did not start.
    Start(StartError),
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "{error}"),
            Self::Node(error) => write!(f, "{error}"),
            Self::Name(error) => write!(f, "{error}"),
            Self::Start(error) => write!(f, "{error}"),
        }
    }
}

impl Error for SystemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::Node(error) => error.source(),
            Self::Name(error) => error.source(),
            Self::Start(error) => error.source(),
        }
    }
}

impl From<NameError> for SystemError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

/// A running tree. Dropping it kills the tree; [`shutdown`](Self::shutdown) stops it in order.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use jido_system::{CommandShim, Mode, ReportStatus, StartRequest, StoreLocation, System, SystemConfig, Workflow};
///
/// let config = SystemConfig::new(StoreLocation::Memory, CommandShim::current_exe()?).workers(4);
/// let system = System::start(config).await?;
/// let workflow = Workflow::parse(br#"{"name": "two", "schemaVersion": "1.5", "workflow": {"specification": {
///     "tasks": [{"id": "a", "children": ["b"]}, {"id": "b", "parents": ["a"]}]}}}"#)?;
/// let started = system
///     .gateway()
///     .start(StartRequest {
///         workflow: Arc::new(workflow),
///         mode: Mode::Simulate { scale: 0.0 },
///         attempts: 3,
///         fresh: false,
///     })
///     .await?;
/// let report = system.gateway().wait(&started.id).await?;
/// assert_eq!((report.status, report.completed), (ReportStatus::Completed, 2));
/// system.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct System {
    root: Supervisor,
    node: Node,
    gateway: Gateway,
    router: RouterHandle,
}

impl System {
    /// Starts the tree; everything runs when this returns.
    ///
    /// # Errors
    ///
    /// [`SystemError`]. What had been started is stopped again, and an existing store is left as it was.
    pub async fn start(config: SystemConfig) -> Result<Self, SystemError> {
        Self::start_reporting(config, |_report| {}).await
    }

    /// Starts the tree, with a listener for what its supervisors report. It runs inside them and must not block.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_reporting(
        config: SystemConfig,
        reporter: impl Fn(&SupervisorReport) + Send + Sync + 'static,
    ) -> Result<Self, SystemError> {
        let node_config =
            NodeConfig::default().clock(Arc::clone(&config.clock)).on_report(reporter);
        let node = Node::new(node_config).map_err(SystemError::Node)?;
        let router = Router::new(&node, "router")?;
        let store = node.name::<StoreMsg>("store")?;
        let seed = WorkflowSeed {
            archive: Archive::new(StoreHandle::new(store.clone()).deadline(STORE_DEADLINE)),
            workers: node.task_supervisor("workers")?,
            commands: node.task_supervisor("commands")?,
            router: router.handle(),
            shim: config.shim,
        };
        let setup = GatewaySetup {
            name: node.name("gateway")?,
            node: node.clone(),
            workers: seed.workers.clone(),
            seed,
            workflows: node.supervisor("workflows")?,
            // Any number that another session is unlikely to have.
            session: WriteId::random().get() as u64,
        };
        let pool = |name: &str| TaskSupervisorSpec::new().limit(config.workers).name(&node, name);
        let tree = SupervisorSpec::new(Strategy::RestForOne)
            .intensity(RESTARTS_MAX, RESTART_PERIOD)
            .name("system")
            .child(store_child(&config.store, &store))
            .child(router.child("router"))
            .child(pool("workers")?.as_child("workers"))
            .child(pool("commands")?.as_child("commands"))
            .child(
                DynamicSupervisorSpec::new()
                    .intensity(RESTARTS_MAX, RESTART_PERIOD)
                    .name("workflows")
                    .as_child("workflows"),
            )
            .child(
                ServerSpec::<GatewayServer>::new(setup.clone()).name(&setup.name).child("gateway"),
            );
        let root = Supervisor::start(&node, tree).await.map_err(start_error)?;
        let gateway = Gateway::new(&setup, root.process().clone(), config.workers);
        Ok(Self { root, node, gateway, router: router.handle() })
    }

    /// Returns the door to the workflows.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Returns the router that the signals `workflow.**` go through.
    #[must_use]
    pub fn router(&self) -> &RouterHandle {
        &self.router
    }

    /// Returns the node.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the root supervisor, for admin calls and for looking at the tree.
    #[must_use]
    pub fn supervisor(&self) -> &SupervisorRef {
        self.root.handle()
    }

    /// Waits until the tree ends by itself, because it restarted too often.
    pub async fn wait(&self) -> ExitReason {
        self.root.wait().await
    }

    /// Stops the tree in order: workflows first, their workers killed, the store last, closed cleanly.
    pub async fn shutdown(self) {
        self.root.shutdown().await;
    }

    /// Returns the file that a store in `folder` is kept in.
    #[must_use]
    pub fn store_file(folder: &Path) -> PathBuf {
        folder.join(STORE_FILE)
    }
}

fn store_child(location: &StoreLocation, name: &foundation::Name<StoreMsg>) -> ChildSpec {
    match location {
        StoreLocation::Folder(folder) => {
            let options = StoreOptions::new(Durability::Disk);
            redb_store_child("store", name, System::store_file(folder), options)
        }
        StoreLocation::Memory => {
            memory_store_child("store", name, StoreOptions::new(Durability::Volatile))
        }
    }
}

/// Finds the reason of a store that did not open.
fn start_error(error: StartError) -> SystemError {
    if let StartError::Child { reason: ExitReason::Error(cause), .. } = &error
        && let Some(open) = cause.downcast_ref::<OpenError>()
    {
        return SystemError::Store(open.clone());
    }
    SystemError::Start(error)
}
