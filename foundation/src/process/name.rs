//! Names: resolved at each send, free only when the old incarnation has ended.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use crate::error::{CallError, CastError, CastFailure, SendError};
use crate::node::Node;
use crate::process::cell::ProcessRef;
use crate::process::pid::Pid;
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

/// What one name stands for now.
pub(crate) struct Slot<M> {
    node: Node,
    key: Arc<str>,
    state: Mutex<SlotState<M>>,
}

struct SlotState<M> {
    holder: Option<ServerRef<M>>,
    /// Those who wait for the next holder.
    waiting: Vec<Waker>,
}

impl<M> Slot<M> {
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }
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
    fn is_occupied(&self) -> bool;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<M: Send + 'static> AnySlot for Slot<M> {
    fn is_occupied(&self) -> bool {
        self.state.lock().holder.is_some()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The table of a node's names. Slots that nobody holds or uses are forgotten when the table would grow.
#[derive(Default)]
pub(crate) struct Names {
    slots: Mutex<HashMap<Arc<str>, Weak<dyn AnySlot>>>,
}

impl Names {
    pub(crate) fn slot<M: Send + 'static>(
        &self,
        node: &Node,
        key: &str,
    ) -> Result<Name<M>, NameError> {
        let make = |key| Slot {
            node: node.clone(),
            key,
            state: Mutex::new(SlotState { holder: None, waiting: Vec::new() }),
        };
        self.find(key, make).map(|slot: Arc<Slot<M>>| Name { slot })
    }

    /// Returns the name if the key is in use. A key that is not stays free for any type of messages.
    pub(crate) fn existing<M: Send + 'static>(
        &self,
        key: &str,
    ) -> Result<Option<Name<M>>, NameError> {
        let Some(slot) = self.slots.lock().get(key).and_then(Weak::upgrade) else {
            return Ok(None);
        };
        let slot = slot.into_any().downcast::<Slot<M>>();
        let slot = slot.map_err(|_other_type| NameError::TypeMismatch { key: key.to_owned() })?;
        Ok(Some(Name { slot }))
    }

    /// Returns what the key stands for, made now if it stands for nothing.
    pub(crate) fn find<S: AnySlot>(
        &self,
        key: &str,
        make: impl FnOnce(Arc<str>) -> S,
    ) -> Result<Arc<S>, NameError> {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(key).and_then(Weak::upgrade) {
            return slot
                .into_any()
                .downcast::<S>()
                .map_err(|_other_type| NameError::TypeMismatch { key: key.to_owned() });
        }
        if slots.len() == slots.capacity() {
            slots.retain(|_, slot| slot.strong_count() > 0);
        }
        let key: Arc<str> = Arc::from(key);
        let slot = Arc::new(make(Arc::clone(&key)));
        let weak: Weak<S> = Arc::downgrade(&slot);
        slots.insert(key, weak);
        Ok(slot)
    }

    pub(crate) fn registered(&self) -> usize {
        self.slots
            .lock()
            .values()
            .filter_map(Weak::upgrade)
            .filter(|slot| slot.is_occupied())
            .count()
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
}

impl<M: Send + 'static> Name<M> {
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
        &self.slot.key
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
        &self.slot.key
    }

    pub(crate) fn slot(&self) -> &Arc<Slot<M>> {
        &self.slot
    }
}

impl<M> Clone for Name<M> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot) }
    }
}

impl<M> fmt::Debug for Name<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", self.slot.key)
    }
}
