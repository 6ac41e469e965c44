//! The queue of dead letters, pure: what is kept, in which order, in which state, what leaves. No clock, no lock, no waiting.
//!
//! Invariants: never more than the capacity; the order is that of the first failure; a position is never used twice; the message of
//! an entry is here, or with exactly one attempt that brings it back.

use std::any::Any;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::send::dead_letter::attempt::Route;
use crate::send::dead_letter::filter::DeadLetterFilter;
use crate::send::dead_letter::letter::{
    DeadLetter, DeadLetterAddress, DeadLetterId, DeadLetterInfo, DeadLetterRecording,
    DeadLetterState,
};
use crate::send::dead_letter::options::{DeadLetterOptions, DeadLetterOverflow};
use crate::send::dead_letter::reason::DeadLetterReason;
use crate::send::metadata::Metadata;

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) monotonic: Duration,
    pub(crate) wall: SystemTime,
}

/// When something happened: monotonic for decisions, calendar time for people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    at: Duration,
    /// How old it was at `at` already: what lies before this run.
    before: Duration,
    pub(crate) wall: SystemTime,
}

impl Stamp {
    pub(crate) fn of(now: Now) -> Self {
        Self { at: now.monotonic, before: Duration::ZERO, wall: now.wall }
    }

    /// Something that an earlier run did.
    pub(crate) fn recorded(wall: SystemTime, now: Now) -> Self {
        let before = now.wall.duration_since(wall).unwrap_or_default();
        Self { at: now.monotonic, before, wall }
    }

    pub(crate) fn age(&self, now: Now) -> Duration {
        now.monotonic.saturating_sub(self.at).saturating_add(self.before)
    }
}

/// A dead letter as it is kept.
pub(crate) struct Entry {
    pub(crate) id: DeadLetterId,
    pub(crate) address: DeadLetterAddress,
    pub(crate) message_type: Cow<'static, str>,
    pub(crate) route: Route,
    pub(crate) reason: DeadLetterReason,
    pub(crate) metadata: Metadata,
    pub(crate) attempts: u32,
    pub(crate) first: Stamp,
    pub(crate) last: Option<Stamp>,
    pub(crate) recording: DeadLetterRecording,
    /// Whether the sink may know it.
    pub(crate) is_offered: bool,
    /// `None` while an attempt has it.
    pub(crate) message: Option<Box<dyn Any + Send>>,
}

impl Entry {
    pub(crate) fn state(&self, now: Now, options: &DeadLetterOptions) -> DeadLetterState {
        if self.first.age(now) > options.expire_after {
            DeadLetterState::Expired
        } else if self.attempts >= options.attempts_max {
            DeadLetterState::Exhausted
        } else {
            DeadLetterState::Pending
        }
    }

    /// How long ago it last failed.
    pub(crate) fn idle(&self, now: Now) -> Duration {
        self.last.as_ref().unwrap_or(&self.first).age(now)
    }

    pub(crate) fn info(&self, now: Now, options: &DeadLetterOptions) -> DeadLetterInfo {
        DeadLetterInfo {
            id: self.id,
            address: self.address.clone(),
            message_type: self.message_type.clone(),
            reason: self.reason.clone(),
            metadata: self.metadata.clone(),
            state: self.state(now, options),
            attempts: self.attempts,
            is_retrying: self.message.is_none(),
            recording: self.recording,
            age: self.first.age(now),
            first_failure: self.first.wall,
            last_attempt: self.last.map(|last| last.wall),
        }
    }
}

/// An entry that an attempt may claim, and whom it is for.
pub(crate) struct Pick {
    pub(crate) position: i64,
    pub(crate) name: Option<Arc<str>>,
}

/// What an attempt works on.
pub(crate) struct Claim {
    pub(crate) id: DeadLetterId,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) route: Route,
    pub(crate) message: Box<dyn Any + Send>,
}

/// What became of an entry whose attempt failed.
pub(crate) struct Failed {
    pub(crate) id: DeadLetterId,
    pub(crate) attempts: u32,
    pub(crate) is_exhausted: bool,
    pub(crate) is_offered: bool,
}

pub(crate) struct Queue {
    options: DeadLetterOptions,
    /// By position: what an earlier run recorded stands below zero.
    entries: BTreeMap<i64, Entry>,
    positions: HashMap<DeadLetterId, i64>,
    next: i64,
    front: i64,
}

impl Queue {
    pub(crate) fn new(options: DeadLetterOptions) -> Self {
        Self { options, entries: BTreeMap::new(), positions: HashMap::new(), next: 0, front: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, id: DeadLetterId) -> bool {
        self.positions.contains_key(&id)
    }

    pub(crate) fn position(&self, id: DeadLetterId) -> Option<i64> {
        self.positions.get(&id).copied()
    }

    pub(crate) fn by_id(&mut self, id: DeadLetterId) -> Option<&mut Entry> {
        let position = self.positions.get(&id)?;
        self.entries.get_mut(position)
    }

    pub(crate) fn at(&mut self, position: i64) -> Option<&mut Entry> {
        self.entries.get_mut(&position)
    }

    /// Adds the newest, and returns what has to leave for it.
    pub(crate) fn push(&mut self, entry: Entry) -> Option<Entry> {
        let position = self.next;
        self.next += 1;
        self.positions.insert(entry.id, position);
        self.entries.insert(position, entry);
        self.too_many()
    }

    /// Puts what an earlier run recorded before everything else, in its order, and returns what has to leave for it.
    pub(crate) fn restore(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let count = i64::try_from(entries.len()).expect("it fits into memory");
        self.front -= count;
        for (position, entry) in (self.front..).zip(entries) {
            self.positions.insert(entry.id, position);
            self.entries.insert(position, entry);
        }
        std::iter::from_fn(|| self.too_many()).collect()
    }

    /// Takes one out if there are too many. What an attempt has stays; what comes in is never with one.
    fn too_many(&mut self) -> Option<Entry> {
        if self.entries.len() <= self.options.kept_max {
            return None;
        }
        let is_here =
            |(position, entry): (&i64, &Entry)| entry.message.is_some().then_some(*position);
        let victim = match self.options.overflow {
            DeadLetterOverflow::DropOldest => self.entries.iter().find_map(is_here),
            DeadLetterOverflow::DropNewest => self.entries.iter().rev().find_map(is_here),
        };
        self.remove(victim?)
    }

    pub(crate) fn remove(&mut self, position: i64) -> Option<Entry> {
        let entry = self.entries.remove(&position)?;
        self.positions.remove(&entry.id);
        Some(entry)
    }

    fn meant<'a>(
        &'a self,
        filter: &'a DeadLetterFilter,
        now: Now,
    ) -> impl Iterator<Item = (i64, &'a Entry)> {
        let entries = self.entries.iter().map(|(position, entry)| (*position, entry));
        entries
            .filter(move |(_, entry)| filter.means(entry, now, &self.options))
            .take(filter.limit_or_all())
    }

    pub(crate) fn list(&self, filter: &DeadLetterFilter, now: Now) -> Vec<DeadLetterInfo> {
        self.meant(filter, now).map(|(_, entry)| entry.info(now, &self.options)).collect()
    }

    /// Chooses what may be retried: pending, and with no attempt.
    pub(crate) fn pick(
        &self,
        filter: &DeadLetterFilter,
        now: Now,
        is_due: impl Fn(&Entry) -> bool,
    ) -> Vec<Pick> {
        let is_free = |entry: &Entry| {
            entry.message.is_some()
                && entry.state(now, &self.options) == DeadLetterState::Pending
                && filter.means(entry, now, &self.options)
                && is_due(entry)
        };
        let free = self.entries.iter().filter(|(_, entry)| is_free(entry));
        free.take(filter.limit_or_all())
            .map(|(position, entry)| Pick { position: *position, name: entry.address.name.clone() })
            .collect()
    }

    /// Moves a message out for an attempt, if it still may have one.
    pub(crate) fn claim(&mut self, position: i64, now: Now) -> Option<Claim> {
        let entry = self.entries.get_mut(&position)?;
        if entry.state(now, &self.options) != DeadLetterState::Pending {
            return None;
        }
        let message = entry.message.take()?;
        let (id, name, route) = (entry.id, entry.address.name.clone(), entry.route);
        Some(Claim { id, name, route, message })
    }

    /// Moves a message out to be looked at, whatever its state.
    pub(crate) fn borrow(&mut self, position: i64) -> Option<Claim> {
        let entry = self.entries.get_mut(&position)?;
        let message = entry.message.take()?;
        let (id, name, route) = (entry.id, entry.address.name.clone(), entry.route);
        Some(Claim { id, name, route, message })
    }

    /// Puts a message back; it comes back if its entry has left.
    pub(crate) fn give_back(
        &mut self,
        position: i64,
        message: Box<dyn Any + Send>,
    ) -> Result<(), Box<dyn Any + Send>> {
        match self.entries.get_mut(&position) {
            Some(entry) => {
                entry.message = Some(message);
                Ok(())
            }
            None => Err(message),
        }
    }

    /// Counts a failed attempt. `None` if the entry has left.
    pub(crate) fn failed(&mut self, position: i64, now: Now) -> Option<Failed> {
        let entry = self.entries.get_mut(&position)?;
        entry.attempts = entry.attempts.saturating_add(1);
        entry.last = Some(Stamp::of(now));
        Some(Failed {
            id: entry.id,
            attempts: entry.attempts,
            is_exhausted: entry.attempts == self.options.attempts_max,
            is_offered: entry.is_offered,
        })
    }

    /// Removes the meant ones, those with an attempt included: what fails then is dropped.
    pub(crate) fn purge(&mut self, filter: &DeadLetterFilter, now: Now) -> Vec<Entry> {
        let positions: Vec<i64> = self.meant(filter, now).map(|(position, _)| position).collect();
        positions.into_iter().filter_map(|position| self.remove(position)).collect()
    }

    /// Takes the meant ones out with their messages; those with an attempt stay.
    pub(crate) fn take(&mut self, filter: &DeadLetterFilter, now: Now) -> Vec<(Entry, DeadLetter)> {
        let here = self.meant(filter, now).filter(|(_, entry)| entry.message.is_some());
        let positions: Vec<i64> = here.map(|(position, _)| position).collect();
        let options = self.options;
        let taken = positions.into_iter().filter_map(|position| self.remove(position));
        taken
            .filter_map(|mut entry| {
                let info = entry.info(now, &options);
                let message = entry.message.take()?;
                let info = DeadLetterInfo { is_retrying: false, ..info };
                Some((entry, DeadLetter { info, message }))
            })
            .collect()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (i64, &Entry)> {
        self.entries.iter().map(|(position, entry)| (*position, entry))
    }

    pub(crate) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut()
    }
}
