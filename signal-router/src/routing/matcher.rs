//! [`Matcher`]: the set of routes, asked with a signal type.
//!
//! Exact patterns are looked up in a map; the others form a trie that is walked once, as a set of
//! states. A matcher is a value: a clone is cheap, shares all it can, and never changes with the
//! original.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::routing::node::{Bucket, Node};
use crate::routing::pattern::{Pattern, PatternClass, Segment};
use crate::routing::priority::Priority;
use crate::signal::signal_type::SignalType;

/// Names one route of a [`Matcher`]; later routes have larger ids, and no id is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(u64);

impl fmt::Display for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry of a [`Matcher`].
#[derive(Debug)]
pub struct Route<T> {
    id: RouteId,
    pattern: Pattern,
    priority: Priority,
    value: T,
}

impl<T> Route<T> {
    /// Returns the id that [`Matcher::insert`] gave.
    pub const fn id(&self) -> RouteId {
        self.id
    }

    /// Returns the pattern.
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Returns the priority.
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Returns what was inserted.
    pub const fn value(&self) -> &T {
        &self.value
    }
}

/// Routes by pattern; the one place that knows what a wildcard means.
///
/// A filter is a matcher with one route. The order of what matches is described at [`Pattern`].
///
/// Cost, for a type of d segments and m routes that match: an exact look-up is O(1) and allocates
/// nothing; the walk is O(d x s + m log m), where s counts the wildcard prefixes that agree with
/// the type, so routes that cannot match cost nothing. Inserting and removing copy one path and the
/// list of routes with the same pattern. Cloning is O(1).
///
/// # Examples
///
/// ```
/// use signal_router::{Matcher, Priority};
///
/// let mut matcher = Matcher::new();
/// matcher.insert("user.**".parse()?, Priority::MAX, "archive");
/// let mail = matcher.insert("user.created".parse()?, Priority::MIN, "mail");
///
/// let kind = "user.created".parse()?;
/// let names: Vec<_> = matcher.matches(&kind).map(|route| *route.value()).collect();
/// assert_eq!(names, ["mail", "archive"]);
///
/// matcher.remove(mail);
/// assert_eq!(matcher.matches(&kind).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Matcher<T> {
    routes: RedBlackTreeMapSync<RouteId, Arc<Route<T>>>,
    exact: HashTrieMapSync<Box<str>, Bucket<T>>,
    wildcards: Node<T>,
    next: u64,
}

impl<T> Matcher<T> {
    /// Makes a matcher without routes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            routes: RedBlackTreeMapSync::new_sync(),
            exact: HashTrieMapSync::new_sync(),
            wildcards: Node::default(),
            next: 0,
        }
    }

    /// Adds a route and returns its id. The same pattern may be there any number of times.
    pub fn insert(&mut self, pattern: Pattern, priority: Priority, value: T) -> RouteId {
        let id = RouteId(self.next);
        self.next += 1;
        let route = Arc::new(Route { id, pattern, priority, value });
        self.routes.insert_mut(id, Arc::clone(&route));
        self.change(&route.pattern, |bucket| {
            let key = (Reverse(priority), id);
            let at = bucket.partition_point(|other| (Reverse(other.priority), other.id) < key);
            let (before, after) = bucket.split_at(at);
            before.iter().chain([&route]).chain(after).cloned().collect()
        });
        id
    }

    /// Removes the route `id` and no other, and returns it if it was there.
    pub fn remove(&mut self, id: RouteId) -> Option<Arc<Route<T>>> {
        let route = Arc::clone(self.routes.get(&id)?);
        self.routes.remove_mut(&id);
        self.change(&route.pattern, |bucket| {
            bucket.iter().filter(|other| other.id != id).cloned().collect()
        });
        Some(route)
    }

    fn change(&mut self, pattern: &Pattern, change: impl FnOnce(&Bucket<T>) -> Bucket<T>) {
        if pattern.class() != PatternClass::Exact {
            let path: Vec<Segment<'_>> = pattern.segments().collect();
            self.wildcards = self.wildcards.changed(&path, change);
            return;
        }
        let bucket = match self.exact.get(pattern.as_str()) {
            Some(bucket) => change(bucket),
            None => change(&Arc::from([])),
        };
        if bucket.is_empty() {
            self.exact.remove_mut(pattern.as_str());
        } else {
            self.exact.insert_mut(pattern.as_str().into(), bucket);
        }
    }

    /// Returns the route `id`.
    #[must_use]
    pub fn get(&self, id: RouteId) -> Option<&Route<T>> {
        self.routes.get(&id).map(|route| &**route)
    }

    /// Counts the routes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes.size()
    }

    /// Tells whether there is no route.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// Iterates over all routes in the order of their registration.
    pub fn iter(&self) -> impl Iterator<Item = &Route<T>> {
        self.routes.values().map(|route| &**route)
    }

    /// Iterates over the routes that match, each once, most specific pattern first.
    #[must_use]
    pub fn matches(&self, signal_type: &SignalType) -> Matches<'_, T> {
        let exact = self.exact.get(signal_type.as_str()).map_or(&[][..], |bucket| &**bucket);
        let mut wildcards = Vec::new();
        if !self.wildcards.is_empty() {
            self.wildcards.walk(signal_type.segments(), |bucket| {
                wildcards.extend(bucket.iter().map(|route| &**route));
            });
            wildcards.sort_unstable_by_key(|route: &&Route<T>| {
                (route.pattern.rank(), Reverse(route.priority), route.id)
            });
        }
        Matches { exact: exact.iter(), wildcards: wildcards.into_iter() }
    }

    /// Tells whether any route matches.
    #[must_use]
    pub fn is_match(&self, signal_type: &SignalType) -> bool {
        let mut found = self.exact.contains_key(signal_type.as_str());
        if !found {
            self.wildcards.walk(signal_type.segments(), |_| found = true);
        }
        found
    }
}

#[cfg(test)]
impl<T> Matcher<T> {
    /// Tells whether nothing is left of routes that were removed.
    pub(crate) fn has_no_nodes(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }
}

impl<T> Default for Matcher<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Matcher<T> {
    fn clone(&self) -> Self {
        Self {
            routes: self.routes.clone(),
            exact: self.exact.clone(),
            wildcards: self.wildcards.clone(),
            next: self.next,
        }
    }
}

impl<T> fmt::Debug for Matcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.iter().map(|route| (route.id, route.pattern.as_str()));
        f.debug_map().entries(patterns).finish()
    }
}

/// The routes that match one type; made by [`Matcher::matches`].
pub struct Matches<'a, T> {
    exact: std::slice::Iter<'a, Arc<Route<T>>>,
    wildcards: std::vec::IntoIter<&'a Route<T>>,
}

impl<'a, T> Iterator for Matches<'a, T> {
    type Item = &'a Route<T>;

    fn next(&mut self) -> Option<Self::Item> {
        // Every exact pattern is more specific than every other one.
        self.exact.next().map(|route| &**route).or_else(|| self.wildcards.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.exact.len() + self.wildcards.len();
        (len, Some(len))
    }
}

impl<T> ExactSizeIterator for Matches<'_, T> {}

impl<T> fmt::Debug for Matches<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matches").field("len", &self.len()).finish_non_exhaustive()
    }
}
