//! The children of one supervisor as processes, and how each is stopped.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::process::cell::{Cell, Process};
use crate::process::exit::ExitReason;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::spawn::take_turn;
#[cfg(debug_assertions)]
use crate::process::wait_for::{self, Until};
use crate::supervisor::action::{Incarnation, Stop};
use crate::supervisor::spec::Shutdown;
use crate::supervisor::table::ChildKey;
use crate::time::{Elapsed, after};

/// One incarnation of a child. Its end is told to the supervisor's queue, until the supervisor stops it.
#[derive(Debug, Clone)]
pub(crate) struct Kid(ProcessRef);

impl Incarnation for Kid {
    type Id = Pid;

    fn id(&self) -> Pid {
        self.0.pid()
    }
}

impl Kid {
    /// A process of whose end its supervisor is told.
    pub(crate) fn new(process: ProcessRef) -> Self {
        Self(process)
    }

    pub(crate) fn process(&self) -> &ProcessRef {
        &self.0
    }

    /// Stops it and returns the reason of its end, of which nobody else hears any more.
    pub(crate) async fn stop(
        &self,
        shutdown: Shutdown,
        host: Option<&Arc<dyn Process>>,
    ) -> ExitReason {
        stop_process(&self.0, shutdown, host).await
    }
}

/// Stops all children of the supervisor `own`, which are those of `stops`, at the same time.
pub(crate) async fn stop_all(own: &Cell, stops: Vec<Stop<Kid>>) -> Vec<(ChildKey, ExitReason)> {
    let mut limits = BTreeSet::new();
    for Stop { pid: Kid(process), shutdown, .. } in &stops {
        process.process().cell().disown();
        tell_to_stop(process, *shutdown);
        if let Shutdown::Timeout(limit) = shutdown {
            limits.insert(*limit);
        }
    }
    let dependents = own.dependents();
    let due: Vec<_> = limits.into_iter().map(|limit| (limit, after(limit))).collect();
    for (limit, at) in due {
        let ended = std::pin::pin!(dependents.ended());
        if let Err(Elapsed) = own.node().deadlines().until(at).limit(ended).await {
            let late = |stop: &&Stop<Kid>| stop.shutdown == Shutdown::Timeout(limit);
            stops.iter().filter(late).for_each(|stop| stop.pid.0.exit(ExitReason::Killed));
        }
    }
    dependents.ended().await;
    let end = |stop: Stop<Kid>| (stop.key, stop.pid.0.exit_reason().unwrap_or(ExitReason::NoProc));
    stops.into_iter().map(end).collect()
}

/// Ends a process as its shutdown rule says and waits until it is gone. Only the owner of the process may do this.
///
/// One that rests takes the turn in which it ends on the task of `host`, which would wait for it anyway.
pub(crate) async fn stop_process(
    process: &ProcessRef,
    shutdown: Shutdown,
    host: Option<&Arc<dyn Process>>,
) -> ExitReason {
    let cell = process.process().cell();
    #[cfg(debug_assertions)]
    let _waiting = wait_for::wait(cell, Until::Ended);
    let mut is_told = false;
    if let Some(host) = host
        && shutdown != Shutdown::BrutalKill
        && let Some(task) = process.process().stop_at_rest(ExitReason::Shutdown)
    {
        cell.disown();
        take_turn(process.process(), task, host);
        is_told = true;
    }
    let mut ended = std::future::poll_fn(|cx| {
        let ended = cell.poll_ended(cx.waker());
        if ended.is_pending() && !std::mem::replace(&mut is_told, true) {
            tell_to_stop(process, shutdown);
        }
        ended
    });
    if let Shutdown::Timeout(limit) = shutdown {
        match cell.node().deadlines().within(limit).limit(&mut ended).await {
            Ok(reason) => return reason,
            Err(Elapsed) => process.exit(ExitReason::Killed),
        }
    }
    ended.await
}

fn tell_to_stop(process: &ProcessRef, shutdown: Shutdown) {
    match shutdown {
        Shutdown::BrutalKill => process.exit(ExitReason::Killed),
        Shutdown::Infinity | Shutdown::Timeout(_) => process.process().stop(ExitReason::Shutdown),
    }
}
