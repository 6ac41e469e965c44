//! The children of one supervisor, in start order, found by id, by pid or by key.
//!
//! Decides nothing; keeps the indexes in step. Every operation on one child costs O(log n) at most, so
//! that a restart among 10,000 siblings costs what it costs among one.
//!
//! Invariants: the order of the keys is the order of the list; a pid is indexed while its child
//! runs, and while the child waits for a restart attempt after it.

use super::action::{Incarnation, Reason, ReportedChild, Stop};
use super::hash::MixBuilder;
use super::roster::Roster;
use super::spec::{ChildKind, CoreSpec, Mode, Restart, Shutdown};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

/// The place of a child in the start order of its supervisor. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChildKey(u64);

impl ChildKey {
    /// Before every child.
    pub(crate) const FIRST: Self = Self(0);
    /// After every child.
    pub(crate) const END: Self = Self(u64::MAX);

    /// The next place in the order.
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// How many places it comes after `first`; zero if it comes before.
    pub(crate) fn since(self, first: Self) -> usize {
        usize::try_from(self.0.saturating_sub(first.0)).unwrap_or(usize::MAX)
    }
}

/// Where a child is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChildState<P> {
    /// It runs, as far as the supervisor has heard.
    Running(P),
    /// It is being restarted, or waits for the next attempt; `last` is the process it was.
    Restarting { last: Option<P> },
    /// A specification without a process.
    Undefined,
}

impl<P> ChildState<P> {
    /// The process it is or was.
    pub(crate) const fn pid(&self) -> Option<&P> {
        match self {
            Self::Running(pid) | Self::Restarting { last: Some(pid) } => Some(pid),
            Self::Restarting { last: None } | Self::Undefined => None,
        }
    }
}

/// One child: its specification and its state.
#[derive(Debug, Clone)]
pub(crate) struct Child<S, P> {
    /// Shared with all children that were started from it.
    spec: Arc<CoreSpec<S>>,
    pub(crate) state: ChildState<P>,
    /// Counts the attempts to start it; all that matters is whether there was another one.
    pub(crate) generation: u32,
    /// Counts how often the supervisor brought it back by itself.
    pub(crate) restarts: u32,
}

impl<S, P> Deref for Child<S, P> {
    type Target = CoreSpec<S>;

    fn deref(&self) -> &CoreSpec<S> {
        &self.spec
    }
}

impl<S, P: Clone> Child<S, P> {
    /// Returns how to stop it, if it runs.
    pub(crate) fn stop(&self, key: ChildKey) -> Option<Stop<P>> {
        let ChildState::Running(pid) = &self.state else { return None };
        Some(Stop { key, pid: pid.clone(), shutdown: self.shutdown })
    }

    /// Whether it ended as it should after being told to stop: as told or, unless it is permanent,
    /// cleanly in any way.
    pub(crate) fn accepts_end<R: Reason>(&self, reason: &R) -> bool {
        let as_told = match self.shutdown {
            Shutdown::BrutalKill => reason.is_killed(),
            Shutdown::Timeout(_) | Shutdown::Infinity => reason.is_shutdown(),
        };
        as_told || (self.restart != Restart::Permanent && reason.is_clean())
    }

    pub(crate) fn reported(&self, key: ChildKey) -> ReportedChild<P> {
        ReportedChild { key, id: Arc::clone(&self.id), pid: self.state.pid().cloned() }
    }
}

/// Numbers of children, as in OTP `supervisor:count_children/1`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Children with or without a process.
    pub(crate) specs: usize,
    /// Children that run.
    pub(crate) active: usize,
    /// Children that are supervisors, running or not.
    pub(crate) supervisors: usize,
    /// Children that are workers, running or not.
    pub(crate) workers: usize,
}

/// The ordered, indexed set of children.
#[derive(Debug, Clone)]
pub(crate) struct ChildTable<S, P: Incarnation> {
    children: Roster<Child<S, P>>,
    by_id: HashMap<Arc<str>, ChildKey>,
    by_pid: HashMap<P::Id, ChildKey, MixBuilder>,
    next_key: ChildKey,
    mode: Mode,
}

impl<S, P: Incarnation> ChildTable<S, P> {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            children: Roster::default(),
            by_id: HashMap::new(),
            by_pid: HashMap::default(),
            next_key: ChildKey::FIRST,
            mode,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.children.len()
    }

    pub(crate) fn get(&self, key: ChildKey) -> Option<&Child<S, P>> {
        self.children.get(key)
    }

    pub(crate) fn key_of_id(&self, id: &str) -> Option<ChildKey> {
        self.by_id.get(id).copied()
    }

    /// The child that runs as `pid`, or ran as `pid` and is being restarted.
    pub(crate) fn key_of_pid(&self, pid: P::Id) -> Option<ChildKey> {
        self.by_pid.get(&pid).copied()
    }

    /// All children, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (ChildKey, &Child<S, P>)> {
        self.children.iter()
    }

    pub(crate) fn count(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, child) in self.children.iter() {
            counts.specs += 1;
            counts.active += usize::from(matches!(child.state, ChildState::Running(_)));
            match child.kind {
                ChildKind::Worker => counts.workers += 1,
                ChildKind::Supervisor => counts.supervisors += 1,
            }
        }
        counts
    }

    /// The oldest child at `from` or after it.
    pub(crate) fn first_from(&self, from: ChildKey) -> Option<ChildKey> {
        self.children.first_from(from)
    }

    /// The newest child at `floor` or after it, and before `ceiling`.
    pub(crate) fn last_in(&self, floor: ChildKey, ceiling: ChildKey) -> Option<ChildKey> {
        self.children.last_in(floor, ceiling)
    }

    /// Appends a child without a process. A static supervisor's ids must be checked before.
    pub(crate) fn insert(&mut self, spec: Arc<CoreSpec<S>>) -> ChildKey {
        let key = self.next_key;
        self.next_key = key.next();
        if matches!(self.mode, Mode::Static { .. }) {
            let taken = self.by_id.insert(Arc::clone(&spec.id), key);
            assert!(taken.is_none(), "child ids are unique");
        }
        let child = Child { spec, state: ChildState::Undefined, generation: 0, restarts: 0 };
        self.children.push(key, child);
        key
    }

    pub(crate) fn remove(&mut self, key: ChildKey) {
        self.set(key, ChildState::Undefined);
        let Some(child) = self.children.remove(key) else { return };
        if matches!(self.mode, Mode::Static { .. }) {
            self.by_id.remove(&child.id);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.children = Roster::default();
        self.by_id.clear();
        self.by_pid.clear();
    }

    /// Moves a child to another state and re-indexes its pid.
    pub(crate) fn set(&mut self, key: ChildKey, state: ChildState<P>) {
        let Some(child) = self.children.get_mut(key) else { return };
        if let Some(old) = child.state.pid() {
            self.by_pid.remove(&old.id());
        }
        if let Some(new) = state.pid() {
            self.by_pid.insert(new.id(), key);
        }
        child.state = state;
    }

    /// Leaves a child without a process: a temporary or dynamic one is removed, any other keeps its
    /// specification.
    pub(crate) fn settle(&mut self, key: ChildKey) {
        let Some(child) = self.children.get(key) else { return };
        if child.restart == Restart::Temporary || matches!(self.mode, Mode::Dynamic { .. }) {
            self.remove(key);
        } else {
            self.set(key, ChildState::Undefined);
        }
    }

    /// Counts a start attempt and returns its generation.
    pub(crate) fn next_generation(&mut self, key: ChildKey) -> u32 {
        let child = self.children.get_mut(key).expect("only a child of the table is started");
        child.generation = child.generation.wrapping_add(1);
        child.generation
    }

    /// Notes that a child runs, and forgets how to start it if that will never be needed again.
    pub(crate) fn started(&mut self, key: ChildKey, pid: P) {
        self.set(key, ChildState::Running(pid));
        if let Some(child) = self.children.get_mut(key)
            && child.restart == Restart::Temporary
        {
            CoreSpec::forget_start(&mut child.spec);
        }
    }

    /// Counts a restart that the supervisor did by itself.
    pub(crate) fn count_restart(&mut self, key: ChildKey) {
        if let Some(child) = self.children.get_mut(key) {
            child.restarts = child.restarts.saturating_add(1);
        }
    }
}
