//! A list in the order of its keys, in one piece of memory.
//!
//! Keys only grow, so a new entry is always the last one. An entry that goes leaves a gap; when there are more gaps than entries
//! the list moves together. So finding an entry costs at most O(log n), usually one look, adding and removing O(1) over time, and
//! nothing moves while entries only come.
//!
//! Invariants: seats are sorted by key; the last seat is not a gap; fewer than half of the seats are gaps, but for a few.

use super::table::ChildKey;

/// Gaps that are not worth a move.
const GAPS_MIN: usize = 16;

#[derive(Debug, Clone)]
pub(crate) struct Roster<C> {
    seats: Vec<(ChildKey, Option<C>)>,
    living: usize,
}

impl<C> Default for Roster<C> {
    fn default() -> Self {
        Self { seats: Vec::new(), living: 0 }
    }
}

impl<C> Roster<C> {
    pub(crate) fn len(&self) -> usize {
        self.living
    }

    pub(crate) fn get(&self, key: ChildKey) -> Option<&C> {
        let seat = self.seats.get(self.lower_bound(key))?;
        if seat.0 == key { seat.1.as_ref() } else { None }
    }

    pub(crate) fn get_mut(&mut self, key: ChildKey) -> Option<&mut C> {
        let place = self.lower_bound(key);
        let seat = self.seats.get_mut(place)?;
        if seat.0 == key { seat.1.as_mut() } else { None }
    }

    /// Adds an entry at the end.
    ///
    /// # Panics
    ///
    /// Panics if its key is not the greatest.
    pub(crate) fn push(&mut self, key: ChildKey, child: C) {
        assert!(self.seats.last().is_none_or(|last| last.0 < key), "keys only grow");
        if self.seats.len() == self.seats.capacity() {
            // A quarter more, not twice as much: the list is long when there are very many children.
            self.seats.reserve_exact((self.seats.len() / 4).max(4));
        }
        self.seats.push((key, Some(child)));
        self.living += 1;
    }

    pub(crate) fn remove(&mut self, key: ChildKey) -> Option<C> {
        let place = self.lower_bound(key);
        let seat = self.seats.get_mut(place).filter(|seat| seat.0 == key)?;
        let child = seat.1.take()?;
        self.living -= 1;
        while self.seats.pop_if(|last| last.1.is_none()).is_some() {}
        if self.seats.len() > 2 * self.living + GAPS_MIN {
            self.seats.retain(|seat| seat.1.is_some());
            self.seats.shrink_to(2 * self.living);
        }
        Some(child)
    }

    /// All entries, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (ChildKey, &C)> {
        entries(&self.seats)
    }

    /// The first key at `from` or after it.
    pub(crate) fn first_from(&self, from: ChildKey) -> Option<ChildKey> {
        entries(&self.seats[self.lower_bound(from)..]).next().map(|(key, _)| key)
    }

    /// The last key at `floor` or after it, and before `ceiling`.
    pub(crate) fn last_in(&self, floor: ChildKey, ceiling: ChildKey) -> Option<ChildKey> {
        let last = entries(&self.seats[..self.lower_bound(ceiling)]).next_back();
        last.map(|(key, _)| key).filter(|key| *key >= floor)
    }

    /// The place of the first seat at `key` or after it.
    fn lower_bound(&self, key: ChildKey) -> usize {
        let Some((first, _)) = self.seats.first() else { return 0 };
        // Keys differ by one at least: the seat is not further on than this, and just here while nothing has gone.
        let furthest = key.since(*first).min(self.seats.len());
        match self.seats.get(furthest) {
            Some(seat) if seat.0 == key => furthest,
            _ => self.seats[..furthest].partition_point(|seat| seat.0 < key),
        }
    }
}

fn entries<C>(seats: &[(ChildKey, Option<C>)]) -> impl DoubleEndedIterator<Item = (ChildKey, &C)> {
    seats.iter().filter_map(|(key, child)| Some((*key, child.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Every answer is that of an ordered map, whatever comes and goes.
    #[test]
    fn a_roster_answers_like_an_ordered_map() {
        let mut random: u64 = 1;
        let mut below = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            (random >> 33) % bound
        };
        for _ in 0..40 {
            let (mut roster, mut map) = (Roster::default(), BTreeMap::new());
            let mut keys = vec![ChildKey::FIRST];
            let growth = 1 + below(9);
            for step in 0..600 {
                let any = keys[usize::try_from(below(keys.len() as u64)).expect("small")];
                if below(10) < growth {
                    let next = keys.last().copied().unwrap_or(ChildKey::FIRST).next();
                    keys.push(next);
                    roster.push(next, step);
                    map.insert(next, step);
                } else {
                    assert_eq!(roster.remove(any), map.remove(&any));
                }
                let other = keys[usize::try_from(below(keys.len() as u64)).expect("small")];
                let (floor, ceiling) = (any.min(other), any.max(other));
                assert_eq!(roster.len(), map.len());
                assert_eq!(roster.get(any), map.get(&any));
                assert_eq!(roster.get_mut(other), map.get_mut(&other));
                assert_eq!(roster.first_from(any), map.range(any..).next().map(|(key, _)| *key));
                let last = map.range(floor..ceiling).next_back().map(|(key, _)| *key);
                assert_eq!(roster.last_in(floor, ceiling), last);
                let last = map.range(floor..).next_back().map(|(key, _)| *key);
                assert_eq!(roster.last_in(floor, ChildKey::END), last);
                assert!(roster.iter().rev().eq(map.iter().rev().map(|(key, child)| (*key, child))));
                assert!(roster.seats.len() <= 2 * map.len() + GAPS_MIN, "gaps are bounded");
            }
        }
    }
}
