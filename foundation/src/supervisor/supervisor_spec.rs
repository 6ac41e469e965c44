//! What a supervisor is started with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::gen_server::spec::Setup;
use crate::process::exit::ExitReason;
use crate::process::process_ref::ProcessRef;
use crate::process::{link, spawn};
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::driver::{Driver, SupervisorCore, SupervisorMsg};
use crate::supervisor::spec::{AutoShutdown, Flags, Mode, SpecError, Strategy};
use crate::supervisor::starting::{StartOutcome, Starter};

/// Admin calls that may wait in a supervisor's queue; what its children and its parent tell it does not count.
const ADMIN_CALLS_MAX: usize = 1_024;

/// A supervisor with fixed children, as data.
///
/// Defaults as in OTP: intensity 1 in 5 s, `auto_shutdown` never, no name. Children start in the order in which they were
/// added, each after the one before acknowledged its `init`, and stop in reverse.
///
/// # Differs from OTP
///
/// A specification is data: there is no callback module with an `init` that returns it. The period is a [`Duration`],
/// not whole seconds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use foundation::{Strategy, SupervisorSpec};
///
/// let inner = SupervisorSpec::new(Strategy::OneForOne).intensity(3, Duration::from_secs(5));
/// let outer = SupervisorSpec::new(Strategy::RestForOne).child(inner.as_child("inner"));
/// # let _unused = outer;
/// ```
#[derive(Clone)]
pub struct SupervisorSpec {
    pub(crate) whole: Whole,
}

/// A supervisor whose children come and go, each started by `start_child` and addressed by pid. As in OTP
/// `simple_one_for_one`, or Elixir's `DynamicSupervisor`.
///
/// Defaults: intensity 1 in 5 s, any number of children, no name. All children are stopped at the same time.
///
/// # Differs from OTP
///
/// Each child brings a specification of its own; those of `simple_one_for_one` share one. The limit of children is
/// Elixir's.
#[derive(Clone)]
pub struct DynamicSupervisorSpec {
    whole: Whole,
}

#[derive(Clone)]
pub(crate) struct Whole {
    name: Option<String>,
    flags: Flags,
    children: Vec<ChildSpec>,
}

impl SupervisorSpec {
    /// Creates a supervisor without children.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Strategy, SupervisorSpec};
    ///
    /// let child = SupervisorSpec::new(Strategy::OneForOne).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        let mode = Mode::Static { strategy, auto_shutdown: AutoShutdown::Never };
        Self {
            whole: Whole {
                name: None,
                flags: Flags { mode, ..Flags::default() },
                children: Vec::new(),
            },
        }
    }

    /// Sets how many restarts are allowed within `period`. One more ends the supervisor with `Shutdown`.
    ///
    /// # Differs from OTP
    ///
    /// The window counts in `Duration`, there in whole seconds. One restart exactly a period ago still counts in
    /// both.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use foundation::{Strategy, SupervisorSpec};
    ///
    /// let child = SupervisorSpec::new(Strategy::OneForOne).intensity(3, Duration::from_secs(5)).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn intensity(mut self, restarts_max: u32, period: Duration) -> Self {
        self.whole.flags.intensity = restarts_max;
        self.whole.flags.period = period;
        self
    }

    /// Sets whether the end of significant children ends the supervisor.
    ///
    /// As in OTP `supervisor`, the flag `auto_shutdown`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{AutoShutdown, Strategy, SupervisorSpec};
    ///
    /// let child = SupervisorSpec::new(Strategy::OneForOne).auto_shutdown(AutoShutdown::AnySignificant).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn auto_shutdown(mut self, when: AutoShutdown) -> Self {
        if let Mode::Static { auto_shutdown, .. } = &mut self.whole.flags.mode {
            *auto_shutdown = when;
        }
        self
    }

    /// Registers each incarnation under `key`; reach it by [`Node::supervisor`](crate::Node::supervisor).
    ///
    /// As in OTP `supervisor:start_link/3`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Strategy, SupervisorSpec};
    ///
    /// let child = SupervisorSpec::new(Strategy::OneForOne).name("workers").as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn name(mut self, key: &str) -> Self {
        self.whole.name = Some(key.to_owned());
        self
    }

    /// Adds a child after those that were added before.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Strategy, SupervisorSpec};
    ///
    /// let inner = SupervisorSpec::new(Strategy::OneForAll).as_child("inner");
    /// let child = SupervisorSpec::new(Strategy::OneForOne).child(inner).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn child(mut self, child: ChildSpec) -> Self {
        self.whole.children.push(child);
        self
    }

    /// Adds children in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Strategy, SupervisorSpec};
    ///
    /// let inner = ["a", "b"].map(|id| SupervisorSpec::new(Strategy::OneForAll).as_child(id));
    /// let child = SupervisorSpec::new(Strategy::OneForOne).children(inner).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = ChildSpec>) -> Self {
        self.whole.children.extend(children);
        self
    }

    /// Makes a child specification of the whole supervisor: permanent, and it may take any time to stop.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Strategy, SupervisorSpec};
    ///
    /// let child = SupervisorSpec::new(Strategy::OneForOne).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn as_child(self, id: &str) -> ChildSpec {
        self.whole.into_child(id)
    }
}

impl DynamicSupervisorSpec {
    /// Creates the specification.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{DynamicSupervisorSpec};
    ///
    /// let child = DynamicSupervisorSpec::new().as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let mode = Mode::Dynamic { max_children: usize::MAX };
        Self {
            whole: Whole {
                name: None,
                flags: Flags { mode, ..Flags::default() },
                children: Vec::new(),
            },
        }
    }

    /// Sets how many restarts are allowed within `period`. One more ends the supervisor with `Shutdown`.
    ///
    /// # Differs from OTP
    ///
    /// The window counts in `Duration`, there in whole seconds. One restart exactly a period ago still counts in
    /// both.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use foundation::{DynamicSupervisorSpec};
    ///
    /// let child = DynamicSupervisorSpec::new().intensity(3, Duration::from_secs(5)).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn intensity(mut self, restarts_max: u32, period: Duration) -> Self {
        self.whole.flags.intensity = restarts_max;
        self.whole.flags.period = period;
        self
    }

    /// Sets how many children there may be; one more is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{DynamicSupervisorSpec};
    ///
    /// let child = DynamicSupervisorSpec::new().max_children(10_000).as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn max_children(mut self, children_max: usize) -> Self {
        self.whole.flags.mode = Mode::Dynamic { max_children: children_max };
        self
    }

    /// Registers each incarnation under `key`; reach it by [`Node::supervisor`](crate::Node::supervisor).
    ///
    /// As in OTP `supervisor:start_link/3`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{DynamicSupervisorSpec};
    ///
    /// let child = DynamicSupervisorSpec::new().name("workers").as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn name(mut self, key: &str) -> Self {
        self.whole.name = Some(key.to_owned());
        self
    }

    /// Makes a child specification of the whole supervisor: permanent, and it may take any time to stop.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{DynamicSupervisorSpec};
    ///
    /// let child = DynamicSupervisorSpec::new().as_child("workers");
    /// assert_eq!(child.id(), "workers");
    /// ```
    #[must_use]
    pub fn as_child(self, id: &str) -> ChildSpec {
        self.whole.into_child(id)
    }
}

impl Default for DynamicSupervisorSpec {
    fn default() -> Self {
        Self::new()
    }
}

impl Whole {
    fn into_child(self, id: &str) -> ChildSpec {
        ChildSpec::supervisor(id, move |starter| self.start(starter))
    }

    pub(crate) fn core(&self) -> Result<SupervisorCore, SpecError> {
        SupervisorCore::new(self.flags, self.children.iter().map(|child| Arc::clone(&child.core)))
    }

    pub(crate) fn start(&self, starter: &Starter<'_>) -> Result<ProcessRef, StartOutcome> {
        let core = self.core().map_err(failed)?;
        let name = self.name.as_deref().map(|key| starter.node.name::<SupervisorMsg>(key));
        let name = name.transpose().map_err(failed)?;
        let setup = Setup::new(name, ADMIN_CALLS_MAX);
        let server = setup.create(starter, SupervisorMsg::SYSTEM)?;
        link::trap_exit(&**server.server(), true);
        let body = Driver::new(Arc::clone(server.server()), core).run();
        spawn::spawn_process(server.process().process(), body, starter.host);
        Ok(server.into_process())
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StartOutcome {
    StartOutcome::failed(ExitReason::error(error))
}

impl fmt::Debug for SupervisorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.describe("SupervisorSpec", f)
    }
}

impl fmt::Debug for DynamicSupervisorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.describe("DynamicSupervisorSpec", f)
    }
}

impl Whole {
    fn describe(&self, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(kind)
            .field("name", &self.name)
            .field("flags", &self.flags)
            .field("children", &self.children)
            .finish()
    }
}
