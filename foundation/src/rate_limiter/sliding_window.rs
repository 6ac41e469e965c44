//! The exact sliding window: a log of the permits that still count.
//!
//! A permit taken at `t` counts until `t + period`, exclusively: every half-open window of that length has at most `limit` of them.
//!
//! Invariants: stamps do not fall from front to back; `used` is the sum of the log; the log is no longer than the largest limit
//! that was in force.

use std::collections::VecDeque;

use super::meter::Meter;
use super::quota::Quota;

/// Permits that were taken at one instant.
#[derive(Debug, Clone, Copy)]
struct Taken {
    at: u64,
    count: u32,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct SlidingWindow {
    log: VecDeque<Taken>,
    used: u32,
}

impl SlidingWindow {
    fn push(&mut self, now: u64, n: u32) {
        self.used += n;
        match self.log.back_mut() {
            Some(newest) if newest.at == now => newest.count += n,
            _ => self.log.push_back(Taken { at: now, count: n }),
        }
    }

    /// Drops what does not count any more.
    fn forget(&mut self, period: u64, now: u64) {
        while let Some(oldest) = self.log.front()
            && oldest.at + period <= now
        {
            self.used -= oldest.count;
            self.log.pop_front();
        }
    }
}

impl Meter for SlidingWindow {
    fn take(&mut self, quota: &Quota, now: u64, n: u32) -> Result<(), u64> {
        // Who read the clock first may come second: it counts as of the later reading, and so for no shorter time.
        let now = self.log.back().map_or(now, |newest| newest.at.max(now));
        self.forget(quota.period, now);
        if n <= quota.limit.saturating_sub(self.used) {
            self.push(now, n);
            return Ok(());
        }
        let surplus = u64::from(self.used) + u64::from(n) - u64::from(quota.limit);
        let mut freed = 0;
        for taken in &self.log {
            freed += u64::from(taken.count);
            if freed >= surplus {
                return Err(taken.at + quota.period - now);
            }
        }
        // Not reached: all of the log makes room for all of the limit.
        Err(quota.period)
    }

    fn remaining(&self, quota: &Quota, now: u64) -> u32 {
        let gone = self.log.iter().take_while(|taken| taken.at + quota.period <= now);
        let used = self.used - gone.map(|taken| taken.count).sum::<u32>();
        quota.limit.saturating_sub(used)
    }

    fn idle_at(&self, quota: &Quota) -> u64 {
        self.log.back().map_or(0, |newest| newest.at + quota.period)
    }

    fn reconfigure(&mut self, old: &Quota, _new: &Quota, now: u64) {
        // What still counts now goes on counting, for the new period.
        self.forget(old.period, now);
        self.log.shrink_to(0);
    }
}
