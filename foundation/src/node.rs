//! One runtime instance: pids, names, dead letters, clock. The workspace keeps no state in statics; it is all here.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::alarm::Alarm;
use crate::clock::{Clock, SystemClock};
use crate::process::blocking::{BLOCKING_MAX, BlockingSeats};
use crate::process::cell::ProcessRef;
use crate::process::deadlines::Deadlines;
use crate::process::group::{Group, Members};
use crate::process::kill::Condemned;
use crate::process::monitor::MonitorId;
use crate::process::name::{Name, NameError, Names};
use crate::process::pid::Pid;
use crate::process::server_ref::ServerRef;
use crate::process::spawn::{caught, spawn_watchdog};
use crate::send::dead_letter::codec::{Codecs, DeadLetterCodec};
use crate::send::dead_letter::core::Core as Letters;
use crate::send::dead_letter::letters::DeadLetters;
use crate::send::dead_letter::options::DeadLetterOptions;
use crate::send::dead_letter::sink::DeadLetterSink;
use crate::send::dedup::MessageId;
use crate::supervisor::handle::SupervisorRef;
use crate::supervisor::report::Report;
use crate::sys::monitors::{Ages, MonitorStats};
use crate::sys::snapshot::Roots;
use crate::sys::stuck::Watchdog;
use crate::task::pool::TaskSupervisorRef;
use crate::telemetry;

/// How a node is set up.
///
/// Defaults: 1,000 dead letters, 64 pieces of blocking work at once, the system's clock, reports of supervisors and alarms of the
/// kernel go nowhere, no kill grace, no watchdog.
#[derive(Clone)]
pub struct NodeConfig {
    dead_letters: DeadLetterOptions,
    codecs: Codecs,
    sink: Option<Arc<dyn DeadLetterSink>>,
    blocking: usize,
    clock: Arc<dyn Clock>,
    reporter: Reporter,
    kill_grace: Option<Duration>,
    stuck_after: Option<Duration>,
    listener: Listener,
}

type Reporter = Arc<dyn Fn(&Report) + Send + Sync>;
type Listener = Arc<dyn Fn(&Alarm) + Send + Sync>;

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
    /// if it had ended; [`NodeCounts::zombies`] counts it until its code has really returned. What that code does in the meantime,
    /// for instance to a file, is not undone and can overlap with a successor. A process is fenced after the processes that it owns.
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
    /// [`Node::listener_panics`] counts it.
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
    /// the kernel is held meanwhile. A panic in it is caught and changes nothing for who speaks; [`Node::listener_panics`] counts
    /// it.
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

/// One runtime instance: it numbers processes, knows their names and keeps their dead letters.
///
/// Several nodes can live in one program and share nothing. A clone is the same node.
///
/// # Differs from OTP
///
/// A node is a program there, and nodes reach each other over a network. Here a node is a value, and there is no
/// distribution; links and monitors work between the nodes of one program.
///
/// # Examples
///
/// ```
/// use foundation::{Node, NodeConfig};
///
/// let node = Node::new(NodeConfig::default().dead_letters(100))?;
/// assert_eq!(node.counts().processes, 0);
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    pids: AtomicU64,
    /// How many were ever made.
    monitors: AtomicU64,
    ages: Ages,
    counters: Counters,
    blocking: BlockingSeats,
    deadlines: Deadlines,
    names: Names,
    groups: Names,
    numbers: Numbers,
    letters: Arc<Letters>,
    clock: Arc<dyn Clock>,
    reporter: Reporter,
    condemned: Option<Arc<Condemned>>,
    listener: Listener,
    roots: Roots,
    watchdog: Option<Watchdog>,
    #[cfg(debug_assertions)]
    wait_for: crate::process::wait_for::WaitFor,
}

/// Numbers that are drawn, and numbers that are counted.
struct Numbers {
    /// Drawn once: it tells this node, and this run of the program, from all others.
    run: u64,
    messages: AtomicU64,
    drawn: AtomicU64,
}

impl Numbers {
    fn new() -> Self {
        // The keys of the standard library's hash maps come from the operating system.
        let chance = RandomState::new();
        let drawn = AtomicU64::new(chance.hash_one("drawn"));
        Self { run: chance.hash_one("run"), messages: AtomicU64::new(0), drawn }
    }
}

/// Gauges of what lives on a node.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    processes: AtomicUsize,
    monitors_fired: AtomicU64,
    monitors_dropped: AtomicU64,
    tasks: AtomicUsize,
    zombies: AtomicUsize,
    listener_panics: AtomicU64,
}

impl Counters {
    pub(crate) fn process_started(&self) {
        self.processes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn process_ended(&self) {
        self.processes.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn monitors_fired(&self, count: usize) {
        self.monitors_fired.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn monitor_dropped(&self) {
        self.monitors_dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn zombie_made(&self) {
        self.zombies.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn zombie_gone(&self) {
        self.zombies.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn task_started(&self) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn task_ended(&self) {
        self.tasks.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How much lives on a node now. Comparing two of these shows a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeCounts {
    /// Processes, supervisors and processes on threads included.
    pub processes: usize,
    /// Live monitors. The ties of supervisors to their children do not count.
    pub monitors: usize,
    /// Names that are registered now.
    pub names: usize,
    /// Groups that have members now.
    pub groups: usize,
    /// Tasks of all task supervisors, and tasks that processes started for themselves.
    pub tasks: usize,
    /// Processes that were fenced and whose code still runs; see [`NodeConfig::kill_grace`].
    pub zombies: usize,
    /// Pieces of blocking work that run, or wait for a thread of the runtime.
    pub blocking: usize,
}

impl Node {
    /// Creates a node.
    ///
    /// # Errors
    ///
    /// [`NodeError::PanicAbort`] when the program cannot contain panics; [`NodeError::Watchdog`].
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// assert_eq!(node.counts().names, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    pub fn new(config: NodeConfig) -> Result<Self, NodeError> {
        if cfg!(panic = "abort") {
            return Err(NodeError::PanicAbort);
        }
        let node = Self {
            inner: Arc::new(Inner {
                pids: AtomicU64::new(1),
                monitors: AtomicU64::new(0),
                ages: Ages::default(),
                counters: Counters::default(),
                blocking: BlockingSeats::new(config.blocking),
                deadlines: Deadlines::default(),
                names: Names::default(),
                groups: Names::default(),
                numbers: Numbers::new(),
                letters: Arc::new(Letters::new(
                    config.dead_letters,
                    Arc::clone(&config.clock),
                    config.codecs,
                    config.sink,
                )),
                clock: config.clock,
                reporter: config.reporter,
                condemned: config.kill_grace.map(|grace| Arc::new(Condemned::new(grace))),
                listener: config.listener,
                roots: Roots::default(),
                watchdog: config.stuck_after.map(Watchdog::new),
                #[cfg(debug_assertions)]
                wait_for: Default::default(),
            }),
        };
        node.start_watchdog()?;
        Ok(node)
    }

    /// Returns the name `key` for processes with messages of type `M`. Registers nothing: a process does that when it starts.
    ///
    /// Cost: one lock and one look-up; keep the result.
    ///
    /// # Errors
    ///
    /// [`NameError::TypeMismatch`] if the key is in use for another message type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let name = node.name::<u64>("numbers")?;
    /// assert_eq!(name.key(), "numbers");
    /// assert!(node.name::<String>("numbers").is_err(), "a key has one message type");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name<M: Send + 'static>(&self, key: &str) -> Result<Name<M>, NameError> {
        self.inner.names.slot(self, key)
    }

    /// Returns the process that holds the name `key` now, as [`name`](Self::name) and then [`Name::whereis`], in one step. Makes no
    /// name.
    ///
    /// Cost: two short locks and one look-up. Whoever asks again keeps the [`Name`]: that is one lock.
    ///
    /// # Errors
    ///
    /// [`NameError::TypeMismatch`] if the key is in use for another message type.
    ///
    /// # Differs from OTP
    ///
    /// As `erlang:whereis/1`, with a type of messages.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// assert!(node.whereis::<u64>("numbers")?.is_none(), "nobody has registered it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn whereis<M: Send + 'static>(&self, key: &str) -> Result<Option<ServerRef<M>>, NameError> {
        self.inner.names.whereis(key)
    }

    /// Returns every name that a process holds now, and the process, ordered by name. As in OTP `erlang:registered/0`.
    ///
    /// Cost: O(names); nobody can register meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).name("root")).await?;
    /// let registered = node.registered();
    /// assert_eq!((&*registered[0].0, registered[0].1.pid()), ("root", root.process().pid()));
    /// root.shutdown().await;
    /// assert!(node.registered().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn registered(&self) -> Vec<(Arc<str>, ProcessRef)> {
        self.inner.names.holders()
    }

    /// Returns the group `key` of processes with messages of type `M`. Groups and names share no keys.
    ///
    /// Cost: one lock and one look-up; keep the result.
    ///
    /// # Errors
    ///
    /// [`NameError::TypeMismatch`] if the key is in use for another message type.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let group = node.group::<u64>("listeners")?;
    /// assert!(group.members().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn group<M: Send + 'static>(&self, key: &str) -> Result<Group<M>, NameError> {
        self.inner.groups.find(key, Members::new).map(Group::new)
    }

    /// Returns a handle to the supervisor registered as `key`, resolved at each use.
    ///
    /// # Errors
    ///
    /// [`NameError::TypeMismatch`] if the key is in use for something else.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let pool = node.supervisor("pool")?;
    /// assert!(pool.process().is_none(), "nobody has registered it yet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn supervisor(&self, key: &str) -> Result<SupervisorRef, NameError> {
        Ok(SupervisorRef::named(self.name(key)?))
    }

    /// Returns a handle to the task supervisor registered as `key`, resolved at each use.
    ///
    /// # Errors
    ///
    /// [`NameError::TypeMismatch`] if the key is in use for something else.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let pool = node.task_supervisor("pool")?;
    /// assert!(pool.resolve().await.is_err(), "nobody has registered it yet");
    /// # Ok(())
    /// # }
    /// ```
    pub fn task_supervisor(&self, key: &str) -> Result<TaskSupervisorRef, NameError> {
        Ok(TaskSupervisorRef::new(self.name(key)?))
    }

    /// Returns the messages that could not be delivered.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// assert_eq!(node.dead_letters().counts().total, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.clone())
    }

    pub(crate) fn letters(&self) -> &Arc<Letters> {
        &self.inner.letters
    }

    /// Returns the name `key` if it is in use, and takes nothing for a type of messages.
    pub(crate) fn existing_name<M: Send + 'static>(
        &self,
        key: &str,
    ) -> Result<Option<Name<M>>, NameError> {
        self.inner.names.existing(self, key)
    }

    /// Returns the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let began = node.clock().monotonic();
    /// assert!(node.clock().monotonic() >= began);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    /// Returns how much lives on this node now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let before = node.counts();
    /// // What starts here has to end here.
    /// assert_eq!(node.counts(), before, "nothing was left behind");
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn counts(&self) -> NodeCounts {
        let counters = self.counters();
        let live = self.monitor_stats().active;
        NodeCounts {
            processes: counters.processes.load(Ordering::Relaxed),
            monitors: usize::try_from(live).unwrap_or(usize::MAX),
            names: self.inner.names.registered(),
            groups: self.inner.groups.registered(),
            tasks: counters.tasks.load(Ordering::Relaxed),
            zombies: counters.zombies.load(Ordering::Relaxed),
            blocking: self.blocking().taken(),
        }
    }

    /// Returns how often a listener of [`NodeConfig::on_report`] or [`NodeConfig::on_alarm`] has panicked so far.
    ///
    /// The metric `foundation.listener.panics_total` counts them, too, with the label `listener`: `report` or `alarm`.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// assert_eq!(node.listener_panics(), 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn listener_panics(&self) -> u64 {
        self.counters().listener_panics.load(Ordering::Relaxed)
    }

    pub(crate) fn monitor_stats(&self) -> MonitorStats {
        let counters = self.counters();
        // In this order: none fires or is dropped before it was made.
        let dropped = counters.monitors_dropped.load(Ordering::Acquire);
        let fired = counters.monitors_fired.load(Ordering::Acquire);
        let created = self.inner.monitors.load(Ordering::Acquire);
        MonitorStats { created, fired, dropped, active: created.saturating_sub(dropped) }
    }

    pub(crate) fn monitor_ages(&self) -> &Ages {
        &self.inner.ages
    }

    pub(crate) fn monitors_made(&self) -> u64 {
        self.inner.monitors.load(Ordering::Acquire)
    }

    pub(crate) fn report(&self, report: &Report) {
        self.tell("report", || (self.inner.reporter)(report));
    }

    /// Calls a listener, which cannot harm who calls it.
    fn tell(&self, listener: &'static str, call: impl FnOnce()) {
        if caught(call).is_none() {
            self.counters().listener_panics.fetch_add(1, Ordering::Relaxed);
            telemetry::listener_panicked(listener);
        }
    }

    pub(crate) fn condemned(&self) -> Option<&Arc<Condemned>> {
        self.inner.condemned.as_ref()
    }

    /// Counts a finding and tells whoever listens. Not under a lock.
    pub(crate) fn raise(&self, alarm: &Alarm) {
        telemetry::alarm_raised(alarm);
        self.tell("alarm", || (self.inner.listener)(alarm));
    }

    #[cfg(debug_assertions)]
    pub(crate) fn wait_for(&self) -> &crate::process::wait_for::WaitFor {
        &self.inner.wait_for
    }

    /// Starts the thread of the watchdog, if there is one. It does not keep the node.
    fn start_watchdog(&self) -> Result<(), NodeError> {
        let Some(watchdog) = self.watchdog() else { return Ok(()) };
        let node = Arc::downgrade(&self.inner);
        let thread = spawn_watchdog(watchdog.rest(), move || {
            let Some(inner) = node.upgrade() else { return false };
            Self { inner }.check_stuck();
            true
        });
        watchdog.set_thread(thread.map_err(|error| NodeError::Watchdog(error.kind()))?);
        Ok(())
    }

    pub(crate) fn watchdog(&self) -> Option<&Watchdog> {
        self.inner.watchdog.as_ref()
    }

    pub(crate) fn roots(&self) -> &Roots {
        &self.inner.roots
    }

    pub(crate) fn deadlines(&self) -> &Deadlines {
        &self.inner.deadlines
    }

    pub(crate) fn blocking(&self) -> &BlockingSeats {
        &self.inner.blocking
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Returns an id that no other message has: not of this node, nor of another run of it.
    ///
    /// The run is a random number of 64 bits, the message is counted in it. Cost: one addition.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// assert_ne!(node.next_message_id(), node.next_message_id());
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn next_message_id(&self) -> MessageId {
        let numbers = &self.inner.numbers;
        MessageId::from_parts(numbers.run, numbers.messages.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A number drawn uniformly, for waits that are left to chance.
    pub(crate) fn random(&self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014): a counter in large steps, and a function that mixes all of its bits.
        let step = 0x9e37_79b9_7f4a_7c15;
        let mixed = self.inner.numbers.drawn.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn next_pid(&self) -> Pid {
        self.counters().process_started();
        telemetry::process_started();
        let number = self.inner.pids.fetch_add(1, Ordering::Relaxed);
        Pid::new(NonZeroU64::new(number).expect("2^64 processes were started"))
    }

    pub(crate) fn next_monitor(&self) -> MonitorId {
        MonitorId(self.inner.monitors.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
