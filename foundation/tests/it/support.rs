//! What several test modules need.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use foundation::{
    ChildSpec, ExitReason, ProcessRef, Restart, ServerRef, ServerSpec, Strategy, SupervisorSpec,
};
use futures_util::FutureExt;
use parking_lot::{Condvar, Mutex};
use test_helpers::{DEADLINE, Do, Gate, IsolatedTree, Worker};

/// Many restarts are fine.
pub(crate) fn supervisor(strategy: Strategy) -> SupervisorSpec {
    SupervisorSpec::new(strategy).intensity(1_000, Duration::from_secs(5))
}

/// A tree with one worker `a` that is not restarted.
pub(crate) async fn lone(spec: ServerSpec<Worker>) -> (IsolatedTree, ServerRef<Do>) {
    let child = spec.child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<Do>("a").await;
    (tree, server)
}

/// A tree of these children.
pub(crate) async fn of(
    strategy: Strategy,
    children: impl IntoIterator<Item = ChildSpec>,
) -> IsolatedTree {
    IsolatedTree::start(supervisor(strategy).children(children)).await.expect("the tree starts")
}

/// Makes the process wait at a gate, and returns the gate when the process is there.
pub(crate) async fn held(server: &ServerRef<Do>) -> Gate {
    let gate = Gate::new();
    server.cast(Do::Wait(gate.clone())).expect("there is room");
    gate.arrival().await;
    gate
}

pub(crate) fn note(text: impl Into<String>) -> Do {
    Do::Note(text.into())
}

/// The text of a note that came back.
pub(crate) fn text(message: Do) -> String {
    match message {
        Do::Note(text) => text,
        other => panic!("not a note: {other:?}"),
    }
}

/// Waits until the process has handled everything that it was sent before.
pub(crate) async fn settled(server: &ServerRef<Do>) {
    server.call(|reply| Do::Echo(0, reply)).await.expect("the process answers");
}

pub(crate) fn is_killed(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Killed)
}

pub(crate) fn is_shutdown(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Shutdown)
}

pub(crate) fn is_panic(reason: &ExitReason, wanted: &str) -> bool {
    matches!(reason, ExitReason::Panic(text) if &**text == wanted)
}

/// Runs something beside the test, on the test's runtime.
#[expect(clippy::disallowed_methods, reason = "a client outside the tree is what is tested")]
pub(crate) fn beside<F>(client: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    tokio::spawn(client)
}

/// Runs something beside the test, on a thread of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "senders that really run at the same time are what is tested"
)]
pub(crate) fn on_thread<T: Send + 'static>(
    client: impl FnOnce() -> T + Send + 'static,
) -> std::thread::JoinHandle<T> {
    std::thread::spawn(client)
}

/// Waits for what the code must bring about. If it does not, the test fails, and does not hang.
///
/// Not for a test with a paused clock, which goes on by itself when nobody has anything to do.
pub(crate) async fn in_time<F: Future>(event: F) -> F::Output {
    tokio::time::timeout(DEADLINE, event).await.expect("it happens")
}

/// Where two threads meet, as often as they like; for work that blocks. Whoever waits in vain panics after a while, so that a test
/// of code that is wrong fails, and does not hang. What the other one does is the only thing that lets it pass.
pub(crate) struct Meeting {
    /// How often somebody has come.
    arrivals: Mutex<usize>,
    met: Condvar,
    patience: Duration,
}

impl Meeting {
    pub(crate) fn new() -> Self {
        Self { arrivals: Mutex::new(0), met: Condvar::new(), patience: DEADLINE }
    }

    /// Blocks the thread until the other one comes, too.
    pub(crate) fn wait(&self) {
        let mut arrivals = self.arrivals.lock();
        *arrivals += 1;
        let both = arrivals.next_multiple_of(2);
        self.met.notify_all();
        let is_alone = |arrivals: &mut usize| *arrivals < both;
        let waited = self.met.wait_while_for(&mut arrivals, is_alone, self.patience);
        assert!(!waited.timed_out(), "the other one did not come");
    }
}

#[test]
#[should_panic(expected = "the other one did not come")]
fn a_meeting_to_which_only_one_comes_fails() {
    Meeting { patience: Duration::from_millis(1), ..Meeting::new() }.wait();
}

/// Lets everybody else run until nobody has anything to do.
pub(crate) async fn quiet() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// Polls a future once.
pub(crate) fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    future.now_or_never().is_none()
}

/// A waker that takes its time when it is woken, and sees whether a process ends meanwhile.
pub(crate) struct Witness {
    process: ProcessRef,
    has_seen_end: AtomicBool,
    times: AtomicUsize,
}

impl Witness {
    pub(crate) fn of(process: &ProcessRef) -> Arc<Self> {
        let (has_seen_end, times) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { process: process.clone(), has_seen_end, times })
    }

    /// Polls a future once, which must not be ready, so that it wakes the witness later.
    pub(crate) fn watch<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) {
        let waker = Waker::from(Arc::clone(self));
        assert!(Pin::new(future).poll(&mut Context::from_waker(&waker)).is_pending());
    }

    /// How often it was woken, after checking that the process lived on each time.
    pub(crate) fn times(&self) -> usize {
        assert!(!self.has_seen_end.load(Ordering::SeqCst), "the process ended too early");
        self.times.load(Ordering::SeqCst)
    }
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        // The scheduler keeps the task that was woken last for this thread; a newer one sets it free for the others.
        drop(beside(async {}));
        for _ in 0..2_000 {
            if !self.process.is_alive() {
                self.has_seen_end.store(true, Ordering::SeqCst);
            }
            std::thread::yield_now();
        }
        self.times.fetch_add(1, Ordering::SeqCst);
    }
}
