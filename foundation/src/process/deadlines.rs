//! DOOR: the deadlines of everything that waits for an answer or for room.
//!
//! A timer for each wait costs more than the wait. Here a wait that is not over at its first look is entered in a table; one
//! sweep for the whole node sleeps until the soonest entry is due. An entry costs two short locks. A deadline never fires early;
//! it fires up to [`GRAIN`] late. Those that fire together do so in their order, equal ones as they were entered.
//!
//! Invariants: each shard's `soonest` is not later than any of its entries; while any shard has one, a sweep is under way that
//! wakes no later than that.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use slab::Slab;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::process::spawn::spawn_sweep;
use crate::time::{Elapsed, FAR, after};

/// Waits are spread over so many locks.
const SHARDS: usize = 8;
/// Deadlines closer together than this are served by one look.
const GRAIN: Duration = Duration::from_millis(5);

/// The table of one node.
#[derive(Default)]
pub(crate) struct Deadlines {
    table: Arc<Table>,
}

#[derive(Default)]
struct Table {
    shards: [Mutex<Shard>; SHARDS],
    next: AtomicUsize,
    /// When the sweep that is under way looks again; `None` if there is none.
    sweep: Mutex<Option<Instant>>,
    sooner: Notify,
}

#[derive(Default)]
struct Shard {
    entries: Slab<Entry>,
    soonest: Option<Instant>,
}

struct Entry {
    at: Instant,
    /// How many were entered before.
    entered: usize,
    waker: Waker,
    is_due: bool,
}

/// A time limit that several waits in a row share. The clock is read at the first one that does not end at once.
pub(crate) struct Deadline<'a> {
    deadlines: &'a Deadlines,
    timeout: Duration,
    at: Option<Instant>,
}

impl Deadlines {
    pub(crate) fn within(&self, timeout: Duration) -> Deadline<'_> {
        Deadline { deadlines: self, timeout, at: None }
    }

    pub(crate) fn until(&self, at: Instant) -> Deadline<'_> {
        Deadline { deadlines: self, timeout: Duration::ZERO, at: Some(at) }
    }
}

impl<'d> Deadline<'d> {
    /// When it is over. Begins it, if it has not begun.
    pub(crate) fn instant(&mut self) -> Instant {
        *self.at.get_or_insert_with(|| after(self.timeout))
    }

    /// The same limit. If this one has not begun, [`adopt`](Self::adopt) makes it begin when that one did.
    pub(crate) fn rest(&self) -> Self {
        Self { deadlines: self.deadlines, timeout: self.timeout, at: self.at }
    }

    /// Begins when a [`rest`](Self::rest) of it did.
    pub(crate) fn adopt(&mut self, rest: &Self) {
        self.at = self.at.or(rest.at);
    }

    /// A limit that is over `timeout` from now, or when this one is.
    pub(crate) fn part(&mut self, timeout: Duration) -> Deadline<'d> {
        self.deadlines.until(self.instant().min(after(timeout)))
    }

    /// Waits for `future`, but no longer than the limit.
    pub(crate) fn limit<'a, F: Future + Unpin>(&'a mut self, future: F) -> Limited<'a, F> {
        let Self { deadlines, timeout, at } = self;
        Limited { future, table: &deadlines.table, timeout: *timeout, at, place: None }
    }
}

/// The future of [`Deadline::limit`].
pub(crate) struct Limited<'a, F> {
    future: F,
    table: &'a Arc<Table>,
    timeout: Duration,
    at: &'a mut Option<Instant>,
    /// Its shard and its key there, once it waits.
    place: Option<(usize, usize)>,
}

impl<F: Future + Unpin> Future for Limited<'_, F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(output) = Pin::new(&mut this.future).poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some((shard, key)) = this.place else {
            let timeout = this.timeout;
            // Further away than any process lives: there is nothing to watch over.
            if timeout >= FAR {
                return Poll::Pending;
            }
            let at = *this.at.get_or_insert_with(|| after(timeout));
            this.place = Some(Table::enter(this.table, at, cx.waker()));
            return Poll::Pending;
        };
        let mut shard = this.table.shards[shard].lock();
        match shard.entries.get_mut(key) {
            Some(entry) if !entry.is_due => {
                entry.waker.clone_from(cx.waker());
                Poll::Pending
            }
            _ => Poll::Ready(Err(Elapsed)),
        }
    }
}

impl<F> Drop for Limited<'_, F> {
    fn drop(&mut self) {
        if let Some((shard, key)) = self.place {
            let entry = self.table.shards[shard].lock().entries.try_remove(key);
            drop(entry);
        }
    }
}

impl Table {
    /// Enters a wait and sees to it that somebody wakes it in time.
    fn enter(table: &Arc<Self>, at: Instant, waker: &Waker) -> (usize, usize) {
        let entered = table.next.fetch_add(1, Ordering::Relaxed);
        let number = entered % SHARDS;
        let mut shard = table.shards[number].lock();
        let key = shard.entries.insert(Entry { at, entered, waker: waker.clone(), is_due: false });
        let is_sooner = shard.soonest.is_none_or(|soonest| at < soonest);
        if is_sooner {
            shard.soonest = Some(at);
        }
        drop(shard);
        if is_sooner {
            Self::look_no_later_than(table, at);
        }
        (number, key)
    }

    fn look_no_later_than(table: &Arc<Self>, at: Instant) {
        let mut sweep = table.sweep.lock();
        match *sweep {
            Some(next) if next <= at => {}
            Some(_) => {
                *sweep = Some(at);
                table.sooner.notify_one();
            }
            None => {
                *sweep = Some(at);
                drop(sweep);
                spawn_sweep(run(SweepGuard(Arc::clone(table))));
            }
        }
    }

    /// Wakes what is due and returns when to look again, or ends the sweep.
    fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut due = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            if shard.soonest.is_some_and(|soonest| soonest <= now) {
                let mut soonest: Option<Instant> = None;
                for (_, entry) in shard.entries.iter_mut().filter(|(_, entry)| !entry.is_due) {
                    if entry.at <= now {
                        entry.is_due = true;
                        due.push((entry.at, entry.entered, entry.waker.clone()));
                    } else {
                        soonest = Some(soonest.map_or(entry.at, |soonest| soonest.min(entry.at)));
                    }
                }
                shard.soonest = soonest;
            }
        }
        // Whoever waited for the earlier deadline, or waited first, is the first to go on.
        due.sort_unstable_by_key(|(at, entered, _)| (*at, *entered));
        due.into_iter().for_each(|(_, _, waker)| waker.wake());
        // Under this lock no entry can go by unseen: who enters one looks here afterwards.
        let mut sweep = self.sweep.lock();
        *sweep = self.shards.iter().filter_map(|shard| shard.lock().soonest).min();
        *sweep
    }
}

/// Says that no sweep is under way when the runtime drops it.
struct SweepGuard(Arc<Table>);

impl Drop for SweepGuard {
    fn drop(&mut self) {
        let mut sweep = self.0.sweep.lock();
        if sweep.take().is_some() {
            // The next wait that is entered in a shard starts a sweep again.
            self.0.shards.iter().for_each(|shard| shard.lock().soonest = None);
        }
    }
}

/// Looks whenever something may be due, until nothing waits any more.
async fn run(guard: SweepGuard) {
    let table = &*guard.0;
    loop {
        let Some(next) = *table.sweep.lock() else { return };
        let floor = Instant::now() + GRAIN;
        tokio::select! {
            () = nap_until(next.max(floor)) => {}
            () = table.sooner.notified() => continue,
        }
        if table.sweep(Instant::now()).is_none() {
            return;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "sleep: the timers behind the deadlines and the kill grace of a node"
)]
pub(crate) async fn nap_until(at: Instant) {
    tokio::time::sleep_until(at).await;
}
