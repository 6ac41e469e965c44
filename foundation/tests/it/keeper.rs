//! A process that deals with each letter as the test says: now, later, or not at all.

use foundation::{
    Context, Exit, ExitReason, GenServer, Info, MonitorRef, Reply, Restart, ServerRef, ServerSpec,
    Strategy,
};
use test_helpers::{Gate, IsolatedTree, Journal};

use crate::support::of;

type Script = Box<dyn FnOnce(&mut Keeper, &mut Context<Keeper>) -> Result<(), Exit> + Send>;

/// What becomes of a letter. A refused one is written as `NAME: ERROR` and dropped.
pub(crate) enum Verdict {
    /// Write it into the journal, and answer it.
    Take,
    /// Take it, and wait at the gate.
    TakeAndWait(Gate),
    /// Put it aside.
    Keep,
    /// Put it aside, and another one.
    KeepTwo,
    /// Put it aside, and take everything back.
    KeepThenAll,
    /// Put it aside, then wait at the gate.
    KeepThenWait(Gate),
    /// Put it aside, then panic.
    KeepThenPanic,
    /// Put it aside, then end with this error.
    KeepThenFail(&'static str),
}

pub(crate) enum Msg {
    /// What the process decides on.
    Letter(&'static str),
    /// The same, with an answer.
    Ask(&'static str, Reply<()>),
    /// Wait at the gate inside the handler.
    Hold(Gate),
    Panic,
    Run(Script),
}

impl Msg {
    /// The name of a letter.
    pub(crate) fn letter(&self) -> Option<&'static str> {
        match self {
            Self::Letter(name) | Self::Ask(name, _) => Some(name),
            Self::Hold(_) | Self::Panic | Self::Run(_) => None,
        }
    }
}

pub(crate) struct Keeper {
    pub(crate) journal: Journal,
    /// At first every letter is kept.
    pub(crate) rule: Box<dyn FnMut(&'static str) -> Verdict + Send>,
    /// For guards of what it watches.
    pub(crate) monitors: Vec<MonitorRef>,
}

impl Keeper {
    fn keep(&self, letter: Msg, cx: &mut Context<Self>) {
        let name = letter.letter().expect("only letters are kept");
        if let Err(refused) = cx.stash(letter) {
            assert_eq!(refused.message.letter(), Some(name), "the message comes back");
            self.journal.note(format!("{name}: {refused}"));
        }
    }

    fn take(&self, letter: Msg) {
        self.journal.note(letter.letter().expect("only letters are taken"));
        if let Msg::Ask(_, reply) = letter {
            reply.send(());
        }
    }

    async fn decide(&mut self, letter: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match (self.rule)(letter.letter().expect("only letters are decided on")) {
            Verdict::Take => self.take(letter),
            Verdict::TakeAndWait(gate) => {
                self.take(letter);
                gate.pass().await;
            }
            Verdict::Keep => self.keep(letter, cx),
            Verdict::KeepTwo => {
                self.keep(letter, cx);
                self.keep(Msg::Letter("second"), cx);
            }
            Verdict::KeepThenAll => {
                self.keep(letter, cx);
                cx.unstash_all();
            }
            Verdict::KeepThenWait(gate) => {
                self.keep(letter, cx);
                gate.pass().await;
            }
            Verdict::KeepThenPanic => {
                self.keep(letter, cx);
                panic!("kept");
            }
            Verdict::KeepThenFail(text) => {
                self.keep(letter, cx);
                return Err(Exit::error(text));
            }
        }
        Ok(())
    }
}

impl GenServer for Keeper {
    type Args = Journal;
    type Msg = Msg;

    async fn init(journal: Journal, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let keeper = Self { journal, rule: Box::new(|_name| Verdict::Keep), monitors: Vec::new() };
        assert_eq!(cx.stashed(), 0, "it begins with nothing");
        keeper.keep(Msg::Letter("init"), cx);
        Ok(keeper)
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Hold(gate) => gate.pass().await,
            Msg::Panic => panic!("told to"),
            Msg::Run(script) => return script(self, cx),
            letter => return self.decide(letter, cx).await,
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Down(down) = info {
            self.journal.note(format!("down {}", down.reason));
        }
        self.keep(Msg::Letter("info"), cx);
        Ok(())
    }

    async fn terminate(&mut self, _reason: &ExitReason, cx: &mut Context<Self>) {
        self.keep(Msg::Letter("terminate"), cx);
    }
}

/// How a keeper starts.
pub(crate) fn spec(journal: &Journal) -> ServerSpec<Keeper> {
    ServerSpec::new(journal.clone())
}

/// A tree with one keeper `a`, which is not restarted. Its journal is empty.
pub(crate) async fn lone(
    spec: impl FnOnce(ServerSpec<Keeper>) -> ServerSpec<Keeper>,
) -> (IsolatedTree, ServerRef<Msg>, Journal) {
    let journal = Journal::new();
    let child = spec(self::spec(&journal)).child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<Msg>("a").await;
    journal.take();
    (tree, server, journal)
}

/// A message that runs `script`.
pub(crate) fn run(
    script: impl FnOnce(&mut Keeper, &mut Context<Keeper>) -> Result<(), Exit> + Send + 'static,
) -> Msg {
    Msg::Run(Box::new(script))
}

/// A message that sets the rule and takes everything back.
pub(crate) fn open(rule: impl FnMut(&'static str) -> Verdict + Send + 'static) -> Msg {
    run(|keeper, cx| {
        keeper.rule = Box::new(rule);
        cx.unstash_all();
        Ok(())
    })
}

/// Runs `script` inside the process and returns what it returned, when everything that was sent before is handled.
pub(crate) async fn within<T: Send + 'static>(
    server: &ServerRef<Msg>,
    script: impl FnOnce(&mut Keeper, &mut Context<Keeper>) -> T + Send + 'static,
) -> T {
    let call = server.call(|reply| {
        run(move |keeper, cx| {
            reply.send(script(keeper, cx));
            Ok(())
        })
    });
    call.await.expect("the keeper answers")
}

/// Makes the process wait at a gate, and returns the gate when it is there.
pub(crate) async fn held(server: &ServerRef<Msg>) -> Gate {
    let gate = Gate::new();
    server.cast(Msg::Hold(gate.clone())).expect("there is room");
    gate.arrival().await;
    gate
}

/// Casts these letters.
pub(crate) fn cast(server: &ServerRef<Msg>, names: &[&'static str]) {
    for name in names {
        assert!(server.cast(Msg::Letter(name)).is_ok(), "there is room");
    }
}
