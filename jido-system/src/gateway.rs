//! The door to the workflows of a tree: starts, lists, cancels, waits.
//!
//! A process that remembers nothing: what runs is written in the store, so a restarted gateway finds it there.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    CallError, Context, Exit, GenServer, Name, NameError, Node, ProcessRef, Reply, Restart,
    ServerSpec, StartChildError, SupervisorRef, TaskSupervisorRef, time,
};
use persistence::Seq;

use crate::patience::patiently;
use crate::workflow::archive::{Archive, ArchiveError, WorkflowRecord, decode, definition_digest};
use crate::workflow::id::WorkflowId;
use crate::workflow::mode::Mode;
use crate::workflow::process::{WorkflowMsg, WorkflowProcess, WorkflowSeed};
use crate::{Event, Report, RunFacts, Workflow, WorkflowStatus};

/// Starting a workflow writes its definition: much data, on a slow disk.
const START_TIMEOUT: Duration = Duration::from_secs(300);
/// Cancelling waits for one append to the journal.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait before looking again while the tree restarts.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Messages that a workflow process may have waiting.
const WORKFLOW_MAILBOX: usize = 64;

/// Asks for a workflow to run.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// What to run.
    pub workflow: Arc<Workflow>,
    /// What executing a task means.
    pub mode: Mode,
    /// How often a task is attempted at most; at least 1.
    pub attempts: u32,
    /// Starts over under a new id, whatever happened before.
    pub fresh: bool,
}

/// A workflow runs, or had already ended.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its id.
    pub id: WorkflowId,
    /// True when an earlier session had begun it.
    pub resumed: bool,
    /// The report, when it had already ended: nothing was started then.
    pub already: Option<Report>,
}

/// Why a workflow was not started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartWorkflowError {
    /// The same workflow is being started at this moment.
    Busy,
    /// The request makes no sense: no attempts, or a scale that is negative or not finite.
    Request(&'static str),
    /// The definition cannot be written as it is.
    Definition(serde_json::Error),
    /// The store did not do its part.
    Archive(ArchiveError),
    /// The process of the workflow did not start.
    Process(StartChildError),
    /// The gateway could not be asked.
    Call(CallError),
}

impl fmt::Display for StartWorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the same workflow is being started"),
            Self::Request(what) => f.write_str(what),
            Self::Definition(error) => write!(f, "the definition cannot be stored: {error}"),
            Self::Archive(error) => write!(f, "{error}"),
            Self::Process(error) => write!(f, "the workflow did not start: {error}"),
            Self::Call(error) => write!(f, "the gateway could not be asked: {error}"),
        }
    }
}

impl Error for StartWorkflowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Definition(error) => Some(error),
            Self::Archive(error) => Some(error),
            _ => None,
        }
    }
}

impl StartWorkflowError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Archive(error) if error.is_passing())
    }
}

impl From<ArchiveError> for StartWorkflowError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// Why there is no report to wait for.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// The tree has stopped. The workflow can be continued later.
    Stopped,
    /// The store has no readable workflow with this id.
    Archive(ArchiveError),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the system has stopped"),
            Self::Archive(error) => write!(f, "{error}"),
        }
    }
}

impl Error for WaitError {}

/// One workflow of a store, in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkflowSummary {
    /// Its id.
    pub id: WorkflowId,
    /// Its name.
    pub name: String,
    /// Where it stands, by its journal: `Running` also means interrupted.
    pub status: WorkflowStatus,
    /// Its tasks.
    pub tasks: u32,
    /// Tasks that completed.
    pub completed: u32,
    /// When it was started, in milliseconds since 1970; `None` if it never was.
    pub started_at_ms: Option<u64>,
}

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalLine {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
}

/// A handle to the gateway of one tree. It survives restarts inside the tree. A clone is the same handle.
#[derive(Debug, Clone)]
pub struct Gateway {
    name: Name<GatewayMsg>,
    node: Node,
    root: ProcessRef,
    archive: Archive,
    workers: usize,
    workflows: SupervisorRef,
}

impl Gateway {
    pub(crate) fn new(setup: &GatewaySetup, root: ProcessRef, workers: usize) -> Self {
        Self {
            name: setup.name.clone(),
            node: setup.node.clone(),
            root,
            archive: setup.seed.archive.clone(),
            workers,
            workflows: setup.workflows.clone(),
        }
    }

    /// Starts a workflow, or continues the one that the same request started before.
    ///
    /// When this returns `Ok` the workflow is in the store with its whole definition.
    ///
    /// # Errors
    ///
    /// [`StartWorkflowError`]. After `Call` with a timeout the workflow may still start.
    pub async fn start(&self, request: StartRequest) -> Result<Started, StartWorkflowError> {
        let answer =
            self.name.call_timeout(START_TIMEOUT, |reply| GatewayMsg::Start(request, reply)).await;
        answer.map_err(StartWorkflowError::Call)?
    }

    /// Waits until a workflow has ended, across restarts of anything in the tree, and returns its report.
    ///
    /// # Errors
    ///
    /// [`WaitError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: the workflow goes on.
    pub async fn wait(&self, id: &WorkflowId) -> Result<Report, WaitError> {
        loop {
            // Looked up before the journal is read: an end in between is seen by the monitor.
            let process = process_name(&self.node, id).ok().and_then(|name| name.whereis());
            match self.archive.last_event(id).await {
                Ok(Some((_, event))) if is_terminal(&event) => match self.report(id).await {
                    Err(WaitError::Archive(error)) if error.is_passing() => {}
                    outcome => return outcome,
                },
                Err(error) if !error.is_passing() => return Err(WaitError::Archive(error)),
                // Nothing was recorded yet, or nothing ever will be.
                Ok(None) if matches!(self.archive.find(id).await, Ok(None)) => {
                    return Err(WaitError::Archive(ArchiveError::Unknown { id: id.clone() }));
                }
                Ok(_) | Err(_) => {}
            }
            if !self.root.is_alive() {
                return Err(WaitError::Stopped);
            }
            match process {
                Some(process) => drop(process.process().monitor().down().await),
                None => time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Returns the report of a workflow as its journal stands: status `interrupted` if it has not ended.
    ///
    /// # Errors
    ///
    /// [`WaitError::Archive`].
    pub async fn report(&self, id: &WorkflowId) -> Result<Report, WaitError> {
        report(&self.archive, id, self.workers).await.map_err(WaitError::Archive)
    }

    /// Stops the process of a workflow without ending the workflow: its workers are killed, its journal stays as it is,
    /// and the same request continues it later.
    ///
    /// # Errors
    ///
    /// [`ChildError`](foundation::ChildError) if the supervisor of workflows is not there. A workflow that does not run is no error.
    pub async fn interrupt(&self, id: &WorkflowId) -> Result<(), foundation::ChildError> {
        let process = process_name(&self.node, id).ok().and_then(|name| name.whereis());
        match process {
            Some(process) => self.workflows.terminate_child(process.process()).await,
            None => Ok(()),
        }
    }

    /// Ends a running workflow for good. After `Ok(true)` its durable journal says so, and it cannot be continued; after
    /// `Ok(false)` it did not run, or ended otherwise first.
    ///
    /// # Errors
    ///
    /// [`CallError`]. After `Timeout` and `Down` it may be cancelled.
    pub async fn cancel(&self, id: &WorkflowId, reason: &str) -> Result<bool, CallError> {
        let Some(process) = process_name(&self.node, id).ok().and_then(|name| name.whereis())
        else {
            return Ok(false);
        };
        let cancel = |reply| WorkflowMsg::Cancel { reason: reason.to_owned(), reply };
        process.call_timeout(CANCEL_TIMEOUT, cancel).await
    }

    /// Returns where a running workflow stands, or `None` if it does not run.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn counts(&self, id: &WorkflowId) -> Result<Option<crate::TaskCounts>, CallError> {
        match process_name(&self.node, id).ok().and_then(|name| name.whereis()) {
            Some(process) => process.call(WorkflowMsg::Counts).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns all workflows of the store, by id. Cost: reads every journal.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`].
    pub async fn list(&self) -> Result<Vec<WorkflowSummary>, ArchiveError> {
        let mut summaries = Vec::new();
        for id in self.archive.ids().await? {
            summaries.push(self.summary(id).await?);
        }
        Ok(summaries)
    }

    async fn summary(&self, id: WorkflowId) -> Result<WorkflowSummary, ArchiveError> {
        let replayed = self.archive.replay(&id).await?;
        let first = self.archive.page(&id, Seq::ZERO, 1).await?;
        Ok(WorkflowSummary {
            name: replayed.record.name,
            status: replayed.engine.status(),
            tasks: replayed.record.tasks,
            completed: replayed.engine.counts().completed,
            started_at_ms: first.first().map(|entry| entry.at_ms),
            id,
        })
    }

    /// Returns up to `max` entries of the journal of a workflow after number `after`; none at its end.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`], also when the store has no such workflow.
    pub async fn journal(
        &self,
        id: &WorkflowId,
        after: u64,
        max: usize,
    ) -> Result<Vec<JournalLine>, ArchiveError> {
        if self.archive.find(id).await?.is_none() {
            return Err(ArchiveError::Unknown { id: id.clone() });
        }
        let page = self.archive.page(id, Seq::new(after), max).await?;
        page.iter()
            .map(|entry| {
                Ok(JournalLine {
                    seq: entry.seq.get(),
                    at_ms: entry.at_ms,
                    event: decode(id, entry)?,
                })
            })
            .collect()
    }
}

/// What the gateway process is started with.
#[derive(Debug, Clone)]
pub(crate) struct GatewaySetup {
    pub(crate) name: Name<GatewayMsg>,
    pub(crate) node: Node,
    pub(crate) seed: WorkflowSeed,
    pub(crate) workflows: SupervisorRef,
    pub(crate) workers: TaskSupervisorRef,
    pub(crate) session: u64,
}

/// Everything that the gateway can be told.
pub(crate) enum GatewayMsg {
    Start(StartRequest, Reply<Result<Started, StartWorkflowError>>),
    /// The attempt to start the workflow whose first run has this id is over.
    Settled(WorkflowId),
    /// What this session had running before runs again.
    Recovered(Result<(), StartWorkflowError>),
}

/// The process behind [`Gateway`].
pub(crate) struct GatewayServer {
    setup: GatewaySetup,
    starting: HashSet<WorkflowId>,
}

impl GenServer for GatewayServer {
    type Args = GatewaySetup;
    type Msg = GatewayMsg;

    async fn init(setup: GatewaySetup, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let own = setup.clone();
        cx.pipe_to_self(async move {
            GatewayMsg::Recovered(patiently(|| recover(&own), StartWorkflowError::is_passing).await)
        });
        Ok(Self { setup, starting: HashSet::new() })
    }

    async fn handle(&mut self, msg: GatewayMsg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            GatewayMsg::Start(request, reply) => {
                let first = WorkflowId::first(&request.workflow, &request.mode);
                if !self.starting.insert(first.clone()) {
                    reply.send(Err(StartWorkflowError::Busy));
                    return Ok(());
                }
                let setup = self.setup.clone();
                cx.pipe_to_self(async move {
                    reply.send(start(&setup, &first, request).await);
                    GatewayMsg::Settled(first)
                });
            }
            GatewayMsg::Settled(first) => {
                self.starting.remove(&first);
            }
            GatewayMsg::Recovered(recovered) => recovered?,
        }
        Ok(())
    }
}

/// Starts again what this session had running when the tree restarted.
async fn recover(setup: &GatewaySetup) -> Result<(), StartWorkflowError> {
    let archive = &setup.seed.archive;
    for id in archive.ids().await? {
        let Some(stored) = archive.find(&id).await? else { continue };
        if stored.record.session != setup.session {
            continue;
        }
        let ended = archive.last_event(&id).await?.is_some_and(|(_, event)| is_terminal(&event));
        if !ended {
            launch(setup, &id).await.map_err(StartWorkflowError::Process)?;
        }
    }
    Ok(())
}

async fn start(
    setup: &GatewaySetup,
    first: &WorkflowId,
    request: StartRequest,
) -> Result<Started, StartWorkflowError> {
    check(&request)?;
    let archive = &setup.seed.archive;
    let newest = archive.newest_run(first).await?;
    if let Some((_, id)) = &newest
        && !request.fresh
    {
        return continue_run(setup, id.clone(), &request).await;
    }
    let run = newest.map_or(1, |(number, _)| number + 1);
    let id = first.run(run);
    let definition =
        serde_json::to_vec(&*request.workflow).map_err(StartWorkflowError::Definition)?;
    let record = WorkflowRecord {
        name: request.workflow.name().to_owned(),
        mode: request.mode,
        attempts: request.attempts,
        tasks: u32::try_from(request.workflow.tasks().len()).unwrap_or(u32::MAX),
        definition: definition_digest(&definition),
        definition_bytes: definition.len() as u64,
        run,
        session: setup.session,
    };
    archive.create(&id, &record, &definition).await?;
    launch(setup, &id).await.map_err(StartWorkflowError::Process)?;
    Ok(Started { id, resumed: false, already: None })
}

fn check(request: &StartRequest) -> Result<(), StartWorkflowError> {
    if request.attempts == 0 {
        return Err(StartWorkflowError::Request("a task needs at least one attempt"));
    }
    match request.mode {
        Mode::Simulate { scale } if !(scale.is_finite() && scale >= 0.0) => Err(
            StartWorkflowError::Request("the scale of a simulation is a finite number, 0 or more"),
        ),
        _ => Ok(()),
    }
}

/// Continues a run that an earlier session, or this one, began.
async fn continue_run(
    setup: &GatewaySetup,
    id: WorkflowId,
    request: &StartRequest,
) -> Result<Started, StartWorkflowError> {
    let archive = &setup.seed.archive;
    let last = archive.last_event(&id).await?;
    if last.as_ref().is_some_and(|(_, event)| is_terminal(event)) {
        let workers = setup.workers.resolve().await.map_or(0, |pool| pool.limit());
        let already = report(archive, &id, workers).await?;
        return Ok(Started { id, resumed: false, already: Some(already) });
    }
    let stored = archive.find(&id).await?;
    if let Some(stored) = stored {
        let record = WorkflowRecord {
            mode: request.mode.clone(),
            attempts: request.attempts,
            session: setup.session,
            ..stored.record.clone()
        };
        if record != stored.record {
            archive.update(&id, &stored, &record).await?;
        }
    }
    launch(setup, &id).await.map_err(StartWorkflowError::Process)?;
    Ok(Started { id, resumed: last.is_some(), already: None })
}

/// Starts the process of a workflow that is in the store, unless it runs.
async fn launch(setup: &GatewaySetup, id: &WorkflowId) -> Result<(), StartChildError> {
    let name = process_name(&setup.node, id);
    let name =
        name.map_err(|error| StartChildError::Failed(foundation::ExitReason::error(error)))?;
    if name.whereis().is_some() {
        return Ok(());
    }
    let child = ServerSpec::<WorkflowProcess>::new((setup.seed.clone(), id.clone()))
        .name(&name)
        .capacity(WORKFLOW_MAILBOX)
        .child(id.as_str())
        .restart(Restart::Transient);
    match setup.workflows.start_child(child).await {
        // Another request for the same workflow was faster.
        Err(_) if name.whereis().is_some() => Ok(()),
        started => started.map(drop),
    }
}

async fn report(
    archive: &Archive,
    id: &WorkflowId,
    workers: usize,
) -> Result<Report, ArchiveError> {
    let replayed = archive.replay(id).await?;
    let facts = RunFacts {
        id: id.to_string(),
        workers: u32::try_from(workers).unwrap_or(u32::MAX),
        durations: replayed.record.mode.durations(),
        makespan: replayed.time.total(),
        commits: archive.commits().await?,
    };
    Ok(Report::of(&replayed.engine, facts))
}

pub(crate) fn process_name(node: &Node, id: &WorkflowId) -> Result<Name<WorkflowMsg>, NameError> {
    node.name(&format!("workflow/{id}"))
}

const fn is_terminal(event: &Event) -> bool {
    matches!(event, Event::WorkflowCompleted { .. } | Event::WorkflowFailed { .. })
}
