//! The generic cell rate algorithm in its virtual scheduling form (ATM Forum, Traffic Management Specification 4.0, 1996; ITU-T
//! I.371).
//!
//! All there is to remember is the theoretical arrival time: when the last permit that was taken will be back. Nothing here is
//! state but `Arrival`, which keeps the time for one caller at a time; `shared` keeps it in an atomic.

use super::meter::Meter;
use super::quota::Quota;

/// The theoretical arrival time of one count.
#[derive(Debug, Default)]
pub(crate) struct Arrival(u64);

impl Meter for Arrival {
    fn take(&mut self, quota: &Quota, now: u64, n: u32) -> Result<(), u64> {
        self.0 = take(quota.limit, quota.interval, self.0, now, n)?;
        Ok(())
    }

    fn remaining(&self, quota: &Quota, now: u64) -> u32 {
        remaining(quota.limit, quota.interval, self.0, now)
    }

    fn idle_at(&self, _quota: &Quota) -> u64 {
        self.0
    }

    fn reconfigure(&mut self, old: &Quota, new: &Quota, now: u64) {
        self.0 = rescale(self.0, now, old, new);
    }
}

/// The theoretical arrival time after `n` more permits, or in how many nanoseconds there will be so many. `n` is at most the limit.
pub(crate) fn take(limit: u32, interval: u64, tat: u64, now: u64, n: u32) -> Result<u64, u64> {
    let next = tat.max(now) + u64::from(n) * interval;
    let latest = now + u64::from(limit) * interval;
    if next <= latest { Ok(next) } else { Err(next - latest) }
}

/// The permits that could be taken now.
pub(crate) fn remaining(limit: u32, interval: u64, tat: u64, now: u64) -> u32 {
    let latest = now + u64::from(limit) * interval;
    let room = latest.saturating_sub(tat.max(now)) / interval;
    u32::try_from(room).unwrap_or(u32::MAX)
}

/// The theoretical arrival time under a new interval: as many permits are out as before, the last of them in the same part.
pub(crate) fn rescale(tat: u64, now: u64, old: &Quota, new: &Quota) -> u64 {
    let ahead = u128::from(tat.saturating_sub(now)) * u128::from(new.interval);
    let ahead = ahead.div_ceil(u128::from(old.interval));
    // At most the old limit times the new interval: below 2^32 years.
    now.saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX >> 3))
}
