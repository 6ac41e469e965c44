//! One process for each running workflow: it carries out what the engine decides.
//!
//! Invariant: an attempt is launched, and an event is announced, only after the store acknowledged the event. Whatever goes
//! wrong with the store ends the process; its successor reads the journal and continues.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use foundation::{
    Context, Exit, ExitReason, GenServer, Node, PoolError, PoolPermit, Reply, TaskError, TaskPool,
    TaskSupervisorRef,
};
use persistence::{Epoch, Seq};
use signal_router::RouterHandle;

use super::announce::announce;
use super::archive::Archive;
use super::archive_error::ArchiveError;
use super::id::WorkflowId;
use super::worker::Executor;
use crate::patience::{PATIENCE, patiently};
use crate::{
    CommandShim, Effect, Engine, Event, Outcome, StaleAttempt, TaskCounts, TaskIndex,
    WorkflowStatus,
};

/// What every workflow process of a tree is started with.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowSeed {
    pub(crate) archive: Archive,
    pub(crate) workers: TaskSupervisorRef,
    pub(crate) commands: TaskSupervisorRef,
    pub(crate) router: RouterHandle,
    pub(crate) shim: CommandShim,
}

/// Everything that a workflow process can be told.
#[derive(Debug)]
pub(crate) enum WorkflowMsg {
    /// The batch in flight is durable, up to this end of the journal; or it is not.
    Appended(Result<Seq, ArchiveError>),
    /// A worker ended.
    Ended { task: TaskIndex, attempt: u32, outcome: Result<Outcome, TaskError> },
    /// A backoff is over.
    RetryDue { task: TaskIndex, attempt: u32 },
    /// A place in the pool of workers is free.
    Place(Result<PoolPermit, PoolError>),
    /// A neighbour was away for too long.
    Lost(ExitReason),
    /// End the workflow for good.
    Cancel { reason: String, reply: Reply<bool> },
    /// Where does it stand?
    Counts(Reply<TaskCounts>),
}

/// The process of one workflow.
pub(crate) struct WorkflowProcess {
    id: WorkflowId,
    archive: Archive,
    router: RouterHandle,
    pool: TaskPool,
    executor: Arc<Executor>,
    engine: Engine,
    last: Seq,
    epoch: Epoch,
    /// Places that were taken for starts which are not durable yet.
    promised: Vec<PoolPermit>,
    /// A place that the pool gave on request.
    spare: Option<PoolPermit>,
    awaiting_place: bool,
    /// Who asked for the end, and is told when it is durable.
    cancels: Vec<Reply<bool>>,
}

impl GenServer for WorkflowProcess {
    type Args = (WorkflowSeed, WorkflowId);
    type Msg = WorkflowMsg;

    async fn init((seed, id): Self::Args, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let pool = patiently(|| seed.workers.resolve(), is_closed).await?;
        let commands = patiently(|| seed.commands.resolve(), is_closed).await?;
        let replayed = patiently(|| seed.archive.replay(&id), ArchiveError::is_passing).await?;
        let executor =
            Executor { id: id.clone(), mode: replayed.record.mode, shim: seed.shim, commands };
        let mut process = Self {
            id,
            archive: seed.archive,
            router: seed.router,
            executor: Arc::new(executor),
            engine: replayed.engine,
            last: replayed.last,
            // A writer of an earlier activation that is still on its way is fenced by the greater epoch.
            epoch: replayed.epoch.next(),
            promised: Vec::new(),
            spare: None,
            awaiting_place: false,
            cancels: Vec::new(),
            pool,
        };
        let workers = u32::try_from(process.pool.limit()).unwrap_or(u32::MAX);
        process.engine.resume(workers);
        process.go_on(cx);
        Ok(process)
    }

    async fn handle(&mut self, msg: WorkflowMsg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            WorkflowMsg::Appended(Ok(last)) => {
                self.last = last;
                self.carry_out(cx);
            }
            WorkflowMsg::Appended(Err(error)) if error.is_passing() => lost(error, cx),
            WorkflowMsg::Appended(Err(error)) => return Err(Exit::error(error)),
            WorkflowMsg::Ended { task, attempt, outcome } => {
                self.ended(task, attempt, outcome, cx.node())
            }
            WorkflowMsg::RetryDue { task, attempt } => {
                self.engine.retry_due(task, attempt);
            }
            WorkflowMsg::Place(place) => match place {
                Ok(place) => {
                    self.awaiting_place = false;
                    self.spare = Some(place);
                }
                Err(error) => lost(error, cx),
            },
            WorkflowMsg::Lost(reason) => return Err(Exit::reason(reason)),
            WorkflowMsg::Cancel { reason, reply } => {
                self.engine.cancel(&reason);
                self.cancels.push(reply);
            }
            WorkflowMsg::Counts(reply) => reply.send(self.engine.counts()),
        }
        if self.engine.is_finished() {
            let cancelled = self.engine.status() == WorkflowStatus::Cancelled;
            self.cancels.drain(..).for_each(|reply| reply.send(cancelled));
            return Err(Exit::normal());
        }
        self.go_on(cx);
        Ok(())
    }
}

impl WorkflowProcess {
    /// Hands out free places and sends what is to be recorded to the store, one batch at a time.
    fn go_on(&mut self, cx: &mut Context<Self>) {
        self.take_places(cx);
        let Some(batch) = self.engine.take_batch() else { return };
        let events = batch.iter().map(Event::encode).collect();
        let (archive, id, last, epoch) =
            (self.archive.clone(), self.id.clone(), self.last, self.epoch);
        cx.pipe_to_self(async move {
            WorkflowMsg::Appended(archive.append(&id, last, epoch, events).await)
        });
    }

    /// Takes a place for each ready task, as long as there are any.
    fn take_places(&mut self, cx: &mut Context<Self>) {
        while self.engine.ready() > 0 {
            let Some(place) = self.spare.take().or_else(|| self.pool.try_acquire().ok()) else {
                break;
            };
            if self.engine.offer(1) == 0 {
                break;
            }
            self.promised.push(place);
        }
        // A place that came too late goes back to the pool.
        self.spare = None;
        if self.engine.ready() > 0 && !self.awaiting_place {
            self.awaiting_place = true;
            let pool = self.pool.clone();
            cx.pipe_to_self(async move { WorkflowMsg::Place(pool.acquire().await) });
        }
    }

    /// The batch is durable: does what follows from it.
    fn carry_out(&mut self, cx: &mut Context<Self>) {
        let effects = self.engine.committed();
        let counts = self.engine.counts();
        for effect in effects {
            match effect {
                Effect::Launch { task, attempt } => self.launch(task, attempt, cx),
                Effect::Backoff { task, attempt, delay } => {
                    cx.send_after(delay, WorkflowMsg::RetryDue { task, attempt });
                }
                Effect::Announce(event) => {
                    announce(&self.router, &self.id, &event, counts, wall(cx.node()))
                }
                // The workers are this process's own: they end with it, before its end is known.
                Effect::Stop { .. } | Effect::Finished(_) => {}
            }
        }
    }

    fn launch(&mut self, task: TaskIndex, attempt: u32, cx: &mut Context<Self>) {
        let place = self.promised.pop();
        let work = self.engine.workflow().task(task).cloned();
        // The engine launches what was offered a place, and names tasks of its own workflow.
        let (place, work) = place.zip(work).expect("a launch has a task and a place");
        let handle = cx.spawn_in(place, Arc::clone(&self.executor).execute(work, attempt));
        cx.pipe_to_self(async move { WorkflowMsg::Ended { task, attempt, outcome: handle.await } });
    }

    fn ended(
        &mut self,
        task: TaskIndex,
        attempt: u32,
        outcome: Result<Outcome, TaskError>,
        node: &Node,
    ) {
        let outcome =
            outcome.unwrap_or_else(|error| Outcome::Crashed { reason: error.to_string() });
        // A worker that ends after the workflow was cancelled comes too late: there is nothing left to do about it.
        match self.engine.ended(task, attempt, outcome, jitter(node)) {
            Ok(()) | Err(StaleAttempt { .. }) => {}
        }
    }
}

/// The store or the pool is gone, and with it what was on the way. The supervisor is about to end this process, too; if it
/// does not, the process ends by itself and its successor continues from the journal.
fn lost(error: impl std::error::Error + Send + Sync + 'static, cx: &mut Context<WorkflowProcess>) {
    cx.send_after(PATIENCE, WorkflowMsg::Lost(ExitReason::error(error)));
}

fn is_closed(error: &PoolError) -> bool {
    matches!(error, PoolError::Closed)
}

fn wall(node: &Node) -> SystemTime {
    node.clock().wall()
}

/// A fraction that differs from call to call, to keep retries apart. Nothing depends on its distribution.
fn jitter(node: &Node) -> f64 {
    let nanos =
        wall(node).duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).subsec_nanos();
    f64::from(nanos % 1_000) / 1_000.0
}
