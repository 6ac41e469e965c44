//! One count, for one caller at a time, whatever the algorithm.

use super::quota::Quota;

/// What was taken, as far as it matters. A new one has taken nothing.
pub(crate) trait Meter: Default {
    /// Takes `n` permits, or says in how many nanoseconds there will be so many. `n` is at least 1 and at most the limit.
    fn take(&mut self, quota: &Quota, now: u64, n: u32) -> Result<(), u64>;

    /// The permits that could be taken now.
    fn remaining(&self, quota: &Quota, now: u64) -> u32;

    /// From when on nothing that was taken counts any more: it is as good as a new one.
    fn idle_at(&self, quota: &Quota) -> u64;

    /// Goes on under another limit and period.
    fn reconfigure(&mut self, old: &Quota, new: &Quota, now: u64);
}
