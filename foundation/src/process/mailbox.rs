//! DOOR: the mailbox of a process.
//!
//! Two lanes under one short lock. The data lane has a hard bound: a message, a message taken out but not yet released, and
//! a reserved slot each use one unit of capacity. The control lane holds what the kernel sends (stop, down, sync); it is
//! polled first, user traffic cannot fill it, and it is bounded by construction: one entry per monitor, per stop request and
//! per call whose reply was dropped.
//!
//! The receiver swaps the whole data lane out under one lock and works through it without the lock; it gives capacity back in
//! portions, so that a busy pair of sender and receiver meets on the lock rarely. A lane that drops its oldest message is not
//! swapped out, because what has been taken could not be dropped any more. Whoever has to wait for room stands in a queue,
//! first come, first served.
//!
//! Invariants: no message is in two places; `used` never exceeds the capacity except by messages of the kernel
//! (`push_unbounded`); after `close` nothing enters.

use std::collections::VecDeque;
use std::task::{Poll, Waker};

use crate::process::envelope::{Control, Envelope, Pushed, Receipt, Received};
use crate::process::exit::ExitReason;
use crate::process::lane::Lane;
use crate::process::waiting::{Waiting, Wakes, wake};
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};

/// What happens to a message that finds the data lane full.
///
/// Nothing is lost without a count: a dropped message goes to the node's dead letters with the reason `Overflow`.
///
/// # Differs from OTP
///
/// A mailbox has no bound there, so there is nothing to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// The sender may wait: `send` and `call` wait for room until their deadline, `cast` (which never waits) reports `Full`.
    /// The default.
    #[default]
    Wait,
    /// The sender never waits: every send reports `Full` at once.
    Reject,
    /// The oldest message that the process has not taken yet is dropped, the new one enters.
    DropOldest,
    /// The new message is dropped; the send succeeds.
    DropNewest,
}

#[derive(Debug)]
struct Lanes<M> {
    data: VecDeque<Envelope<M>>,
    control: Lane<Control>,
    /// Whom to wake when something enters; taken by whoever does that.
    receiver: Option<Waker>,
    /// Queued + taken and not yet released + reserved.
    used: usize,
    high_water: usize,
    closed: bool,
    /// Made for the first who waits for room. Empty whenever there is room: whoever gives room back hands it to them under the
    /// same lock.
    waiting: Option<Box<Waiting>>,
}

/// The two lanes of one process.
#[derive(Debug)]
pub(crate) struct Mailbox<M> {
    lanes: Mutex<Lanes<M>>,
    overflow: Overflow,
    capacity: usize,
}

/// Says that the control lane may have something. Set by whoever puts it in, cleared by the receiver alone, both under the lock.
///
/// The receiver looks at it before each message. It is kept apart from the mailbox because senders write there all the time:
/// on one cache line, each look would have to fetch what the other core has just written.
#[derive(Debug)]
pub(crate) struct Urgent(AtomicBool);

impl Urgent {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[inline]
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, is_set: bool) {
        self.0.store(is_set, Ordering::Release);
    }
}

/// The receiver's own half: the batch it swapped out and what it has not released yet.
#[derive(Debug)]
pub(crate) struct Inbox<M> {
    batch: VecDeque<Envelope<M>>,
    taken: u8,
    portion: u8,
    /// Set when the last swap brought more than one message: before it parks, the receiver lets the senders run once.
    busy: bool,
}

const PORTION_MAX: u8 = 64;

impl<M> Inbox<M> {
    pub(crate) fn new(capacity: usize) -> Self {
        let portion =
            u8::try_from(capacity / 2).map_or(PORTION_MAX, |half| half.clamp(1, PORTION_MAX));
        Self { batch: VecDeque::new(), taken: 0, portion, busy: false }
    }
}

impl<M> Lanes<M> {
    #[inline(always)]
    fn enter(&mut self, envelope: Envelope<M>) -> Option<Waker> {
        self.data.push_back(envelope);
        self.high_water = self.high_water.max(self.data.len());
        self.receiver.take()
    }

    /// Takes `count` units of capacity back, hands them to those who wait, and returns whom to wake.
    fn release(&mut self, count: usize, capacity: usize) -> Wakes {
        let mut wakes = Wakes::default();
        self.used = self.used.saturating_sub(count);
        if let Some(waiting) = &mut self.waiting {
            while self.used < capacity
                && let Some(waker) = waiting.grant()
            {
                self.used += 1;
                wakes.push(waker);
            }
        }
        wakes
    }

    fn next_control(&mut self, urgent: &Urgent) -> Option<Control> {
        if !urgent.is_set() {
            return None;
        }
        let control = self.control.pop_front();
        urgent.set(!self.control.is_empty());
        control
    }

    fn waiting(&mut self) -> &mut Waiting {
        self.waiting.get_or_insert_default()
    }
}

impl<M> Mailbox<M> {
    pub(crate) fn new(capacity: usize, overflow: Overflow) -> Self {
        assert!(capacity > 0, "a mailbox needs a capacity of at least one message");
        Self {
            lanes: Mutex::new(Lanes {
                data: VecDeque::new(),
                control: Lane::default(),
                receiver: None,
                used: 0,
                high_water: 0,
                closed: false,
                waiting: None,
            }),
            overflow,
            capacity,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Queued messages now, and the most there ever were.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let lanes = self.lanes.lock();
        (lanes.data.len(), lanes.high_water)
    }

    /// Puts a message in, or says why not. Never waits.
    #[inline(always)]
    pub(crate) fn push(&self, message: M, receipt: Receipt) -> Pushed<M> {
        let lanes = self.lanes.lock();
        // Room means that nobody waits: a stream of casts cannot starve those who do.
        if lanes.used < self.capacity && !lanes.closed {
            self.put(lanes, Envelope { message, receipt }, 1);
            return Pushed::Accepted;
        }
        self.push_without_room(lanes, Envelope { message, receipt })
    }

    /// Queues a message that takes `units` of room which nobody had, and wakes the receiver.
    #[inline(always)]
    fn put(&self, mut lanes: MutexGuard<'_, Lanes<M>>, envelope: Envelope<M>, units: usize) {
        lanes.used += units;
        let waker = lanes.enter(envelope);
        drop(lanes);
        wake(waker);
    }

    #[cold]
    #[inline(never)]
    fn push_without_room(
        &self,
        mut lanes: MutexGuard<'_, Lanes<M>>,
        envelope: Envelope<M>,
    ) -> Pushed<M> {
        if lanes.closed {
            return Pushed::Closed(envelope);
        }
        match self.overflow {
            Overflow::Wait | Overflow::Reject => Pushed::Full(envelope),
            Overflow::DropNewest => Pushed::Dropped(envelope),
            Overflow::DropOldest => {
                let Some(oldest) = lanes.data.pop_front() else { return Pushed::Full(envelope) };
                self.put(lanes, envelope, 0);
                Pushed::Evicted(oldest)
            }
        }
    }

    /// Puts a message of the kernel into the data lane, past the bound. Returns it when the process has ended.
    pub(crate) fn push_unbounded(&self, message: M) -> Result<(), M> {
        let lanes = self.lanes.lock();
        if lanes.closed {
            return Err(message);
        }
        self.put(lanes, Envelope { message, receipt: Receipt::Call }, 1);
        Ok(())
    }

    /// Puts a message into the slot that `poll_reserve` granted.
    pub(crate) fn push_reserved(&self, envelope: Envelope<M>) -> Result<(), Envelope<M>> {
        let lanes = self.lanes.lock();
        if lanes.closed {
            return Err(envelope);
        }
        self.put(lanes, envelope, 0);
        Ok(())
    }

    /// Puts a message into the control lane. Returns false when the process has ended.
    pub(crate) fn push_control(&self, urgent: &Urgent, control: Control) -> bool {
        let Ok(waker) = self.enqueue_control(urgent, control) else { return false };
        wake(waker);
        true
    }

    /// Puts a message into the control lane and returns whom to wake, or the message when the process has ended.
    pub(crate) fn enqueue_control(
        &self,
        urgent: &Urgent,
        control: Control,
    ) -> Result<Option<Waker>, Control> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Err(control);
        }
        lanes.control.push_back(control);
        urgent.set(true);
        Ok(lanes.receiver.take())
    }

    /// Takes what is stale out of the control lane.
    pub(crate) fn flush_control(&self, is_stale: impl Fn(&Control) -> bool) {
        let mut lanes = self.lanes.lock();
        if lanes.control.is_empty() {
            return;
        }
        // The receiver finds out itself that nothing is left: it alone clears the flag.
        let stale = lanes.control.take_where(is_stale);
        drop(lanes);
        // A reason may run code of its own when it is dropped; not under the lock.
        drop(stale);
    }

    /// Reserves one slot, or queues the caller. `Ready(false)` means that the process has ended.
    pub(crate) fn poll_reserve(&self, ticket: &mut Option<u64>, waker: &Waker) -> Poll<bool> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            *ticket = None;
            return Poll::Ready(false);
        }
        match *ticket {
            Some(number) => {
                if lanes.waiting().still_stands(number, waker) {
                    return Poll::Pending;
                }
                *ticket = None;
                Poll::Ready(true)
            }
            None if lanes.used < self.capacity => {
                lanes.used += 1;
                Poll::Ready(true)
            }
            None => {
                *ticket = Some(lanes.waiting().stand(waker.clone()));
                Poll::Pending
            }
        }
    }

    /// Reserves one slot if there is one now.
    pub(crate) fn try_reserve(&self) -> Result<(), ReserveRefused> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Err(ReserveRefused::Closed);
        }
        if lanes.used < self.capacity {
            lanes.used += 1;
            return Ok(());
        }
        Err(ReserveRefused::Full)
    }

    /// Gives up a place in the queue of waiters, with the slot that may have been granted meanwhile.
    pub(crate) fn cancel_reserve(&self, ticket: u64) {
        let mut lanes = self.lanes.lock();
        if lanes.closed || lanes.waiting().leave(ticket) {
            return;
        }
        let wakes = lanes.release(1, self.capacity);
        drop(lanes);
        wakes.wake();
    }

    /// Gives `count` units of capacity back.
    #[inline(never)]
    pub(crate) fn release(&self, count: usize) {
        let wakes = self.lanes.lock().release(count, self.capacity);
        wakes.wake();
    }

    /// Returns the next message of the batch; nothing if there is none, or if control comes first.
    #[inline(always)]
    pub(crate) fn take(&self, urgent: &Urgent, inbox: &mut Inbox<M>) -> Option<Envelope<M>> {
        if urgent.is_set() {
            return None;
        }
        self.next_of_batch(inbox)
    }

    /// Returns the next thing to do: control first, then the batch, then what arrived meanwhile.
    pub(crate) fn poll_recv(
        &self,
        urgent: &Urgent,
        inbox: &mut Inbox<M>,
        waker: &Waker,
    ) -> Poll<Received<M>> {
        if let Some(envelope) = self.take(urgent, inbox) {
            return Poll::Ready(Received::Message(envelope));
        }
        let mut freed = usize::from(std::mem::take(&mut inbox.taken));
        let mut again = false;
        let mut lanes = self.lanes.lock();
        let received = if let Some(control) = lanes.next_control(urgent) {
            Some(Received::Control(control))
        } else if lanes.closed {
            // Fenced while it was at work: nothing will come any more.
            Some(Received::Control(Control::Exit(ExitReason::Killed)))
        } else if let Some(envelope) = inbox.batch.pop_front() {
            freed += 1;
            Some(Received::Message(envelope))
        } else if lanes.data.is_empty() {
            // Senders that were woken just now, or that run on this worker, push without having to wake anybody while the
            // receiver stands in the queue of its executor. One that got a single message parks at once.
            if std::mem::take(&mut inbox.busy) {
                again = true;
            } else {
                lanes.receiver = Some(waker.clone());
            }
            None
        } else {
            // The one that is handed over now is released at once: the lock is held anyway.
            freed += 1;
            // A single message is not worth a second buffer.
            let envelope = if lanes.data.len() == 1 || self.overflow == Overflow::DropOldest {
                lanes.data.pop_front()
            } else {
                std::mem::swap(&mut lanes.data, &mut inbox.batch);
                inbox.busy = inbox.batch.len() > 1;
                inbox.batch.pop_front()
            };
            envelope.map(Received::Message)
        };
        let wakes = lanes.release(freed, self.capacity);
        drop(lanes);
        wakes.wake();
        if again {
            waker.wake_by_ref();
        }
        received.map_or(Poll::Pending, Poll::Ready)
    }

    /// Returns what a suspended process obeys; everything else waits.
    pub(crate) fn poll_suspended(&self, waker: &Waker) -> Poll<Control> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Poll::Ready(Control::Exit(ExitReason::Killed));
        }
        if let Some(control) = lanes.control.take_first(Control::is_obeyed_suspended) {
            return Poll::Ready(control);
        }
        lanes.receiver = Some(waker.clone());
        Poll::Pending
    }

    /// Takes the next control message, without the lock when there is none.
    pub(crate) fn take_control(&self, urgent: &Urgent) -> Option<Control> {
        if !urgent.is_set() {
            return None;
        }
        self.lanes.lock().next_control(urgent)
    }

    #[inline(always)]
    fn next_of_batch(&self, inbox: &mut Inbox<M>) -> Option<Envelope<M>> {
        if inbox.batch.is_empty() {
            return None;
        }
        inbox.taken += 1;
        if inbox.taken >= inbox.portion {
            self.release(usize::from(std::mem::take(&mut inbox.taken)));
        }
        inbox.batch.pop_front()
    }

    /// Puts what the receiver took but did not handle back at the head of the lane; returns it if the mailbox is closed already.
    #[must_use]
    pub(crate) fn restore(&self, inbox: &mut Inbox<M>) -> VecDeque<Envelope<M>> {
        let mut head = std::mem::take(&mut inbox.batch);
        if head.is_empty() {
            return head;
        }
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return head;
        }
        head.append(&mut lanes.data);
        lanes.data = head;
        VecDeque::new()
    }

    /// Closes the mailbox and returns what was left in it, oldest first. Waiters are woken and find it closed.
    pub(crate) fn close(&self) -> VecDeque<Envelope<M>> {
        let mut lanes = self.lanes.lock();
        lanes.closed = true;
        let left = std::mem::take(&mut lanes.data);
        let control = std::mem::take(&mut lanes.control);
        let waiting = lanes.waiting.take();
        let receiver = lanes.receiver.take();
        drop(lanes);
        drop((control, receiver));
        if let Some(mut waiting) = waiting {
            waiting.dismiss().for_each(Waker::wake);
        }
        left
    }
}

/// Why `try_reserve` gave no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReserveRefused {
    Full,
    Closed,
}
