//! A process that runs what a test wants it to run, with its own context.

use foundation::{Context, Exit, GenServer, Info, Restart, ServerRef, ServerSpec, Strategy};
use test_helpers::{Gate, IsolatedTree, Journal};

use crate::support::of;

type Script = Box<dyn FnOnce(&mut Context<Host>) + Send>;

/// Its journal has the notes it is sent, and `done OUTCOME` for each task that ended.
pub(crate) struct Host(Journal);

pub(crate) enum HostMsg {
    Run(Script),
    Note(String),
    Wait(Gate),
    Panic,
    End,
}

impl GenServer for Host {
    type Args = Journal;
    type Msg = HostMsg;

    async fn init(journal: Journal, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(journal))
    }

    async fn handle(&mut self, msg: HostMsg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            HostMsg::Run(script) => script(cx),
            HostMsg::Note(text) => self.0.note(text),
            HostMsg::Wait(gate) => gate.pass().await,
            HostMsg::Panic => panic!("told to"),
            HostMsg::End => return Err(Exit::normal()),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::TaskDone(done) = info {
            self.0.note(match done.outcome {
                Ok(()) => "done".to_owned(),
                Err(error) => format!("done: {error}"),
            });
        }
        Ok(())
    }
}

/// How a host starts.
pub(crate) fn spec(journal: &Journal) -> ServerSpec<Host> {
    ServerSpec::new(journal.clone()).capacity(2)
}

/// A tree with one host `a`, which is not restarted.
pub(crate) async fn host() -> (IsolatedTree, ServerRef<HostMsg>, Journal) {
    let journal = Journal::new();
    let child = spec(&journal).child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<HostMsg>("a").await;
    (tree, server, journal)
}

/// Runs `script` inside the process and returns what it returned.
pub(crate) async fn within<T: Send + 'static>(
    server: &ServerRef<HostMsg>,
    script: impl FnOnce(&mut Context<Host>) -> T + Send + 'static,
) -> T {
    let run = |reply: foundation::Reply<T>| {
        HostMsg::Run(Box::new(move |cx: &mut Context<Host>| reply.send(script(cx))))
    };
    server.call(run).await.expect("the host answers")
}

/// Makes the process wait at a gate, and returns the gate when it is there.
pub(crate) async fn held(server: &ServerRef<HostMsg>) -> Gate {
    let gate = Gate::new();
    server.cast(HostMsg::Wait(gate.clone())).expect("there is room");
    gate.arrival().await;
    gate
}

pub(crate) fn note(text: impl Into<String>) -> HostMsg {
    HostMsg::Note(text.into())
}
