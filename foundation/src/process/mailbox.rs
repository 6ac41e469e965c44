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

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Poll, Waker};

use crate::process::exit::ExitReason;
use crate::process::lane::Lane;
use crate::process::link::ExitSignal;
use crate::process::monitor::Down;
use crate::process::reply::Reply;
use crate::sync::{AtomicBool, Mutex, Ordering};

/// What happens to a message that finds the data lane full.
///
/// Nothing is lost without a count: a dropped message goes to the node's dead letters with the reason `Overflow`.
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

/// Who waits for the fate of a message.
#[derive(Debug)]
pub(crate) enum Receipt {
    /// Nobody: a message left behind goes to the dead letters.
    Cast,
    /// A caller, through the `Reply` inside the message: it learns of the loss itself.
    Call,
    /// A sender that wants to know that the handler ran to its end.
    Handled(Reply<()>),
}

/// A message with its receipt.
#[derive(Debug)]
pub(crate) struct Envelope<M> {
    pub(crate) message: M,
    pub(crate) receipt: Receipt,
}

/// A message of the kernel.
#[derive(Debug)]
pub(crate) enum Control {
    /// End in an orderly way.
    Stop(ExitReason),
    /// End now; only processes on their own thread get this, others are aborted.
    Exit(ExitReason),
    /// A monitored process ended.
    Down(Down),
    /// An exit signal that the process traps.
    Signal(ExitSignal),
    /// Answer this when the callback that runs now has returned without ending the process.
    Sync(Reply<()>),
}

/// What `push` did.
#[derive(Debug)]
pub(crate) enum Pushed<M> {
    /// It is in the mailbox.
    Accepted,
    /// It is in the mailbox; this older one had to leave.
    Evicted(Envelope<M>),
    /// The policy dropped it.
    Dropped(Envelope<M>),
    /// There is no room.
    Full(Envelope<M>),
    /// The process has ended.
    Closed(Envelope<M>),
}

/// What the receiver gets next.
#[derive(Debug)]
pub(crate) enum Received<M> {
    Control(Control),
    Message(Envelope<M>),
}

#[derive(Debug)]
struct Lanes<M> {
    data: VecDeque<Envelope<M>>,
    control: Lane<Control>,
    receiver: Option<Waker>,
    /// Queued + taken and not yet released + reserved.
    used: usize,
    next_ticket: u64,
    waiting: BTreeMap<u64, Waker>,
    granted: BTreeSet<u64>,
    closed: bool,
    high_water: usize,
}

/// The two lanes of one process.
#[derive(Debug)]
pub(crate) struct Mailbox<M> {
    lanes: Mutex<Lanes<M>>,
    has_control: AtomicBool,
    capacity: usize,
    overflow: Overflow,
}

/// The receiver's own half: the batch it swapped out and what it has not released yet.
#[derive(Debug)]
pub(crate) struct Inbox<M> {
    batch: VecDeque<Envelope<M>>,
    taken: usize,
    portion: usize,
    /// Set when the last swap brought more than one message: before it parks, the receiver lets the senders run once.
    busy: bool,
}

const PORTION_MAX: usize = 64;

impl<M> Inbox<M> {
    pub(crate) fn new(capacity: usize) -> Self {
        let portion = (capacity / 2).clamp(1, PORTION_MAX);
        Self { batch: VecDeque::new(), taken: 0, portion, busy: false }
    }
}

impl<M> Lanes<M> {
    /// Hands free capacity to those who wait, and returns whom to wake.
    fn grant(&mut self, capacity: usize, wake: &mut Vec<Waker>) {
        while self.used < capacity {
            let Some((ticket, waker)) = self.waiting.pop_first() else { return };
            self.used += 1;
            self.granted.insert(ticket);
            wake.push(waker);
        }
    }

    fn enter(&mut self, envelope: Envelope<M>) -> Option<Waker> {
        self.data.push_back(envelope);
        self.high_water = self.high_water.max(self.data.len());
        self.receiver.take()
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
                next_ticket: 0,
                waiting: BTreeMap::new(),
                granted: BTreeSet::new(),
                closed: false,
                high_water: 0,
            }),
            has_control: AtomicBool::new(false),
            capacity,
            overflow,
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
    pub(crate) fn push(&self, envelope: Envelope<M>) -> Pushed<M> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Pushed::Closed(envelope);
        }
        // Those who already wait come first, or a stream of casts would starve them.
        if lanes.used < self.capacity && lanes.waiting.is_empty() {
            lanes.used += 1;
            let waker = lanes.enter(envelope);
            drop(lanes);
            wake(waker);
            return Pushed::Accepted;
        }
        match self.overflow {
            Overflow::Wait | Overflow::Reject => Pushed::Full(envelope),
            Overflow::DropNewest => Pushed::Dropped(envelope),
            Overflow::DropOldest => {
                let Some(oldest) = lanes.data.pop_front() else { return Pushed::Full(envelope) };
                let waker = lanes.enter(envelope);
                drop(lanes);
                wake(waker);
                Pushed::Evicted(oldest)
            }
        }
    }

    /// Puts a message of the kernel into the data lane, past the bound. Returns it when the process has ended.
    pub(crate) fn push_unbounded(&self, message: M) -> Result<(), M> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Err(message);
        }
        lanes.used += 1;
        let waker = lanes.enter(Envelope { message, receipt: Receipt::Call });
        drop(lanes);
        wake(waker);
        Ok(())
    }

    /// Puts a message into the slot that `poll_reserve` granted.
    pub(crate) fn push_reserved(&self, envelope: Envelope<M>) -> Result<(), Envelope<M>> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Err(envelope);
        }
        let waker = lanes.enter(envelope);
        drop(lanes);
        wake(waker);
        Ok(())
    }

    /// Puts a message into the control lane. Returns false when the process has ended.
    pub(crate) fn push_control(&self, control: Control) -> bool {
        let Ok(waker) = self.enqueue_control(control) else { return false };
        wake(waker);
        true
    }

    /// Puts a message into the control lane and returns whom to wake, or the message when the process has ended.
    pub(crate) fn enqueue_control(&self, control: Control) -> Result<Option<Waker>, Control> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Err(control);
        }
        lanes.control.push_back(control);
        self.has_control.store(true, Ordering::Release);
        Ok(lanes.receiver.take())
    }

    /// Takes what is stale out of the control lane.
    pub(crate) fn flush_control(&self, is_stale: impl Fn(&Control) -> bool) {
        let mut lanes = self.lanes.lock();
        if lanes.control.is_empty() {
            return;
        }
        let stale = lanes.control.take_where(is_stale);
        self.has_control.store(!lanes.control.is_empty(), Ordering::Release);
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
                if lanes.granted.remove(&number) {
                    *ticket = None;
                    return Poll::Ready(true);
                }
                lanes.waiting.insert(number, waker.clone());
            }
            None => {
                if lanes.used < self.capacity && lanes.waiting.is_empty() {
                    lanes.used += 1;
                    return Poll::Ready(true);
                }
                let number = lanes.next_ticket;
                lanes.next_ticket += 1;
                lanes.waiting.insert(number, waker.clone());
                *ticket = Some(number);
            }
        }
        Poll::Pending
    }

    /// Reserves one slot if there is one now.
    pub(crate) fn try_reserve(&self) -> Result<(), ReserveRefused> {
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Err(ReserveRefused::Closed);
        }
        if lanes.used < self.capacity && lanes.waiting.is_empty() {
            lanes.used += 1;
            return Ok(());
        }
        Err(ReserveRefused::Full)
    }

    /// Gives up a place in the queue of waiters, with the slot that may have been granted meanwhile.
    pub(crate) fn cancel_reserve(&self, ticket: u64) {
        let mut lanes = self.lanes.lock();
        if lanes.waiting.remove(&ticket).is_some() {
            return;
        }
        if lanes.granted.remove(&ticket) {
            drop(lanes);
            self.release(1);
        }
    }

    /// Gives `count` units of capacity back.
    pub(crate) fn release(&self, count: usize) {
        let mut woken = Vec::new();
        let mut lanes = self.lanes.lock();
        lanes.used = lanes.used.saturating_sub(count);
        lanes.grant(self.capacity, &mut woken);
        drop(lanes);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Returns the next thing to do: control first, then the batch, then what arrived meanwhile.
    pub(crate) fn poll_recv(&self, inbox: &mut Inbox<M>, waker: &Waker) -> Poll<Received<M>> {
        if let Some(control) = self.take_control() {
            return Poll::Ready(Received::Control(control));
        }
        if let Some(envelope) = self.next_of_batch(inbox) {
            return Poll::Ready(Received::Message(envelope));
        }
        let mut woken = Vec::new();
        let mut freed = std::mem::take(&mut inbox.taken);
        let mut again = false;
        let mut lanes = self.lanes.lock();
        let received = if let Some(control) = lanes.control.pop_front() {
            self.has_control.store(!lanes.control.is_empty(), Ordering::Release);
            Some(Received::Control(control))
        } else if lanes.closed {
            // Fenced while it was at work: nothing will come any more.
            Some(Received::Control(Control::Exit(ExitReason::Killed)))
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
        lanes.used = lanes.used.saturating_sub(freed);
        lanes.grant(self.capacity, &mut woken);
        drop(lanes);
        woken.into_iter().for_each(Waker::wake);
        if again {
            waker.wake_by_ref();
        }
        received.map_or(Poll::Pending, Poll::Ready)
    }

    /// Takes the next control message, without the lock when there is none.
    pub(crate) fn take_control(&self) -> Option<Control> {
        if !self.has_control.load(Ordering::Acquire) {
            return None;
        }
        let mut lanes = self.lanes.lock();
        let control = lanes.control.pop_front();
        self.has_control.store(!lanes.control.is_empty(), Ordering::Release);
        control
    }

    fn next_of_batch(&self, inbox: &mut Inbox<M>) -> Option<Envelope<M>> {
        let envelope = inbox.batch.pop_front()?;
        inbox.taken += 1;
        if inbox.taken >= inbox.portion {
            self.release(std::mem::take(&mut inbox.taken));
        }
        Some(envelope)
    }

    /// Puts what the receiver took but did not handle back at the head of the lane.
    pub(crate) fn restore(&self, inbox: &mut Inbox<M>) {
        if inbox.batch.is_empty() {
            return;
        }
        let mut head = std::mem::take(&mut inbox.batch);
        let mut lanes = self.lanes.lock();
        head.append(&mut lanes.data);
        lanes.data = head;
    }

    /// Closes the mailbox and returns what was left in it, oldest first. Waiters are woken and find it closed.
    pub(crate) fn close(&self) -> VecDeque<Envelope<M>> {
        let mut lanes = self.lanes.lock();
        lanes.closed = true;
        let left = std::mem::take(&mut lanes.data);
        let control = std::mem::take(&mut lanes.control);
        self.has_control.store(false, Ordering::Release);
        lanes.granted.clear();
        let woken = std::mem::take(&mut lanes.waiting);
        lanes.receiver = None;
        drop(lanes);
        drop(control);
        woken.into_values().for_each(Waker::wake);
        left
    }
}

/// Why `try_reserve` gave no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReserveRefused {
    Full,
    Closed,
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
