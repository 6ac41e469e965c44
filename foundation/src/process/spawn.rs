//! DOOR: where tasks and threads are born, and the one place where panics are caught.
//!
//! Whatever is started here has, before its first instruction runs, a guard that publishes its end: by return, by panic, by
//! abort, and by a runtime that drops it unpolled. The end is published only after the dependents of the process have ended.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::Thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::process::cell::Process;
use crate::process::dependents::{Dependent, DependentGuard};
use crate::process::exit::ExitReason;
use crate::process::progress::{Phase, Progress};
#[cfg(debug_assertions)]
use crate::process::wait_for;

/// Publishes the end of one process, once, however it comes.
struct ExitGuard {
    process: Option<Arc<dyn Process>>,
}

impl ExitGuard {
    /// Where the process says how far it is.
    fn progress(&self) -> Option<&Progress> {
        self.process.as_ref().map(|process| process.cell().progress())
    }

    /// The body has ended: publishes, at once or by the future that waits for the dependents.
    fn finish(self, reason: ExitReason) -> Option<Finishing> {
        let dependents = self.process.as_ref()?.cell().known_dependents();
        let Some(dependents) = dependents else {
            self.publish(reason);
            return None;
        };
        Some(Box::pin(async move {
            // Also when there are none: from now on there must be none.
            dependents.kill_all();
            dependents.ended().await;
            self.publish(reason);
        }))
    }

    fn publish(mut self, reason: ExitReason) {
        if let Some(process) = self.process.take() {
            process.publish_exit(reason);
        }
    }
}

type Finishing = Pin<Box<dyn Future<Output = ()> + Send>>;

pin_project! {
    /// The task of a process. The body is dropped before the end is published, whatever ends it: fields are dropped in order.
    #[project = Projected]
    enum ProcessTask<F> {
        Running {
            #[pin]
            body: CatchUnwind<AssertUnwindSafe<F>>,
            guard: Option<ExitGuard>,
        },
        Finishing { finishing: Finishing },
        Over,
    }
}

impl<F: Future<Output = ExitReason>> Future for ProcessTask<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (outcome, guard) = match self.as_mut().project() {
            Projected::Over => return Poll::Ready(()),
            Projected::Finishing { finishing } => return finishing.as_mut().poll(cx),
            Projected::Running { body, guard } => {
                let progress = guard.as_ref().and_then(ExitGuard::progress);
                progress.into_iter().for_each(Progress::enter_poll);
                let polled = {
                    #[cfg(debug_assertions)]
                    let process = guard.as_ref().and_then(|guard| guard.process.as_ref());
                    #[cfg(debug_assertions)]
                    let _running = process.and_then(wait_for::running);
                    body.poll(cx)
                };
                let Poll::Ready(outcome) = polled else {
                    progress.into_iter().for_each(Progress::leave_poll);
                    return Poll::Pending;
                };
                progress.into_iter().for_each(|progress| progress.enter(Phase::Ending));
                (outcome, guard.take())
            }
        };
        // Dropping the state is still work of the process.
        self.set(Self::Over);
        guard.iter().filter_map(ExitGuard::progress).for_each(Progress::leave_poll);
        let reason = outcome.unwrap_or_else(|panic| ExitReason::Panic(panic_text(&*panic)));
        let Some(mut finishing) = guard.and_then(|guard| guard.finish(reason)) else {
            return Poll::Ready(());
        };
        let is_over = finishing.as_mut().poll(cx);
        if is_over.is_pending() {
            self.set(Self::Finishing { finishing });
        }
        is_over
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else { return };
        let reason = process.cell().pending_exit().unwrap_or(ExitReason::Killed);
        let dependents = process.cell().known_dependents();
        let last_word = LastWord { process, reason };
        let Some(dependents) = dependents else { return };
        dependents.kill_all();
        if dependents.is_empty() {
            return;
        }
        let reaper = async move {
            dependents.ended().await;
            drop(last_word);
        };
        // Without a runtime, or with one that is going away and takes the dependents along, the reaper is dropped.
        drop(spawn_unguarded(reaper));
    }
}

/// Publishes the end of a process when it is dropped.
struct LastWord {
    process: Arc<dyn Process>,
    reason: ExitReason,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        self.process.publish_exit(self.reason.clone());
    }
}

/// Starts the task of a process. `body` returns the reason of its end.
///
/// With a `host`, the process whose turn it is now, the first turn is taken at once on the host's task. Nearly every `init` is over
/// within it, and then its starter need not wait. What the first turn leaves undone is done by a task of its own, as without a
/// host. A panic ends the new process alone; what it calls and who calls it cannot tell the difference.
pub(crate) fn spawn_process<B>(process: &Arc<dyn Process>, body: B, host: Option<&Arc<dyn Process>>)
where
    B: Future<Output = ExitReason> + Send + 'static,
{
    let guard = ExitGuard { process: Some(Arc::clone(process)) };
    let body = AssertUnwindSafe(body).catch_unwind();
    // Boxed, all of it: the runtime's own part is the smallest there is, and that of ten thousand tasks lies closer together, which
    // a fan-out is three times faster for.
    let task = Task(Box::pin(ProcessTask::Running { body, guard: Some(guard) }));
    match host {
        Some(host) => take_turn(process, task, host),
        None => give_task(process, Handle::try_current().ok().as_ref(), task),
    }
}

/// A process that does not have a task of the runtime yet.
pub(crate) struct Task(Pin<Box<dyn Body>>);

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// What a [`Task`] is made of.
trait Body: Future<Output = ()> + Send {
    /// Whose it is, until it has ended.
    fn process(&self) -> Option<&Arc<dyn Process>>;
}

impl<F: Future<Output = ExitReason> + Send> Body for ProcessTask<F> {
    fn process(&self) -> Option<&Arc<dyn Process>> {
        match self {
            Self::Running { guard, .. } => guard.as_ref()?.process.as_ref(),
            Self::Finishing { .. } | Self::Over => None,
        }
    }
}

/// Takes a turn of `process` on the task of `host`. Afterwards it has ended, or rests, or has a task.
pub(crate) fn take_turn(process: &Arc<dyn Process>, mut task: Task, host: &Arc<dyn Process>) {
    // The waker may be one that does nothing: the task's own first poll comes in any case.
    let mut cx = Context::from_waker(Waker::noop());
    let turn = || std::panic::catch_unwind(AssertUnwindSafe(|| task.0.as_mut().poll(&mut cx)));
    match host.cell().lend_task(process.cell(), turn) {
        Ok(Poll::Pending) => {}
        Ok(Poll::Ready(())) => return,
        // Something of the body panicked when it was dropped. The guard tells of the end, as in a task.
        Err(_panic) => {
            drop(std::panic::catch_unwind(AssertUnwindSafe(|| drop(task))));
            return;
        }
    }
    let runtime = process.cell().runtime();
    // What rests is given its task by whoever has something for it, and that may be outside the runtime.
    let is_reachable = runtime.is_some();
    match if is_reachable { process.rest(task) } else { Err(task) } {
        Ok(()) => {}
        Err(task) => give_task(process, runtime.as_ref(), task),
    }
}

/// Gives a process that rested its task.
pub(crate) fn begin(task: Task) {
    let Some(process) = task.0.process().cloned() else { return };
    give_task(&process, process.cell().runtime().as_ref(), task);
}

/// Without a runtime, or with one that is going away, the task is dropped, and with it its guard, which publishes the end.
#[expect(
    clippy::disallowed_methods,
    reason = "unsupervised_spawn: this is where the task of a process is born"
)]
fn give_task(process: &Arc<dyn Process>, runtime: Option<&Handle>, task: Task) {
    if let Some(runtime) = runtime {
        let handle = runtime.spawn(task.0);
        process.cell().set_task(handle.id(), handle.abort_handle());
    }
}

/// Called by a body when its `init` is over: ends a turn that is taken on the task of the starter, which lends it for that only.
/// A process that has started nothing itself then [rests](crate::process::mailbox::Mailbox::rest).
pub(crate) async fn leave_host(is_guest: bool) {
    let mut is_over = !is_guest;
    // Nobody has to be woken: the process's own task begins with a turn.
    std::future::poll_fn(|_cx| {
        if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Starts a task that belongs to the owners of `places`. The outcome of its future goes to `settle`, also after a panic; an abort
/// drops `settle`.
pub(crate) fn spawn_dependent<F, S>(
    places: Vec<DependentGuard>,
    future: F,
    settle: S,
) -> Option<TaskKill>
where
    F: Future + Send + 'static,
    F::Output: Send,
    S: FnOnce(Result<F::Output, Arc<str>>) + Send + 'static,
{
    let places = Arc::new(places);
    let work = Work { future, settle, held: Arc::clone(&places) };
    let task = async move {
        // Taken whole, and apart in the order that drops the future first and the places last.
        let work = work;
        let Work { held, settle, future } = work;
        let outcome = AssertUnwindSafe(future).catch_unwind().await;
        settle(outcome.map_err(|panic| panic_text(&*panic)));
        drop(held);
    };
    let handle = spawn_unguarded(task).ok()?;
    for place in &*places {
        place.announce(Dependent::Task(handle.abort_handle()));
    }
    Some(TaskKill(Some(handle.abort_handle())))
}

/// Where blocking work can run: the threads that the runtime of the caller has for it.
pub(crate) struct BlockingDoor(Handle);

impl BlockingDoor {
    /// `None` outside a runtime.
    pub(crate) fn here() -> Option<Self> {
        Handle::try_current().ok().map(Self)
    }

    /// Runs work that belongs to the owners of `places`, as [`spawn_dependent`] does with a future. Killing it has an effect
    /// only until it begins; then `settle` is dropped.
    ///
    /// # Errors
    ///
    /// The work, if the runtime has no thread for it and the operating system gives it none; then `settle` is dropped.
    #[expect(
        clippy::disallowed_methods,
        reason = "unsupervised_spawn: this is the one place where blocking work is born"
    )]
    pub(crate) fn spawn_dependent<W, T, S>(
        self,
        places: Vec<DependentGuard>,
        work: W,
        settle: S,
    ) -> Result<TaskKill, W>
    where
        W: FnOnce() -> T + Send + 'static,
        S: FnOnce(Result<T, Arc<str>>) + Send + 'static,
    {
        let places = Arc::new(places);
        let work = Work { future: work, settle, held: Arc::clone(&places) };
        // Where it can be taken back from: a runtime without a thread panics, and keeps what it got for a later one.
        let desk = Arc::new(Mutex::new(Some(work)));
        let waiting = Arc::clone(&desk);
        let run = move || {
            let Some(work) = waiting.lock().take() else { return };
            // Taken whole, as above; the closure is gone when its outcome is known.
            let Work { held, settle, future: work } = work;
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(work));
            settle(outcome.map_err(|panic| panic_text(&*panic)));
            drop(held);
        };
        let Some(handle) = caught(|| self.0.spawn_blocking(run)) else {
            let refused = desk.lock().take();
            // A thread that was busy until now can have begun it. What has begun cannot be killed.
            return refused.map_or(Ok(TaskKill(None)), |work| Err(work.future));
        };
        // From now on the runtime alone decides when work that has not begun is dropped.
        drop(desk);
        for place in &*places {
            place.announce(Dependent::Blocking(handle.abort_handle()));
        }
        Ok(TaskKill(Some(handle.abort_handle())))
    }
}

/// Runs code that the kernel calls and does not depend on. `None` if it panicked.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    let panic = match std::panic::catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => return Some(value),
        Err(panic) => panic,
    };
    // What was thrown may panic when it is dropped. What that throws is kept for ever, or there would be no end of it.
    if let Err(again) = std::panic::catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        Box::leak(again);
    }
    None
}

/// A task before it runs. Fields are dropped in this order: when the places are free, nothing of the task is left.
struct Work<F, S> {
    future: F,
    settle: S,
    held: Arc<Vec<DependentGuard>>,
}

/// Ends one task.
#[derive(Debug)]
pub(crate) struct TaskKill(Option<tokio::task::AbortHandle>);

impl TaskKill {
    #[expect(clippy::disallowed_methods, reason = "the kernel ends what it started")]
    pub(crate) fn kill(&self) {
        self.0.iter().for_each(|handle| handle.abort());
    }
}

/// Starts the thread of a process. `body` returns the reason of its end.
///
/// # Errors
///
/// The error of the operating system; the end of the process has been published then.
pub(crate) fn spawn_thread<F>(
    process: &Arc<dyn Process>,
    name: &str,
    body: F,
) -> std::io::Result<()>
where
    F: FnOnce() -> ExitReason + Send + 'static,
{
    let guard = ExitGuard { process: Some(Arc::clone(process)) };
    let whole = move || {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(body));
        let reason = outcome.unwrap_or_else(|panic| ExitReason::Panic(panic_text(&*panic)));
        let mut guard = guard;
        if let Some(process) = guard.process.take() {
            process.publish_exit(reason);
        }
    };
    start_thread(name, whole).map(drop)
}

/// Starts a thread that looks after a node. `look` says whether to look again after `rest`, or earlier when the thread is unparked.
///
/// # Errors
///
/// The error of the operating system.
pub(crate) fn spawn_watchdog(
    rest: Duration,
    mut look: impl FnMut() -> bool + Send + 'static,
) -> std::io::Result<Thread> {
    start_thread("node-watchdog", move || {
        loop {
            std::thread::park_timeout(rest);
            if !look() {
                return;
            }
        }
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "unsupervised_spawn: this is the one place where a thread is born"
)]
fn start_thread(name: &str, whole: impl FnOnce() + Send + 'static) -> std::io::Result<Thread> {
    let handle = std::thread::Builder::new().name(name.to_owned()).spawn(whole)?;
    Ok(handle.thread().clone())
}

/// No runtime is here to run a task.
struct NoRuntime;

#[expect(
    clippy::disallowed_methods,
    reason = "unsupervised_spawn: this is the one place where a task is born"
)]
fn spawn_unguarded<F>(task: F) -> Result<tokio::task::JoinHandle<()>, NoRuntime>
where
    F: Future<Output = ()> + Send + 'static,
{
    // Without a runtime the task is dropped, and with it its guard, which publishes the end.
    let runtime = Handle::try_current().map_err(|_no_runtime| NoRuntime)?;
    Ok(runtime.spawn(task))
}

/// Starts the sweep over a node's deadlines. It owns nothing but the table, and ends when nothing waits.
pub(crate) fn spawn_sweep(sweep: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime there is nobody who could wait either: the wait itself needs one.
    drop(spawn_unguarded(sweep));
}

/// The text of a panic.
fn panic_text(panic: &(dyn Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        Arc::from(*text)
    } else if let Some(text) = panic.downcast_ref::<String>() {
        Arc::from(text.as_str())
    } else {
        Arc::from("a panic without a text")
    }
}
