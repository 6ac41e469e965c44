//! One runtime instance: pids, names, dead letters, clock. The workspace keeps no state in statics; it is all here.

mod config;
mod counters;
mod numbers;

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::alarm::Alarm;
use crate::clock::Clock;
use crate::process::blocking::BlockingSeats;
use crate::process::deadlines::Deadlines;
use crate::process::group::{Group, Members};
use crate::process::kill::Condemned;
use crate::process::monitor::MonitorId;
use crate::process::name::{Name, NameError, Names};
use crate::process::pid::Pid;
use crate::process::process_ref::ProcessRef;
use crate::process::server_ref::ServerRef;
use crate::process::spawn::{caught, spawn_watchdog};
use crate::send::dead_letter::core::Core as Letters;
use crate::send::dead_letter::letters::DeadLetters;
use crate::send::dedup::MessageId;
use crate::supervisor::handle::SupervisorRef;
use crate::supervisor::report::Report;
use crate::sys::monitors::{Ages, MonitorStats};
use crate::sys::snapshot::Roots;
use crate::sys::stuck::Watchdog;
use crate::task::pool::TaskSupervisorRef;
use crate::telemetry;
use config::{Listener, Reporter};
pub use config::{NodeConfig, NodeError};
pub(crate) use counters::Counters;
pub use counters::NodeCounts;
use numbers::Numbers;

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
        self.inner.numbers.message_id()
    }

    /// A number drawn uniformly, for waits that are left to chance.
    pub(crate) fn random(&self) -> u64 {
        self.inner.numbers.random()
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
