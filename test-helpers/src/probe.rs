//! A process whose mail the test reads.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Context, Exit, GenServer, Node, Recipient, ServerRef, ServerSpec, Strategy, Supervisor,
    SupervisorSpec,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::eventually::DEADLINE;

/// Mail that a probe keeps for its test; more than that means that the test does not read it.
const KEPT_MAX: usize = 100_000;

/// A process that keeps what it is sent, in a tree of its own. Dropping the probe ends it.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = foundation::Node::new(foundation::NodeConfig::default())?;
/// let mut probe = test_helpers::Probe::<u64>::start(&node).await;
/// probe.server().cast(7)?;
/// assert_eq!(probe.next().await, 7);
/// # Ok(())
/// # }
/// ```
pub struct Probe<T: Send + 'static> {
    mail: Arc<Mail<T>>,
    server: ServerRef<T>,
    root: Supervisor,
}

struct Mail<T> {
    queue: Mutex<VecDeque<T>>,
    arrived: Notify,
}

struct ProbeServer<T>(Arc<Mail<T>>);

impl<T: Send + 'static> GenServer for ProbeServer<T> {
    type Args = Arc<Mail<T>>;
    type Msg = T;

    async fn init(mail: Arc<Mail<T>>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(mail))
    }

    async fn handle(&mut self, message: T, _cx: &mut Context<Self>) -> Result<(), Exit> {
        let mut queue = self.0.queue.lock();
        assert!(queue.len() < KEPT_MAX, "a probe that nobody reads");
        queue.push_back(message);
        drop(queue);
        self.0.arrived.notify_one();
        Ok(())
    }
}

impl<T: Send + 'static> Probe<T> {
    /// Starts a probe. It adds two processes to the node: take a [`Baseline`](crate::Baseline) afterwards.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be started.
    pub async fn start(node: &Node) -> Self {
        let mail = Arc::new(Mail { queue: Mutex::new(VecDeque::new()), arrived: Notify::new() });
        let spec =
            ServerSpec::<ProbeServer<T>>::new(Arc::clone(&mail)).capacity(1_024).child("probe");
        let spec = SupervisorSpec::new(Strategy::OneForOne).child(spec);
        let root = Supervisor::start(node, spec).await.expect("a probe starts");
        let children = root.handle().which_children().await.expect("a probe has a supervisor");
        let server = children.first().and_then(|child| child.process.running()?.server::<T>());
        Self { mail, server: server.expect("a probe runs"), root }
    }

    /// Returns the probe's process.
    #[must_use]
    pub fn server(&self) -> &ServerRef<T> {
        &self.server
    }

    /// Returns a door for messages that convert into the probe's.
    #[must_use]
    pub fn recipient<M>(&self) -> Recipient<M>
    where
        M: Send + 'static,
        T: From<M>,
    {
        self.server.recipient()
    }

    /// Waits for the next message.
    ///
    /// # Panics
    ///
    /// Panics when none comes in [`DEADLINE`].
    pub async fn next(&mut self) -> T {
        self.next_in(DEADLINE).await.expect("the probe waited for a message in vain")
    }

    /// Waits for the next message for at most `deadline`.
    pub async fn next_in(&mut self, deadline: Duration) -> Option<T> {
        let waiting = async {
            loop {
                if let Some(message) = self.take_next() {
                    return message;
                }
                self.mail.arrived.notified().await;
            }
        };
        foundation::time::timeout(deadline, waiting).await.ok()
    }

    /// Takes everything that has arrived so far.
    #[must_use]
    pub fn drain(&mut self) -> Vec<T> {
        Vec::from(std::mem::take(&mut *self.mail.queue.lock()))
    }

    /// Ends the probe and waits until it is gone.
    pub async fn stop(self) {
        self.root.shutdown().await;
    }

    fn take_next(&self) -> Option<T> {
        self.mail.queue.lock().pop_front()
    }
}

impl<T: Send + 'static> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("server", &self.server).finish_non_exhaustive()
    }
}
