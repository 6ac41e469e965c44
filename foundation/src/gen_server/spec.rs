//! How a `GenServer` is started: its arguments, name and mailbox.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::gen_server::GenServer;
use crate::gen_server::run::run;
use crate::process::cell::Cell;
use crate::process::exit::ExitReason;
use crate::process::mailbox::{Mailbox, Overflow};
use crate::process::name::Name;
use crate::process::server_ref::{Server, ServerRef, SystemMessages};
use crate::process::{reply, spawn};
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::starting::{StartOutcome, Starter, acknowledged, occupy};

/// The mailbox and name that a process is started with, shared by the two kinds of server.
pub(crate) struct Setup<M> {
    pub(crate) name: Option<Name<M>>,
    pub(crate) capacity: usize,
    pub(crate) overflow: Overflow,
}

impl<M: Send + 'static> Setup<M> {
    /// Creates the process, not yet running, and takes its name.
    pub(crate) fn create(
        &self,
        starter: Starter,
        system: SystemMessages<M>,
    ) -> Result<Arc<Server<M>>, StartOutcome> {
        let label =
            self.name.as_ref().map_or_else(|| starter.id.clone(), |name| Arc::from(name.key()));
        let cell = Cell::new(&starter.node, Some(label), Some(starter.place));
        let server = Server::new(cell, Mailbox::new(self.capacity, self.overflow), system);
        let server_ref = ServerRef::new(Arc::clone(&server));
        occupy(&server_ref, self.name.as_ref())?;
        Ok(server)
    }
}

impl<M> Clone for Setup<M> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), capacity: self.capacity, overflow: self.overflow }
    }
}

/// Says how to start a [`GenServer`]; [`child`](Self::child) makes a child specification of it.
///
/// Defaults: no name, a mailbox of 64 messages, [`Overflow::Wait`].
///
/// # Examples
///
/// See the crate's first page.
pub struct ServerSpec<S: GenServer> {
    args: Arc<dyn Fn() -> S::Args + Send + Sync>,
    setup: Setup<S::Msg>,
}

impl<S: GenServer> ServerSpec<S> {
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
        Self {
            args: Arc::new(args),
            setup: Setup { name: None, capacity: 64, overflow: Overflow::Wait },
        }
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

    /// Sets what happens when the mailbox is full.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.setup.overflow = overflow;
        self
    }

    /// Makes a child specification: permanent, with 5 s to stop.
    #[must_use]
    pub fn child(self, id: &str) -> ChildSpec {
        let Self { args, setup } = self;
        ChildSpec::worker(id, move |starter| {
            Box::pin(start::<S>(starter, Arc::clone(&args), setup.clone()))
        })
    }
}

async fn start<S: GenServer>(
    starter: Starter,
    args: Arc<dyn Fn() -> S::Args + Send + Sync>,
    setup: Setup<S::Msg>,
) -> StartOutcome {
    let server = match setup.create(starter, SystemMessages::CONTROL_LANE) {
        Ok(server) => server,
        Err(outcome) => return outcome,
    };
    let process = ServerRef::new(Arc::clone(&server)).process().clone();
    let (ack, answer) = reply::pair();
    // The arguments are made by the process itself, so that a panic there is a failed start and nothing worse.
    // Boxed: the runtime's own part of ten thousand tasks then lies closer together, which a fan-out is three times faster for.
    let body: Pin<Box<dyn Future<Output = ExitReason> + Send>> =
        Box::pin(run::<S>(server, args, ack));
    spawn::spawn_process(process.process(), body);
    acknowledged(process, answer).await
}

impl<S: GenServer> Clone for ServerSpec<S> {
    fn clone(&self) -> Self {
        Self { args: Arc::clone(&self.args), setup: self.setup.clone() }
    }
}

impl<S: GenServer> fmt::Debug for ServerSpec<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSpec").field("name", &self.setup.name).finish_non_exhaustive()
    }
}
