//! At least once on the way, once at the end: ids of messages, and a bounded memory of those that were handled.
//!
//! Pure: no clock, no task, no lock. The receiver owns it and says what time it is.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use crate::telemetry;

/// Identifies one message, however often it is sent: unique for the node and the run of the program that made it.
///
/// Made by [`Node::next_message_id`](crate::Node::next_message_id); 16 bytes, `Copy`. It can be kept with the effect of the message
/// as its two numbers.
///
/// # Examples
///
/// ```
/// # use foundation::{MessageId, Node, NodeConfig};
/// # let node = Node::new(NodeConfig::default())?;
/// let id = node.next_message_id();
/// assert_ne!(id, node.next_message_id());
/// let (run, number) = id.into_parts();
/// assert_eq!(MessageId::from_parts(run, number), id);
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    run: u64,
    number: u64,
}

impl MessageId {
    /// Puts an id together again that was kept somewhere.
    #[must_use]
    pub fn from_parts(run: u64, number: u64) -> Self {
        Self { run, number }
    }

    /// Returns the random number of the node's run, and the number of the message in it.
    #[must_use]
    pub fn into_parts(self) -> (u64, u64) {
        (self.run, self.number)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.run, self.number)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What [`Dedup::admit`] says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a duplicate must not be handled again"]
pub enum Seen {
    /// It has not been seen, or was forgotten: handle it.
    New,
    /// It was admitted before: its effect is there, so acknowledge it and do nothing.
    Duplicate,
}

/// The ids that a receiver has handled: at most `capacity` of them, and, with a window, none older than that.
///
/// An id leaves in the order of its first sight: when one more than the capacity comes, and when it was first seen at least a window
/// ago. A duplicate does not make it younger. An id that has left is new again; so choose the capacity and the window larger than
/// what can come between the first and the last attempt of one sender, which the deadline of
/// [`handled_at_least_once`](crate::handled_at_least_once) bounds in time, provided that the mailbox is drained within the rest.
///
/// # At least once, and once in effect
///
/// | what happens | what to do | then |
/// |---|---|---|
/// | the receiver is slower than the sender's patience | nothing: the state lives in the process | the repeat is a duplicate |
/// | the handler fails before its effect | nothing: the state ends with the process | the repeat is new |
/// | the receiver ends between the effect and the acknowledgement | keep the id with the effect, in one step, and [`restore`](Self::restore) in `init` | the repeat is a duplicate |
///
/// A `Dedup` that lives in memory alone cannot tell the last case from the second.
///
/// # Metrics
///
/// `foundation.dedup.duplicates_total`, `foundation.dedup.evicted_total`: those that left for want of capacity.
///
/// # Examples
///
/// ```
/// # use foundation::{Dedup, Node, NodeConfig, Seen};
/// # use std::time::Duration;
/// # let node = Node::new(NodeConfig::default())?;
/// let mut seen = Dedup::new(1_000).window(Duration::from_secs(60));
/// let id = node.next_message_id();
/// assert_eq!(seen.admit(id, node.clock().monotonic()), Seen::New);
/// assert_eq!(seen.admit(id, node.clock().monotonic()), Seen::Duplicate);
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dedup {
    capacity: usize,
    window: Option<Duration>,
    known: HashSet<MessageId>,
    /// Oldest first; the same ids.
    order: VecDeque<(MessageId, Duration)>,
}

impl Dedup {
    /// Remembers the last `capacity` ids, however old.
    ///
    /// # Panics
    ///
    /// If the capacity is 0: it would take every duplicate for new.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a memory of duplicates needs a capacity of at least one id");
        Self { capacity, window: None, known: HashSet::new(), order: VecDeque::new() }
    }

    /// Forgets an id that was first seen at least `window` ago.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// Says whether the id is new, and remembers it if so. Cost: O(1) on average, no waiting.
    ///
    /// `now` is a monotonic reading, such as `cx.node().clock().monotonic()`; it only matters with a window. A handler that then
    /// fails without an effect and lives on must [`forget`](Self::forget) the id.
    pub fn admit(&mut self, id: MessageId, now: Duration) -> Seen {
        self.expire(now);
        if !self.known.insert(id) {
            telemetry::duplicate_seen();
            return Seen::Duplicate;
        }
        self.order.push_back((id, now));
        if self.order.len() > self.capacity
            && let Some((oldest, _at)) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            telemetry::dedup_evicted();
        }
        Seen::New
    }

    /// Makes an id new again. Returns false if it was not known. Cost: O(n).
    pub fn forget(&mut self, id: MessageId) -> bool {
        if !self.known.remove(&id) {
            return false;
        }
        self.order.retain(|(known, _at)| *known != id);
        true
    }

    /// Remembers ids that were kept with their effects, oldest first, as if they were seen now.
    pub fn restore(&mut self, ids: impl IntoIterator<Item = MessageId>, now: Duration) {
        for id in ids {
            if !self.known.insert(id) {
                continue;
            }
            self.order.push_back((id, now));
            if self.order.len() > self.capacity
                && let Some((oldest, _at)) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
    }

    /// Returns the ids that are known, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = MessageId> {
        self.order.iter().map(|(id, _at)| *id)
    }

    /// Returns how many ids are known; never more than the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns true if no id is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn expire(&mut self, now: Duration) {
        let Some(window) = self.window else { return };
        while let Some((oldest, at)) = self.order.front()
            && now.saturating_sub(*at) >= window
        {
            self.known.remove(oldest);
            self.order.pop_front();
        }
    }
}
