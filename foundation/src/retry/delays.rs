//! The waits of one run.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::random;

/// The waits between the attempts of one run, by [`RetryPolicy::delays`](crate::RetryPolicy::delays). Nothing waits in here.
#[derive(Debug, Clone)]
pub struct Delays {
    backoff: Backoff,
    random: u64,
    next: u32,
    count: u32,
}

impl Delays {
    pub(crate) fn new(backoff: Backoff, count: u32, seed: u64) -> Self {
        Self { backoff, random: seed, next: 0, count }
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.next == self.count {
            return None;
        }
        let delay = self.backoff.delay(self.next, random::next(&mut self.random));
        self.next += 1;
        Some(delay)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.count - self.next).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}
