//! [`RegistryHandle`]: how to register, and how to read without asking the process.

use std::fmt;
use std::sync::Arc;

use foundation::{CallError, Name, Pid, ProcessRef};

use crate::error::{BatchError, ReadError, RegisterError, UpdateError};
use crate::registry::agent::{Agent, AgentId};
use crate::registry::index::Index;
use crate::registry::profile::Profile;
use crate::registry::query::Query;
use crate::registry::roster::Entry;
use crate::registry::server::{Msg, Published};

/// A door to one registry, by its name: it keeps working across restarts of the process.
///
/// Cloning is cheap; every clone sees the same agents.
#[derive(Clone)]
pub struct RegistryHandle {
    name: Name<Msg>,
    published: Arc<Published>,
}

/// Proof that one process registered one agent; what an update needs.
///
/// Not a guard: the row lasts until the process dies, the registry dies, or it is unregistered.
/// A registration never reaches the row of another process, also not of the next incarnation of
/// the same agent.
#[derive(Debug, Clone)]
pub struct Registration {
    id: AgentId,
    pid: Pid,
    registry: ProcessRef,
}

impl Registration {
    /// Returns the id of the agent.
    #[must_use]
    pub const fn id(&self) -> &AgentId {
        &self.id
    }

    /// Returns the pid of the agent's process.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the incarnation of the registry that holds the row.
    ///
    /// When it dies the row is gone: monitor it, and register again on its `Down`.
    #[must_use]
    pub const fn registry(&self) -> &ProcessRef {
        &self.registry
    }
}

/// An agent that asks to be registered, as [`RegistryHandle::register_all`] takes it.
#[derive(Debug, Clone)]
pub struct NewAgent(pub(crate) Entry);

impl NewAgent {
    /// Says that `process` answers for the agent `id`.
    #[must_use]
    pub const fn new(id: AgentId, process: ProcessRef, profile: Profile) -> Self {
        Self(Entry { id, process, profile })
    }
}

impl RegistryHandle {
    pub(crate) const fn new(name: Name<Msg>, published: Arc<Published>) -> Self {
        Self { name, published }
    }

    /// Registers the agent `id`, for which `process` answers.
    ///
    /// When this returns `Ok`, every read that starts later finds the agent by its id and by each of
    /// its attributes, and the death of `process` removes it. One process may answer for several
    /// agents. The id of an agent whose process is dead is free, also if the registry does not know
    /// of that death yet. Waits for the registry, at most 5 s.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; unless the registry did not answer, nothing was changed.
    pub async fn register(
        &self,
        id: AgentId,
        process: ProcessRef,
        profile: Profile,
    ) -> Result<Registration, RegisterError> {
        profile.check().map_err(RegisterError::Profile)?;
        let pid = process.pid();
        let entry = Entry { id: id.clone(), process, profile };
        let answer = self.name.call(|reply| Msg::Register(entry, reply)).await;
        let registry = answer.map_err(RegisterError::Registry)??;
        Ok(Registration { id, pid, registry })
    }

    /// Registers all `agents` or none; readers see all of them at once.
    ///
    /// The registrations are in the order of `agents`. An id that is there twice is refused as
    /// [`RegisterError::Taken`].
    ///
    /// # Errors
    ///
    /// [`BatchError`] names the first agent that was refused; unless the registry did not answer,
    /// nothing was changed and nothing is monitored.
    pub async fn register_all(
        &self,
        agents: impl IntoIterator<Item = NewAgent>,
    ) -> Result<Vec<Registration>, BatchError> {
        let entries: Vec<Entry> = agents.into_iter().map(|agent| agent.0).collect();
        for entry in &entries {
            entry.profile.check().map_err(|error| BatchError::Refused {
                id: entry.id.clone(),
                error: RegisterError::Profile(error),
            })?;
        }
        let rows: Vec<_> =
            entries.iter().map(|entry| (entry.id.clone(), entry.process.pid())).collect();
        let answer = self.name.call(|reply| Msg::RegisterAll(entries, reply)).await;
        let registry = answer.map_err(BatchError::Registry)??;
        let registration = |(id, pid)| Registration { id, pid, registry: registry.clone() };
        Ok(rows.into_iter().map(registration).collect())
    }

    /// Replaces the profile of a registered agent, as a whole and in one step for every reader.
    ///
    /// # Errors
    ///
    /// [`UpdateError`]; unless the registry did not answer, the old profile is in force.
    pub async fn update(
        &self,
        registration: &Registration,
        profile: Profile,
    ) -> Result<(), UpdateError> {
        profile.check().map_err(UpdateError::Profile)?;
        let Registration { id, pid, .. } = registration.clone();
        let answer = self.name.call(|reply| Msg::Update(id, pid, profile, reply)).await;
        answer.map_err(UpdateError::Registry)?
    }

    /// Removes the row of a registration; false if it was gone already.
    ///
    /// # Errors
    ///
    /// [`CallError`] if the registry did not answer; a dead one has no rows.
    pub async fn unregister(&self, registration: &Registration) -> Result<bool, CallError> {
        let Registration { id, pid, .. } = registration.clone();
        self.name.call(|reply| Msg::Unregister(id, pid, reply)).await
    }

    /// Returns the agents as they are now, for any number of reads that must agree.
    ///
    /// The process is not asked. Cost: one atomic load.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if no registry is running, which is not the same as no agents.
    pub fn snapshot(&self) -> Result<Arc<Index>, ReadError> {
        self.published.load_full().ok_or(ReadError)
    }

    /// Returns the agent `id`, if it is registered now.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if no registry is running.
    pub fn lookup(&self, id: &AgentId) -> Result<Option<Arc<Agent>>, ReadError> {
        Ok(self.snapshot()?.get(id).cloned())
    }

    /// Finds the agents that meet `query` now, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if no registry is running.
    pub fn query(&self, query: &Query) -> Result<Vec<Arc<Agent>>, ReadError> {
        Ok(self.snapshot()?.query(query))
    }

    /// Returns the running incarnation of the registry, to monitor it.
    #[must_use]
    pub fn process(&self) -> Option<ProcessRef> {
        self.name.whereis().map(|server| server.process().clone())
    }
}

impl fmt::Debug for RegistryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegistryHandle").field(&self.name).finish()
    }
}
