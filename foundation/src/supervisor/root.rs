//! The root of a tree: a supervisor that no supervisor owns.

use std::fmt;
use std::sync::Arc;

use crate::error::StartError;
use crate::node::Node;
use crate::process::dependents::Dependents;
use crate::process::exit::ExitReason;
use crate::process::process_ref::ProcessRef;
use crate::supervisor::driver::SupervisorMsg;
use crate::supervisor::handle::SupervisorRef;
use crate::supervisor::kids::stop_process;
use crate::supervisor::spec::Shutdown;
use crate::supervisor::starting::{StartOutcome, Starter, acknowledged};
use crate::supervisor::supervisor_spec::SupervisorSpec;

/// Owns a supervision tree.
///
/// [`shutdown`](Self::shutdown) ends the tree in order. Dropping the owner kills it: every process ends at its next await point,
/// without `terminate`, children before their supervisors' end is published.
///
/// # Differs from OTP
///
/// `supervisor:start_link` links a supervisor to its caller, which is a process. Here the owner is a value: dropping
/// it kills the tree, and the end of the tree ends nobody else.
///
/// # Examples
///
/// See the crate's first page.
pub struct Supervisor {
    handle: SupervisorRef,
    process: ProcessRef,
    owner: Arc<Dependents>,
}

impl Supervisor {
    /// Starts a tree. When this returns `Ok`, every child has acknowledged its `init`.
    ///
    /// # Errors
    ///
    /// [`StartError`]; whatever had been started is stopped again, in reverse order, before this returns.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what had been started.
    ///
    /// # Differs from OTP
    ///
    /// As OTP `supervisor:start_link/2`, but the specification is data: no `init` of the supervisor itself runs that
    /// could fail or ignore.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    /// assert!(root.process().is_alive());
    /// root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(node: &Node, spec: SupervisorSpec) -> Result<Self, StartError> {
        spec.whole.core().map_err(StartError::Spec)?;
        let owner = KillOnDrop(Arc::new(Dependents::default()));
        node.roots().add(&owner.0);
        let id: Arc<str> = Arc::from("root");
        // Without a host: whoever starts a tree may drop this future at any time.
        let starter = Starter { node, id: &id, owner: &owner.0, host: None };
        let outcome = match spec.whole.start(&starter) {
            Ok(process) => acknowledged(process, None).await,
            Err(outcome) => outcome,
        };
        match outcome {
            StartOutcome::Started(process) => {
                let server = process.server::<SupervisorMsg>().ok_or(StartError::Ignored)?;
                let owner = owner.disarm();
                Ok(Self { handle: SupervisorRef::of(server), process, owner })
            }
            StartOutcome::Ignored => Err(StartError::Ignored),
            StartOutcome::Failed { child: Some((id, reason)), .. } => {
                Err(StartError::Child { id, reason })
            }
            StartOutcome::Failed { reason, child: None } => Err(StartError::Failed(reason)),
            StartOutcome::AlreadyStarted(pid) => Err(StartError::AlreadyStarted(pid)),
        }
    }

    /// Returns a handle for admin calls, which can be cloned and does not own the tree.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    /// assert_eq!(root.handle().count_children().await?.specs, 0);
    /// root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn handle(&self) -> &SupervisorRef {
        &self.handle
    }

    /// Returns the root's own process.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    /// assert!(root.process().exit_reason().is_none());
    /// root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn process(&self) -> &ProcessRef {
        &self.process
    }

    /// Stops the tree in order and waits for its end; returns the reason of the root.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what is left.
    ///
    /// # Differs from OTP
    ///
    /// `supervisor` has no such call: there the exit signal `shutdown` of its parent has this effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{ExitReason, Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    /// assert!(matches!(root.shutdown().await, ExitReason::Shutdown));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(self) -> ExitReason {
        stop_process(&self.process, Shutdown::Infinity, None).await
    }

    /// Waits until the root ends by itself, for instance because it restarted too often.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing changes when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{ExitReason, Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
    /// root.process().exit(ExitReason::Killed);
    /// assert!(matches!(root.wait().await, ExitReason::Killed));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait(&self) -> ExitReason {
        let down = self.process.monitor().down().await;
        self.process.exit_reason().unwrap_or(down.reason)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.owner.kill_all();
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Supervisor").field(&self.process).finish()
    }
}

/// Kills a tree whose start was abandoned.
struct KillOnDrop(Arc<Dependents>);

impl KillOnDrop {
    fn disarm(mut self) -> Arc<Dependents> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill_all();
    }
}
