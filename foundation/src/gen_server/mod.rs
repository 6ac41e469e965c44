//! The `GenServer` behaviour: typed messages, one at a time, state owned by the process.

pub(crate) mod context;
pub(crate) mod owned;
pub(crate) mod owned_tasks;
pub(crate) mod run;
pub(crate) mod spec;
pub(crate) mod stash;
pub(crate) mod timers;

use std::any::type_name;
use std::future::Future;

use crate::gen_server::context::Context;
use crate::gen_server::owned_tasks::TaskDone;
use crate::gen_server::timers::TimerRef;
use crate::process::exit::{Exit, ExitReason};
use crate::process::link::ExitSignal;
use crate::process::monitor::Down;

/// What the kernel tells a process, beside its messages.
///
/// # Differs from OTP
///
/// `handle_info/2` gets every message that is no call and no cast. Here nobody but the kernel can send one, and each
/// has a type.
#[derive(Debug)]
#[non_exhaustive]
pub enum Info {
    /// A process that it monitors has ended.
    Down(Down),
    /// An exit signal came, and the process traps them.
    Exit(ExitSignal),
    /// A timer of [`Context::start_timer`], or a tick of [`Context::start_interval`], is due.
    Timer(TimerRef),
    /// A task that the process started has ended: after its output, or instead of it.
    TaskDone(TaskDone),
}

/// A process that handles one typed message at a time. As in OTP `gen_server`.
///
/// All callbacks run in the process's own task, one after another; none overlaps another. State is dropped in that task.
///
/// | callback | runs | an `Err` means |
/// |---|---|---|
/// | `init` | once, before the starter goes on | the start fails (or is ignored) |
/// | `handle` | for each message | the process ends with that reason, after `terminate` |
/// | `info` | for each notice of the kernel | the same |
/// | `terminate` | once, unless the process is killed or panics | - |
///
/// # Differs from OTP
///
/// A supervisor's stop is seen between two messages and runs `terminate` without any flag to set, as if the process trapped the
/// exit of its parent; the supervisor's shutdown timeout bounds the wait. A panic skips `terminate`: the state may be torn,
/// so it is only dropped.
///
/// # Examples
///
/// ```
/// use foundation::{Context, Exit, GenServer, Reply};
///
/// struct Counter(u64);
///
/// enum Msg {
///     Add(u64),
///     Get(Reply<u64>),
/// }
///
/// impl GenServer for Counter {
///     type Args = u64;
///     type Msg = Msg;
///
///     async fn init(start: u64, _cx: &mut Context<Self>) -> Result<Self, Exit> {
///         Ok(Self(start))
///     }
///
///     async fn handle(&mut self, msg: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
///         match msg {
///             Msg::Add(n) => self.0 += n,
///             Msg::Get(reply) => reply.send(self.0),
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait GenServer: Sized + Send + 'static {
    /// What a start needs. A supervisor makes it anew for each start.
    type Args: Send + 'static;
    /// Everything that the process can be told.
    type Msg: Send + 'static;

    /// Creates the state. The starter waits for this; siblings that come later are not started before it returned `Ok`.
    ///
    /// As in OTP `gen_server:init/1`.
    fn init(
        args: Self::Args,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<Self, Exit>> + Send;

    /// Handles one message.
    ///
    /// # Differs from OTP
    ///
    /// `handle_call/3` and `handle_cast/2` in one: the message says whether it has a caller, by the
    /// [`Reply`](crate::Reply) in it.
    fn handle(
        &mut self,
        msg: Self::Msg,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), Exit>> + Send;

    /// Handles one notice of the kernel. The default ignores it.
    ///
    /// As in OTP `gen_server:handle_info/2`.
    fn info(
        &mut self,
        info: Info,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), Exit>> + Send {
        // Named so that the signature documents itself; the default does nothing with them.
        let (_info, _cx) = (info, cx);
        async { Ok(()) }
    }

    /// Names the kind of a message for whoever looks at the process while it is handled: in its
    /// [`status`](crate::ProcessRef::status), in the tree, in an [`Alarm`](crate::Alarm).
    ///
    /// The default is the name of the type of all messages. It is asked once for each message, before `handle`; return string
    /// literals. A process is known by its first 8,188 kinds.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Context, Exit, GenServer, Reply};
    /// # struct Counter(u64);
    /// enum Msg {
    ///     Add(u64),
    ///     Get(Reply<u64>),
    /// }
    /// # impl GenServer for Counter {
    /// #     type Args = ();
    /// #     type Msg = Msg;
    /// #     async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> { Ok(Self(0)) }
    /// #     async fn handle(&mut self, _msg: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> { Ok(()) }
    /// // in the `impl GenServer`:
    /// fn kind(msg: &Msg) -> &'static str {
    ///     match msg {
    ///         Msg::Add(_) => "Add",
    ///         Msg::Get(_) => "Get",
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    fn kind(msg: &Self::Msg) -> &'static str {
        let _msg = msg;
        type_name::<Self::Msg>()
    }

    /// Cleans up before an orderly end. The default does nothing.
    ///
    /// # Differs from OTP
    ///
    /// A stop by the supervisor needs no flag for `terminate` to run; a panic skips it. See the table above.
    fn terminate(
        &mut self,
        reason: &ExitReason,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = ()> + Send {
        let (_reason, _cx) = (reason, cx);
        async {}
    }
}
