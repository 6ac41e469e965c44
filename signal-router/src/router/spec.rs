//! [`Router`]: what to put into a supervision tree.

use std::fmt;
use std::sync::Arc;

use foundation::{ChildSpec, Name, NameError, Node, ServerSpec};

use crate::router::handle::RouterHandle;
use crate::router::server::{Args, Msg, RouterServer};
use crate::router::table::Shared;

/// Most subscriptions of one router unless said otherwise.
const SUBSCRIPTIONS_MAX: usize = 100_000;
/// Most requests that wait for the router process. Routing is none of them.
const MAILBOX_MAX: usize = 1024;

/// A router: a supervised process that owns subscriptions, and handles to route with.
///
/// Make one, put its [`child`](Self::child) under a supervisor, and give out its
/// [`handle`](Self::handle), which may be used before the process runs.
///
/// # Restarts
///
/// A crash of the router loses all subscriptions at once and nothing else: what mailboxes hold
/// stays, handles keep working, and until the supervisor has started the next incarnation routing
/// reports [`Routed::NoRouter`](crate::Routed::NoRouter). Subscribers that monitor
/// [`Subscription::router`](crate::Subscription::router) are told, and subscribe again. Placed
/// before its subscribers under a `rest_for_one` supervisor, the router takes them along, and they
/// subscribe again as they start.
///
/// # Examples
///
/// See the crate's first page.
pub struct Router {
    name: Name<Msg>,
    shared: Arc<Shared>,
    subscriptions_max: usize,
}

impl Router {
    /// Makes a router that is registered under `key` while it runs; at most 100,000 subscriptions.
    ///
    /// Handles of two routers made with one key do not share subscriptions; make one, and clone its
    /// handle.
    ///
    /// # Errors
    ///
    /// [`NameError`] if `key` is in use for something else.
    pub fn new(node: &Node, key: &str) -> Result<Self, NameError> {
        Ok(Self {
            name: node.name(key)?,
            shared: Arc::new(Shared::default()),
            subscriptions_max: SUBSCRIPTIONS_MAX,
        })
    }

    /// Sets how many subscriptions there may be.
    #[must_use]
    pub const fn subscriptions_max(mut self, count: usize) -> Self {
        self.subscriptions_max = count;
        self
    }

    /// Makes the child specification of the router process: permanent.
    #[must_use]
    pub fn child(&self, id: &str) -> ChildSpec {
        let args =
            Args { shared: Arc::clone(&self.shared), subscriptions_max: self.subscriptions_max };
        let spec = ServerSpec::<RouterServer>::new(args).name(&self.name).capacity(MAILBOX_MAX);
        spec.child(id)
    }

    /// Returns a handle to subscribe and route with.
    #[must_use]
    pub fn handle(&self) -> RouterHandle {
        RouterHandle::new(self.name.clone(), Arc::clone(&self.shared))
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("name", &self.name).finish_non_exhaustive()
    }
}
