//! The process that owns a backend: group commit on a thread of its own.
//!
//! A group is what arrived while the group before it was synced: no timer, one commit, one sync.
//! Every answer of a group, also of its reads, is given after its commit, in arrival order. A read
//! therefore sees all writes that arrived before it and nothing that could still be lost, and a
//! load that begins after a save was acknowledged sees that save; in return a read waits for the
//! commit of the writes that arrived before it. Reads ahead of the first write of a group do not
//! wait.
//!
//! A backend that fails ends the process: its supervisor starts it again, which opens the backend
//! anew and so finds out what is durable. Until then every open request is answered
//! `Indeterminate` (it was in the failed commit) or `Unavailable` (it was not).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use foundation::{
    ChildSpec, Clock, Exit, ExitReason, Name, Reply, Shutdown, ThreadContext, ThreadServer,
    ThreadServerSpec,
};

use crate::caps::GroupLimit;
use crate::engine::{Engine, EngineFailure, Op, Outcome, Stage};
use crate::{
    AppendError, Caps, CommitError, Fault, OpenError, ReadError, StoreOptions, StoreStats,
    telemetry,
};

#[cfg(test)]
mod tests;

/// Longest wait for the last group and the clean close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A request to a store's process. Made by `StoreHandle` alone.
#[derive(Debug)]
pub struct StoreMsg(Request);

#[derive(Debug)]
enum Request {
    Op { op: Op, reply: Reply<Outcome> },
    Caps(Reply<Caps>),
    Stats(Reply<StoreStats>),
}

impl StoreMsg {
    pub(crate) const fn op(op: Op, reply: Reply<Outcome>) -> Self {
        Self(Request::Op { op, reply })
    }

    pub(crate) const fn caps(reply: Reply<Caps>) -> Self {
        Self(Request::Caps(reply))
    }

    pub(crate) const fn stats(reply: Reply<StoreStats>) -> Self {
        Self(Request::Stats(reply))
    }

    fn bytes(&self) -> usize {
        match &self.0 {
            Request::Op { op, .. } => op.bytes(),
            Request::Caps(_) | Request::Stats(_) => 0,
        }
    }

    const fn is_write(&self) -> bool {
        matches!(&self.0, Request::Op { op, .. } if op.is_write())
    }
}

/// The child specification of a store whose backend `open` makes at each start.
pub(crate) fn child<E: Engine>(
    id: &str,
    name: &Name<StoreMsg>,
    options: &StoreOptions,
    open: impl Fn() -> Result<E, OpenError> + Send + Sync + 'static,
) -> ChildSpec {
    let group = options.group;
    let args = StoreArgs { open: Arc::new(open), group };
    ThreadServerSpec::<StoreServer<E>>::from_fn(move || args.clone())
        .name(name)
        .capacity(options.mailbox_capacity())
        .max_batch(group.items)
        .child(id)
        .shutdown(Shutdown::Timeout(CLOSE_TIMEOUT))
}

pub(crate) struct StoreArgs<E> {
    open: Arc<dyn Fn() -> Result<E, OpenError> + Send + Sync>,
    group: GroupLimit,
}

impl<E> Clone for StoreArgs<E> {
    fn clone(&self) -> Self {
        Self { open: Arc::clone(&self.open), group: self.group }
    }
}

/// The thread that owns the backend.
pub(crate) struct StoreServer<E> {
    engine: E,
    group: GroupLimit,
    stats: StoreStats,
}

impl<E: Engine> ThreadServer for StoreServer<E> {
    type Args = StoreArgs<E>;
    type Msg = StoreMsg;

    fn init(args: StoreArgs<E>, _cx: &mut ThreadContext<StoreMsg>) -> Result<Self, Exit> {
        let engine = (args.open)()?;
        let stats = StoreStats { incarnation: engine.incarnation(), ..StoreStats::default() };
        Ok(Self { engine, group: args.group, stats })
    }

    fn handle_batch(
        &mut self,
        batch: &mut Vec<StoreMsg>,
        cx: &mut ThreadContext<StoreMsg>,
    ) -> Result<(), Exit> {
        let node = cx.node().clone();
        while !batch.is_empty() {
            let len = group_len(batch, self.group);
            let group = batch.drain(..len).collect();
            if let Err(failure) = self.serve_group(group, node.clock()) {
                batch.drain(..).for_each(|msg| refuse(msg, &failure, Stage::BeforeCommit));
                return Err(Exit::error(failure));
            }
        }
        Ok(())
    }

    fn terminate(&mut self, _reason: &ExitReason) {
        if self.engine.close().is_err() {
            // Nothing is lost: the next open repairs what the close left out.
            telemetry::unclean_close();
        }
    }
}

/// How many messages the next group takes: leading reads alone, else up to the limits.
fn group_len(batch: &[StoreMsg], limit: GroupLimit) -> usize {
    let reads = batch.iter().take_while(|msg| !msg.is_write()).count();
    if reads > 0 {
        return reads;
    }
    let mut bytes = 0;
    let fitting = batch.iter().take(limit.items).take_while(|msg| {
        bytes += msg.bytes();
        bytes <= limit.bytes
    });
    fitting.count().max(1)
}

impl<E: Engine> StoreServer<E> {
    /// Applies a group with at most one commit, then answers all of it.
    fn serve_group(
        &mut self,
        group: Vec<StoreMsg>,
        clock: &dyn Clock,
    ) -> Result<(), EngineFailure> {
        let mut ops = Vec::with_capacity(group.len());
        let mut replies = Vec::with_capacity(group.len());
        let mut asides = Vec::new();
        for msg in group {
            match msg.0 {
                Request::Op { op, reply } => {
                    ops.push(op);
                    replies.push(reply);
                }
                aside => asides.push(aside),
            }
        }
        if !ops.is_empty() {
            self.apply(&ops, replies, clock)?;
        }
        for aside in asides {
            match aside {
                Request::Caps(reply) => reply.send(self.engine.caps()),
                Request::Stats(reply) => reply.send(self.stats),
                Request::Op { .. } => unreachable!("operations were set apart"),
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        ops: &[Op],
        replies: Vec<Reply<Outcome>>,
        clock: &dyn Clock,
    ) -> Result<(), EngineFailure> {
        let started = clock.monotonic();
        match self.engine.apply(ops, wall_ms(clock)) {
            Ok(applied) => {
                let took = clock.monotonic().saturating_sub(started);
                self.count(ops, &applied.outcomes, applied.committed, took);
                for (reply, outcome) in replies.into_iter().zip(applied.outcomes) {
                    reply.send(outcome);
                }
                Ok(())
            }
            Err(failure) => {
                telemetry::failed();
                for (op, reply) in ops.iter().zip(replies) {
                    reply.send(failed_outcome(op, &failure, failure.stage));
                }
                Err(failure)
            }
        }
    }

    fn count(&mut self, ops: &[Op], outcomes: &[Outcome], committed: bool, took: Duration) {
        let writes = ops.iter().filter(|op| op.is_write()).count() as u64;
        let refused = outcomes.iter().filter(|outcome| outcome.is_refusal()).count() as u64;
        self.stats.reads += ops.len() as u64 - writes;
        self.stats.refused += refused;
        if committed {
            let applied = writes - refused;
            self.stats.commits += 1;
            self.stats.writes += applied;
            self.stats.group_max = self.stats.group_max.max(applied);
            telemetry::committed(applied, took);
        }
    }
}

fn wall_ms(clock: &dyn Clock) -> u64 {
    let since = clock.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Answers a request that never reached the failed backend.
fn refuse(msg: StoreMsg, failure: &EngineFailure, stage: Stage) {
    match msg.0 {
        Request::Op { op, reply } => reply.send(failed_outcome(&op, failure, stage)),
        // Dropping the reply tells the caller.
        Request::Caps(_) | Request::Stats(_) => {}
    }
}

fn failed_outcome(op: &Op, failure: &EngineFailure, stage: Stage) -> Outcome {
    let fault = Fault::Backend(Arc::clone(&failure.cause));
    let unread = |fault| ReadError::Unavailable(fault);
    match (op, stage) {
        (Op::Load(_), _) => Outcome::Loaded(Err(unread(fault))),
        (Op::Scan(_), _) => Outcome::Scanned(Err(unread(fault))),
        (Op::Read { .. }, _) => Outcome::Read(Err(unread(fault))),
        (Op::Last(_), _) => Outcome::Last(Err(unread(fault))),
        (Op::Logs(_), _) => Outcome::Logs(Err(unread(fault))),
        (Op::Commit(_), Stage::BeforeCommit) => {
            Outcome::Committed(Err(CommitError::Unavailable(fault)))
        }
        (Op::Commit(_), Stage::Commit) => {
            Outcome::Committed(Err(CommitError::Indeterminate(fault)))
        }
        (Op::Trim(_), Stage::BeforeCommit) => {
            Outcome::Trimmed(Err(AppendError::Unavailable(fault)))
        }
        (Op::Trim(_), Stage::Commit) => Outcome::Trimmed(Err(AppendError::Indeterminate(fault))),
    }
}
