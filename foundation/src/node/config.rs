//! How a node is set up, and why it cannot be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::alarm::Alarm;
use crate::clock::{Clock, SystemClock};
use crate::process::blocking::BLOCKING_MAX;
use crate::send::dead_letter::codec::{Codecs, DeadLetterCodec};
use crate::send::dead_letter::options::DeadLetterOptions;
use crate::send::dead_letter::sink::DeadLetterSink;
use crate::supervisor::report::Report;

/// How a node is set up.
///
/// Defaults: 1,000 dead letters, 64 pieces of blocking work at once, the system's clock, reports of supervisors and alarms of the
/// kernel go nowhere, no kill grace, no watchdog.
#[derive(Clone)]
pub struct NodeConfig {
    pub(super) dead_letters: DeadLetterOptions,
    pub(super) codecs: Codecs,
    pub(super) sink: Option<Arc<dyn DeadLetterSink>>,
    pub(super) blocking: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reporter: Reporter,
    pub(super) kill_grace: Option<Duration>,
    pub(super) stuck_after: Option<Duration>,
    pub(super) listener: Listener,
}

pub(super) type Reporter = Arc<dyn Fn(&Report) + Send + Sync>;
pub(super) type Listener = Arc<dyn Fn(&Alarm) + Send + Sync>;

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            dead_letters: DeadLetterOptions::default(),
            codecs: Codecs::default(),
            sink: None,
            blocking: BLOCKING_MAX,
            clock: Arc::new(SystemClock::new()),
            reporter: Arc::new(|_report| {}),
            kill_grace: None,
            stuck_after: None,
            listener: Arc::new(|_alarm| {}),
        }
    }
}

impl NodeConfig {
    /// Sets the limits of the dead letters, or just how many are kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default().dead_letters(10_000))?;
    /// assert_eq!(node.counts().processes, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn dead_letters(mut self, options: impl Into<DeadLetterOptions>) -> Self {
        self.dead_letters = options.into();
        self
    }

    /// Sets who records what happens to the dead letters. The default is nobody.
    ///
    /// # Examples
    ///
    /// See [`DeadLetterSink`].
    #[must_use]
    pub fn dead_letter_sink(mut self, sink: Arc<dyn DeadLetterSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Says how dead letters of one type of messages become bytes and back. Without it they cannot be recorded.
    ///
    /// # Examples
    ///
    /// See [`DeadLetterCodec`].
    #[must_use]
    pub fn dead_letter_codec<M: Send + 'static>(mut self, codec: DeadLetterCodec<M>) -> Self {
        self.codecs.insert(codec);
        self
    }

    /// Sets how many pieces of blocking work run at once, of all processes and pools of the node; one more is refused.
    ///
    /// See [`Context::spawn_blocking`](crate::Context::spawn_blocking). Zero refuses all. The runtime has a limit of its own
    /// (512 threads if nothing else is said); work above that limit waits for a thread, and counts here.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default().blocking_max(8))?;
    /// assert_eq!(node.counts().processes, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn blocking_max(mut self, pieces_max: usize) -> Self {
        self.blocking = pieces_max;
        self
    }

    /// Sets the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use foundation::{NodeConfig, SystemClock};
    ///
    /// let config = NodeConfig::default().clock(Arc::new(SystemClock::new()));
    /// # let _unused = config;
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long a process that was killed may take to end. Afterwards it is a zombie, and fenced. The default is for ever.
    ///
    /// A kill takes effect at an await point, so code that does not await, and blocking work, can outlive it. Fenced means: the end of
    /// the process is published with the reason of the kill, its name is free, its mailbox is closed, and its supervisor goes on, as
    /// if it had ended; [`NodeCounts::zombies`](crate::NodeCounts::zombies) counts it until its code has really returned. What that
    /// code does in the meantime, for instance to a file, is not undone and can overlap with a successor. A process is fenced after
    /// the processes that it owns.
    ///
    /// On a runtime with a single thread a handler that blocks also stops the clock that would tell of it.
    ///
    /// # Differs from OTP
    ///
    /// There every process can be killed at any instruction, and `supervisor` waits without limit for the end of a killed child.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    /// use std::time::Duration;
    ///
    /// let node = Node::new(NodeConfig::default().kill_grace(Duration::from_secs(10)))?;
    /// assert_eq!(node.counts().processes, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.kill_grace = Some(grace);
        self
    }

    /// Raises [`Alarm::Stuck`] for a process that does not come back from one poll of its task for this long. The default is never.
    ///
    /// A process that blocks or computes without an await holds a thread of the runtime, and keeps others from it. The node then
    /// has a watchdog: a thread that looks four times within the limit at what each process writes down in any case, and ends with
    /// the node. The limit is measured by the clock of the node, from the first look at the poll; the looks are paced by the time of
    /// the operating system. So an alarm never comes early, and a quarter of the limit late. Each poll is reported once.
    ///
    /// A poll has at most some 2,000 messages, so a process whose handlers never wait and take long each can be found, too. While a
    /// child takes its first turn, up to the first await of its `init`, on the task of its supervisor, the alarm names the child:
    /// it is its code that holds the thread. For its supervisor the limit begins anew afterwards. A process on its own thread is
    /// never stuck: it may block.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    ///
    /// # Differs from OTP
    ///
    /// `erlang:system_monitor` with `long_schedule` tells of it afterwards; here the process is still at it.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    /// use std::time::Duration;
    ///
    /// let node = Node::new(NodeConfig::default().stuck_after(Duration::from_millis(500)))?;
    /// assert_eq!(node.counts().processes, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn stuck_after(mut self, limit: Duration) -> Self {
        assert!(!limit.is_zero(), "every poll takes some time");
        self.stuck_after = Some(limit);
        self
    }

    /// Sets who hears the reports of supervisors. The default drops them. It runs inside the supervisor and must not block.
    ///
    /// A panic in it is caught and changes nothing for the supervisor: the report is lost, and
    /// [`Node::listener_panics`](crate::Node::listener_panics) counts it.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default().on_report(|report| eprintln!("{report}")))?;
    /// assert_eq!(node.counts().processes, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn on_report(mut self, reporter: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.reporter = Arc::new(reporter);
        self
    }

    /// Sets who hears the [`Alarm`]s of the kernel. The default drops them; they are counted all the same.
    ///
    /// It runs where the finding is made: inside a process, or on the thread of the watchdog. It must not block, and no lock of
    /// the kernel is held meanwhile. A panic in it is caught and changes nothing for who speaks;
    /// [`Node::listener_panics`](crate::Node::listener_panics) counts it.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default().on_alarm(|alarm| eprintln!("{alarm}")))?;
    /// assert_eq!(node.counts().processes, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn on_alarm(mut self, listener: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("dead_letters", &self.dead_letters)
            .field("blocking", &self.blocking)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// Why a node cannot start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeError {
    /// The program is compiled with `panic = "abort"`: a crash could not be contained, let alone supervised.
    PanicAbort,
    /// The operating system gave no thread to the watchdog of [`NodeConfig::stuck_after`].
    Watchdog(std::io::ErrorKind),
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PanicAbort => {
                f.write_str("compiled with panic = \"abort\": crashes cannot be supervised, use panic = \"unwind\"")
            }
            Self::Watchdog(error) => write!(f, "no thread for the watchdog: {error}"),
        }
    }
}

impl std::error::Error for NodeError {}
