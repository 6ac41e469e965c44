//! The admin side of supervisors.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::CallError;
use crate::process::exit::ExitReason;
use crate::process::name::Name;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::reply::Reply;
use crate::process::server_ref::ServerRef;
use crate::supervisor::action::{AdminError, Incarnation, Request, Target};
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::driver::{AdminAnswer, AdminResult, SupervisorMsg};
use crate::supervisor::spec::{ChildKind, Restart, SpecError};

/// A start or a stop may take any time, as in OTP; the end of the supervisor ends the wait.
const NO_DEADLINE: Duration = Duration::MAX;

/// A handle for the admin calls of a supervisor, by pid or by name. A clone is the same handle.
///
/// A supervisor is busy while a child starts or stops and serves calls in the order of their arrival, so a child must not call
/// its own supervisor from its `init` or `terminate`.
///
/// # Differs from OTP
///
/// A supervisor that is not there, or that ends meanwhile, is an error of the call; there the caller exits.
#[derive(Clone)]
pub struct SupervisorRef {
    address: Address,
}

#[derive(Clone)]
enum Address {
    Pid(ServerRef<SupervisorMsg>),
    Name(Name<SupervisorMsg>),
}

/// Which child an admin call means: an id in an ordinary supervisor, a process in a dynamic one.
///
/// As in OTP `supervisor:terminate_child/2`.
#[derive(Debug, Clone)]
pub enum ChildRef {
    /// By id.
    Id(Arc<str>),
    /// By process.
    Process(ProcessRef),
}

impl From<&str> for ChildRef {
    fn from(id: &str) -> Self {
        Self::Id(Arc::from(id))
    }
}

impl From<&ProcessRef> for ChildRef {
    fn from(process: &ProcessRef) -> Self {
        Self::Process(process.clone())
    }
}

/// What a child is doing.
///
/// As in OTP `supervisor:which_children/1`: a pid, `restarting` or `undefined`.
#[derive(Debug, Clone)]
pub enum ChildProcess {
    /// It runs.
    Running(ProcessRef),
    /// Its last restart failed; the next attempt comes.
    Restarting,
    /// It has no process: it was stopped, it ignored its start, or it ended and is not to be restarted.
    Undefined,
}

impl ChildProcess {
    /// Returns the process if the child runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::ChildProcess;
    ///
    /// assert!(ChildProcess::Restarting.running().is_none());
    /// ```
    #[must_use]
    pub fn running(&self) -> Option<&ProcessRef> {
        match self {
            Self::Running(process) => Some(process),
            Self::Restarting | Self::Undefined => None,
        }
    }
}

/// One child of a supervisor.
///
/// # Differs from OTP
///
/// `supervisor:which_children/1` has `modules` in place of the restart type and of the number of restarts, and
/// `undefined` for the id of a dynamic child.
#[derive(Debug, Clone)]
pub struct ChildInfo {
    /// Its id; for a dynamic child, the id of its specification.
    pub id: Arc<str>,
    /// Its process.
    pub process: ChildProcess,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// Whether it is restarted.
    pub restart: Restart,
    /// How often its supervisor restarted it.
    pub restarts: u64,
}

/// The numbers of a supervisor's children.
///
/// # Differs from OTP
///
/// `specs` of `simple_one_for_one` is always 1; of a dynamic supervisor it is the number of children here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildCounts {
    /// All specifications.
    pub specs: usize,
    /// Children that run.
    pub active: usize,
    /// Children that are supervisors, running or not.
    pub supervisors: usize,
    /// Children that are workers, running or not.
    pub workers: usize,
}

/// Why `start_child` did not start a child.
///
/// # Differs from OTP
///
/// `Ignored` is `{ok, undefined}` in `supervisor:start_child/2`, `Call` an exit of the caller, and there is no limit
/// as that of `MaxChildren`, which is from Elixir's `DynamicSupervisor`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StartChildError {
    /// The id is taken by a running child.
    AlreadyStarted(Pid),
    /// The id is taken by a child that is stopped or being restarted.
    AlreadyPresent,
    /// The dynamic supervisor is full.
    MaxChildren,
    /// The specification makes no sense here.
    Spec(SpecError),
    /// Its `init` failed. The specification is discarded.
    Failed(ExitReason),
    /// Its `init` chose not to run. An ordinary supervisor keeps the specification, unless the child is temporary.
    Ignored,
    /// The supervisor could not be asked.
    Call(CallError),
}

impl fmt::Display for StartChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted(pid) => write!(f, "the id is taken by {pid}"),
            Self::AlreadyPresent => f.write_str("the id is taken by a child that does not run"),
            Self::MaxChildren => f.write_str("the supervisor has as many children as it may have"),
            Self::Spec(error) => write!(f, "the specification is wrong: {error}"),
            Self::Failed(reason) => write!(f, "init ended: {reason}"),
            Self::Ignored => f.write_str("init chose not to run"),
            Self::Call(error) => write!(f, "the supervisor could not be asked: {error}"),
        }
    }
}

impl Error for StartChildError {}

/// Why an admin call about an existing child was refused.
///
/// # Differs from OTP
///
/// `Ignored` is `{ok, undefined}` in `supervisor:restart_child/2`, and `Call` an exit of the caller.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ChildError {
    /// No such child.
    NotFound,
    /// The child runs.
    Running,
    /// The child waits for its next restart attempt.
    Restarting,
    /// The call does not exist for children of a dynamic supervisor.
    Dynamic,
    /// Its `init` failed. The specification is kept.
    Failed(ExitReason),
    /// Its `init` chose not to run. The specification is kept.
    Ignored,
    /// The supervisor could not be asked.
    Call(CallError),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such child"),
            Self::Running => f.write_str("the child runs"),
            Self::Restarting => f.write_str("the child is being restarted"),
            Self::Dynamic => f.write_str("not for children of a dynamic supervisor"),
            Self::Failed(reason) => write!(f, "init ended: {reason}"),
            Self::Ignored => f.write_str("init chose not to run"),
            Self::Call(error) => write!(f, "the supervisor could not be asked: {error}"),
        }
    }
}

impl Error for ChildError {}

impl SupervisorRef {
    pub(crate) fn of(server: ServerRef<SupervisorMsg>) -> Self {
        Self { address: Address::Pid(server) }
    }

    pub(crate) fn named(name: Name<SupervisorMsg>) -> Self {
        Self { address: Address::Name(name) }
    }

    /// Returns the supervisor's process, if it lives.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// assert!(supervisor.process().is_some_and(|process| process.is_alive()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn process(&self) -> Option<ProcessRef> {
        self.resolve().map(|server| server.process().clone())
    }

    /// Starts a child and waits for its `init`. As in OTP `supervisor:start_child/2`.
    ///
    /// In an ordinary supervisor the child becomes the youngest one. It does not come back after a restart of the supervisor.
    ///
    /// # Errors
    ///
    /// [`StartChildError`].
    ///
    /// # Differs from OTP
    ///
    /// A child that ignored its start is the error `Ignored`, there `{ok, undefined}`. A dynamic child brings its own
    /// specification, there arguments for the only one.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// let process = supervisor.start_child(ServerSpec::<Echo<u32>>::new(()).child("second")).await?;
    /// assert!(process.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start_child(&self, child: ChildSpec) -> Result<ProcessRef, StartChildError> {
        match self.admin(Request::Start(child.core)).await.map_err(StartChildError::Call)? {
            Ok(AdminAnswer::Started(process)) => Ok(process),
            Ok(AdminAnswer::Ignored | AdminAnswer::Ok) => Err(StartChildError::Ignored),
            Err(AdminError::AlreadyStarted(kid)) => Err(StartChildError::AlreadyStarted(kid.id())),
            Err(AdminError::MaxChildren) => Err(StartChildError::MaxChildren),
            Err(AdminError::Spec(error)) => Err(StartChildError::Spec(error)),
            Err(AdminError::StartFailed(reason)) => Err(StartChildError::Failed(reason)),
            Err(_) => Err(StartChildError::AlreadyPresent),
        }
    }

    /// Stops a child and waits for its end. An ordinary supervisor keeps the specification, unless the child is temporary.
    ///
    /// As in OTP `supervisor:terminate_child/2`.
    ///
    /// # Errors
    ///
    /// [`ChildError`]; a child that does not run any more is no error.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// supervisor.terminate_child("echo").await?;
    /// assert!(!echo.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn terminate_child(&self, child: impl Into<ChildRef>) -> Result<(), ChildError> {
        let answer = match child.into() {
            ChildRef::Id(id) => self.admin(Request::Terminate(Target::Id(id))).await,
            ChildRef::Process(process) => {
                self.call(|reply| SupervisorMsg::TerminateProcess(process, reply)).await
            }
        };
        refused(answer).map(drop)
    }

    /// Starts a child again that does not run. Ordinary supervisors only.
    ///
    /// # Errors
    ///
    /// [`ChildError`].
    ///
    /// # Differs from OTP
    ///
    /// As OTP `supervisor:restart_child/2`, but a child that ignored its start is the error `Ignored`, there `{ok,
    /// undefined}`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// supervisor.terminate_child("echo").await?;
    /// assert!(supervisor.restart_child("echo").await?.is_alive());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restart_child(&self, id: &str) -> Result<ProcessRef, ChildError> {
        match refused(self.admin(Request::Restart { id: Arc::from(id) }).await)? {
            AdminAnswer::Started(process) => Ok(process),
            AdminAnswer::Ignored | AdminAnswer::Ok => Err(ChildError::Ignored),
        }
    }

    /// Forgets a child that does not run. Ordinary supervisors only.
    ///
    /// As in OTP `supervisor:delete_child/2`.
    ///
    /// # Errors
    ///
    /// [`ChildError`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// supervisor.terminate_child("echo").await?;
    /// supervisor.delete_child("echo").await?;
    /// assert!(supervisor.which_children().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_child(&self, id: &str) -> Result<(), ChildError> {
        refused(self.admin(Request::Delete { id: Arc::from(id) }).await).map(drop)
    }

    /// Returns the children, newest first. As in OTP `supervisor:which_children/1`. Cost: O(children).
    ///
    /// # Errors
    ///
    /// [`CallError`] if the supervisor is not there.
    ///
    /// # Differs from OTP
    ///
    /// The children of `simple_one_for_one` have no order. [`ChildInfo`] says what differs in a child.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// let children = supervisor.which_children().await?;
    /// assert_eq!(&*children[0].id, "echo");
    /// assert!(children[0].process.running().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallError> {
        self.call(SupervisorMsg::Which).await
    }

    /// Counts the children. As in OTP `supervisor:count_children/1`. Cost: O(children).
    ///
    /// # Errors
    ///
    /// [`CallError`] if the supervisor is not there.
    ///
    /// # Differs from OTP
    ///
    /// See [`ChildCounts`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let supervisor = tree.handle();
    /// let counts = supervisor.count_children().await?;
    /// assert_eq!((counts.specs, counts.active, counts.workers), (1, 1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn count_children(&self) -> Result<ChildCounts, CallError> {
        self.call(SupervisorMsg::Count).await
    }

    fn resolve(&self) -> Option<ServerRef<SupervisorMsg>> {
        match &self.address {
            Address::Pid(server) => Some(server.clone()),
            Address::Name(name) => name.whereis(),
        }
    }

    pub(super) async fn call<T>(
        &self,
        make: impl FnOnce(Reply<T>) -> SupervisorMsg,
    ) -> Result<T, CallError> {
        let server = self.resolve().ok_or(CallError::NoProc)?;
        server.call_timeout(NO_DEADLINE, make).await
    }

    async fn admin(
        &self,
        request: Request<crate::supervisor::starting::StartFn, Pid>,
    ) -> Result<AdminResult, CallError> {
        self.call(|reply| SupervisorMsg::Admin(request, reply)).await
    }
}

fn refused(result: Result<AdminResult, CallError>) -> Result<AdminAnswer, ChildError> {
    result.map_err(ChildError::Call)?.map_err(|error| match error {
        AdminError::Running | AdminError::AlreadyStarted(_) => ChildError::Running,
        AdminError::Restarting => ChildError::Restarting,
        AdminError::Dynamic => ChildError::Dynamic,
        AdminError::StartFailed(reason) => ChildError::Failed(reason),
        _ => ChildError::NotFound,
    })
}

impl fmt::Debug for SupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Pid(server) => f.debug_tuple("SupervisorRef").field(server).finish(),
            Address::Name(name) => f.debug_tuple("SupervisorRef").field(name).finish(),
        }
    }
}
