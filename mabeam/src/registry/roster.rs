//! [`Roster`]: the rules of the registry, as a value without a process.
//!
//! Every operation either returns the next version or says why there is none. Whoever holds a
//! roster knows from it which processes must be monitored: exactly its owners.

use std::sync::Arc;

use foundation::{Pid, ProcessRef};
use rpds::{HashTrieMapSync, RedBlackTreeSetSync};

use crate::error::{RegisterError, UpdateError};
use crate::registry::agent::{Agent, AgentId};
use crate::registry::index::Index;
use crate::registry::profile::Profile;

/// The index, and which process answers for which of its rows.
#[derive(Clone)]
pub(crate) struct Roster {
    index: Index,
    owners: HashTrieMapSync<Pid, RedBlackTreeSetSync<AgentId>>,
    agents_max: usize,
}

/// What one agent asks for when it registers.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: AgentId,
    pub(crate) process: ProcessRef,
    pub(crate) profile: Profile,
}

impl Roster {
    pub(crate) fn new(agents_max: usize) -> Self {
        Self { index: Index::new(), owners: HashTrieMapSync::new_sync(), agents_max }
    }

    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    /// Tells whether any row belongs to `pid`.
    pub(crate) fn owns_any(&self, pid: Pid) -> bool {
        self.owners.contains_key(&pid)
    }

    /// Adds one agent and returns the dead process it took the row from, if there was one; on an
    /// error this version must be thrown away.
    ///
    /// A row whose process is dead is as good as gone, even if nobody has said so yet: the id is
    /// free, and the news of that death will find another process in the row and leave it alone.
    pub(crate) fn register(&mut self, entry: Entry) -> Result<Option<Pid>, RegisterError> {
        if !entry.process.is_alive() {
            return Err(RegisterError::NoProc);
        }
        let mut evicted = None;
        if let Some(holder) = self.index.get(&entry.id).map(|agent| agent.process().clone()) {
            if holder.is_alive() {
                return Err(RegisterError::Taken { holder });
            }
            self.remove(&entry.id, holder.pid());
            evicted = Some(holder.pid());
        }
        if self.index.len() >= self.agents_max {
            return Err(RegisterError::Limit { max: self.agents_max });
        }
        let pid = entry.process.pid();
        let mut ids = self.owners.get(&pid).cloned().unwrap_or_else(RedBlackTreeSetSync::new_sync);
        ids.insert_mut(entry.id.clone());
        self.owners.insert_mut(pid, ids);
        self.index.put(Arc::new(Agent::new(entry.id, entry.process, entry.profile)));
        Ok(evicted)
    }

    /// Replaces the profile of the row `id`, if it still belongs to `pid`.
    pub(crate) fn update(
        &mut self,
        id: &AgentId,
        pid: Pid,
        profile: Profile,
    ) -> Result<(), UpdateError> {
        let Some(agent) = self.index.get(id).filter(|agent| agent.pid() == pid) else {
            return Err(UpdateError::NotRegistered);
        };
        let agent = Agent::new(id.clone(), agent.process().clone(), profile);
        self.index.put(Arc::new(agent));
        Ok(())
    }

    /// Removes the row `id`, if it still belongs to `pid`, and says whether it did.
    pub(crate) fn remove(&mut self, id: &AgentId, pid: Pid) -> bool {
        if self.index.get(id).is_none_or(|agent| agent.pid() != pid) {
            return false;
        }
        self.index.remove(id);
        if let Some(mut ids) = self.owners.get(&pid).cloned() {
            ids.remove_mut(id);
            if ids.is_empty() {
                self.owners.remove_mut(&pid);
            } else {
                self.owners.insert_mut(pid, ids);
            }
        }
        true
    }

    /// Removes all rows of the dead process `pid` and counts them.
    pub(crate) fn down(&mut self, pid: Pid) -> usize {
        let ids = self.owners.get(&pid).cloned().unwrap_or_else(RedBlackTreeSetSync::new_sync);
        ids.iter().filter(|id| self.remove(id, pid)).count()
    }
}
