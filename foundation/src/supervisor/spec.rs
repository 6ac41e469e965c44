//! The words of a supervision tree: strategies, restart and shutdown rules, and their validation.
//!
//! This module decides what a valid supervisor and a valid child are. What happens with them is
//! decided in `strategy.rs`; nothing here starts, stops or waits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Which siblings a supervisor restarts together with a child that ended.
///
/// | strategy | stopped, newest first | started again, oldest first |
/// |---|---|---|
/// | `OneForOne` | nobody | the child |
/// | `OneForAll` | every other child | every child |
/// | `RestForOne` | the children after it | the child and those after it |
///
/// A group restart counts as one restart against the intensity. It also brings back the children
/// of its range that had been stopped or had ended normally, and it removes the
/// [`Temporary`](Restart::Temporary) ones.
///
/// As in OTP `supervisor`; `simple_one_for_one` is a type of its own, the dynamic supervisor.
///
/// # Examples
///
/// ```
/// use foundation::Strategy;
///
/// assert_eq!(Strategy::default(), Strategy::OneForOne);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Only the child that ended is restarted. The default.
    #[default]
    OneForOne,
    /// All children are stopped and started again: none can work without the others.
    OneForAll,
    /// The child and all children started after it: each may depend on those before it.
    RestForOne,
}

/// How a supervisor keeps its children.
///
/// As in OTP `supervisor`, where `Dynamic` is called `simple_one_for_one`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Supervision {
    /// In a fixed order, restarted with this strategy.
    Static(Strategy),
    /// They come and go; each is restarted alone.
    Dynamic,
}

impl fmt::Display for Supervision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static(Strategy::OneForOne) => "one_for_one",
            Self::Static(Strategy::OneForAll) => "one_for_all",
            Self::Static(Strategy::RestForOne) => "rest_for_one",
            Self::Dynamic => "dynamic",
        })
    }
}

/// Whether a child that ended is started again.
///
/// | restart | `Normal`, `Shutdown`, `ShutdownWith` | any other reason | specification afterwards |
/// |---|---|---|---|
/// | `Permanent` | restarted | restarted | kept |
/// | `Transient` | stays down | restarted | kept |
/// | `Temporary` | stays down | stays down | deleted |
///
/// Children of a dynamic supervisor that stay down are deleted whatever their kind. As in OTP
/// `supervisor`.
///
/// # Examples
///
/// ```
/// use foundation::Restart;
///
/// assert_eq!(Restart::default(), Restart::Permanent);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// Always restarted. The default.
    #[default]
    Permanent,
    /// Restarted only after an abnormal end.
    Transient,
    /// Never restarted, not even when a group restart ends it as a bystander.
    Temporary,
}

/// How a supervisor stops a child.
///
/// # Differs from OTP
///
/// The time-out is a [`Duration`], not a count of milliseconds. A kill takes effect at an await point only, and the wait for a
/// killed child ends with the [kill grace](crate::NodeConfig::kill_grace) of the node. Otherwise as in OTP `supervisor`.
///
/// # Examples
///
/// ```
/// use foundation::{ChildKind, Shutdown};
/// use std::time::Duration;
///
/// let five_seconds = Shutdown::Timeout(Duration::from_secs(5));
/// assert_eq!(Shutdown::default_for(ChildKind::Worker), five_seconds);
/// assert_eq!(Shutdown::default_for(ChildKind::Supervisor), Shutdown::Infinity);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Killed at once; its `terminate` does not run.
    BrutalKill,
    /// Told to shut down, and killed when it has not ended after this time.
    Timeout(Duration),
    /// Told to shut down, and waited for without limit. Meant for supervisors.
    Infinity,
}

impl Shutdown {
    /// Returns what applies when a specification says nothing: 5 s for a worker, no limit for a
    /// supervisor, which needs the time of its whole subtree.
    ///
    /// As in OTP `supervisor`: 5000 ms and `infinity`.
    #[must_use]
    pub const fn default_for(kind: ChildKind) -> Self {
        match kind {
            ChildKind::Worker => Self::Timeout(Duration::from_secs(5)),
            ChildKind::Supervisor => Self::Infinity,
        }
    }
}

/// Whether a child is a leaf of the tree or a supervisor with children of its own.
///
/// As in OTP `supervisor`, the key `type` of a child specification.
///
/// # Examples
///
/// ```
/// use foundation::ChildKind;
///
/// assert_eq!(ChildKind::default(), ChildKind::Worker);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ChildKind {
    /// A process without children. The default.
    #[default]
    Worker,
    /// A supervisor.
    Supervisor,
}

/// Whether a supervisor ends by itself when its significant children have ended.
///
/// Only an end by the child itself counts: not a `terminate_child`, not a stop as a bystander of a
/// group restart, and not an end after which the child is restarted. The supervisor ends with the
/// reason `Shutdown`, so that its own end can be significant one level up.
///
/// As in OTP `supervisor`, refused where newer OTP refuses it: in a dynamic supervisor.
///
/// # Examples
///
/// ```
/// use foundation::AutoShutdown;
///
/// assert_eq!(AutoShutdown::default(), AutoShutdown::Never);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// The supervisor stays, with or without children. The default.
    #[default]
    Never,
    /// The first significant child that ends takes the supervisor along.
    AnySignificant,
    /// The last significant child that ends takes the supervisor along; one that is waiting for
    /// its next restart attempt counts as alive.
    AllSignificant,
}

/// Why the specification of a supervisor or of a child was refused; nothing was started.
///
/// As the errors of OTP `supervisor:check_childspecs/2`.
///
/// # Examples
///
/// ```
/// use foundation::SpecError;
///
/// let error = SpecError::DuplicateId { id: "store".into() };
/// assert_eq!(error.to_string(), "two children have the id `store`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// Two children of one supervisor have the same id.
    DuplicateId {
        /// The id that occurs twice.
        id: Arc<str>,
    },
    /// A permanent child is marked significant, though it never stays down.
    SignificantPermanent {
        /// The child.
        id: Arc<str>,
    },
    /// A child is marked significant under a supervisor that never shuts down by itself.
    SignificantWithoutAutoShutdown {
        /// The child.
        id: Arc<str>,
    },
    /// A child of a dynamic supervisor is marked significant.
    SignificantDynamic {
        /// The child.
        id: Arc<str>,
    },
    /// The period of the restart intensity is zero.
    ZeroPeriod,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateId { id } => write!(f, "two children have the id `{id}`"),
            Self::SignificantPermanent { id } => {
                write!(f, "child `{id}` is significant but permanent")
            }
            Self::SignificantWithoutAutoShutdown { id } => {
                write!(f, "child `{id}` is significant but auto_shutdown is never")
            }
            Self::SignificantDynamic { id } => {
                write!(f, "child `{id}` of a dynamic supervisor is significant")
            }
            Self::ZeroPeriod => f.write_str("the period of the restart intensity is zero"),
        }
    }
}

impl std::error::Error for SpecError {}

/// What a supervisor was told about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags {
    /// The kind of supervisor.
    pub(crate) mode: Mode,
    /// How many restarts are allowed within `period`.
    pub(crate) intensity: u32,
    /// The length of the sliding window.
    pub(crate) period: Duration,
}

impl Flags {
    /// Refuses what no supervisor can honour.
    pub(crate) const fn check(&self) -> Result<(), SpecError> {
        if self.period.is_zero() { Err(SpecError::ZeroPeriod) } else { Ok(()) }
    }
}

impl Default for Flags {
    fn default() -> Self {
        Self { mode: Mode::default(), intensity: 1, period: Duration::from_secs(5) }
    }
}

/// The two kinds of supervisor, each with the settings that only it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Children in a fixed order, addressed by a unique id.
    Static {
        /// Which siblings are restarted together.
        strategy: Strategy,
        /// Whether significant children can end the supervisor.
        auto_shutdown: AutoShutdown,
    },
    /// Children that come and go, addressed by pid; OTP's `simple_one_for_one`.
    Dynamic {
        /// How many children there may be, counting those that are being restarted.
        max_children: usize,
    },
}

impl Default for Mode {
    fn default() -> Self {
        Self::Static { strategy: Strategy::default(), auto_shutdown: AutoShutdown::default() }
    }
}

/// A child specification as the state machine sees it; `S` is how the driver starts the child.
#[derive(Debug, Clone)]
pub(crate) struct CoreSpec<S> {
    /// Unique under a static supervisor, a mere label under a dynamic one.
    pub(crate) id: Arc<str>,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) kind: ChildKind,
    pub(crate) significant: bool,
    /// How to start it, opaque to the state machine; `None` once a temporary child runs, because it never starts again.
    pub(crate) start: Option<S>,
}

impl<S> CoreSpec<S> {
    /// Creates a specification with the defaults of `kind`.
    pub(crate) fn new(id: impl Into<Arc<str>>, kind: ChildKind, start: S) -> Self {
        Self {
            id: id.into(),
            restart: Restart::default(),
            shutdown: Shutdown::default_for(kind),
            kind,
            significant: false,
            start: Some(start),
        }
    }

    /// Lets go of how to start a child, whoever else may still need to know.
    pub(crate) fn forget_start(spec: &mut Arc<Self>) {
        if let Some(own) = Arc::get_mut(spec) {
            own.start = None;
            return;
        }
        *spec = Arc::new(Self {
            id: Arc::clone(&spec.id),
            restart: spec.restart,
            shutdown: spec.shutdown,
            kind: spec.kind,
            significant: spec.significant,
            start: None,
        });
    }

    /// Refuses a significance that could never take effect in a supervisor of this mode.
    pub(crate) fn check(&self, mode: Mode) -> Result<(), SpecError> {
        if !self.significant {
            return Ok(());
        }
        let id = Arc::clone(&self.id);
        match mode {
            Mode::Dynamic { .. } => Err(SpecError::SignificantDynamic { id }),
            Mode::Static { auto_shutdown: AutoShutdown::Never, .. } => {
                Err(SpecError::SignificantWithoutAutoShutdown { id })
            }
            Mode::Static { .. } if self.restart == Restart::Permanent => {
                Err(SpecError::SignificantPermanent { id })
            }
            Mode::Static { .. } => Ok(()),
        }
    }
}
