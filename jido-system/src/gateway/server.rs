//! The process behind the gateway: it starts workflows, and finds in the store what ran before.

use std::collections::HashSet;

use foundation::{
    Context, Exit, GenServer, Name, NameError, Node, Reply, Restart, ServerSpec, StartChildError,
    SupervisorRef, TaskSupervisorRef,
};

use super::error::StartWorkflowError;
use super::request::{StartRequest, Started};
use crate::patience::patiently;
use crate::workflow::archive::{Archive, WorkflowRecord, definition_digest};
use crate::workflow::archive_error::ArchiveError;
use crate::workflow::id::WorkflowId;
use crate::workflow::mode::Mode;
use crate::workflow::process::{WorkflowMsg, WorkflowProcess, WorkflowSeed};
use crate::{Event, Report, RunFacts};

/// Messages that a workflow process may have waiting.
const WORKFLOW_MAILBOX: usize = 64;

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

/// The process behind [`Gateway`](crate::Gateway).
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

/// Reads the report of a workflow from its journal.
pub(super) async fn report(
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

pub(super) const fn is_terminal(event: &Event) -> bool {
    matches!(event, Event::WorkflowCompleted { .. } | Event::WorkflowFailed { .. })
}
