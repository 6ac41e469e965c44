//! Names: resolved at each send, free only when the old incarnation has ended.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::error::{CallError, CastError, CastFailure, SendError};
use crate::node::Node;
use crate::process::key::{Entry, Key};
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::recipient::Recipient;
use crate::process::reply::Reply;
use crate::process::server_ref::{DEFAULT_CALL_TIMEOUT, ServerRef, unanswered};

/// A name cannot be used as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// The key is in use for another message type.
    TypeMismatch {
        /// The key.
        key: String,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeMismatch { key } => {
                write!(f, "the name {key:?} is in use for another message type")
            }
        }
    }
}

impl std::error::Error for NameError {}

/// The part of a slot that a process uses at its end.
pub(crate) trait Occupant: Send + Sync {
    /// Frees the name if `pid` still holds it.
    fn vacate(&self, pid: Pid);
}

/// What one name stands for now. In this order: what a look-up reads lies together.
#[repr(C)]
pub(crate) struct Slot<M> {
    key: Key,
    state: Mutex<SlotState<M>>,
}

struct SlotState<M> {
    holder: Option<ServerRef<M>>,
    /// Those who wait for the next holder.
    waiting: Vec<Waker>,
}

impl<M: Send + 'static> Slot<M> {
    /// Takes the name for `server`, or returns who holds it.
    pub(crate) fn occupy(&self, server: &ServerRef<M>) -> Result<(), ProcessRef> {
        let mut state = self.state.lock();
        if let Some(holder) = &state.holder {
            return Err(holder.process().clone());
        }
        state.holder = Some(server.clone());
        let woken = std::mem::take(&mut state.waiting);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        Ok(())
    }
}

impl<M: Send + 'static> Occupant for Slot<M> {
    fn vacate(&self, pid: Pid) {
        let mut state = self.state.lock();
        if state.holder.as_ref().is_some_and(|holder| holder.pid() == pid) {
            let holder = state.holder.take();
            drop(state);
            drop(holder);
        }
    }
}

/// What a key of a node stands for.
pub(crate) trait AnySlot: Any + Send + Sync {
    fn key(&self) -> &Key;

    fn is_occupied(&self) -> bool;

    /// The one process that it stands for, if there can be only one.
    fn holder(&self) -> Option<ProcessRef> {
        None
    }

    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<M: Send + 'static> AnySlot for Slot<M> {
    fn key(&self) -> &Key {
        &self.key
    }

    fn is_occupied(&self) -> bool {
        self.state.lock().holder.is_some()
    }

    fn holder(&self) -> Option<ProcessRef> {
        self.state.lock().holder.as_ref().map(|holder| holder.process().clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The table of a node's names. Lock order: table, then slot.
///
/// Slots that nobody holds or uses are forgotten when they may be half of the table: each new key then costs a few steps, and the
/// table stays within twice what is in use.
#[derive(Default)]
pub(crate) struct Names {
    slots: RwLock<Slots>,
}

#[derive(Default)]
struct Slots {
    by_key: HashSet<Entry>,
    /// So many entries are the reason for the next look at what is still in use.
    sweep_at: usize,
}

/// The least number of entries that are worth a look.
const SWEEP_MIN: usize = 16;

/// Whether somebody has the slot: a name, or the process that holds it. Valid under the lock of the table for one without users,
/// because only the table could give it to somebody.
fn is_used(slot: &Arc<dyn AnySlot>) -> bool {
    Arc::strong_count(slot) > 1
}

impl Slots {
    fn get(&self, key: &str) -> Option<&Arc<dyn AnySlot>> {
        self.by_key.get(key.as_bytes()).map(|Entry(slot)| slot)
    }

    /// Enters a slot. Returns what was forgotten, to be dropped without the lock: it may have wakers, which run code of others.
    fn enter(&mut self, slot: Arc<dyn AnySlot>) -> Vec<Entry> {
        let mut forgotten = Vec::new();
        if self.by_key.len() >= self.sweep_at.max(SWEEP_MIN) {
            forgotten.extend(self.by_key.extract_if(|Entry(slot)| !is_used(slot)));
            self.sweep_at = self.by_key.len() * 2;
        }
        forgotten.extend(self.by_key.replace(Entry(slot)));
        forgotten
    }
}

impl Names {
    pub(crate) fn slot<M: Send + 'static>(
        &self,
        node: &Node,
        key: &str,
    ) -> Result<Name<M>, NameError> {
        let make =
            |key| Slot { key, state: Mutex::new(SlotState { holder: None, waiting: Vec::new() }) };
        self.find(key, make).map(|slot: Arc<Slot<M>>| Name { slot, node: node.clone() })
    }

    /// Returns the name if the key is in use. A key that is not stays free for any type of messages.
    pub(crate) fn existing<M: Send + 'static>(
        &self,
        node: &Node,
        key: &str,
    ) -> Result<Option<Name<M>>, NameError> {
        let slots = self.slots.read();
        let Some(slot) = slots.get(key).filter(|slot| is_used(slot)).cloned() else {
            return Ok(None);
        };
        drop(slots);
        let slot = slot.into_any().downcast::<Slot<M>>();
        let slot = slot.map_err(|_other_type| NameError::TypeMismatch { key: key.to_owned() })?;
        Ok(Some(Name { slot, node: node.clone() }))
    }

    /// Returns what the key stands for, made now if it stands for nothing.
    pub(crate) fn find<S: AnySlot>(
        &self,
        key: &str,
        make: impl FnOnce(Key) -> S,
    ) -> Result<Arc<S>, NameError> {
        let known = self.slots.read().get(key).cloned();
        if let Some(slot) = known.and_then(|slot| slot.into_any().downcast::<S>().ok()) {
            return Ok(slot);
        }
        let mut slots = self.slots.write();
        if let Some(slot) = slots.get(key) {
            if let Ok(slot) = Arc::clone(slot).into_any().downcast::<S>() {
                return Ok(slot);
            }
            if is_used(slot) {
                return Err(NameError::TypeMismatch { key: key.to_owned() });
            }
        }
        let slot = Arc::new(make(Key::new(key)));
        let forgotten = slots.enter(Arc::<S>::clone(&slot));
        drop(slots);
        drop(forgotten);
        Ok(slot)
    }

    /// The process that holds a name now.
    pub(crate) fn whereis<M: Send + 'static>(
        &self,
        key: &str,
    ) -> Result<Option<ServerRef<M>>, NameError> {
        let slots = self.slots.read();
        let Some(slot) = slots.get(key) else { return Ok(None) };
        match slot.as_any().downcast_ref::<Slot<M>>() {
            Some(slot) => Ok(slot.state.lock().holder.clone()),
            None if is_used(slot) => Err(NameError::TypeMismatch { key: key.to_owned() }),
            None => Ok(None),
        }
    }

    pub(crate) fn registered(&self) -> usize {
        self.slots.read().by_key.iter().filter(|Entry(slot)| slot.is_occupied()).count()
    }

    /// Every name that is held, with who holds it.
    pub(crate) fn holders(&self) -> Vec<(Arc<str>, ProcessRef)> {
        let slots = self.slots.read();
        let held = |Entry(slot): &Entry| {
            slot.holder().map(|holder| (Arc::clone(slot.key().text()), holder))
        };
        let mut holders: Vec<_> = slots.by_key.iter().filter_map(held).collect();
        drop(slots);
        holders.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        holders
    }
}

/// A name for processes with messages of type `M`. It is looked up at each send and so survives restarts.
///
/// At most one incarnation holds a name at a time; the name is free again only after that incarnation has ended, state and
/// all. Between the two, sends report `NoProc`. A clone is the same name.
///
/// # Differs from OTP
///
/// A name has a type of messages, and any text for a key. `erlang:register/2` is called for a process that runs; here
/// it is registered before its `init`, for all of its life.
pub struct Name<M> {
    slot: Arc<Slot<M>>,
    /// Not in the slot, which the node has.
    node: Node,
}

impl<M: Send + 'static> Name<M> {
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the key.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<EchoMsg<u32>>("echo")?;
    /// # let child = ServerSpec::<Echo<u32>>::new(()).name(&name).child("echo");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// assert_eq!(name.key(), "echo");
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> &str {
        self.slot.key.text()
    }

    /// Returns the process that holds the name now. Cost: one short lock.
    ///
    /// As in OTP `erlang:whereis/1`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<EchoMsg<u32>>("echo")?;
    /// # let child = ServerSpec::<Echo<u32>>::new(()).name(&name).child("echo");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let echo = name.whereis().ok_or("nobody has the name")?;
    /// assert!(echo.is_alive());
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn whereis(&self) -> Option<ServerRef<M>> {
        self.slot.state.lock().holder.clone()
    }

    /// Waits until a process holds the name and returns it; at once if one does. It may have ended by the time it is used.
    ///
    /// The process is registered before its `init`, so it may still be starting.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing changes when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<EchoMsg<u32>>("echo")?;
    /// # let child = ServerSpec::<Echo<u32>>::new(()).name(&name).child("echo");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let echo = name.registered().await;
    /// assert_eq!(echo.call(|reply| EchoMsg(1, reply)).await?, 1);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn registered(&self) -> ServerRef<M> {
        std::future::poll_fn(|cx| {
            let mut state = self.slot.state.lock();
            if let Some(holder) = &state.holder {
                return Poll::Ready(holder.clone());
            }
            // One entry for each task that waits; a future that is polled again does not add to them.
            if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                state.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a message without waiting, to whoever holds the name now.
    ///
    /// # Errors
    ///
    /// [`CastError`] with the message: `NoProc` if nobody holds the name, `Full` if there is no room.
    ///
    /// # Differs from OTP
    ///
    /// As [`ServerRef::cast`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let nobody = node.name::<String>("nobody")?;
    /// assert!(nobody.cast("hello".to_owned()).is_err(), "it comes back");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cast(&self, message: M) -> Result<(), CastError<M>> {
        match self.whereis() {
            Some(server) => server.cast(message),
            None => Err(CastError::new(message, CastFailure::NoProc)),
        }
    }

    /// Sends a message, waiting for room for at most `timeout`. Ok means accepted, not handled.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, as [`ServerRef::send`].
    ///
    /// # Differs from OTP
    ///
    /// As [`ServerRef::send`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let nobody = node.name::<String>("nobody")?;
    /// assert!(nobody.send("hello".to_owned(), Duration::from_secs(1)).await.is_err(), "it comes back at once");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, message: M, timeout: Duration) -> Result<(), SendError<M>> {
        match self.whereis() {
            Some(server) => server.send(message, timeout).await,
            None => Err(SendError::no_proc(message)),
        }
    }

    /// Calls with the default deadline of 5 s.
    ///
    /// # Errors
    ///
    /// As [`ServerRef::call`].
    ///
    /// # Differs from OTP
    ///
    /// As [`ServerRef::call`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<EchoMsg<u32>>("echo")?;
    /// # let child = ServerSpec::<Echo<u32>>::new(()).name(&name).child("echo");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// assert_eq!(name.call(|reply| EchoMsg(1, reply)).await?, 1);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call<T, F>(&self, make: F) -> Result<T, CallError>
    where
        F: FnOnce(Reply<T>) -> M,
    {
        self.call_timeout(DEFAULT_CALL_TIMEOUT, make).await
    }

    /// Calls with an explicit deadline.
    ///
    /// # Errors
    ///
    /// As [`ServerRef::call`].
    ///
    /// # Differs from OTP
    ///
    /// As [`ServerRef::call_timeout`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let name = node.name::<EchoMsg<u32>>("echo")?;
    /// # let child = ServerSpec::<Echo<u32>>::new(()).name(&name).child("echo");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// use std::time::Duration;
    ///
    /// let answer = name.call_timeout(Duration::from_secs(1), |reply| EchoMsg(1, reply)).await?;
    /// assert_eq!(answer, 1);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_timeout<T, F>(&self, timeout: Duration, make: F) -> Result<T, CallError>
    where
        F: FnOnce(Reply<T>) -> M,
    {
        match self.whereis() {
            Some(server) => server.call_timeout(timeout, make).await,
            None => Err(unanswered(CallError::NoProc)),
        }
    }

    /// Returns a narrow door that takes only `T`, resolved at each send.
    #[must_use]
    pub fn recipient<T>(&self) -> Recipient<T>
    where
        M: From<T>,
        T: Send + 'static,
    {
        Recipient::of_name(self.clone())
    }

    pub(crate) fn shared_key(&self) -> &Arc<str> {
        self.slot.key.text()
    }

    pub(crate) fn slot(&self) -> &Arc<Slot<M>> {
        &self.slot
    }
}

impl<M> Clone for Name<M> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), node: self.node.clone() }
    }
}

impl<M> fmt::Debug for Name<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", self.slot.key.text())
    }
}
