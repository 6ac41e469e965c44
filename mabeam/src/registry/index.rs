//! [`Index`]: the rows and the ways to find them, as one value.
//!
//! An index is persistent in the sense of data structures: a change makes a new version that shares
//! almost everything with the old one. Publishing a version is what makes a change visible, so a
//! row and its index entries are there together or not at all.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::registry::agent::{Agent, AgentId};
use crate::registry::column::{Column, Ids, Range};
use crate::registry::query::{Condition, Query};

/// One version of the registry: all agents, consistent with each other, for ever the same.
///
/// Cost, for n agents: a look-up by id and a change of one agent are O(log n) per capability and
/// attribute; cloning is O(1). A query visits the agents that the most selective of its indexed
/// conditions leaves over: `capability`, `has`, `contains`, `eq`, `is_in` and the ordering operators
/// are indexed; `neq`, `not_in`, `lacks` and comparisons of whole lists are not, and alone visit all
/// agents.
#[derive(Clone)]
pub struct Index {
    rows: RedBlackTreeMapSync<AgentId, Arc<Agent>>,
    capabilities: HashTrieMapSync<String, Ids>,
    columns: HashTrieMapSync<String, Column>,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self {
            rows: RedBlackTreeMapSync::new_sync(),
            capabilities: HashTrieMapSync::new_sync(),
            columns: HashTrieMapSync::new_sync(),
        }
    }

    /// Returns the agent `id`.
    #[must_use]
    pub fn get(&self, id: &AgentId) -> Option<&Arc<Agent>> {
        self.rows.get(id)
    }

    /// Counts the agents.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.size()
    }

    /// Tells whether there is no agent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Iterates over all agents in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.rows.values()
    }

    /// Finds the agents that meet `query`, in the order of their ids.
    #[must_use]
    pub fn query(&self, query: &Query) -> Vec<Arc<Agent>> {
        let meets = |agent: &&Arc<Agent>| query.matches(agent.profile());
        let Some(sets) = self.candidates(&query.0) else {
            return self.rows.values().filter(meets).cloned().collect();
        };
        // An agent may be in several of the sets, for instance of the two sides of an `or`.
        let ids = sets.iter().flat_map(|ids| ids.iter());
        let rows: BTreeMap<&AgentId, &Arc<Agent>> =
            ids.filter_map(|id| Some((id, self.rows.get(id)?))).collect();
        rows.into_values().filter(meets).cloned().collect()
    }

    /// Returns sets that together hold every agent that meets `condition`; `None` means all agents.
    fn candidates(&self, condition: &Condition) -> Option<Vec<&Ids>> {
        let column = |name: &str| self.columns.get(name);
        match condition {
            Condition::All(parts) => parts
                .iter()
                .filter_map(|part| self.candidates(part))
                .min_by_key(|sets| sets.iter().map(|ids| ids.size()).sum::<usize>()),
            Condition::Any(parts) => {
                let sets: Option<Vec<_>> = parts.iter().map(|part| self.candidates(part)).collect();
                sets.map(|sets| sets.into_iter().flatten().collect())
            }
            Condition::Capability(name) => Some(self.capabilities.get(name).into_iter().collect()),
            Condition::Has(name) => Some(column(name).map(Column::present).into_iter().collect()),
            Condition::Contains(name, text) => {
                Some(column(name).and_then(|column| column.containing(text)).into_iter().collect())
            }
            Condition::Compare(name, operator, value) => {
                let range = Range::of(*operator, value)?;
                Some(column(name).map_or_else(Vec::new, |column| column.within(&range)))
            }
            Condition::In(name, values) => {
                let ranges: Option<Vec<Range>> = values.iter().map(Range::equal).collect();
                let ranges = ranges?;
                let column = column(name).into_iter();
                Some(column.flat_map(|column| column.within_any(&ranges)).collect())
            }
            Condition::Lacks(_) | Condition::NotIn(..) => None,
        }
    }

    /// Adds a row or replaces the one with the same id, with its index entries.
    pub(crate) fn put(&mut self, agent: Arc<Agent>) {
        self.remove(agent.id());
        let id = agent.id();
        for name in agent.profile().capabilities() {
            let mut ids = self.capabilities.get(name).cloned().unwrap_or_else(Ids::new_sync);
            ids.insert_mut(id.clone());
            self.capabilities.insert_mut(name.to_owned(), ids);
        }
        for (name, value) in agent.profile().attributes() {
            let mut column = self.columns.get(name).cloned().unwrap_or_default();
            column.insert(id, value);
            self.columns.insert_mut(name.to_owned(), column);
        }
        self.rows.insert_mut(id.clone(), agent);
    }

    /// Removes the row `id` with its index entries.
    pub(crate) fn remove(&mut self, id: &AgentId) -> Option<Arc<Agent>> {
        let agent = Arc::clone(self.rows.get(id)?);
        self.rows.remove_mut(id);
        for name in agent.profile().capabilities() {
            let Some(mut ids) = self.capabilities.get(name).cloned() else { continue };
            ids.remove_mut(id);
            if ids.is_empty() {
                self.capabilities.remove_mut(name);
            } else {
                self.capabilities.insert_mut(name.to_owned(), ids);
            }
        }
        for (name, value) in agent.profile().attributes() {
            let Some(mut column) = self.columns.get(name).cloned() else { continue };
            column.remove(id, value);
            if column.present().is_empty() {
                self.columns.remove_mut(name);
            } else {
                self.columns.insert_mut(name.to_owned(), column);
            }
        }
        Some(agent)
    }

    /// Counts what is indexed: an index without rows must come to 0.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        let capabilities: usize = self.capabilities.values().map(|ids| 1 + ids.size()).sum();
        capabilities + self.columns.values().map(|column| 1 + column.entries()).sum::<usize>()
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.rows.keys()).finish()
    }
}
