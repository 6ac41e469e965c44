//! The fixed window: one count, which begins anew at each multiple of the period.
//!
//! Invariant: `end` is the end of the window that `used` belongs to; it never falls, except by a change of the period.

use super::meter::Meter;
use super::quota::Quota;

/// The window that was used last.
#[derive(Debug, Default)]
pub(crate) struct FixedWindow {
    /// Exclusive, in nanoseconds; 0 before the first permit.
    end: u64,
    used: u32,
}

impl FixedWindow {
    fn used_at(&self, now: u64) -> u32 {
        if now < self.end { self.used } else { 0 }
    }
}

impl Meter for FixedWindow {
    fn take(&mut self, quota: &Quota, now: u64, n: u32) -> Result<(), u64> {
        let used = self.used_at(now);
        if n <= quota.limit.saturating_sub(used) {
            // Who read the clock in the window before, and comes now, counts in the one that has begun.
            if now >= self.end {
                self.end = end_of(quota.period, now);
            }
            self.used = used + n;
            return Ok(());
        }
        Err(self.end - now)
    }

    fn remaining(&self, quota: &Quota, now: u64) -> u32 {
        quota.limit.saturating_sub(self.used_at(now))
    }

    fn idle_at(&self, _quota: &Quota) -> u64 {
        self.end
    }

    fn reconfigure(&mut self, _old: &Quota, new: &Quota, now: u64) {
        // What was taken in the current window counts in the window of the new period that now lies in.
        self.used = self.used_at(now);
        self.end = if self.used == 0 { 0 } else { end_of(new.period, now) };
    }
}

fn end_of(period: u64, now: u64) -> u64 {
    (now / period + 1) * period
}
