//! What a caller hears whose workflow ends while it asks.

use foundation::{
    CallError, ChildSpec, Context, Exit, ExitReason, GenServer, Restart, ServerSpec, Strategy,
    Supervisor, SupervisorSpec,
};

use super::process_name;
use crate::workflow::id::WorkflowId;
use crate::workflow::process::WorkflowMsg;
use crate::{CommandShim, StoreLocation, System, SystemConfig};

/// Stands for a workflow: takes a message, answers nothing, and ends so.
struct Ending(fn() -> Exit);

impl GenServer for Ending {
    type Args = fn() -> Exit;
    type Msg = WorkflowMsg;

    async fn init(exit: fn() -> Exit, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(exit))
    }

    async fn handle(&mut self, _msg: WorkflowMsg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        Err((self.0)())
    }
}

/// The answers to `cancel` and `counts` of a workflow that ends so instead of answering.
async fn asked(exit: fn() -> Exit) -> (Result<bool, CallError>, Result<bool, CallError>) {
    // Nothing runs a command here.
    let config = SystemConfig::new(StoreLocation::Memory, CommandShim::new("unused"));
    let system = System::start(config).await.expect("the tree starts");
    let (gateway, node) = (system.gateway(), system.node());
    let ids = ["cancelled", "counted"].map(WorkflowId::new);
    let child = |id: &WorkflowId| -> ChildSpec {
        let name = process_name(node, id).expect("nobody has the name");
        ServerSpec::<Ending>::new(exit).name(&name).child(id.as_str()).restart(Restart::Temporary)
    };
    let spec =
        ids.iter().fold(SupervisorSpec::new(Strategy::OneForOne), |spec, id| spec.child(child(id)));
    let workflows = Supervisor::start(node, spec).await.expect("they start");
    let cancelled = gateway.cancel(&ids[0], "no longer wanted").await;
    let counted = gateway.counts(&ids[1]).await.map(|counts| counts.is_some());
    workflows.shutdown().await;
    system.shutdown().await;
    (cancelled, counted)
}

#[tokio::test]
async fn a_workflow_that_ends_as_it_is_asked_does_not_run() {
    assert!(matches!(asked(Exit::normal).await, (Ok(false), Ok(false))));
}

#[tokio::test]
async fn one_that_fails_as_it_is_asked_is_no_answer() {
    let (cancelled, counted) = asked(|| Exit::error("no disk")).await;
    let is_failed = |answer: &Result<bool, CallError>| {
        matches!(answer, Err(CallError::Down(ExitReason::Error(_))))
    };
    assert!(is_failed(&cancelled) && is_failed(&counted), "{cancelled:?} {counted:?}");
}
