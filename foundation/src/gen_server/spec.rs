//! How a `GenServer` is started: its arguments, name and mailbox.

use std::fmt;
use std::sync::Arc;

use crate::gen_server::GenServer;
use crate::gen_server::run::run;
use crate::process::cell::Cell;
use crate::process::group::Group;
use crate::process::mailbox::{Mailbox, Overflow};
use crate::process::name::Name;
use crate::process::process_ref::ProcessRef;
use crate::process::server::{Server, SystemMessages};
use crate::process::server_ref::ServerRef;
use crate::process::spawn;
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::starting::{StartOutcome, Starter, occupy};

/// The mailbox and name that a process is started with, shared by the two kinds of server.
pub(crate) struct Setup<M> {
    pub(crate) name: Option<Name<M>>,
    pub(crate) capacity: usize,
    pub(crate) overflow: Overflow,
    /// As many as the mailbox takes if nothing is said.
    pub(crate) stash_max: Option<usize>,
    pub(crate) groups: Vec<Group<M>>,
}

impl<M: Send + 'static> Setup<M> {
    /// A mailbox of this capacity whose senders wait for room.
    pub(crate) fn new(name: Option<Name<M>>, capacity: usize) -> Self {
        Self { name, capacity, overflow: Overflow::Wait, stash_max: None, groups: Vec::new() }
    }

    /// Creates the process, not yet running, and takes its name.
    pub(crate) fn create(
        &self,
        starter: &Starter<'_>,
        system: SystemMessages<M>,
    ) -> Result<ServerRef<M>, StartOutcome> {
        let cell = match &self.name {
            Some(name) => Cell::named(starter.node, name.shared_key()),
            None => Cell::new(starter.node, starter.id),
        };
        let mailbox = Mailbox::new(self.capacity, self.overflow);
        let server = Server::new(cell, mailbox, self.stash_max.unwrap_or(self.capacity), system);
        let server = ServerRef::new(server);
        starter.owner.adopt(server.process().process());
        occupy(&server, self.name.as_ref())?;
        for group in &self.groups {
            group.join(&server);
        }
        Ok(server)
    }
}

impl<M> Clone for Setup<M> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            capacity: self.capacity,
            overflow: self.overflow,
            stash_max: self.stash_max,
            groups: self.groups.clone(),
        }
    }
}

/// Makes the arguments of an incarnation. Behind a thin pointer, because each process keeps one.
pub(crate) struct Recipe<A>(Box<dyn Fn() -> A + Send + Sync>);

impl<A> Recipe<A> {
    pub(crate) fn make(&self) -> A {
        (self.0)()
    }
}

/// Says how to start a [`GenServer`]; [`child`](Self::child) makes a child specification of it.
///
/// Defaults: no name, a mailbox of 64 messages, [`Overflow::Wait`], a stash of as many messages as the mailbox takes.
///
/// # Examples
///
/// See the crate's first page.
pub struct ServerSpec<S: GenServer> {
    args: Arc<Recipe<S::Args>>,
    setup: Setup<S::Msg>,
}

impl<S: GenServer> ServerSpec<S> {
    /// Starts with a clone of `args` each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::ServerSpec;
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn new(args: S::Args) -> Self
    where
        S::Args: Clone + Sync,
    {
        Self::from_fn(move || args.clone())
    }

    /// Starts with what `args` makes each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::ServerSpec;
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::from_fn(|| ()).child("echo");
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn from_fn(args: impl Fn() -> S::Args + Send + Sync + 'static) -> Self {
        Self { args: Arc::new(Recipe(Box::new(args))), setup: Setup::new(None, 64) }
    }

    /// Registers each incarnation under `name`, before its `init`.
    ///
    /// As in OTP `gen_server:start_link/4`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let name = node.name::<EchoMsg<u32>>("echo")?;
    /// let child = ServerSpec::<Echo<u32>>::new(()).name(&name).child("echo");
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// assert_eq!(name.call(|reply| EchoMsg(1, reply)).await?, 1);
    /// root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn name(mut self, name: &Name<S::Msg>) -> Self {
        self.setup.name = Some(name.clone());
        self
    }

    /// Makes each incarnation a member of `group`, before its `init`. May be said several times, for several groups.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let group = node.group::<EchoMsg<u32>>("echo")?;
    /// let child = ServerSpec::<Echo<u32>>::new(()).group(&group).child("echo");
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// assert_eq!(group.members().len(), 1);
    /// root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn group(mut self, group: &Group<S::Msg>) -> Self {
        self.setup.groups.push(group.clone());
        self
    }

    /// Sets how many messages the mailbox takes.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::ServerSpec;
    /// # use test_helpers::Echo;
    ///
    /// let spec = ServerSpec::<Echo<u32>>::new(()).capacity(1_000);
    /// # let _unused = spec;
    /// ```
    #[must_use]
    pub fn capacity(mut self, messages_max: usize) -> Self {
        assert!(messages_max > 0, "a mailbox needs a capacity of at least one message");
        self.setup.capacity = messages_max;
        self
    }

    /// Sets what happens when the mailbox is full.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Overflow, ServerSpec};
    /// # use test_helpers::Echo;
    ///
    /// let spec = ServerSpec::<Echo<u32>>::new(()).overflow(Overflow::DropOldest);
    /// # let _unused = spec;
    /// ```
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.setup.overflow = overflow;
        self
    }

    /// Sets how many messages the process may have [put aside](crate::Context::stash), those that wait to be handled again
    /// included. The default is the capacity of the mailbox.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    pub fn stash_capacity(mut self, messages_max: usize) -> Self {
        assert!(messages_max > 0, "a stash needs a capacity of at least one message");
        self.setup.stash_max = Some(messages_max);
        self
    }

    /// Makes a child specification: permanent, with 5 s to stop.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Restart, ServerSpec};
    /// # use test_helpers::Echo;
    ///
    /// let child = ServerSpec::<Echo<u32>>::new(()).child("echo").restart(Restart::Transient);
    /// assert_eq!(child.id(), "echo");
    /// ```
    #[must_use]
    pub fn child(self, id: &str) -> ChildSpec {
        let Self { args, setup } = self;
        ChildSpec::worker(id, move |starter| start::<S>(starter, &args, &setup))
    }
}

fn start<S: GenServer>(
    starter: &Starter<'_>,
    args: &Arc<Recipe<S::Args>>,
    setup: &Setup<S::Msg>,
) -> Result<ProcessRef, StartOutcome> {
    let server = setup.create(starter, SystemMessages::CONTROL_LANE)?;
    // The arguments are made by the process itself, so that a panic there is a failed start and nothing worse.
    let body = run::<S>(server.server(), Arc::clone(args));
    spawn::spawn_process(server.process().process(), body, starter.host);
    Ok(server.into_process())
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
