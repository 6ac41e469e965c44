//! The tasks of one process: started by it, ended with it, and reported to it exactly once each.
//!
//! What a task leaves behind travels through an outbox of the process's own, not through its mailbox: no sender can fill it,
//! and it is bounded by construction, because a task enters it once. Invariants: a task is in `running` from its start until
//! its end is handed to a callback, and the end comes when nothing of its future is left.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use parking_lot::Mutex;

use crate::gen_server::GenServer;
use crate::gen_server::context::Context;
use crate::process::blocking::{BlockingError, BlockingFailure, BlockingSeat};
use crate::process::spawn::{BlockingDoor, TaskKill, spawn_dependent};
use crate::task::count::{Counted, TaskCount};
use crate::task::error::TaskError;

/// Identifies one task of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef(u64);

/// A task of the process has ended. Comes exactly once for each task, when nothing of it is left.
///
/// # Differs from OTP
///
/// In the place of the `DOWN` message of Elixir's `Task.Supervisor.async_nolink`, which comes here after a result, too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskDone {
    /// Which task.
    pub task: TaskRef,
    /// `Ok` if its output has been handled as a message. Otherwise there was no output, or nobody saw it.
    pub outcome: Result<(), TaskError>,
}

/// What a task leaves behind.
struct Ended<M> {
    task: TaskRef,
    outcome: Result<M, TaskError>,
}

/// Where the tasks of one process leave what they leave behind.
struct Outbox<M> {
    state: Mutex<OutboxState<M>>,
}

struct OutboxState<M> {
    ended: VecDeque<Ended<M>>,
    owner: Option<Waker>,
}

impl<M> Default for Outbox<M> {
    fn default() -> Self {
        Self { state: Mutex::new(OutboxState { ended: VecDeque::new(), owner: None }) }
    }
}

impl<M> Outbox<M> {
    fn push(&self, ended: Ended<M>) {
        let mut state = self.state.lock();
        state.ended.push_back(ended);
        let owner = state.owner.take();
        drop(state);
        if let Some(owner) = owner {
            owner.wake();
        }
    }

    /// Takes back what a task has said that could not be started.
    fn forget(&self, task: TaskRef) {
        self.state.lock().ended.retain(|ended| ended.task != task);
    }

    fn take(&self, waker: &Waker) -> Option<Ended<M>> {
        let mut state = self.state.lock();
        let ended = state.ended.pop_front();
        if ended.is_none() {
            state.owner = Some(waker.clone());
        }
        ended
    }
}

/// A task's duty to tell its process how it ended. Dropped untold, it says that the task was aborted.
///
/// `count` is what counts the task elsewhere; it is given back before the process can know of the end.
pub(crate) struct Ending<M, C: Counted> {
    task: TaskRef,
    outbox: Option<Arc<Outbox<M>>>,
    count: Option<C>,
}

impl<M, C: Counted> Ending<M, C> {
    /// Tells it: the output, or the text of a panic.
    pub(crate) fn tell(mut self, outcome: Result<M, Arc<str>>) {
        if let Some(count) = self.count.take() {
            count.ended(outcome.is_ok());
        }
        self.leave(outcome.map_err(TaskError::Panicked));
    }

    fn leave(&mut self, outcome: Result<M, TaskError>) {
        self.count = None;
        if let Some(outbox) = self.outbox.take() {
            outbox.push(Ended { task: self.task, outcome });
        }
    }
}

impl<M, C: Counted> Drop for Ending<M, C> {
    fn drop(&mut self) {
        self.leave(Err(TaskError::Aborted));
    }
}

struct Running {
    /// None if it could not even start.
    kill: Option<TaskKill>,
    is_aborted: bool,
}

/// What a task that ended has to say.
pub(crate) enum Told<M> {
    Output(M),
    Done(TaskDone),
}

/// The tasks of one process.
pub(crate) struct Tasks<M> {
    running: BTreeMap<TaskRef, Running>,
    next: u64,
    outbox: Option<Arc<Outbox<M>>>,
    /// The output of this one was handed over; now its end is.
    told: Option<TaskRef>,
}

impl<M> Default for Tasks<M> {
    fn default() -> Self {
        Self { running: BTreeMap::new(), next: 0, outbox: None, told: None }
    }
}

impl<M> Tasks<M> {
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    /// Numbers a task that `start` starts with its duty to tell how it ended.
    pub(crate) fn start<C: Counted>(
        &mut self,
        count: C,
        start: impl FnOnce(Ending<M, C>) -> Option<TaskKill>,
    ) -> TaskRef {
        let task = TaskRef(self.next);
        self.next += 1;
        let outbox = Arc::clone(self.outbox.get_or_insert_default());
        let kill = start(Ending { task, outbox: Some(outbox), count: Some(count) });
        self.running.insert(task, Running { kill, is_aborted: false });
        task
    }

    /// The same with a start that can be refused. Then there was no task.
    fn try_start<C: Counted, E>(
        &mut self,
        count: C,
        start: impl FnOnce(Ending<M, C>) -> Result<TaskKill, E>,
    ) -> Result<TaskRef, E> {
        let mut refused = None;
        let task =
            self.start(count, |ending| start(ending).map_err(|error| refused = Some(error)).ok());
        let Some(error) = refused else { return Ok(task) };
        self.running.remove(&task);
        if let Some(outbox) = &self.outbox {
            outbox.forget(task);
        }
        Err(error)
    }

    fn abort(&mut self, task: TaskRef) -> bool {
        let Some(running) = self.running.get_mut(&task) else { return false };
        if let Some(kill) = &running.kill {
            kill.kill();
        }
        !std::mem::replace(&mut running.is_aborted, true)
    }

    /// Takes what the next task that ended has to say.
    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Told<M>> {
        if let Some(task) = self.told.take() {
            return Poll::Ready(Told::Done(TaskDone { task, outcome: Ok(()) }));
        }
        while let Some(outbox) = &self.outbox
            && !self.running.is_empty()
        {
            let Some(Ended { task, outcome }) = outbox.take(cx.waker()) else { break };
            let Some(running) = self.running.remove(&task) else { continue };
            let error = match outcome {
                Ok(output) if !running.is_aborted => {
                    self.told = Some(task);
                    return Poll::Ready(Told::Output(output));
                }
                Err(error) if !running.is_aborted => error,
                _ => TaskError::Aborted,
            };
            return Poll::Ready(Told::Done(TaskDone { task, outcome: Err(error) }));
        }
        Poll::Pending
    }
}

/// Tasks. A task runs beside the process and belongs to it: however the process ends, its end is published only after its
/// tasks are gone, so that a successor never overlaps with them.
impl<S: GenServer> Context<S> {
    /// Starts a task whose output is handled like a message, before waiting mail; then
    /// [`Info::TaskDone`](crate::Info::TaskDone) with `Ok(())` comes.
    ///
    /// A task that panics or is aborted has no output; only [`Info::TaskDone`](crate::Info::TaskDone) comes, with the error.
    /// The process lives on. While the process lives, exactly one comes for each task. When the process ends, its tasks are
    /// aborted and what they left is dropped.
    ///
    /// The task runs in parallel to the process; [`pipe_to_self`](Self::pipe_to_self) runs a future inside it, without a task
    /// and with its panics. The number of tasks is up to the caller; [`TaskPool`](crate::TaskPool) has a limit, and
    /// [`spawn_in`](Self::spawn_in) takes a place there. Cost: one task of the runtime and O(log n) in the number of tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Context, Exit, GenServer, Info, Reply, TaskError};
    ///
    /// #[derive(Default)]
    /// struct Squares {
    ///     sum: u64,
    ///     panics: usize,
    /// }
    ///
    /// enum Msg {
    ///     Square(u32),
    ///     Squared(u64),
    ///     /// The sum so far, how many tasks panicked, how many run.
    ///     Look(Reply<(u64, usize, usize)>),
    /// }
    ///
    /// impl GenServer for Squares {
    ///     type Args = ();
    ///     type Msg = Msg;
    ///
    ///     async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
    ///         Ok(Self::default())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
    ///         match msg {
    ///             Msg::Square(n) => {
    ///                 cx.spawn_task(async move {
    ///                     assert!(n < 1_000, "too large");
    ///                     Msg::Squared(u64::from(n * n))
    ///                 });
    ///             }
    ///             Msg::Squared(square) => self.sum += square,
    ///             Msg::Look(reply) => reply.send((self.sum, self.panics, cx.tasks())),
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
    ///         if let Info::TaskDone(done) = info {
    ///             self.panics += usize::from(matches!(done.outcome, Err(TaskError::Panicked(_))));
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<Msg>("squares")?;
    /// # let squares = ServerSpec::<Squares>::new(()).name(&name).child("squares");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(squares)).await?;
    /// for n in [3, 4, 5_000] {
    ///     name.cast(Msg::Square(n)).map_err(|error| error.to_string())?;
    /// }
    /// let seen = loop {
    ///     let seen = name.call(Msg::Look).await?;
    ///     if seen.2 == 0 {
    ///         break seen;
    ///     }
    /// };
    /// assert_eq!(seen, (25, 1, 0));
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Differs from OTP
    ///
    /// As Elixir's `Task.Supervisor.async_nolink`, but the task ends with the process.
    pub fn spawn_task(&mut self, future: impl Future<Output = S::Msg> + Send + 'static) -> TaskRef {
        let place = self.this().server().cell.dependents().attach();
        let count = TaskCount::new(self.node());
        self.owned().tasks.start(count, |ending| {
            spawn_dependent(vec![place], future, move |outcome| ending.tell(outcome))
        })
    }

    /// Runs work that blocks its thread, off the threads that run processes, and reports it as
    /// [`spawn_task`](Self::spawn_task) does.
    ///
    /// For a piece of work that now and then blocks: a system call, a computation of many milliseconds. A process that always
    /// blocks is a [`ThreadServer`](crate::ThreadServer). At most
    /// [`NodeConfig::blocking_max`](crate::NodeConfig::blocking_max) pieces run at once on a node.
    ///
    /// Work that runs cannot be ended from outside. [`abort_task`](Self::abort_task) only takes its output away, and its end
    /// comes when it has returned; work that waits for a thread of the runtime is not begun any more. The end of the process
    /// is published only after the work has returned, also when the process is killed, so a restart waits for it, at most as
    /// long as the [kill grace](crate::NodeConfig::kill_grace) of the node: give the work a limit of its own.
    ///
    /// # Errors
    ///
    /// [`BlockingError`] with the work: `Full`, `NoRuntime`, or `NoThread` if the operating system gives the runtime none.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Context, Exit, GenServer, Reply};
    ///
    /// struct Sizes;
    ///
    /// enum Msg {
    ///     SizeOf(std::path::PathBuf, Reply<u64>),
    ///     Size(std::io::Result<u64>, Reply<u64>),
    /// }
    ///
    /// impl GenServer for Sizes {
    ///     type Args = ();
    ///     type Msg = Msg;
    ///
    ///     async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
    ///         Ok(Self)
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
    ///         match msg {
    ///             Msg::SizeOf(path, reply) => {
    ///                 let stat = move || Msg::Size(std::fs::metadata(path).map(|file| file.len()), reply);
    ///                 // Refused work is dropped here, and with it the reply, which tells the caller.
    ///                 if let Err(refused) = cx.spawn_blocking(stat) {
    ///                     drop(refused.into_work());
    ///                 }
    ///             }
    ///             Msg::Size(Ok(bytes), reply) => reply.send(bytes),
    ///             Msg::Size(Err(_unreadable), reply) => drop(reply),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// let node = Node::new(NodeConfig::default().blocking_max(8))?;
    /// let name = node.name::<Msg>("sizes")?;
    /// # let sizes = ServerSpec::<Sizes>::new(()).name(&name).child("sizes");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(sizes)).await?;
    /// let this_program = std::env::current_exe()?;
    /// assert!(name.call(|reply| Msg::SizeOf(this_program, reply)).await? > 0);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn_blocking<W>(&mut self, work: W) -> Result<TaskRef, BlockingError<W>>
    where
        W: FnOnce() -> S::Msg + Send + 'static,
    {
        let Some(door) = BlockingDoor::here() else {
            return Err(BlockingError::new(work, BlockingFailure::NoRuntime));
        };
        let Some(seat) = BlockingSeat::take(self.node()) else {
            return Err(BlockingError::new(work, BlockingFailure::Full));
        };
        let place = self.this().server().cell.dependents().attach();
        let started = self.owned().tasks.try_start(seat, |ending| {
            door.spawn_dependent(vec![place], work, move |outcome| ending.tell(outcome))
        });
        started.map_err(|work| BlockingError::new(work, BlockingFailure::NoThread))
    }

    /// Aborts a task and returns true, or false if its end has been handed to a callback or it was aborted before.
    ///
    /// After true no output of it is seen, even if it had one; [`Info::TaskDone`](crate::Info::TaskDone) with
    /// [`TaskError::Aborted`] comes when it is gone. It goes at its next await point: one that never awaits cannot be
    /// aborted, and its end comes when it returns.
    pub fn abort_task(&mut self, task: TaskRef) -> bool {
        self.own.as_mut().is_some_and(|own| own.tasks.abort(task))
    }

    /// Returns how many tasks were started and have not been seen to end: neither output nor error was handed over.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.own.as_ref().map_or(0, |own| own.tasks.len())
    }
}

#[cfg(test)]
mod tests {
    //! What a process never sees of its tasks.

    use super::{Counted, Tasks};

    impl Counted for () {
        fn ended(self, _is_ok: bool) {}
    }

    #[test]
    fn a_task_that_was_refused_leaves_nothing_behind() {
        let mut tasks = Tasks::<u8>::default();
        assert_eq!(tasks.try_start((), |_ending| Err("no thread")), Err("no thread"));
        assert_eq!(tasks.len(), 0);
        let outbox = tasks.outbox.expect("there was a start");
        assert_eq!(outbox.state.lock().ended.len(), 0);
    }
}
