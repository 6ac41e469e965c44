//! Selective deferral: what a process cannot deal with now, put aside until it can.
//!
//! This module decides how much may be put aside and in which order it comes back; the receive loop decides when. Invariants:
//! a message is in one of the two tables or in the hand of a handler, with its receipt; a message that comes back to the stash
//! has the place that it had; what is in both tables together never exceeds the capacity.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::fmt;

use crate::gen_server::GenServer;
use crate::gen_server::context::Context;
use crate::process::envelope::{Envelope, InHand, Receipt};
use crate::telemetry;

/// What one process has put aside. Each message has a place, in the order in which they were put aside for the first time.
#[derive(Debug)]
pub(crate) struct Stash<M> {
    aside: BTreeMap<u64, Envelope<M>>,
    /// These are to be handled again.
    ready: BTreeMap<u64, Envelope<M>>,
    next: u64,
    /// The place of the message that is being handled, once it has one.
    current: Option<u64>,
}

impl<M> Default for Stash<M> {
    fn default() -> Self {
        Self { aside: BTreeMap::new(), ready: BTreeMap::new(), next: 0, current: None }
    }
}

impl<M> Stash<M> {
    fn len(&self) -> usize {
        self.aside.len() + self.ready.len()
    }

    fn put(&mut self, envelope: Envelope<M>) {
        let place = *self.current.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.aside.insert(place, envelope);
    }

    /// Gives the message that was just put aside its receipt.
    fn keep_receipt(&mut self, receipt: Receipt) {
        let Some(place) = self.current else { return };
        // Its handler may have given it back already.
        let envelope = self.aside.get_mut(&place).or_else(|| self.ready.get_mut(&place));
        if let Some(envelope) = envelope {
            envelope.receipt = receipt;
        }
    }

    fn release_all(&mut self) {
        self.ready.append(&mut self.aside);
    }

    fn release_first(&mut self) -> bool {
        let first = self.aside.pop_first();
        let is_some = first.is_some();
        self.ready.extend(first);
        is_some
    }

    /// A new turn begins: takes the next message that is to be handled again, if it `is_due`.
    pub(crate) fn next(&mut self, is_due: bool) -> Option<Envelope<M>> {
        let first = if is_due { self.ready.pop_first() } else { None };
        let (place, envelope) = first.unzip();
        self.current = place;
        envelope
    }

    /// All that is here, in order.
    pub(crate) fn into_envelopes(mut self) -> VecDeque<Envelope<M>> {
        self.release_all();
        self.ready.into_values().collect()
    }
}

/// Selective deferral. A handler that cannot deal with its message now puts it aside and gets it back later.
impl<S: GenServer> Context<S> {
    /// Puts the message that is being handled aside, until [`unstash_all`](Self::unstash_all) or
    /// [`unstash_one`](Self::unstash_one) gives it back to `handle`.
    ///
    /// A message that is put aside is not handled yet: who waits for it with [`handled`](crate::handled) goes on waiting, and a
    /// [`Reply`](crate::Reply) inside it stays open; the deadlines of both go on. A handler puts one message aside in a turn,
    /// usually the one that it was given; whatever it is, it takes the place of that one for whoever waits.
    ///
    /// The stash is bounded, by [`ServerSpec::stash_capacity`](crate::ServerSpec::stash_capacity), or else by the capacity of the
    /// mailbox. What waits to be handled again counts, so a message that came back always finds room. A message in the stash
    /// takes no room in the mailbox.
    ///
    /// However the process ends, what it has put aside goes the way of its unread mail, before it and in order: casts are dead
    /// letters, callers and senders are told the reason. A restarted process begins with an empty stash. Cost: O(log n) in the
    /// number of stashed messages.
    ///
    /// # Errors
    ///
    /// [`StashError`] with the message: `Full`, `AlreadyStashed`, or `NoMessage` in a callback other than `handle`. The callback
    /// still has to deal with it. As the reason of an end it would keep a `Reply` in the message open for as long as anybody
    /// keeps the reason: end with its text.
    ///
    /// # Delivery
    ///
    /// The order of a sender's messages is kept as long as the process puts each of them aside that it must not handle before
    /// those in the stash. Mail that was not put aside overtakes what was.
    ///
    /// # Examples
    ///
    /// A process that takes orders only while its shop is open:
    ///
    /// ```
    /// use foundation::{Context, Exit, GenServer, Reply};
    ///
    /// #[derive(Default)]
    /// struct Shop {
    ///     is_open: bool,
    ///     orders: Vec<u32>,
    /// }
    ///
    /// enum Msg {
    ///     Order(u32),
    ///     Open,
    ///     /// All orders so far, once the shop is open.
    ///     Orders(Reply<Vec<u32>>),
    /// }
    ///
    /// impl GenServer for Shop {
    ///     type Args = ();
    ///     type Msg = Msg;
    ///
    ///     async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
    ///         Ok(Self::default())
    ///     }
    ///
    ///     async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
    ///         match msg {
    ///             Msg::Open => {
    ///                 self.is_open = true;
    ///                 cx.unstash_all();
    ///             }
    ///             // A full stash is a reason to end: what is in it is accounted for, and this one is dropped here.
    ///             closed if !self.is_open => {
    ///                 cx.stash(closed).map_err(|full| Exit::error(full.to_string()))?;
    ///             }
    ///             Msg::Order(number) => self.orders.push(number),
    ///             Msg::Orders(reply) => reply.send(self.orders.clone()),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<Msg>("shop")?;
    /// let shop = ServerSpec::<Shop>::new(()).stash_capacity(100).name(&name).child("shop");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(shop)).await?;
    /// for early in [Msg::Order(1), Msg::Order(2), Msg::Open, Msg::Order(3)] {
    ///     name.cast(early).map_err(|error| error.to_string())?;
    /// }
    /// assert_eq!(name.call(Msg::Orders).await?, [1, 2, 3]);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Differs from OTP
    ///
    /// A process receives selectively there, and what it does not want stays in its mailbox; every `receive` looks through it
    /// again, and nothing bounds it. `gen_statem` can `postpone` an event, and gets all of them back with each change of state.
    /// Here the process says what it puts aside and when it wants it back, as with the stash of Akka.
    pub fn stash(&mut self, message: S::Msg) -> Result<(), StashError<S::Msg>> {
        // Who waits for the end of the handler is with the handler until then, and hears from there if it never comes.
        let receipt = match self.inbox.in_hand {
            InHand::Cast => Receipt::Cast,
            InHand::Awaited => Receipt::Call,
            InHand::Stashed => return Err(StashError::new(message, StashFailure::AlreadyStashed)),
            InHand::Nothing => return Err(StashError::new(message, StashFailure::NoMessage)),
        };
        if self.stashed() >= self.stash_max() {
            return Err(StashError::new(message, StashFailure::Full));
        }
        self.inbox.in_hand = InHand::Stashed;
        self.owned().stash.get_or_insert_default().put(Envelope { message, receipt });
        Ok(())
    }

    /// Gives everything in the stash back to `handle`, before waiting mail, in the order in which it was put aside.
    ///
    /// The messages come one after another when this callback has returned. What comes before mail comes before them, too:
    /// a stop, a `Down`, exit signals, timers, outputs of tasks and piped futures. While the process is suspended they wait.
    ///
    /// A message that is put aside again keeps its place among the others, however often: the next `unstash_all` gives it back
    /// before those that were put aside after it, also before those that still wait from this one. A process that does both
    /// again and again, and nothing else, never comes to its mail.
    pub fn unstash_all(&mut self) {
        if let Some(stash) = self.stash_mut() {
            stash.release_all();
        }
    }

    /// Gives the oldest message in the stash back to `handle`, as [`unstash_all`](Self::unstash_all) does with all of them, and
    /// returns true, or false if there was none. Those that wait to be handled again are none.
    pub fn unstash_one(&mut self) -> bool {
        self.stash_mut().is_some_and(Stash::release_first)
    }

    /// Returns how many messages are in the stash, those that wait to be handled again included. Never more than its capacity.
    #[must_use]
    pub fn stashed(&self) -> usize {
        self.own.as_ref().and_then(|own| own.stash.as_ref()).map_or(0, |stash| stash.len())
    }

    /// The handler that put its message aside has run to its end: who waits for that goes on waiting, with the message.
    #[cold]
    pub(crate) fn keep_receipt(&mut self, receipt: Receipt) {
        if let Some(stash) = self.stash_mut() {
            stash.keep_receipt(receipt);
        }
    }

    fn stash_mut(&mut self) -> Option<&mut Stash<S::Msg>> {
        self.own.as_mut()?.stash.as_deref_mut()
    }
}

/// Why a message was not put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StashFailure {
    /// The stash is full.
    Full,
    /// The handler that runs has put a message aside already. It was given one, so that is all it can put aside.
    AlreadyStashed,
    /// No message is being handled: the callback that runs is not `handle`.
    NoMessage,
}

/// A message that was not put aside, with the message.
///
/// # Examples
///
/// ```
/// use foundation::{StashError, StashFailure};
///
/// fn refused<M>(error: StashError<M>) -> Option<M> {
///     (error.cause == StashFailure::Full).then(|| error.into_message())
/// }
/// # let _unused = refused::<u64>;
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StashError<M> {
    /// The message comes back.
    pub message: M,
    /// Why.
    pub cause: StashFailure,
}

impl<M> StashError<M> {
    pub(crate) fn new(message: M, cause: StashFailure) -> Self {
        telemetry::stash_refused(cause);
        Self { message, cause }
    }

    /// Returns the message.
    #[must_use]
    pub fn into_message(self) -> M {
        self.message
    }
}

impl<M> fmt::Debug for StashError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StashError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<M> fmt::Display for StashError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.cause {
            StashFailure::Full => "the stash is full",
            StashFailure::AlreadyStashed => "this handler has put a message aside already",
            StashFailure::NoMessage => "no message is being handled",
        })
    }
}

impl<M> Error for StashError<M> {}
