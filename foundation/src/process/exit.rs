//! Why a process ended, and how a handler says that it should.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a process ended.
///
/// | variant | OTP | abnormal | restarts a transient child |
/// |---|---|---|---|
/// | `Normal` | `normal` | no | no |
/// | `Shutdown` | `shutdown` | no | no |
/// | `ShutdownWith` | `{shutdown, Term}` | no | no |
/// | `Killed` | `killed` | yes | yes |
/// | `NoProc` | `noproc` | yes | yes |
/// | `Panic` | an uncaught exception | yes | yes |
/// | `Error` | any other term | yes | yes |
///
/// Cloning is cheap: texts and errors are shared.
///
/// # Differs from OTP
///
/// A reason is any term there. Those that mean something to a supervisor are variants here; any other term is an
/// `Error`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExitReason {
    /// The process finished its work.
    Normal,
    /// Its supervisor told it to stop, or it stopped as part of an orderly shutdown.
    Shutdown,
    /// An orderly shutdown with an explanation.
    ShutdownWith(Arc<str>),
    /// It was killed: no `terminate` ran.
    Killed,
    /// There was no such process.
    NoProc,
    /// It panicked; the text of the panic.
    Panic(Arc<str>),
    /// A handler returned this error.
    Error(Arc<dyn Error + Send + Sync>),
}

impl ExitReason {
    /// Returns true unless the reason is `Normal`, `Shutdown` or `ShutdownWith`.
    ///
    /// This is the line between a transient child that stays down and one that is restarted.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::ExitReason;
    ///
    /// assert!(!ExitReason::Shutdown.is_abnormal());
    /// assert!(ExitReason::Killed.is_abnormal());
    /// ```
    #[must_use]
    pub fn is_abnormal(&self) -> bool {
        !matches!(self, Self::Normal | Self::Shutdown | Self::ShutdownWith(_))
    }

    /// Creates the reason of a handler that failed with `error`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::ExitReason;
    ///
    /// assert!(ExitReason::error("out of range").is_abnormal());
    /// ```
    #[must_use]
    pub fn error(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Error(Arc::from(error.into()))
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::ShutdownWith(text) => write!(f, "shutdown: {text}"),
            Self::Killed => f.write_str("killed"),
            Self::NoProc => f.write_str("no such process"),
            Self::Panic(text) => write!(f, "panicked: {text}"),
            Self::Error(error) => write!(f, "failed: {error}"),
        }
    }
}

/// How a handler ends its process: `return Err(Exit::normal())`, or `?` on any error.
///
/// # Examples
///
/// ```
/// use foundation::Exit;
///
/// fn parse(text: &str) -> Result<u32, Exit> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert!(parse("x").is_err_and(|exit| exit.into_reason().is_abnormal()));
/// ```
#[derive(Debug)]
#[must_use]
pub struct Exit {
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Ignore,
    Reason(ExitReason),
}

impl Exit {
    /// The work is done.
    ///
    /// As in OTP `gen_server`, `{stop, normal, State}`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Exit, ExitReason};
    ///
    /// assert!(matches!(Exit::normal().into_reason(), ExitReason::Normal));
    /// ```
    pub fn normal() -> Self {
        Self::reason(ExitReason::Normal)
    }

    /// Part of an orderly shutdown.
    ///
    /// As in OTP `gen_server`, `{stop, shutdown, State}`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Exit, ExitReason};
    ///
    /// assert!(matches!(Exit::shutdown().into_reason(), ExitReason::Shutdown));
    /// ```
    pub fn shutdown() -> Self {
        Self::reason(ExitReason::Shutdown)
    }

    /// From `init` only: do not run, and do not treat this as a failure. Elsewhere it means [`normal`](Self::normal).
    ///
    /// As in OTP `gen_server:init/1` returning `ignore`.
    pub fn ignore() -> Self {
        Self { cause: Cause::Ignore }
    }

    /// Ends the process with `error`, which is abnormal.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::Exit;
    ///
    /// assert_eq!(Exit::error("no disk").into_reason().to_string(), "failed: no disk");
    /// ```
    pub fn error(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::reason(ExitReason::error(error))
    }

    /// Ends the process with `reason`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Exit, ExitReason};
    ///
    /// let exit = Exit::reason(ExitReason::ShutdownWith("moved".into()));
    /// assert_eq!(exit.into_reason().to_string(), "shutdown: moved");
    /// ```
    pub fn reason(reason: ExitReason) -> Self {
        Self { cause: Cause::Reason(reason) }
    }

    /// Returns the reason that the process would end with.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::Exit;
    ///
    /// assert!(!Exit::shutdown().into_reason().is_abnormal());
    /// ```
    #[must_use]
    pub fn into_reason(self) -> ExitReason {
        match self.cause {
            Cause::Ignore => ExitReason::Normal,
            Cause::Reason(reason) => reason,
        }
    }

    pub(crate) fn is_ignore(&self) -> bool {
        matches!(self.cause, Cause::Ignore)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Exit {
    fn from(error: E) -> Self {
        Self::reason(ExitReason::Error(Arc::new(error)))
    }
}
