//! The living children of one supervisor, and how each is stopped.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::process::cell::ProcessRef;
use crate::process::exit::ExitReason;
use crate::process::monitor::{DownSink, Watch};
use crate::process::pid::Pid;
use crate::supervisor::action::Stop;
use crate::supervisor::spec::Shutdown;
use crate::supervisor::table::ChildKey;
use crate::time::Elapsed;

struct Kid {
    process: ProcessRef,
    /// Tells the supervisor of the end; kept as long as the child counts.
    _watch: Watch,
}

#[derive(Default)]
pub(crate) struct Kids {
    living: HashMap<Pid, Kid>,
}

impl Kids {
    pub(crate) fn add(&mut self, process: ProcessRef, sink: Arc<dyn DownSink>) {
        let watch = process.link(sink);
        self.living.insert(process.pid(), Kid { process, _watch: watch });
    }

    pub(crate) fn get(&self, pid: Pid) -> Option<&ProcessRef> {
        self.living.get(&pid).map(|kid| &kid.process)
    }

    /// How many have ended without the supervisor having been told yet. Cost: O(children).
    pub(crate) fn ended(&self) -> usize {
        self.living.values().filter(|kid| !kid.process.is_alive()).count()
    }

    pub(crate) fn forget(&mut self, pid: Pid) {
        self.living.remove(&pid);
    }

    /// Stops one child and returns the reason of its end.
    pub(crate) async fn stop(&mut self, stop: &Stop<Pid>) -> ExitReason {
        let Some(kid) = self.living.remove(&stop.pid) else { return ExitReason::NoProc };
        stop_process(&kid.process, stop.shutdown).await
    }

    /// Stops all of `stops` at the same time.
    pub(crate) async fn stop_all(&mut self, stops: Vec<Stop<Pid>>) -> Vec<(ChildKey, ExitReason)> {
        let ends: FuturesUnordered<_> = stops
            .into_iter()
            .filter_map(|stop| {
                let kid = self.living.remove(&stop.pid)?;
                Some(async move { (stop.key, stop_process(&kid.process, stop.shutdown).await) })
            })
            .collect();
        ends.collect().await
    }
}

/// Ends a process as its shutdown rule says and waits until it is gone.
pub(crate) async fn stop_process(process: &ProcessRef, shutdown: Shutdown) -> ExitReason {
    let monitor = process.monitor();
    let ended = monitor.down();
    let mut ended = std::pin::pin!(ended);
    match shutdown {
        Shutdown::BrutalKill => process.exit(ExitReason::Killed),
        Shutdown::Infinity => process.process().stop(ExitReason::Shutdown),
        Shutdown::Timeout(limit) => {
            process.process().stop(ExitReason::Shutdown);
            let deadlines = process.process().cell().node().deadlines();
            if let Err(Elapsed) = deadlines.within(limit).limit(ended.as_mut()).await {
                process.exit(ExitReason::Killed);
            } else {
                return process.exit_reason().unwrap_or(ExitReason::NoProc);
            }
        }
    }
    let down = ended.await;
    process.exit_reason().unwrap_or(down.reason)
}
