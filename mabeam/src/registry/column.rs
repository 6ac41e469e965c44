//! [`Column`]: who has which value of one attribute, in the order of the values.

use std::ops::Bound;
use std::sync::Arc;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::registry::agent::AgentId;
use crate::registry::query::Operator;
use crate::registry::value::{Scalar, Value};

pub(crate) type Ids = RedBlackTreeSetSync<AgentId>;
type Key = Scalar<Arc<str>>;

/// The agents that have one attribute, by its value.
#[derive(Clone)]
pub(crate) struct Column {
    scalars: RedBlackTreeMapSync<Key, Ids>,
    /// The texts of lists.
    members: RedBlackTreeMapSync<Arc<str>, Ids>,
    present: Ids,
}

impl Default for Column {
    fn default() -> Self {
        Self {
            scalars: RedBlackTreeMapSync::new_sync(),
            members: RedBlackTreeMapSync::new_sync(),
            present: Ids::new_sync(),
        }
    }
}

impl Column {
    pub(crate) const fn present(&self) -> &Ids {
        &self.present
    }

    /// Returns those whose list has `text`.
    pub(crate) fn containing(&self, text: &str) -> Option<&Ids> {
        self.members.get(text)
    }

    /// Returns those whose value lies in `range`, one set for each different value.
    pub(crate) fn within(&self, range: &Range) -> Vec<&Ids> {
        self.scalars.range(range.0.clone()).map(|(_, ids)| ids).collect()
    }

    /// Returns those whose value lies in one of `ranges`.
    pub(crate) fn within_any(&self, ranges: &[Range]) -> Vec<&Ids> {
        ranges.iter().flat_map(|range| self.within(range)).collect()
    }

    pub(crate) fn insert(&mut self, id: &AgentId, value: &Value) {
        self.present.insert_mut(id.clone());
        if let Some(key) = value.scalar() {
            add(&mut self.scalars, key.to_owned(), id);
        }
        if let Value::TextList(texts) = value {
            for text in texts {
                add(&mut self.members, text.as_str().into(), id);
            }
        }
    }

    pub(crate) fn remove(&mut self, id: &AgentId, value: &Value) {
        self.present.remove_mut(id);
        if let Some(key) = value.scalar() {
            drop_id(&mut self.scalars, &key.to_owned(), id);
        }
        if let Value::TextList(texts) = value {
            for text in texts {
                drop_id(&mut self.members, &text.as_str().into(), id);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        let sets = self.scalars.values().chain(self.members.values());
        self.present.size() + sets.map(|ids| 1 + ids.size()).sum::<usize>()
    }
}

fn add<K: Ord + Clone>(sets: &mut RedBlackTreeMapSync<K, Ids>, key: K, id: &AgentId) {
    let mut ids = sets.get(&key).cloned().unwrap_or_else(Ids::new_sync);
    ids.insert_mut(id.clone());
    sets.insert_mut(key, ids);
}

fn drop_id<K: Ord + Clone>(sets: &mut RedBlackTreeMapSync<K, Ids>, key: &K, id: &AgentId) {
    let Some(mut ids) = sets.get(key).cloned() else {
        return;
    };
    ids.remove_mut(id);
    if ids.is_empty() {
        sets.remove_mut(key);
    } else {
        sets.insert_mut(key.clone(), ids);
    }
}

/// The values that one comparison accepts, as a range of one kind of values.
pub(crate) struct Range((Bound<Key>, Bound<Key>));

impl Range {
    /// Returns the range of `operator value`; `None` if no range says it.
    pub(crate) fn of(operator: Operator, value: &Value) -> Option<Self> {
        let key: Key = value.scalar()?.to_owned();
        // Flags sort before numbers and numbers before texts.
        let (first, end) = match &key {
            Scalar::Bool(_) if operator != Operator::Eq => return None,
            Scalar::Bool(_) | Scalar::Number(_) => {
                (Bound::Excluded(Scalar::Bool(true)), Bound::Excluded(Scalar::Text("".into())))
            }
            Scalar::Text(_) => (Bound::Included(Scalar::Text("".into())), Bound::Unbounded),
        };
        Some(Self(match operator {
            Operator::Eq => (Bound::Included(key.clone()), Bound::Included(key)),
            Operator::Neq => return None,
            Operator::Lt => (first, Bound::Excluded(key)),
            Operator::Lte => (first, Bound::Included(key)),
            Operator::Gt => (Bound::Excluded(key), end),
            Operator::Gte => (Bound::Included(key), end),
        }))
    }

    /// Returns the range of values equal to `value`.
    pub(crate) fn equal(value: &Value) -> Option<Self> {
        Self::of(Operator::Eq, value)
    }
}
