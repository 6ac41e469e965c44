//! [`Registry`]: what to put into a supervision tree.

use std::fmt;
use std::sync::Arc;

use foundation::{ChildSpec, Name, NameError, Node, ServerSpec};

use crate::registry::handle::RegistryHandle;
use crate::registry::server::{Args, Msg, Published, RegistryServer};

/// Most agents of one registry unless said otherwise.
const AGENTS_MAX: usize = 100_000;
/// Most requests that wait for the registry process. Reading is none of them.
const MAILBOX_MAX: usize = 1024;

/// A registry: a supervised process that owns the rows, and handles to use it with.
///
/// Make one, put its [`child`](Self::child) under a supervisor, and give out its
/// [`handle`](Self::handle), which may be used before the process runs.
///
/// # Restarts
///
/// A crash of the registry loses all rows at once; until the supervisor has started the next
/// incarnation reads fail with [`ReadError`](crate::ReadError), and after it they find nobody.
/// Agents that monitor [`Registration::registry`](crate::Registration::registry) are told, and
/// register again. Placed before the agents under a `rest_for_one` supervisor, the registry takes
/// them along, and they register again as they start.
///
/// # Examples
///
/// See the crate's first page.
pub struct Registry {
    name: Name<Msg>,
    published: Arc<Published>,
    agents_max: usize,
}

impl Registry {
    /// Makes a registry that is registered under `key` while it runs; at most 100,000 agents.
    ///
    /// Handles of two registries made with one key do not share agents; make one, and clone its
    /// handle.
    ///
    /// # Errors
    ///
    /// [`NameError`] if `key` is in use for something else.
    pub fn new(node: &Node, key: &str) -> Result<Self, NameError> {
        let published = Arc::new(Published::empty());
        Ok(Self { name: node.name(key)?, published, agents_max: AGENTS_MAX })
    }

    /// Sets how many agents there may be.
    #[must_use]
    pub const fn agents_max(mut self, count: usize) -> Self {
        self.agents_max = count;
        self
    }

    /// Makes the child specification of the registry process: permanent.
    #[must_use]
    pub fn child(&self, id: &str) -> ChildSpec {
        let args = Args { published: Arc::clone(&self.published), agents_max: self.agents_max };
        let spec = ServerSpec::<RegistryServer>::new(args).name(&self.name).capacity(MAILBOX_MAX);
        spec.child(id)
    }

    /// Returns a handle to register and read with.
    #[must_use]
    pub fn handle(&self) -> RegistryHandle {
        RegistryHandle::new(self.name.clone(), Arc::clone(&self.published))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("name", &self.name).finish_non_exhaustive()
    }
}
