//! Small processes with one habit each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use foundation::{Context, Exit, GenServer, Reply};

/// Answers each message with the message.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{ServerSpec, Strategy, SupervisorSpec};
/// use test_helpers::{Echo, EchoMsg, IsolatedTree};
///
/// let spec = ServerSpec::<Echo<&'static str>>::new(()).child("echo");
/// let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
/// let echo = tree.server::<EchoMsg<&'static str>>("echo").await;
/// assert_eq!(echo.call(|reply| EchoMsg("hello", reply)).await?, "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Echo<T>(std::marker::PhantomData<fn(T)>);

/// What an [`Echo`] takes: a value, and where to send it back.
#[derive(Debug)]
pub struct EchoMsg<T>(pub T, pub Reply<T>);

impl<T: Send + 'static> GenServer for Echo<T> {
    type Args = ();
    type Msg = EchoMsg<T>;

    async fn init(_args: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(std::marker::PhantomData))
    }

    async fn handle(
        &mut self,
        EchoMsg(value, reply): EchoMsg<T>,
        _cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        reply.send(value);
        Ok(())
    }
}

/// How often something fails before it works. Shared by all incarnations of a process; a clone is the same plan.
#[derive(Debug, Clone, Default)]
pub struct FailurePlan {
    left: Arc<Left>,
}

#[derive(Debug, Default)]
struct Left {
    starts: AtomicU64,
    messages: AtomicU64,
    handled: AtomicU64,
}

impl FailurePlan {
    /// Creates a plan under which nothing fails.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the next `count` starts fail.
    #[must_use]
    pub fn fail_starts(self, count: u64) -> Self {
        self.left.starts.store(count, Ordering::SeqCst);
        self
    }

    /// Makes the next `count` messages end the process with an error.
    #[must_use]
    pub fn fail_messages(self, count: u64) -> Self {
        self.left.messages.store(count, Ordering::SeqCst);
        self
    }

    /// Returns how many messages were handled, over all incarnations.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.left.handled.load(Ordering::SeqCst)
    }

    fn take(counter: &AtomicU64) -> bool {
        let taken =
            counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        taken.is_ok()
    }
}

/// Fails as its [`FailurePlan`] says, and then works: answers each call with the number of messages handled so far.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{ServerSpec, Strategy, SupervisorSpec};
/// use test_helpers::{FailurePlan, Flaky, IsolatedTree};
///
/// let plan = FailurePlan::new().fail_starts(1);
/// let spec = ServerSpec::<Flaky>::new(plan).child("flaky");
/// let failed = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await;
/// assert!(failed.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Flaky(FailurePlan);

impl GenServer for Flaky {
    type Args = FailurePlan;
    type Msg = Reply<u64>;

    async fn init(plan: FailurePlan, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        if FailurePlan::take(&plan.left.starts) {
            Err(Exit::error("a start that had to fail"))
        } else {
            Ok(Self(plan))
        }
    }

    async fn handle(&mut self, reply: Reply<u64>, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if FailurePlan::take(&self.0.left.messages) {
            return Err(Exit::error("a message that had to fail"));
        }
        reply.send(self.0.left.handled.fetch_add(1, Ordering::SeqCst) + 1);
        Ok(())
    }
}

/// Takes a given time, on tokio's clock, for each message.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use foundation::{CallError, ServerSpec, Strategy, SupervisorSpec};
/// use test_helpers::{IsolatedTree, Slow};
///
/// let spec = ServerSpec::<Slow>::new(Duration::from_secs(60)).child("slow");
/// let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
/// let slow = tree.server::<foundation::Reply<()>>("slow").await;
/// let answer = slow.call_timeout(Duration::from_millis(1), |reply| reply).await;
/// assert!(matches!(answer, Err(CallError::Timeout)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Slow(Duration);

impl GenServer for Slow {
    type Args = Duration;
    type Msg = Reply<()>;

    async fn init(pace: Duration, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(pace))
    }

    async fn handle(&mut self, reply: Reply<()>, _cx: &mut Context<Self>) -> Result<(), Exit> {
        foundation::time::sleep(self.0).await;
        reply.send(());
        Ok(())
    }
}

/// Panics with the text of each message.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{ExitReason, ServerSpec, Strategy, SupervisorSpec};
/// use test_helpers::{IsolatedTree, Panicker};
///
/// let spec = ServerSpec::<Panicker>::new(()).child("panicker");
/// let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
/// let panicker = tree.server::<&'static str>("panicker").await;
/// panicker.cast("boom")?;
/// let down = panicker.process().monitor().down().await;
/// assert!(matches!(down.reason, ExitReason::Panic(text) if &*text == "boom"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Panicker;

impl GenServer for Panicker {
    type Args = ();
    type Msg = &'static str;

    async fn init(_args: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, text: &'static str, _cx: &mut Context<Self>) -> Result<(), Exit> {
        panic!("{text}");
    }
}

/// What a [`BlackHole`] takes.
#[derive(Debug)]
pub enum Swallowed {
    /// A message without an answer.
    Cast(u64),
    /// A call; its reply is kept and never used.
    Call(Reply<u64>),
}

/// Takes everything and answers nothing.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use foundation::{CallError, ServerSpec, Strategy, SupervisorSpec};
/// use test_helpers::{BlackHole, IsolatedTree, Swallowed};
///
/// let spec = ServerSpec::<BlackHole>::new(()).child("hole");
/// let tree = IsolatedTree::start(SupervisorSpec::new(Strategy::OneForOne).child(spec)).await?;
/// let hole = tree.server::<Swallowed>("hole").await;
/// let answer = hole.call_timeout(Duration::from_millis(1), Swallowed::Call).await;
/// assert!(matches!(answer, Err(CallError::Timeout)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct BlackHole {
    kept: Vec<Reply<u64>>,
}

impl GenServer for BlackHole {
    type Args = ();
    type Msg = Swallowed;

    async fn init(_args: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self::default())
    }

    async fn handle(&mut self, swallowed: Swallowed, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Swallowed::Call(reply) = swallowed {
            self.kept.push(reply);
        }
        Ok(())
    }
}
