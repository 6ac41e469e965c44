//! How any child is started: what it is given, and how its start can go.

use std::fmt;
use std::sync::Arc;

use crate::node::Node;
use crate::process::cell::Process;
use crate::process::dependents::Dependents;
use crate::process::exit::ExitReason;
use crate::process::name::Name;
use crate::process::owner::Ack;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::server_ref::ServerRef;
#[cfg(debug_assertions)]
use crate::process::wait_for::{self, Until};

/// What a start is given.
pub(crate) struct Starter<'a> {
    pub(crate) node: &'a Node,
    /// The id of the child.
    pub(crate) id: &'a Arc<str>,
    /// Whose dependent it becomes.
    pub(crate) owner: &'a Arc<Dependents>,
    /// The supervisor on whose task the first turn can be taken.
    pub(crate) host: Option<&'a Arc<dyn Process>>,
}

/// How a start went.
pub(crate) enum StartOutcome {
    Started(ProcessRef),
    Ignored,
    /// Nothing of it runs. `child` names the child of a supervisor that was the cause.
    Failed {
        reason: ExitReason,
        child: Option<(Arc<str>, ExitReason)>,
    },
    AlreadyStarted(Pid),
}

impl StartOutcome {
    pub(crate) fn failed(reason: ExitReason) -> Self {
        Self::Failed { reason, child: None }
    }
}

/// Starts a child without waiting for its `init`, or says why it cannot.
pub(crate) type StartFn =
    Arc<dyn Fn(&Starter<'_>) -> Result<ProcessRef, StartOutcome> + Send + Sync>;

/// A name was not free. Inside an [`ExitReason::Error`] when a supervisor could not start a child for this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlreadyStarted(pub(crate) Pid);

impl fmt::Display for AlreadyStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name is held by {}", self.0)
    }
}

impl std::error::Error for AlreadyStarted {}

/// Takes the name of a process that does not run yet, if it has one.
pub(crate) fn occupy<M: Send + 'static>(
    server: &ServerRef<M>,
    name: Option<&Name<M>>,
) -> Result<(), StartOutcome> {
    let process = server.process().process();
    let Some(name) = name else { return Ok(()) };
    match name.slot().occupy(server) {
        Ok(()) => {
            server.server().cell.set_occupant(Arc::clone(name.slot()) as Arc<_>);
            Ok(())
        }
        Err(holder) => {
            process.publish_exit(ExitReason::Normal);
            Err(StartOutcome::AlreadyStarted(holder.pid()))
        }
    }
}

/// Waits for the end of `init`. A start that failed is reported only after the end of the process; of the end of one that did not
/// fail `supervisor` is told.
pub(crate) async fn acknowledged(
    process: ProcessRef,
    supervisor: Option<&Arc<dyn Process>>,
) -> StartOutcome {
    let cell = process.process().cell();
    #[cfg(debug_assertions)]
    let _waiting = wait_for::wait(cell, Until::Started(Arc::downgrade(process.process())));
    match std::future::poll_fn(|cx| cell.poll_started(supervisor, cx.waker())).await {
        Some(Ack::Up) => StartOutcome::Started(process),
        Some(Ack::Ignore) => StartOutcome::Ignored,
        None => StartOutcome::Failed {
            reason: cell.exit_reason().unwrap_or(ExitReason::NoProc),
            child: cell.culprit(),
        },
    }
}
