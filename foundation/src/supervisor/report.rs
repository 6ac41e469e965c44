//! What supervisors have to say to whoever reads logs.

use std::fmt;
use std::sync::Arc;

use crate::process::exit::ExitReason;
use crate::process::pid::Pid;

/// What happened.
///
/// As in OTP `supervisor`: `child_terminated`, `start_error`, `shutdown_error`, and `shutdown` with
/// `reached_max_restart_intensity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportKind {
    /// A child ended by itself, other than by a clean end that its restart type allows.
    ChildTerminated,
    /// A child did not start.
    StartError,
    /// A child did not end the way it was told to.
    ShutdownError,
    /// The supervisor gives up: this child would have had to be restarted once too often.
    ReachedMaxRestartIntensity,
}

/// One report of a supervisor, as OTP's supervisor reports.
///
/// # Differs from OTP
///
/// There is no report of progress. Children of a dynamic supervisor that did not stop as told have a report each,
/// there one for each reason.
#[derive(Debug, Clone)]
pub struct Report {
    /// What happened.
    pub kind: ReportKind,
    /// The pid of the supervisor.
    pub supervisor: Pid,
    /// Its registered name, or its id in its own supervisor.
    pub supervisor_name: Option<Arc<str>>,
    /// The id of the child.
    pub child: Arc<str>,
    /// The pid of the child, if it had one.
    pub pid: Option<Pid>,
    /// The reason; `None` for `ReachedMaxRestartIntensity`.
    pub reason: Option<ExitReason>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ReportKind::ChildTerminated => "child terminated",
            ReportKind::StartError => "child did not start",
            ReportKind::ShutdownError => "child did not stop as told",
            ReportKind::ReachedMaxRestartIntensity => "too many restarts, giving up",
        };
        write!(f, "supervisor {}", self.supervisor)?;
        if let Some(name) = &self.supervisor_name {
            write!(f, " ({name})")?;
        }
        write!(f, ": {what}: {}", self.child)?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}
