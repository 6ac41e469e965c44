//! What a supervisor has to know about a child.

use std::fmt;
use std::sync::Arc;

use crate::process::exit::ExitReason;
use crate::process::process_ref::ProcessRef;
use crate::supervisor::action::Reason;
use crate::supervisor::spec::{ChildKind, CoreSpec, Restart, Shutdown};
use crate::supervisor::starting::{StartFn, StartOutcome, Starter};

/// How to start a child, when to restart it, and how to stop it. Plain data: the same value serves tests and production.
///
/// Made by `ServerSpec::child`, `ThreadServerSpec::child`, `SupervisorSpec::as_child` and their like.
///
/// | | default for a worker | default for a supervisor |
/// |---|---|---|
/// | restart | permanent | permanent |
/// | shutdown | 5 s, then killed | waits for ever |
/// | significant | no | no |
///
/// # Differs from OTP
///
/// `child_spec()` has a function with arguments to start the child, and `modules` for upgrades. Here the
/// specification of the process says how it starts, and there are no upgrades. Otherwise as in OTP `supervisor`.
#[derive(Clone)]
pub struct ChildSpec {
    pub(crate) core: Arc<CoreSpec<StartFn>>,
}

impl ChildSpec {
    pub(crate) fn worker(
        id: &str,
        start: impl Fn(&Starter<'_>) -> Result<ProcessRef, StartOutcome> + Send + Sync + 'static,
    ) -> Self {
        Self { core: Arc::new(CoreSpec::new(id, ChildKind::Worker, Arc::new(start))) }
    }

    pub(crate) fn supervisor(
        id: &str,
        start: impl Fn(&Starter<'_>) -> Result<ProcessRef, StartOutcome> + Send + Sync + 'static,
    ) -> Self {
        Self { core: Arc::new(CoreSpec::new(id, ChildKind::Supervisor, Arc::new(start))) }
    }

    /// Sets when the child is restarted.
    ///
    /// As in OTP `supervisor`, the key `restart` of a child specification.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Restart, ServerSpec};
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::new(()).child("echo").restart(Restart::Temporary);
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        Arc::make_mut(&mut self.core).restart = restart;
        self
    }

    /// Sets how the child is stopped.
    ///
    /// As in OTP `supervisor`, the key `shutdown` of a child specification.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Shutdown, ServerSpec};
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::new(()).child("echo").shutdown(Shutdown::BrutalKill);
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        Arc::make_mut(&mut self.core).shutdown = shutdown;
        self
    }

    /// Says whether the child's own end can end its supervisor; see [`AutoShutdown`](crate::AutoShutdown).
    ///
    /// As in OTP `supervisor`, the key `significant` of a child specification.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Restart, ServerSpec};
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::new(()).child("echo").restart(Restart::Transient).significant(true);
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn significant(mut self, significant: bool) -> Self {
        Arc::make_mut(&mut self.core).significant = significant;
        self
    }

    /// Returns the id.
    ///
    /// As in OTP `supervisor`, the key `id` of a child specification.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{ServerSpec};
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.core.id
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.core.id)
            .field("restart", &self.core.restart)
            .field("shutdown", &self.core.shutdown)
            .field("kind", &self.core.kind)
            .finish_non_exhaustive()
    }
}

impl Reason for ExitReason {
    fn shutdown() -> Self {
        Self::Shutdown
    }

    fn failed_to_start(id: &str, cause: &Self) -> Self {
        Self::ShutdownWith(Arc::from(format!("failed to start child {id:?}: {cause}")))
    }

    fn is_clean(&self) -> bool {
        !self.is_abnormal()
    }

    fn is_shutdown(&self) -> bool {
        matches!(self, Self::Shutdown)
    }

    fn is_killed(&self) -> bool {
        matches!(self, Self::Killed)
    }
}
