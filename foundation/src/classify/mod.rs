//! `Classify`: what an error is about, how bad it is, and whether to try again, for callers that do not match every variant.
//!
//! Each error keeps its own enum; this is a view of it. No impl here has a catch-all arm (clippy denies one), so a new variant does
//! not compile before it is classified. Invariants, by the constructors of [`Classification`]: only infrastructure is worth a
//! retry; what is critical is not; a bug is at least of high severity.

#![deny(clippy::wildcard_enum_match_arm)]

mod delivery;

use crate::error::{CallError, CastError, CastFailure, SendError, SendFailure, StartError};
use crate::gen_server::stash::{StashError, StashFailure};
use crate::node::NodeError;
use crate::process::blocking::{BlockingError, BlockingFailure};
use crate::process::exit::ExitReason;
use crate::process::name::NameError;
use crate::resource::{AcquireError, UnknownResource};
use crate::supervisor::handle::{ChildError, StartChildError};
use crate::supervisor::spec::SpecError;
use crate::sys::suspend::SuspendError;
use crate::task::error::{BatchError, ItemError, PoolError, TaskError};
use crate::time::Elapsed;

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The request is wrong, and will be wrong next time.
    Validation,
    /// Something that the request needs is not there, not in time, or full.
    Infrastructure,
    /// The request makes sense, and the state of things forbids it.
    Business,
    /// The program is wrong, or its data is.
    System,
}

/// How bad an error is for the whole; the greater the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Part of normal operation.
    Low,
    /// Worth a look when there are many.
    Medium,
    /// Somebody should look at it.
    High,
    /// Somebody should be woken: what the program stands on is gone.
    Critical,
}

/// What is known about an error.
///
/// # Examples
///
/// ```
/// use foundation::{Classification, ErrorClass, Severity};
///
/// let full = Classification::passing(Severity::Low);
/// assert_eq!(full.class(), ErrorClass::Infrastructure);
/// assert!(full.is_retryable());
/// assert!(!Classification::validation().is_retryable());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classification {
    class: ErrorClass,
    severity: Severity,
    is_retryable: bool,
}

impl Classification {
    const fn lasting(class: ErrorClass, severity: Severity) -> Self {
        Self { class, severity, is_retryable: false }
    }

    /// Validation, of medium severity.
    #[must_use]
    pub const fn validation() -> Self {
        Self::lasting(ErrorClass::Validation, Severity::Medium)
    }

    /// Infrastructure that may be there the next time: worth a retry.
    ///
    /// # Panics
    ///
    /// Panics if it is critical: what the program stands on does not come back by asking again.
    #[must_use]
    pub const fn passing(severity: Severity) -> Self {
        assert!(!matches!(severity, Severity::Critical), "what is critical does not pass");
        Self { class: ErrorClass::Infrastructure, severity, is_retryable: true }
    }

    /// Infrastructure that the same request will not find the next time either.
    #[must_use]
    pub const fn infrastructure(severity: Severity) -> Self {
        Self::lasting(ErrorClass::Infrastructure, severity)
    }

    /// Business, of low severity.
    #[must_use]
    pub const fn business() -> Self {
        Self::lasting(ErrorClass::Business, Severity::Low)
    }

    /// A bug: system, of high severity.
    #[must_use]
    pub const fn bug() -> Self {
        Self::lasting(ErrorClass::System, Severity::High)
    }

    /// Data or a platform that the program cannot work with: system, critical.
    #[must_use]
    pub const fn broken() -> Self {
        Self::lasting(ErrorClass::System, Severity::Critical)
    }

    /// Returns what it is about.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        self.class
    }

    /// Returns how bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns true if the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.is_retryable
    }
}

/// An error that says what it is about. Every public error of this crate does.
///
/// What is wrapped counts for what wraps it: `StartChildError::Call(CallError::Full)` is what `CallError::Full` is. After a retry
/// of what is retryable the work may have been done twice, where the error says so.
///
/// # Examples
///
/// ```
/// use foundation::{CallError, Classify, ErrorClass, Severity};
///
/// fn advice(error: &impl Classify) -> &'static str {
///     match error.class() {
///         _ if error.is_retryable() => "later",
///         ErrorClass::Validation | ErrorClass::Business => "ask for something else",
///         _ if error.severity() >= Severity::High => "call somebody",
///         _ => "give up",
///     }
/// }
/// assert_eq!(advice(&CallError::Full), "later");
/// assert_eq!(advice(&CallError::SelfCall), "call somebody");
/// ```
pub trait Classify {
    /// Returns all that is known about this error.
    fn classification(&self) -> Classification;

    /// Returns what it is about.
    fn class(&self) -> ErrorClass {
        self.classification().class
    }

    /// Returns how bad it is.
    fn severity(&self) -> Severity {
        self.classification().severity
    }

    /// Returns true if the same request may succeed later.
    fn is_retryable(&self) -> bool {
        self.classification().is_retryable
    }
}

/// Puts a value in the place of an error of one expected class; every other error goes on.
///
/// There is none for [`ErrorClass::System`]: a bug is not recovered from but reported, and a panic is no error at all.
///
/// # Examples
///
/// ```
/// use foundation::{CallError, Recover};
///
/// let busy: Result<u32, CallError> = Err(CallError::Full);
/// assert_eq!(busy.recover_infrastructure(|_full| 0).ok(), Some(0));
/// let bug: Result<u32, CallError> = Err(CallError::SelfCall);
/// assert!(bug.recover_infrastructure(|_error| 0).is_err());
/// ```
pub trait Recover<T, E: Classify>: Sized {
    /// For requests that were wrong.
    ///
    /// # Errors
    ///
    /// Every error of another class.
    fn recover_validation(self, with: impl FnOnce(E) -> T) -> Result<T, E>;

    /// For what was not there, not in time, or full.
    ///
    /// # Errors
    ///
    /// Every error of another class.
    fn recover_infrastructure(self, with: impl FnOnce(E) -> T) -> Result<T, E>;

    /// For what the state of things forbids.
    ///
    /// # Errors
    ///
    /// Every error of another class.
    fn recover_business(self, with: impl FnOnce(E) -> T) -> Result<T, E>;
}

fn recover<T, E: Classify>(
    result: Result<T, E>,
    class: ErrorClass,
    with: impl FnOnce(E) -> T,
) -> Result<T, E> {
    match result {
        Err(error) if error.class() == class => Ok(with(error)),
        other => other,
    }
}

impl<T, E: Classify> Recover<T, E> for Result<T, E> {
    fn recover_validation(self, with: impl FnOnce(E) -> T) -> Self {
        recover(self, ErrorClass::Validation, with)
    }

    fn recover_infrastructure(self, with: impl FnOnce(E) -> T) -> Self {
        recover(self, ErrorClass::Infrastructure, with)
    }

    fn recover_business(self, with: impl FnOnce(E) -> T) -> Self {
        recover(self, ErrorClass::Business, with)
    }
}

/// How a start ended whose process ended. Nobody but its supervisor tries it again.
fn failed_start(reason: &ExitReason) -> Classification {
    match reason {
        ExitReason::Panic(_) => Classification::bug(),
        ExitReason::Error(_) => Classification::infrastructure(Severity::High),
        ExitReason::Normal
        | ExitReason::Shutdown
        | ExitReason::ShutdownWith(_)
        | ExitReason::Killed
        | ExitReason::NoProc => Classification::infrastructure(Severity::Medium),
    }
}

impl Classify for CastFailure {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::passing(Severity::Low),
            Self::NoProc => Classification::infrastructure(Severity::Medium),
        }
    }
}

impl<M> Classify for CastError<M> {
    fn classification(&self) -> Classification {
        self.cause.classification()
    }
}

impl Classify for SendFailure {
    fn classification(&self) -> Classification {
        match self {
            Self::Timeout | Self::Full => Classification::passing(Severity::Low),
            Self::NoProc => Classification::infrastructure(Severity::Medium),
            Self::SelfSend => Classification::bug(),
        }
    }
}

impl<M> Classify for SendError<M> {
    fn classification(&self) -> Classification {
        self.cause.classification()
    }
}

impl Classify for CallError {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::passing(Severity::Low),
            Self::Timeout | Self::Down(_) | Self::NoProc => {
                Classification::passing(Severity::Medium)
            }
            Self::NoReply | Self::SelfCall => Classification::bug(),
        }
    }
}

impl Classify for SpecError {
    fn classification(&self) -> Classification {
        match self {
            Self::DuplicateId { .. }
            | Self::SignificantPermanent { .. }
            | Self::SignificantWithoutAutoShutdown { .. }
            | Self::SignificantDynamic { .. }
            | Self::ZeroPeriod => Classification::validation(),
        }
    }
}

impl Classify for StartError {
    fn classification(&self) -> Classification {
        match self {
            Self::Failed(reason) | Self::Child { reason, .. } => failed_start(reason),
            Self::Ignored | Self::AlreadyStarted(_) => Classification::business(),
            Self::Spec(error) => error.classification(),
        }
    }
}

impl Classify for StartChildError {
    fn classification(&self) -> Classification {
        match self {
            Self::AlreadyStarted(_) | Self::AlreadyPresent | Self::Ignored => {
                Classification::business()
            }
            Self::MaxChildren => Classification::passing(Severity::Medium),
            Self::Spec(error) => error.classification(),
            Self::Failed(reason) => failed_start(reason),
            Self::Call(error) => error.classification(),
        }
    }
}

impl Classify for ChildError {
    fn classification(&self) -> Classification {
        match self {
            Self::NotFound | Self::Running | Self::Ignored => Classification::business(),
            Self::Restarting => Classification::passing(Severity::Low),
            Self::Dynamic => Classification::validation(),
            Self::Failed(reason) => failed_start(reason),
            Self::Call(error) => error.classification(),
        }
    }
}

impl Classify for NameError {
    fn classification(&self) -> Classification {
        match self {
            Self::TypeMismatch { .. } => Classification::validation(),
        }
    }
}

impl Classify for NodeError {
    fn classification(&self) -> Classification {
        match self {
            Self::PanicAbort => Classification::broken(),
            Self::Watchdog(_) => Classification::passing(Severity::High),
        }
    }
}

impl Classify for BlockingFailure {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::passing(Severity::Low),
            Self::NoRuntime => Classification::validation(),
            Self::NoThread => Classification::passing(Severity::High),
        }
    }
}

impl<F> Classify for BlockingError<F> {
    fn classification(&self) -> Classification {
        self.cause.classification()
    }
}

impl Classify for StashFailure {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::infrastructure(Severity::Medium),
            Self::AlreadyStashed | Self::NoMessage => Classification::validation(),
        }
    }
}

impl<M> Classify for StashError<M> {
    fn classification(&self) -> Classification {
        self.cause.classification()
    }
}

impl Classify for SuspendError {
    fn classification(&self) -> Classification {
        match self {
            Self::Timeout => Classification::passing(Severity::Low),
            Self::Down(_) | Self::NoProc => Classification::infrastructure(Severity::Medium),
            Self::SelfCall | Self::Unsupported => Classification::validation(),
        }
    }
}

impl Classify for PoolError {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::passing(Severity::Low),
            // This incarnation does not come back.
            Self::Closed => Classification::infrastructure(Severity::Medium),
        }
    }
}

impl Classify for TaskError {
    fn classification(&self) -> Classification {
        match self {
            Self::Panicked(_) => Classification::bug(),
            Self::Aborted => Classification::business(),
            Self::PoolDown => Classification::infrastructure(Severity::Medium),
        }
    }
}

impl Classify for ItemError {
    fn classification(&self) -> Classification {
        match self {
            Self::Panicked(_) => Classification::bug(),
            Self::TimedOut => Classification::passing(Severity::Medium),
            Self::Aborted => Classification::business(),
            Self::PoolDown => Classification::infrastructure(Severity::Medium),
            Self::Refused => Classification::passing(Severity::Low),
        }
    }
}

impl<T> Classify for BatchError<T> {
    fn classification(&self) -> Classification {
        self.error.classification()
    }
}

impl Classify for AcquireError {
    fn classification(&self) -> Classification {
        match self {
            Self::Full => Classification::passing(Severity::Low),
            Self::QueueFull | Self::Timeout => Classification::passing(Severity::Medium),
            Self::Amount { .. } => Classification::validation(),
        }
    }
}

impl Classify for UnknownResource {
    fn classification(&self) -> Classification {
        Classification::validation()
    }
}

impl Classify for Elapsed {
    fn classification(&self) -> Classification {
        Classification::passing(Severity::Medium)
    }
}
