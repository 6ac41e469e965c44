//! A process on its own OS thread, for work that blocks.
//!
//! The same mailbox, supervision, monitors and exits as any process. Its messages come in batches: whatever arrived while the
//! batch before was worked on. That is what makes group commit free of timers.

use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread::Thread;

use crate::gen_server::spec::Setup;
use crate::node::Node;
use crate::process::envelope::{Control, Envelope, Receipt, Received};
use crate::process::exit::{Exit, ExitReason};
use crate::process::mailbox::Inbox;
use crate::process::name::Name;
use crate::process::owner::Ack;
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::progress::{Phase, Progress};
use crate::process::reply::Reply;
use crate::process::server::SystemMessages;
use crate::process::server_ref::ServerRef;
use crate::process::spawn;
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::starting::{StartOutcome, Starter};

/// A process whose callbacks may block, because it has a thread to itself.
///
/// The callbacks follow [`GenServer`](crate::GenServer), but messages come in batches. An exit signal or a stop takes effect
/// between two batches; the end of the process is published after its state was dropped, so a successor never overlaps with it.
///
/// # Examples
///
/// ```
/// use foundation::{Exit, Reply, ThreadContext, ThreadServer};
///
/// struct Lines(std::fs::File);
///
/// struct Append(String, Reply<std::io::Result<()>>);
///
/// impl ThreadServer for Lines {
///     type Args = std::path::PathBuf;
///     type Msg = Append;
///
///     fn init(path: std::path::PathBuf, _cx: &mut ThreadContext<Append>) -> Result<Self, Exit> {
///         Ok(Self(std::fs::File::create(path)?))
///     }
///
///     fn handle_batch(&mut self, batch: &mut Vec<Append>, _cx: &mut ThreadContext<Append>) -> Result<(), Exit> {
///         use std::io::Write;
///         for Append(line, reply) in batch.drain(..) {
///             reply.send(writeln!(self.0, "{line}"));
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait ThreadServer: Sized + 'static {
    /// What a start needs. A supervisor makes it anew for each start.
    type Args: Send + 'static;
    /// Everything that the process can be told.
    type Msg: Send + 'static;

    /// Creates the state, on the thread. The starter waits for this.
    ///
    /// # Errors
    ///
    /// The start fails, or is ignored, with this [`Exit`].
    fn init(args: Self::Args, cx: &mut ThreadContext<Self::Msg>) -> Result<Self, Exit>;

    /// Handles everything that arrived during the batch before, oldest first, never empty, at most `max_batch` messages.
    /// What is left in `batch` afterwards is dropped.
    ///
    /// # Errors
    ///
    /// The process ends with this [`Exit`], after `terminate`.
    fn handle_batch(
        &mut self,
        batch: &mut Vec<Self::Msg>,
        cx: &mut ThreadContext<Self::Msg>,
    ) -> Result<(), Exit>;

    /// Cleans up before an orderly end; not after a panic.
    fn terminate(&mut self, reason: &ExitReason) {
        let _reason = reason;
    }
}

/// The process's own side of things, given to each callback.
pub struct ThreadContext<M: Send + 'static> {
    this: ServerRef<M>,
    inbox: Inbox<M>,
    max_batch: usize,
    /// Why the process ends after the batch that was being collected when it was told to.
    ending: Option<ExitReason>,
}

impl<M: Send + 'static> ThreadContext<M> {
    /// Returns the node that the process lives on.
    #[must_use]
    pub fn node(&self) -> &Node {
        self.this.server().cell.node()
    }

    /// Returns the process's own pid.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.this.pid()
    }

    /// Returns a door to the process itself, to hand out.
    #[must_use]
    pub fn this(&self) -> ServerRef<M> {
        self.this.clone()
    }

    /// Blocks until there is mail, or until the process has to end.
    fn receive(
        &mut self,
        waker: &Waker,
        batch: &mut Vec<M>,
        receipts: &mut Vec<Reply<()>>,
    ) -> Result<(), ExitReason> {
        if let Some(reason) = self.ending.take() {
            return Err(reason);
        }
        let server = Arc::clone(self.this.server());
        loop {
            match server.poll_recv(&mut self.inbox, waker) {
                Poll::Ready(Received::Control(Control::Stop(reason) | Control::Exit(reason))) => {
                    if batch.is_empty() {
                        return Err(reason);
                    }
                    // What has been taken is handled first, or it would be lost without a word.
                    self.ending = Some(reason);
                    return Ok(());
                }
                Poll::Ready(Received::Control(Control::Sync(reply))) => reply.send(()),
                // Nothing on a thread can monitor.
                Poll::Ready(Received::Control(
                    Control::Down(_) | Control::Signal(_) | Control::Suspend(_) | Control::Resume,
                )) => {}
                Poll::Ready(Received::Message(envelope)) => take(envelope, batch, receipts),
                Poll::Pending if batch.is_empty() => std::thread::park(),
                Poll::Pending => return Ok(()),
            }
            if batch.len() >= self.max_batch {
                return Ok(());
            }
        }
    }
}

fn take<M>(envelope: Envelope<M>, batch: &mut Vec<M>, receipts: &mut Vec<Reply<()>>) {
    if let Receipt::Handled(reply) = envelope.receipt {
        receipts.push(reply);
    }
    batch.push(envelope.message);
}

impl<M: Send + 'static> Drop for ThreadContext<M> {
    fn drop(&mut self) {
        self.this.server().give_back(&mut self.inbox);
    }
}

impl<M: Send + 'static> fmt::Debug for ThreadContext<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadContext").field("pid", &self.pid()).finish_non_exhaustive()
    }
}

/// Wakes a parked thread.
struct ThreadWaker(Thread);

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Says how to start a [`ThreadServer`].
///
/// Defaults: no name, a mailbox of 4,096 messages, batches of at most 1,024, [`Overflow::Wait`](crate::Overflow::Wait).
pub struct ThreadServerSpec<S: ThreadServer> {
    args: Arc<dyn Fn() -> S::Args + Send + Sync>,
    setup: Setup<S::Msg>,
    max_batch: usize,
}

impl<S: ThreadServer> ThreadServerSpec<S> {
    /// Starts with a clone of `args` each time.
    #[must_use]
    pub fn new(args: S::Args) -> Self
    where
        S::Args: Clone + Sync,
    {
        Self::from_fn(move || args.clone())
    }

    /// Starts with what `args` makes each time.
    #[must_use]
    pub fn from_fn(args: impl Fn() -> S::Args + Send + Sync + 'static) -> Self {
        let setup = Setup::new(None, 4_096);
        Self { args: Arc::new(args), setup, max_batch: 1_024 }
    }

    /// Registers each incarnation under `name`, before its `init`.
    #[must_use]
    pub fn name(mut self, name: &Name<S::Msg>) -> Self {
        self.setup.name = Some(name.clone());
        self
    }

    /// Sets how many messages the mailbox takes.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    pub fn capacity(mut self, messages_max: usize) -> Self {
        assert!(messages_max > 0, "a mailbox needs a capacity of at least one message");
        self.setup.capacity = messages_max;
        self
    }

    /// Sets how many messages a batch has at most.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    pub fn max_batch(mut self, messages_max: usize) -> Self {
        assert!(messages_max > 0, "a batch has at least one message");
        self.max_batch = messages_max;
        self
    }

    /// Makes a child specification: permanent, with 5 s to stop.
    #[must_use]
    pub fn child(self, id: &str) -> ChildSpec {
        let Self { args, setup, max_batch } = self;
        ChildSpec::worker(id, move |starter| start::<S>(starter, &args, &setup, max_batch))
    }
}

impl<S: ThreadServer> fmt::Debug for ThreadServerSpec<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadServerSpec").field("name", &self.setup.name).finish_non_exhaustive()
    }
}

fn start<S: ThreadServer>(
    starter: &Starter<'_>,
    args: &Arc<dyn Fn() -> S::Args + Send + Sync>,
    setup: &Setup<S::Msg>,
    max_batch: usize,
) -> Result<ProcessRef, StartOutcome> {
    let server = setup.create(starter, SystemMessages::ON_THREAD)?;
    let process = server.process().clone();
    let args = Arc::clone(args);
    // The arguments are made by the process itself, so that a panic there is a failed start and nothing worse.
    let body = move || run::<S>(server, args(), max_batch);
    spawn::spawn_thread(process.process(), starter.id, body)
        .map_err(|error| StartOutcome::failed(ExitReason::error(error)))?;
    Ok(process)
}

/// Runs the process to its end and returns the reason.
fn run<S: ThreadServer>(this: ServerRef<S::Msg>, args: S::Args, max_batch: usize) -> ExitReason {
    let server = Arc::clone(this.server());
    let inbox = Inbox::new(server.mailbox.capacity());
    let progress = server.cell.progress();
    let mut cx = ThreadContext { this, inbox, max_batch, ending: None };
    let mut state = match S::init(args, &mut cx) {
        Ok(state) => {
            progress.enter(Phase::Waiting);
            // A thread is nobody's guest.
            server.cell.acknowledge(Ack::Up, false);
            state
        }
        Err(exit) => {
            if exit.is_ignore() {
                server.cell.acknowledge(Ack::Ignore, false);
            }
            return exit.into_reason();
        }
    };
    let reason = serve(&mut state, &mut cx, progress);
    progress.enter(Phase::Ending);
    state.terminate(&reason);
    reason
}

fn serve<S: ThreadServer>(
    state: &mut S,
    cx: &mut ThreadContext<S::Msg>,
    progress: &Progress,
) -> ExitReason {
    let waker = Waker::from(Arc::new(ThreadWaker(std::thread::current())));
    let mut batch = Vec::new();
    let mut receipts = Vec::new();
    loop {
        if let Err(reason) = cx.receive(&waker, &mut batch, &mut receipts) {
            return reason;
        }
        let taken = batch.len() as u64;
        progress.enter_poll();
        progress.begin_plain();
        let handled = state.handle_batch(&mut batch, cx);
        progress.leave_poll();
        if let Err(exit) = handled {
            return exit.into_reason();
        }
        progress.handled_more(taken);
        batch.clear();
        receipts.drain(..).for_each(|receipt| receipt.send(()));
    }
}
