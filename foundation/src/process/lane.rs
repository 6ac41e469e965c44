//! A queue that is nearly always empty, and then of length one.
//!
//! The first entry costs no allocation and lies where the queue does. Invariant: while there is no first entry, nothing else waits.

use std::collections::VecDeque;

/// A queue that most never need, one pointer until then.
pub(crate) type Rest<T> = Option<Box<VecDeque<T>>>;

#[derive(Debug)]
pub(crate) struct Lane<T> {
    first: Option<T>,
    rest: Rest<T>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { first: None, rest: None }
    }
}

impl<T> Lane<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.len())
    }

    #[inline]
    pub(crate) fn push_back(&mut self, entry: T) {
        if self.first.is_none() {
            self.first = Some(entry);
        } else {
            self.rest.get_or_insert_default().push_back(entry);
        }
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.rest.as_mut().and_then(|rest| rest.pop_front());
        std::mem::replace(&mut self.first, next)
    }

    /// Takes out everything: returns the first, and changes the rest for `spare`, which is empty.
    #[inline]
    pub(crate) fn take_all(&mut self, spare: &mut Rest<T>) -> Option<T> {
        debug_assert!(spare.as_ref().is_none_or(|spare| spare.is_empty()), "nothing is lost");
        if self.rest.as_ref().is_some_and(|rest| !rest.is_empty()) {
            std::mem::swap(&mut self.rest, spare);
        }
        self.first.take()
    }

    /// Puts `head` before everything else.
    pub(crate) fn prepend(&mut self, mut head: VecDeque<T>) {
        head.extend(self.first.take());
        if let Some(rest) = &mut self.rest {
            head.append(rest);
        }
        self.first = head.pop_front();
        self.rest = Some(Box::new(head));
    }

    /// Takes out everything, oldest first.
    pub(crate) fn drain(&mut self) -> VecDeque<T> {
        let mut all = self.rest.take().map(|rest| *rest).unwrap_or_default();
        if let Some(first) = self.first.take() {
            all.push_front(first);
        }
        all
    }

    /// Takes out the first entry that `is_wanted` names; the rest stays in its order. Cost: O(n).
    pub(crate) fn take_first(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        if self.first.as_ref().is_some_and(&is_wanted) {
            return self.pop_front();
        }
        let rest = self.rest.as_mut()?;
        let place = rest.iter().position(is_wanted)?;
        rest.remove(place)
    }

    /// Takes out what `is_wanted` names; the rest stays in its order.
    pub(crate) fn take_where(&mut self, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let entries = self
            .first
            .take()
            .into_iter()
            .chain(self.rest.take().into_iter().flat_map(|rest| *rest));
        let (wanted, kept): (Vec<T>, Vec<T>) = entries.partition(is_wanted);
        kept.into_iter().for_each(|entry| self.push_back(entry));
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_keeps_the_order_of_a_queue() {
        let (mut lane, mut queue) = (Lane::default(), VecDeque::new());
        for number in 0..1_000_u32 {
            match number.wrapping_mul(2_654_435_761) >> 28 {
                0..=8 => {
                    lane.push_back(number);
                    queue.push_back(number);
                }
                9..=12 => assert_eq!(lane.pop_front(), queue.pop_front()),
                13 => {
                    let mut spare = None;
                    let first = lane.take_all(&mut spare);
                    assert_eq!(first, queue.pop_front());
                    let rest = spare.map(|spare| *spare).unwrap_or_default();
                    assert_eq!((&rest, lane.len()), (&queue, 0));
                    lane.push_back(number);
                    queue.push_back(number);
                    lane.prepend(rest);
                }
                14 => {
                    assert_eq!(lane.drain(), queue);
                    lane.prepend(std::mem::take(&mut queue));
                    queue = lane.drain();
                    queue.iter().for_each(|number| lane.push_back(*number));
                }
                _ => {
                    let is_wanted = |entry: &u32| entry.is_multiple_of(3);
                    let wanted: Vec<u32> = queue.iter().copied().filter(is_wanted).collect();
                    assert_eq!(lane.take_where(is_wanted), wanted);
                    queue.retain(|entry| !is_wanted(entry));
                }
            }
            assert_eq!((lane.is_empty(), lane.len()), (queue.is_empty(), queue.len()));
        }
        assert!(!queue.is_empty(), "there was something to keep in order");
    }
}
