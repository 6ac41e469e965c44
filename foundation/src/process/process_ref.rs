//! The untyped door to one incarnation of a process.

use std::fmt;
use std::sync::Arc;

use crate::process::cell::Process;
use crate::process::exit::ExitReason;
use crate::process::kill::kill;
use crate::process::link::{self, ExitSignal};
use crate::process::monitor::{DownSink, Monitor, Watch};
use crate::process::monitor_tag::Origin;
use crate::process::pid::Pid;
use crate::process::server::Server;
use crate::process::server_ref::ServerRef;

/// A door to one incarnation of a process of any type.
///
/// Weak in meaning: holding it does not keep the process alive, only its mailbox's memory. A clone is the same door.
///
/// # Differs from OTP
///
/// A pid is a number there, which anybody can make up. This is a right: nobody reaches a process without one.
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
/// let process = root.process().clone();
/// let monitor = process.monitor();
/// process.exit(ExitReason::Killed);
/// assert!(matches!(monitor.down().await.reason, ExitReason::Killed));
/// assert!(!process.is_alive());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ProcessRef {
    process: Arc<dyn Process>,
}

impl ProcessRef {
    pub(crate) fn new(process: Arc<dyn Process>) -> Self {
        Self { process }
    }

    pub(crate) fn process(&self) -> &Arc<dyn Process> {
        &self.process
    }

    /// Returns the pid of this incarnation.
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
    /// let process = tree.process("echo").await;
    /// assert_eq!(process.pid(), echo.pid());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.process.cell().pid()
    }

    /// Returns the registered name, or else the child id, that the process was started with.
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
    /// let process = tree.process("echo").await;
    /// assert_eq!(process.name(), Some("echo"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.process.cell().label().map(AsRef::as_ref)
    }

    /// Returns true until the end of this incarnation has been published.
    ///
    /// # Differs from OTP
    ///
    /// `erlang:is_process_alive/1` is false for a process that is exiting; here a process that waits for its children
    /// and tasks to end is alive.
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
    /// let process = tree.process("echo").await;
    /// assert!(process.is_alive());
    /// tree.kill("echo").await;
    /// assert!(!process.is_alive(), "whatever became of its successor");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.process.cell().exit_reason().is_none()
    }

    /// Returns why the process ended, or `None` while it lives.
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
    /// let process = tree.process("echo").await;
    /// assert!(process.exit_reason().is_none());
    /// tree.kill("echo").await;
    /// assert_eq!(process.exit_reason().map(|why| why.to_string()).as_deref(), Some("killed"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn exit_reason(&self) -> Option<ExitReason> {
        self.process.cell().exit_reason()
    }

    /// Returns the number of messages that wait in the mailbox, and the most that ever waited.
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
    /// let process = tree.process("echo").await;
    /// echo.call(|reply| EchoMsg(1, reply)).await?;
    /// assert_eq!(process.mailbox_depth(), (0, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mailbox_depth(&self) -> (usize, usize) {
        self.process.depth()
    }

    /// Watches the process from outside any process. Cost: one short lock.
    ///
    /// # Differs from OTP
    ///
    /// `erlang:monitor/2` is called by a process, which gets the message; here whoever holds the guard waits. Inside
    /// a process it is [`Context::monitor`](crate::Context::monitor).
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
    /// let process = tree.process("echo").await;
    /// let monitor = process.monitor();
    /// tree.kill("echo").await;
    /// assert_eq!(monitor.down().await.pid, process.pid());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn monitor(&self) -> Monitor {
        Monitor::of(&self.process, Origin::here())
    }

    pub(crate) fn watch(&self, sink: Arc<dyn DownSink>, origin: Origin) -> Watch {
        Watch::of(&self.process, sink, origin)
    }

    /// Sends an exit signal. As in OTP `exit/2`:
    ///
    /// | reason | a process that traps | any other process |
    /// |---|---|---|
    /// | `Killed` | ends | ends |
    /// | `Normal` | gets `Info::Exit` | nothing happens |
    /// | any other | gets `Info::Exit` | ends with the reason |
    ///
    /// A process that ends so does it at its next await point, without `terminate`. A process on its own thread ends after the
    /// batch that it works on. The first signal decides the reason. Returning does not mean that the process has ended: monitor it
    /// to know.
    ///
    /// # Differs from OTP
    ///
    /// A handler that never awaits cannot be ended. A supervisor, which traps, drops every signal but `Killed`: the order of its
    /// parent to stop does not come this way.
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
    /// use foundation::ExitReason;
    ///
    /// let process = tree.process("echo").await;
    /// process.exit(ExitReason::error("not wanted any more"));
    /// assert_eq!(process.monitor().down().await.pid, process.pid());
    /// # Ok(())
    /// # }
    /// ```
    pub fn exit(&self, reason: ExitReason) {
        if matches!(reason, ExitReason::Killed) {
            kill(&self.process, reason);
        } else {
            link::signal(&self.process, ExitSignal { from: None, reason });
        }
    }

    /// Returns the typed door if the process takes messages of type `M`.
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
    /// let process = tree.process("echo").await;
    /// let server = process.server::<EchoMsg<u32>>().ok_or("it takes other messages")?;
    /// assert_eq!(server.call(|reply| EchoMsg(1, reply)).await?, 1);
    /// assert!(process.server::<String>().is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn server<M: Send + 'static>(&self) -> Option<ServerRef<M>> {
        let server = Arc::clone(&self.process).into_any().downcast::<Server<M>>().ok()?;
        Some(ServerRef::new(server))
    }
}

impl fmt::Debug for ProcessRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessRef").field("pid", &self.pid()).field("name", &self.name()).finish()
    }
}
