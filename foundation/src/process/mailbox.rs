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
//! A receiver that takes the last message parks under the same lock, before it handles it: when it comes back and nobody has
//! woken it since, it need not lock again. Whoever puts something in unparks it, also while it is still at work. The waker of a
//! task never changes, so it is kept, outside the lock, and used by reference.
//!
//! A process that has never had a message need not have a task: it rests here until the first thing for it enters.
//!
//! Invariants: no message is in two places; `used` never exceeds the capacity except by messages of the kernel
//! (`push_unbounded`); after `close` nothing enters; while the receiver is parked both lanes are as it left them.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::task::{Poll, Waker};

use crate::process::envelope::{Control, Envelope, InHand, Pushed, Receipt, Received};
use crate::process::exit::ExitReason;
use crate::process::lane::{Lane, Rest};
use crate::process::spawn::{Task, begin};
use crate::process::waiting::{Waiting, Wakes};
use crate::sync::{AtomicBool, AtomicU8, Mutex, MutexGuard, Ordering};

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

/// In this order: what each message writes lies together.
#[derive(Debug)]
#[repr(C)]
struct Lanes<M> {
    closed: bool,
    /// Notices of monitors that were given up since the control lane was last swept.
    stale: u32,
    /// Queued + taken and not yet released + reserved.
    used: usize,
    data: Lane<Envelope<M>>,
    high_water: usize,
    /// Made for the first who waits for room. Empty whenever there is room: whoever gives room back hands it to them under the
    /// same lock.
    waiting: Option<Box<Waiting>>,
    /// Whom to wake if it is not the kept one.
    stranger: Option<Box<Waker>>,
    /// The process itself, as long as it rests.
    resting: Option<Task>,
    control: Lane<Control>,
}

/// The two lanes of one process.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mailbox<M> {
    /// Whom to wake when the receiver is parked [`HERE`](Parked::HERE): the task, which has one waker for all its life.
    receiver: OnceLock<Waker>,
    parked: Parked,
    overflow: Overflow,
    capacity: usize,
    lanes: Mutex<Lanes<M>>,
}

/// Whether the receiver waits to be woken. Written under the lock only.
#[derive(Debug)]
struct Parked(AtomicU8);

impl Parked {
    const NO: u8 = 0;
    /// The kept waker is to be used.
    const HERE: u8 = 1;
    /// Another waker is to be used, which lies under the lock.
    const ELSEWHERE: u8 = 2;
    /// The process rests: it has no task yet, and is to get one.
    const RESTING: u8 = 3;

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, parked: u8) {
        self.0.store(parked, Ordering::Release);
    }
}

/// The receiver, if it has to be woken.
enum Sleeper<'a> {
    None,
    Kept(&'a Waker),
    Stranger(Box<Waker>),
    Resting(Task),
}

impl Sleeper<'_> {
    /// With no lock held.
    #[inline]
    fn wake(self) {
        match self {
            Self::None => {}
            Self::Kept(waker) => waker.wake_by_ref(),
            Self::Stranger(waker) => waker.wake(),
            Self::Resting(task) => begin(task),
        }
    }
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

/// The receiver's own half: the batch it swapped out, what it has not released yet, and what it works on.
#[derive(Debug)]
pub(crate) struct Inbox<M> {
    batch: Rest<Envelope<M>>,
    taken: u8,
    portion: u8,
    /// Set when the last swap brought more than one message: before it parks, the receiver lets the senders run once.
    busy: bool,
    /// It parked when it took its last message. Then there is no batch, and nothing to release.
    is_parked: bool,
    /// Written by the receiver. Its place would be empty otherwise.
    pub(crate) in_hand: InHand,
}

const PORTION_MAX: u8 = 64;

impl<M> Inbox<M> {
    pub(crate) fn new(capacity: usize) -> Self {
        let portion =
            u8::try_from(capacity / 2).map_or(PORTION_MAX, |half| half.clamp(1, PORTION_MAX));
        let in_hand = InHand::Nothing;
        Self { batch: None, taken: 0, portion, busy: false, is_parked: false, in_hand }
    }

    #[inline(always)]
    fn has_batch(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| !batch.is_empty())
    }

    #[inline(always)]
    fn pop_front(&mut self) -> Option<Envelope<M>> {
        self.batch.as_mut()?.pop_front()
    }

    /// Puts what was taken before all of the batch in front of it.
    pub(crate) fn put_first(&mut self, mut earlier: VecDeque<Envelope<M>>) {
        if let Some(batch) = &mut self.batch {
            earlier.append(batch);
        }
        self.batch = Some(Box::new(earlier));
    }
}

impl<M> Lanes<M> {
    #[inline(always)]
    fn enter(&mut self, envelope: Envelope<M>) {
        self.data.push_back(envelope);
        self.high_water = self.high_water.max(self.data.len());
    }

    #[cold]
    #[inline(never)]
    fn unpark_other(&mut self) -> Sleeper<'static> {
        if let Some(task) = self.resting.take() {
            return Sleeper::Resting(task);
        }
        self.stranger.take().map_or(Sleeper::None, Sleeper::Stranger)
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
            receiver: OnceLock::new(),
            parked: Parked(AtomicU8::new(Parked::NO)),
            overflow,
            capacity,
            lanes: Mutex::new(Lanes {
                closed: false,
                stale: 0,
                used: 0,
                data: Lane::default(),
                high_water: 0,
                waiting: None,
                stranger: None,
                resting: None,
                control: Lane::default(),
            }),
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
        lanes.enter(envelope);
        let sleeper = self.unpark(&mut lanes);
        drop(lanes);
        sleeper.wake();
    }

    /// Something has entered, or the mailbox was closed: whoever is parked is to be woken.
    #[inline(always)]
    fn unpark(&self, lanes: &mut Lanes<M>) -> Sleeper<'_> {
        let parked = self.parked.get();
        if parked == Parked::NO {
            return Sleeper::None;
        }
        self.parked.set(Parked::NO);
        if parked == Parked::HERE {
            self.receiver.get().map_or(Sleeper::None, Sleeper::Kept)
        } else {
            lanes.unpark_other()
        }
    }

    /// The receiver will wait for `waker`.
    #[inline(always)]
    fn park(&self, lanes: &mut Lanes<M>, waker: &Waker) {
        if self.receiver.get_or_init(|| waker.clone()).will_wake(waker) {
            self.parked.set(Parked::HERE);
        } else {
            lanes.stranger = Some(Box::new(waker.clone()));
            self.parked.set(Parked::ELSEWHERE);
        }
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

    /// Whether whoever puts something in will wake this one.
    #[inline(always)]
    fn is_parked_for(&self, waker: &Waker) -> bool {
        self.parked.get() == Parked::HERE
            && self.receiver.get().is_some_and(|kept| kept.will_wake(waker))
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
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            drop(lanes);
            // A reason may run code of its own when it is dropped; not under the lock.
            drop(control);
            return false;
        }
        lanes.control.push_back(control);
        urgent.set(true);
        let sleeper = self.unpark(&mut lanes);
        drop(lanes);
        sleeper.wake();
        true
    }

    /// Puts a message into the control lane and returns whom to wake, or the message when the process has ended. One that rests is
    /// left to [`rouse`](Self::rouse).
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
        if lanes.resting.is_some() {
            return Ok(None);
        }
        Ok(match self.unpark(&mut lanes) {
            Sleeper::None | Sleeper::Resting(_) => None,
            Sleeper::Kept(waker) => Some(waker.clone()),
            Sleeper::Stranger(waker) => Some(*waker),
        })
    }

    /// Lets a process rest that has nothing to do; returns it if something has entered already.
    pub(crate) fn rest(&self, task: Task) -> Result<(), Task> {
        let mut lanes = self.lanes.lock();
        if lanes.closed || !lanes.data.is_empty() || !lanes.control.is_empty() {
            return Err(task);
        }
        lanes.resting = Some(task);
        self.parked.set(Parked::RESTING);
        Ok(())
    }

    /// Gives a process that rests its task, though there is no message for it.
    pub(crate) fn rouse(&self) {
        let mut lanes = self.lanes.lock();
        let sleeper = if lanes.resting.is_some() { self.unpark(&mut lanes) } else { Sleeper::None };
        drop(lanes);
        sleeper.wake();
    }

    /// Puts a message into the control lane of a process that rests, and hands the process out for a turn. Does nothing if it has
    /// a task.
    pub(crate) fn take_resting(&self, urgent: &Urgent, control: Control) -> Option<Task> {
        let mut lanes = self.lanes.lock();
        let task = lanes.resting.take()?;
        self.parked.set(Parked::NO);
        lanes.control.push_back(control);
        urgent.set(true);
        Some(task)
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

    /// One more notice of a monitor is stale. Takes them all out as soon as they are more than half of the control lane: so each
    /// costs a few steps, however many there are.
    pub(crate) fn sweep_downs(&self) {
        let mut lanes = self.lanes.lock();
        lanes.stale = lanes.stale.saturating_add(1);
        if (lanes.stale as usize).saturating_mul(2) <= lanes.control.len() {
            return;
        }
        lanes.stale = 0;
        let is_stale =
            |control: &Control| matches!(control, Control::Down(notice) if notice.is_stale());
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
        if inbox.is_parked {
            // Whoever puts something in, control too, or closes the mailbox, unparks.
            if self.is_parked_for(waker) {
                return Poll::Pending;
            }
            inbox.is_parked = false;
        }
        let mut freed = usize::from(std::mem::take(&mut inbox.taken));
        let mut again = false;
        let mut lanes = self.lanes.lock();
        let received = if let Some(control) = lanes.next_control(urgent) {
            Some(Received::Control(control))
        } else if lanes.closed {
            // Fenced while it was at work: nothing will come any more.
            Some(Received::Control(Control::Exit(ExitReason::Killed)))
        } else if let Some(envelope) = inbox.pop_front() {
            freed += 1;
            Some(Received::Message(envelope))
        } else if lanes.data.is_empty() {
            // Senders that were woken just now, or that run on this worker, push without having to wake anybody while the
            // receiver stands in the queue of its executor. One that got a single message parks at once.
            if std::mem::take(&mut inbox.busy) {
                again = true;
            } else {
                self.park(&mut lanes, waker);
            }
            None
        } else {
            // The one that is handed over now is released at once: the lock is held anyway.
            freed += 1;
            let envelope = if self.overflow == Overflow::DropOldest {
                lanes.data.pop_front()
            } else {
                lanes.data.take_all(&mut inbox.batch)
            };
            inbox.busy = inbox.has_batch();
            if !inbox.busy && lanes.data.is_empty() {
                debug_assert!(lanes.control.is_empty(), "control comes first");
                self.park(&mut lanes, waker);
                inbox.is_parked = true;
            }
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
    pub(crate) fn poll_suspended(&self, inbox: &mut Inbox<M>, waker: &Waker) -> Poll<Control> {
        // What enters meanwhile wakes it and is left where it is.
        inbox.is_parked = false;
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return Poll::Ready(Control::Exit(ExitReason::Killed));
        }
        if let Some(control) = lanes.control.take_first(Control::is_obeyed_suspended) {
            return Poll::Ready(control);
        }
        self.park(&mut lanes, waker);
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
        if !inbox.has_batch() {
            return None;
        }
        inbox.taken += 1;
        if inbox.taken >= inbox.portion {
            self.release(usize::from(std::mem::take(&mut inbox.taken)));
        }
        inbox.pop_front()
    }

    /// Puts what the receiver took but did not handle back at the head of the lane; returns it if the mailbox is closed already.
    #[must_use]
    pub(crate) fn restore(&self, inbox: &mut Inbox<M>) -> VecDeque<Envelope<M>> {
        let Some(head) = inbox.batch.take().filter(|batch| !batch.is_empty()) else {
            return VecDeque::new();
        };
        let mut lanes = self.lanes.lock();
        if lanes.closed {
            return *head;
        }
        lanes.data.prepend(*head);
        VecDeque::new()
    }

    /// Closes the mailbox and returns what was left in it, oldest first. Waiters are woken and find it closed.
    pub(crate) fn close(&self) -> VecDeque<Envelope<M>> {
        let mut lanes = self.lanes.lock();
        lanes.closed = true;
        let left = lanes.data.drain();
        let control = std::mem::take(&mut lanes.control);
        let waiting = lanes.waiting.take();
        let sleeper = self.unpark(&mut lanes);
        drop(lanes);
        drop((control, sleeper));
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
