//! A process that names the kinds of its messages, and calls others.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError};

use foundation::{
    CallError, Context, Exit, ExitReason, GenServer, Info, MonitorRef, ProcessRef, Reply,
    ServerRef, ServerSpec, SupervisorRef,
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use test_helpers::Gate;

/// Makes a call from inside a process.
pub(crate) type CallOut =
    Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<(), CallError>> + Send>> + Send>;

/// What a [`Clerk`] is told.
pub(crate) enum Task {
    /// Answer.
    Ping(Reply<()>),
    /// Wait at the gate inside the handler.
    Hold(Gate),
    /// Call the first of these, which calls the next, and so on; the last one is pinged. Answer what came of it.
    Chain(Vec<ServerRef<Task>>, Reply<Result<(), CallError>>),
    /// Make all these calls at the same time, and answer with all that came of them.
    Calls(Vec<CallOut>, Reply<Vec<Result<(), CallError>>>),
    /// Answer first, then make this call.
    AnswerThenCall(CallOut, Reply<()>),
    /// Make this call beside the other messages.
    Pipe(CallOut),
    /// Block the thread until the test says something.
    Block(Reply<()>, Receiver<()>),
    /// Watch a process.
    Watch(ProcessRef),
}

/// Where the callbacks of a [`Clerk`] wait.
#[derive(Clone, Default)]
pub(crate) struct Gates {
    pub(crate) init: Option<Gate>,
    pub(crate) info: Option<Gate>,
    pub(crate) terminate: Option<Gate>,
    /// A supervisor that `init` calls.
    pub(crate) asked: Option<SupervisorRef>,
    /// How many piped calls are over.
    pub(crate) piped: Arc<Mutex<usize>>,
}

pub(crate) struct Clerk {
    gates: Gates,
    monitors: Vec<MonitorRef>,
}

impl Clerk {
    pub(crate) fn spec(gates: &Gates) -> ServerSpec<Self> {
        ServerSpec::new(gates.clone())
    }
}

async fn wait_at(gate: Option<&Gate>) {
    if let Some(gate) = gate {
        gate.pass().await;
    }
}

pub(crate) async fn chain(mut rest: Vec<ServerRef<Task>>) -> Result<(), CallError> {
    let next = rest.remove(0);
    if rest.is_empty() {
        return next.call(Task::Ping).await;
    }
    next.call(|reply| Task::Chain(rest, reply)).await?
}

/// A call of the first of these, which calls the next, and so on.
pub(crate) fn call_out(servers: &[&ServerRef<Task>]) -> CallOut {
    let servers = servers.iter().map(|&server| server.clone()).collect();
    Box::new(move || Box::pin(chain(servers)))
}

impl GenServer for Clerk {
    type Args = Gates;
    type Msg = Task;

    async fn init(gates: Gates, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        wait_at(gates.init.as_ref()).await;
        if let Some(supervisor) = &gates.asked {
            supervisor.count_children().await?;
        }
        Ok(Self { gates, monitors: Vec::new() })
    }

    async fn handle(&mut self, msg: Task, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Task::Ping(reply) => reply.send(()),
            Task::Hold(gate) => gate.pass().await,
            Task::Chain(rest, reply) => reply.send(Box::pin(chain(rest)).await),
            Task::Calls(calls, reply) => {
                reply.send(join_all(calls.into_iter().map(|call| call())).await);
            }
            Task::AnswerThenCall(call, reply) => {
                reply.send(());
                // What came of it matters to nobody.
                drop(call().await);
            }
            Task::Pipe(call) => {
                let piped = Arc::clone(&self.gates.piped);
                cx.pipe_to_self(async move {
                    // The answer matters to nobody; that it came does.
                    drop(call().await);
                    *piped.lock() += 1;
                    Task::Hold(open())
                });
            }
            Task::Block(reply, released) => {
                reply.send(());
                // A sender that is gone is a release, too.
                let (Ok(()) | Err(RecvError)) = released.recv();
            }
            Task::Watch(process) => {
                let monitor = cx.monitor(&process);
                self.monitors.push(monitor);
            }
        }
        Ok(())
    }

    async fn info(&mut self, _info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        wait_at(self.gates.info.as_ref()).await;
        Ok(())
    }

    fn kind(msg: &Task) -> &'static str {
        match msg {
            Task::Ping(_) => "Ping",
            Task::Hold(_) => "Hold",
            Task::Block(..) => "Block",
            _ => "Other",
        }
    }

    async fn terminate(&mut self, _reason: &ExitReason, _cx: &mut Context<Self>) {
        wait_at(self.gates.terminate.as_ref()).await;
    }
}

fn open() -> Gate {
    let gate = Gate::new();
    gate.open();
    gate
}
