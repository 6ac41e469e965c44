//! A process that does what each message says, and writes its life into a journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use foundation::{
    Context, Exit, ExitReason, GenServer, Info, MonitorRef, ProcessRef, Reply, ServerSpec,
};
use parking_lot::Mutex;

use crate::gate::Gate;
use crate::journal::{Journal, Presence};

/// What a [`Worker`] is told.
#[derive(Debug)]
pub enum Do {
    /// Answer with this number.
    Echo(u64, Reply<u64>),
    /// Write this into the journal.
    Note(String),
    /// Wait at the gate.
    Wait(Gate),
    /// Panic with this text.
    Panic(&'static str),
    /// Drop the reply and panic with this text.
    PanicOn(&'static str, Reply<u64>),
    /// Return this error from the handler.
    Fail(&'static str),
    /// Drop the reply, then return this error from the handler.
    FailOn(&'static str, Reply<u64>),
    /// End with this reason.
    End(ExitReason),
    /// Drop the reply and live on.
    DropReply(Reply<u64>),
    /// Keep the reply, unanswered.
    KeepReply(Reply<u64>),
    /// Watch a process; each `Down` is written as `down REASON`.
    Monitor(ProcessRef),
    /// Drop all guards of [`Do::Monitor`].
    Demonitor,
    /// Link yourself with a process.
    Link(ProcessRef),
    /// Take the link with a process away.
    Unlink(ProcessRef),
    /// Trap exit signals, or not; each one that is trapped is written as `exit REASON`.
    TrapExit(bool),
    /// Call yourself and answer what came of it: 1 for `SelfCall`, 0 for anything else.
    CallYourself(Reply<u64>),
    /// Write this after a while.
    NoteAfter(Duration, String),
    /// Write this once the gate is open, without blocking.
    PipeNote(Gate, String),
}

/// How starts and stops of a [`Worker`] go. Shared by all incarnations; a clone is the same plan.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    starts: AtomicU64,
    fail_from: AtomicU64,
    fail_to: AtomicU64,
    ignore: std::sync::atomic::AtomicBool,
    init_gate: Mutex<Option<Gate>>,
    stop_gate: Mutex<Option<Gate>>,
}

impl Plan {
    /// Creates a plan under which everything goes well.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the starts with these numbers fail; the first start has number 1.
    pub fn fail_starts(&self, numbers: std::ops::Range<u64>) {
        self.inner.fail_to.store(numbers.end, Ordering::SeqCst);
        self.inner.fail_from.store(numbers.start, Ordering::SeqCst);
    }

    /// Makes all starts from now on return ignore, or not.
    pub fn ignore_starts(&self, is_ignored: bool) {
        self.inner.ignore.store(is_ignored, Ordering::SeqCst);
    }

    /// Makes `init` wait at a gate.
    pub fn hold_init(&self, gate: &Gate) {
        *self.inner.init_gate.lock() = Some(gate.clone());
    }

    /// Makes `terminate` wait at a gate.
    pub fn hold_terminate(&self, gate: &Gate) {
        *self.inner.stop_gate.lock() = Some(gate.clone());
    }

    /// Returns how many starts there have been.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.inner.starts.load(Ordering::SeqCst)
    }

    fn next_start_fails(&self) -> bool {
        let number = self.inner.starts.fetch_add(1, Ordering::SeqCst) + 1;
        (self.inner.fail_from.load(Ordering::SeqCst)..self.inner.fail_to.load(Ordering::SeqCst))
            .contains(&number)
    }
}

/// A scripted process. Its journal entries: `+id` in `init`, `terminate id REASON` in `terminate`, `-id` when its state is
/// dropped.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{Strategy, SupervisorSpec};
/// use test_helpers::{Do, IsolatedTree, Journal, Worker};
///
/// let journal = Journal::new();
/// let spec = SupervisorSpec::new(Strategy::OneForOne).child(Worker::spec("a", &journal).child("a"));
/// let tree = IsolatedTree::start(spec).await?;
/// let worker = tree.server::<Do>("a").await;
/// assert_eq!(worker.call(|reply| Do::Echo(7, reply)).await?, 7);
/// tree.shutdown().await;
/// assert_eq!(journal.take(), ["+a", "terminate a shutdown", "-a"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Worker {
    id: String,
    journal: Journal,
    plan: Plan,
    monitors: Vec<MonitorRef>,
    kept: Vec<Reply<u64>>,
    _presence: Presence,
}

impl Worker {
    /// Describes a worker without a plan.
    #[must_use]
    pub fn spec(id: &str, journal: &Journal) -> ServerSpec<Self> {
        Self::planned(id, journal, &Plan::new())
    }

    /// Describes a worker with a plan.
    #[must_use]
    pub fn planned(id: &str, journal: &Journal, plan: &Plan) -> ServerSpec<Self> {
        ServerSpec::new((id.to_owned(), journal.clone(), plan.clone()))
    }
}

impl GenServer for Worker {
    type Args = (String, Journal, Plan);
    type Msg = Do;

    async fn init((id, journal, plan): Self::Args, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        let fails = plan.next_start_fails();
        let gate = plan.inner.init_gate.lock().clone();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        if plan.inner.ignore.load(Ordering::SeqCst) {
            return Err(Exit::ignore());
        }
        if fails {
            journal.note(format!("failed {id}"));
            return Err(Exit::error("a start that had to fail"));
        }
        let presence = journal.enter(&id);
        Ok(Self { id, journal, plan, monitors: Vec::new(), kept: Vec::new(), _presence: presence })
    }

    async fn handle(&mut self, msg: Do, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Do::Echo(number, reply) => reply.send(number),
            Do::Note(text) => self.journal.note(text),
            Do::Wait(gate) => gate.pass().await,
            Do::Panic(text) => panic!("{text}"),
            Do::PanicOn(text, _reply) => panic!("{text}"),
            Do::Fail(text) => return Err(Exit::error(text)),
            Do::FailOn(text, reply) => {
                drop(reply);
                return Err(Exit::error(text));
            }
            Do::End(reason) => return Err(Exit::reason(reason)),
            Do::DropReply(reply) => drop(reply),
            Do::KeepReply(reply) => self.kept.push(reply),
            Do::Monitor(process) => {
                let monitor = cx.monitor(&process);
                self.monitors.push(monitor);
            }
            Do::Demonitor => self.monitors.clear(),
            Do::Link(process) => cx.link(&process),
            Do::Unlink(process) => cx.unlink(&process),
            Do::TrapExit(traps) => {
                cx.trap_exit(traps);
            }
            Do::CallYourself(reply) => {
                let answer = cx.this().call(|reply| Do::Echo(0, reply)).await;
                reply.send(u64::from(matches!(answer, Err(foundation::CallError::SelfCall))));
            }
            Do::NoteAfter(delay, text) => {
                cx.send_after(delay, Do::Note(text));
            }
            Do::PipeNote(gate, text) => cx.pipe_to_self(async move {
                gate.pass().await;
                Do::Note(text)
            }),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match info {
            Info::Down(down) => self.journal.note(format!("down {}", down.reason)),
            Info::Exit(signal) => self.journal.note(format!("exit {}", signal.reason)),
            _ => {}
        }
        Ok(())
    }

    async fn terminate(&mut self, reason: &ExitReason, _cx: &mut Context<Self>) {
        self.journal.note(format!("terminate {} {reason}", self.id));
        let gate = self.plan.inner.stop_gate.lock().clone();
        if let Some(gate) = gate {
            gate.pass().await;
        }
    }
}
