//! Durable workflows on a supervised tree, and the jido program.

mod command;
mod gateway;
mod patience;
mod report;
mod system;
mod wfformat;
mod workflow;

pub use command::{
    Captured, CommandError, CommandOutput, CommandShim, CommandSpec, CommandStatus, ExecShimError,
    ProgramNotFound, exec_shim, resolve_program,
};
pub use gateway::error::{StartWorkflowError, WaitError};
pub use gateway::handle::Gateway;
pub use gateway::request::{JournalLine, StartRequest, Started, WorkflowSummary};
pub use report::active_time::ActiveTime;
pub use report::summary::{Durations, Report, ReportFailure, ReportStatus, RunFacts};
pub use system::{StoreLocation, System, SystemConfig, SystemError};
pub use wfformat::error::{ReadError, WorkflowError};
pub use wfformat::fingerprint::Fingerprint;
pub use wfformat::task::{CommandLine, Task, TaskIndex};
pub use wfformat::workflow::Workflow;
pub use workflow::archive_error::ArchiveError;
pub use workflow::bounds::Bounds;
pub use workflow::effect::{Effect, Outcome, StaleAttempt};
pub use workflow::engine::Engine;
pub use workflow::event::{
    DecodeEventError, Event, EventKind, FailureCause, Resumed, TaskCompleted, TaskFailed,
    TaskRetried, TaskSkipped, WorkflowCompleted, WorkflowFailed, WorkflowStarted,
};
pub use workflow::id::WorkflowId;
pub use workflow::invalid_event::{EventFault, InvalidEvent};
pub use workflow::journal_check::{JournalRule, JournalVerdict, JournalViolation, check_journal};
pub use workflow::mode::Mode;
pub use workflow::progress::{TaskCounts, TaskFailure, Totals, WorkflowStatus};
pub use workflow::retry_policy::RetryPolicy;
