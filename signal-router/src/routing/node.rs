//! [`Node`]: the trie of wildcard patterns, shared between versions of a matcher.
//!
//! A change copies the nodes on one path and shares all others, so a reader of an older version
//! never sees it. Nothing here recurses: paths are walked with lists.

use std::collections::HashSet;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use rpds::HashTrieMapSync;

use crate::routing::matcher::Route;
use crate::routing::pattern::Segment;

/// The routes of one pattern, highest priority first, then in order of registration.
pub(crate) type Bucket<T> = Arc<[Arc<Route<T>>]>;

/// What can follow one prefix of the wildcard patterns.
pub(crate) struct Node<T> {
    literals: HashTrieMapSync<Box<str>, Arc<Self>>,
    one: Option<Arc<Self>>,
    many: Option<Arc<Self>>,
    routes: Bucket<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { literals: HashTrieMapSync::new_sync(), one: None, many: None, routes: Arc::from([]) }
    }
}

impl<T> Clone for Node<T> {
    fn clone(&self) -> Self {
        Self {
            literals: self.literals.clone(),
            one: self.one.clone(),
            many: self.many.clone(),
            routes: Arc::clone(&self.routes),
        }
    }
}

impl<T> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes: Vec<&str> = self.routes.iter().map(|route| route.pattern().as_str()).collect();
        f.debug_struct("Node").field("routes", &routes).finish_non_exhaustive()
    }
}

impl<T> Node<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.routes.is_empty()
            && self.literals.is_empty()
            && self.one.is_none()
            && self.many.is_none()
    }

    /// Returns this trie with `change` applied to the routes at the end of `path`.
    ///
    /// Nodes that are missing are made, nodes that end up empty are gone.
    pub(crate) fn changed(
        &self,
        path: &[Segment<'_>],
        change: impl FnOnce(&Bucket<T>) -> Bucket<T>,
    ) -> Self {
        let mut ancestors = Vec::with_capacity(path.len());
        let mut node = self.clone();
        for segment in path {
            let child = node.child(*segment).map_or_else(Self::default, |child| (**child).clone());
            ancestors.push(node);
            node = child;
        }
        node.routes = change(&node.routes);
        for (segment, mut parent) in path.iter().zip(ancestors).rev() {
            parent.set_child(*segment, node);
            node = parent;
        }
        node
    }

    fn child(&self, segment: Segment<'_>) -> Option<&Arc<Self>> {
        match segment {
            Segment::Literal(literal) => self.literals.get(literal),
            Segment::One => self.one.as_ref(),
            Segment::Many => self.many.as_ref(),
        }
    }

    fn set_child(&mut self, segment: Segment<'_>, child: Self) {
        let child = (!child.is_empty()).then(|| Arc::new(child));
        match (segment, child) {
            (Segment::Literal(literal), Some(child)) => {
                self.literals.insert_mut(literal.into(), child);
            }
            (Segment::Literal(literal), None) => {
                self.literals.remove_mut(literal);
            }
            (Segment::One, child) => self.one = child,
            (Segment::Many, child) => self.many = child,
        }
    }

    /// Calls `found` with the routes of every pattern that matches `segments`, each pattern once.
    pub(crate) fn walk<'a, 's>(
        &'a self,
        segments: impl Iterator<Item = &'s str>,
        mut found: impl FnMut(&'a Bucket<T>),
    ) {
        let mut states = States::new(self);
        for segment in segments {
            states.step(segment);
        }
        for node in states.current.iter().chain(&states.open) {
            if !node.routes.is_empty() {
                found(&node.routes);
            }
        }
    }
}

/// The set of nodes that the segments read so far can lead to.
///
/// A node is there at most once: it has one parent and one edge from it, so only a `**` node, which
/// also leads to itself, could be reached twice. Those stay reachable for ever once they are, and
/// are therefore kept apart.
struct States<'a, T> {
    current: Vec<&'a Node<T>>,
    open: Vec<&'a Node<T>>,
    opened: HashSet<*const Node<T>>,
    next: Vec<&'a Node<T>>,
}

impl<'a, T> States<'a, T> {
    fn new(root: &'a Node<T>) -> Self {
        let mut states = Self {
            current: vec![root],
            open: Vec::new(),
            opened: HashSet::new(),
            next: Vec::new(),
        };
        states.open_after(root);
        states
    }

    /// Enters the `**` child of `node`, which matches before it has seen a segment.
    fn open_after(&mut self, node: &'a Node<T>) {
        if let Some(many) = node.many.as_deref()
            && self.opened.insert(ptr::from_ref(many))
        {
            self.open.push(many);
        }
    }

    fn step(&mut self, segment: &str) {
        for node in self.current.iter().chain(&self.open) {
            self.next.extend(node.literals.get(segment).map(|child| &**child));
            self.next.extend(node.one.as_deref());
        }
        std::mem::swap(&mut self.current, &mut self.next);
        self.next.clear();
        for index in 0..self.current.len() {
            self.open_after(self.current[index]);
        }
    }
}
