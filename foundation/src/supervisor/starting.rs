//! How any child is started: what it is given, and how its start can go.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::gen_server::run::Ack;
use crate::node::Node;
use crate::process::cell::ProcessRef;
use crate::process::dependents::DependentGuard;
use crate::process::exit::ExitReason;
use crate::process::name::Name;
use crate::process::pid::Pid;
use crate::process::reply::Answer;
use crate::process::server_ref::ServerRef;

/// What a start is given: the node, the child's id, and its place among the dependents of its supervisor.
pub(crate) struct Starter {
    pub(crate) node: Node,
    pub(crate) id: Arc<str>,
    pub(crate) place: DependentGuard,
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

pub(crate) type Starting = Pin<Box<dyn Future<Output = StartOutcome> + Send>>;
pub(crate) type StartFn = Arc<dyn Fn(Starter) -> Starting + Send + Sync>;

/// A name was not free. Inside an [`ExitReason::Error`] when a supervisor could not start a child for this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlreadyStarted(pub(crate) Pid);

impl fmt::Display for AlreadyStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name is held by {}", self.0)
    }
}

impl std::error::Error for AlreadyStarted {}

/// Joins a process that does not run yet to its owner, and takes its name if it has one.
pub(crate) fn occupy<M: Send + 'static>(
    server: &ServerRef<M>,
    name: Option<&Name<M>>,
) -> Result<(), StartOutcome> {
    let process = server.process().process();
    process.cell().announce(Arc::downgrade(process));
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

/// Waits for the end of `init`. A start that failed is reported only after the end of the process.
pub(crate) async fn acknowledged(process: ProcessRef, answer: Answer<Ack>) -> StartOutcome {
    let ack = answer.await;
    if let Ok(Ack::Up) = ack {
        return StartOutcome::Started(process);
    }
    let down = process.monitor().down().await;
    let reason = process.exit_reason().unwrap_or(down.reason);
    match ack {
        Ok(Ack::Ignore) => StartOutcome::Ignored,
        Ok(Ack::ChildFailed { id, reason: cause }) => {
            StartOutcome::Failed { reason, child: Some((id, cause)) }
        }
        _ => StartOutcome::failed(reason),
    }
}
