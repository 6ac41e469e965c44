//! Process groups: several processes under one key, each for as long as it lives. As in OTP's `pg`.
//!
//! The group keeps its members, and each member knows its groups, to leave them at its end. Lock order: group, then process; a
//! process that ends gives its own lock back before it leaves.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::Mutex;

use crate::process::key::Key;
use crate::process::name::{AnySlot, Occupant};
use crate::process::pid::Pid;
use crate::process::server_ref::ServerRef;

pub(crate) struct Members<M> {
    key: Key,
    state: Mutex<State<M>>,
}

struct State<M> {
    /// In the order of joining.
    members: Vec<ServerRef<M>>,
    /// Those who wait for more members.
    waiting: Vec<Waker>,
}

impl<M> Members<M> {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, state: Mutex::new(State { members: Vec::new(), waiting: Vec::new() }) }
    }
}

impl<M: Send + 'static> Occupant for Members<M> {
    fn vacate(&self, pid: Pid) {
        let mut state = self.state.lock();
        // A process of another node can have the same pid, but then it has ended, too, or stays.
        let is_gone = |member: &mut ServerRef<M>| member.pid() == pid && !member.is_alive();
        let gone: Vec<_> = state.members.extract_if(.., is_gone).collect();
        drop(state);
        drop(gone);
    }
}

impl<M: Send + 'static> AnySlot for Members<M> {
    fn key(&self) -> &Key {
        &self.key
    }

    fn is_occupied(&self) -> bool {
        !self.state.lock().members.is_empty()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A group of processes with messages of type `M`. A process leaves it when its end is known. A clone is the same group.
///
/// # Differs from OTP
///
/// `pg` counts a process as often as it joined; here it is a member once. There are no scopes: a group belongs to its node, and
/// its key has one message type.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{
///     Context, Exit, GenServer, Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec,
/// };
///
/// struct Listener;
/// impl GenServer for Listener {
///     type Args = ();
///     type Msg = &'static str;
///     async fn init(_: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
///         Ok(Self)
///     }
///     async fn handle(&mut self, _news: &'static str, _cx: &mut Context<Self>) -> Result<(), Exit> {
///         Ok(())
///     }
/// }
///
/// let node = Node::new(NodeConfig::default())?;
/// let listeners = node.group::<&'static str>("listeners")?;
/// let spec = ServerSpec::<Listener>::new(()).group(&listeners);
/// let children = ["a", "b"].map(|id| spec.clone().child(id));
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).children(children)).await?;
///
/// for listener in listeners.members() {
///     listener.cast("news").map_err(|error| error.to_string())?;
/// }
/// assert_eq!(listeners.members().len(), 2);
/// root.shutdown().await;
/// assert!(listeners.members().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Group<M> {
    members: Arc<Members<M>>,
}

impl<M: Send + 'static> Group<M> {
    pub(crate) fn new(members: Arc<Members<M>>) -> Self {
        Self { members }
    }

    /// Returns the key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// assert_eq!(node.group::<u64>("listeners")?.key(), "listeners");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn key(&self) -> &str {
        self.members.key.text()
    }

    /// Makes a process a member, if it is not one already. Returns false if it has ended. Cost: O(members).
    ///
    /// # Differs from OTP
    ///
    /// As OTP `pg:join/3`, but a process is a member once.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let group = tree.node().group::<EchoMsg<u32>>("echoes")?;
    /// assert!(group.join(&echo));
    /// assert!(group.join(&echo), "it is a member once");
    /// assert_eq!(group.members().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(&self, server: &ServerRef<M>) -> bool {
        let mut state = self.members.state.lock();
        if state.members.iter().any(|member| is_same(member, server)) {
            return true;
        }
        let occupant = Arc::clone(&self.members) as Arc<dyn Occupant>;
        if !server.server().cell.enter_group(occupant) {
            return false;
        }
        state.members.push(server.clone());
        let woken = std::mem::take(&mut state.waiting);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        true
    }

    /// Takes a process out of the group. Returns false if it is no member. Cost: O(members).
    ///
    /// As in OTP `pg:leave/3`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let group = tree.node().group::<EchoMsg<u32>>("echoes")?;
    /// group.join(&echo);
    /// assert!(group.leave(&echo));
    /// assert!(!group.leave(&echo), "it is no member any more");
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave(&self, server: &ServerRef<M>) -> bool {
        let mut state = self.members.state.lock();
        let place = state.members.iter().position(|member| is_same(member, server));
        let Some(place) = place else { return false };
        let member = state.members.remove(place);
        let occupant = Arc::clone(&self.members) as Arc<dyn Occupant>;
        server.server().cell.leave_group(&occupant);
        drop(state);
        drop(member);
        true
    }

    /// Returns the members that live, in the order of joining. Any of them may have ended by the time it is used. Cost: O(members).
    ///
    /// # Differs from OTP
    ///
    /// As OTP `pg:get_members/2`, which has no order.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let group = tree.node().group::<EchoMsg<u32>>("echoes")?;
    /// group.join(&echo);
    /// assert_eq!(group.members()[0].pid(), echo.pid());
    /// tree.kill("echo").await;
    /// assert!(group.members().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn members(&self) -> Vec<ServerRef<M>> {
        self.members.state.lock().living().cloned().collect()
    }

    /// Waits until the group has at least so many members, and returns them; at once if it has.
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
    /// # use foundation::{ServerSpec, Strategy, SupervisorSpec};
    /// # use test_helpers::{Echo, EchoMsg, IsolatedTree};
    /// # let spec = ServerSpec::<Echo<u32>>::new(()).child("echo");
    /// # let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
    /// # let echo = tree.server::<EchoMsg<u32>>("echo").await;
    /// let group = tree.node().group::<EchoMsg<u32>>("echoes")?;
    /// group.join(&echo);
    /// assert_eq!(group.joined(1).await.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn joined(&self, members_min: usize) -> Vec<ServerRef<M>> {
        std::future::poll_fn(|cx| {
            let mut state = self.members.state.lock();
            if state.living().count() >= members_min {
                return Poll::Ready(state.living().cloned().collect());
            }
            if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                state.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

impl<M: Send + 'static> State<M> {
    /// A member whose end is known is on its way out.
    fn living(&self) -> impl Iterator<Item = &ServerRef<M>> {
        self.members.iter().filter(|member| member.is_alive())
    }
}

fn is_same<M>(one: &ServerRef<M>, other: &ServerRef<M>) -> bool
where
    M: Send + 'static,
{
    Arc::ptr_eq(one.server(), other.server())
}

impl<M> Clone for Group<M> {
    fn clone(&self) -> Self {
        Self { members: Arc::clone(&self.members) }
    }
}

impl<M> fmt::Debug for Group<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({:?})", self.members.key.text())
    }
}
