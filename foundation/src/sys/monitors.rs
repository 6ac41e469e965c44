//! The live monitors of a node, for those who look: who watches whom since when, and which have become old.
//!
//! There is no table of monitors. What is shown lies where the watch itself does, in the target's list of watchers, and a look walks
//! the living processes and reads their lists. So nothing can be lost that would lose a monitor, nothing has to be kept in step,
//! and making a monitor costs no second lock. What it costs is the line of code and the tag in the entry, 32 bytes.
//!
//! Ages are not stamped either: a reading of the clock costs more than making and dropping a monitor does. Monitors are numbered, so
//! it is enough to note now and then how many had been made: at each look, and when a process starts and the last note is a
//! second old. The age of a monitor is counted from the first note after it was made; it is never shown too high. Who looks every
//! five minutes sees ages that are at most five minutes too low.

use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::node::Node;
use crate::process::cell::Process;
use crate::process::monitor::{MonitorId, Watcher};
use crate::process::monitor_tag::Advice;
use crate::process::pid::Pid;
use crate::sys::snapshot::walk;
use crate::telemetry;

/// So many notes of how many monitors had been made are kept: enough for any age to be right within a tenth or so.
const MARKS_MAX: usize = 256;
/// At least so much lies between two notes that process starts make.
const MARK_EVERY: Duration = Duration::from_secs(1);
/// How many monitors one look returns unless something else is said.
const LIMIT: usize = 1_000;

/// When how many monitors had been made, and what the metrics were told.
#[derive(Default)]
pub(crate) struct Ages {
    /// When the next process start makes a note, in nanoseconds.
    due: AtomicU64,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    marks: VecDeque<Mark>,
    told: MonitorStats,
}

/// So many monitors had been made at that time.
#[derive(Debug, Clone, Copy)]
struct Mark {
    made: u64,
    at: Duration,
}

impl Ages {
    /// A process starts now; so many monitors had been made shortly before.
    #[inline]
    pub(crate) fn pass(&self, made: u64, now: u64) {
        if now >= self.due.load(Ordering::Relaxed) {
            self.mark(made, Duration::from_nanos(now));
        }
    }

    #[cold]
    fn mark(&self, made: u64, at: Duration) {
        let next = u64::try_from((at + MARK_EVERY).as_nanos()).unwrap_or(u64::MAX);
        self.due.store(next, Ordering::Relaxed);
        self.marks.lock().add(Mark { made, at });
    }

    fn clear(&self) {
        self.marks.lock().marks.clear();
    }
}

impl Marks {
    fn add(&mut self, mark: Mark) {
        // The first note of a number is the one that counts, and two threads may come in another order.
        if self.marks.back().is_some_and(|last| last.made >= mark.made) {
            return;
        }
        if self.marks.len() == MARKS_MAX
            && let Some(place) = self.least_missed(mark.at)
        {
            self.marks.remove(place);
        }
        self.marks.push_back(mark);
    }

    /// The note without which the ages of its time are too low by the smallest share.
    fn least_missed(&self, now: Duration) -> Option<usize> {
        let share = |place: &usize| {
            let before = self.marks[place - 1].at;
            let gap = self.marks[place + 1].at.saturating_sub(before);
            gap.as_secs_f64() / now.saturating_sub(before).as_secs_f64().max(f64::MIN_POSITIVE)
        };
        // The first one stays: it alone knows how old the oldest are.
        let places = 1..self.marks.len().saturating_sub(1);
        places.min_by(|one, other| share(one).total_cmp(&share(other)))
    }
}

/// The notes as they were at one look.
struct Look {
    now: Duration,
    marks: Vec<Mark>,
}

impl Look {
    fn age(&self, monitor: MonitorId) -> Duration {
        let place = self.marks.partition_point(|mark| mark.made < monitor.0);
        self.marks.get(place).map_or(Duration::ZERO, |mark| self.now.saturating_sub(mark.at))
    }
}

/// How many monitors a node has had.
///
/// | after | `created` | `fired` | `dropped` | `active` |
/// |---|---|---|---|---|
/// | a monitor is made | +1 | | | +1 |
/// | its target ends first, or had ended | | +1 | | |
/// | its guard is gone, whether it has fired or not | | | +1 | -1 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MonitorStats {
    /// Monitors that were made.
    pub created: u64,
    /// Monitors whose target ended while their guard was there.
    pub fired: u64,
    /// Monitors whose guard is gone.
    pub dropped: u64,
    /// Monitors whose guard is there; as [`NodeCounts::monitors`](crate::NodeCounts::monitors).
    pub active: u64,
}

/// One live monitor of a living process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MonitorEntry {
    /// The monitor. Ids grow, so the oldest has the smallest.
    pub monitor: MonitorId,
    /// What it is for, if that was said.
    pub tag: Option<&'static str>,
    /// Its tag says that it may become old.
    pub is_long_lived: bool,
    /// The process that is watched.
    pub target: Pid,
    /// The name of that.
    pub target_name: Option<Arc<str>>,
    /// The process that watches; `None` for a [`Monitor`](crate::Monitor), which knows not who holds it.
    pub owner: Option<Pid>,
    /// The name of that.
    pub owner_name: Option<Arc<str>>,
    /// For how long it has been there at least, by the clock of the node.
    pub age: Duration,
    /// The line that made it.
    pub site: &'static Location<'static>,
}

impl fmt::Display for MonitorEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &Option<Arc<str>>| {
            name.as_ref().map_or_else(String::new, |name| format!(" ({name})"))
        };
        write!(f, "monitor {} of {}{}", self.monitor, self.target, named(&self.target_name))?;
        if let Some(owner) = self.owner {
            write!(f, " by {owner}{}", named(&self.owner_name))?;
        }
        if let Some(tag) = self.tag {
            write!(f, ", tag {tag}")?;
        }
        write!(f, ", for {:?}, made at {}", self.age, self.site)
    }
}

/// Which monitors [`Monitors::list`] returns: those that all of it allows.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use foundation::MonitorFilter;
///
/// let old_ones = MonitorFilter::new().tag("request").min_age(Duration::from_secs(60)).limit(10);
/// # let _unused = old_ones;
/// ```
#[derive(Debug, Clone)]
pub struct MonitorFilter {
    tag: Option<String>,
    owner: Option<Pid>,
    min_age: Duration,
    limit: usize,
    which: Which,
}

/// Which monitors as far as advice goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    /// Those that are not meant to become old.
    Leaks,
    /// Of these, those that nobody was told of.
    Unadvised,
}

impl Default for MonitorFilter {
    fn default() -> Self {
        Self { tag: None, owner: None, min_age: Duration::ZERO, limit: LIMIT, which: Which::All }
    }
}

impl MonitorFilter {
    /// Creates a filter that allows the 1,000 oldest.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows only monitors with this tag.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.tag = Some(name.into());
        self
    }

    /// Allows only monitors that this process made for itself.
    #[must_use]
    pub fn owner(mut self, owner: Pid) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Allows only monitors that are known to be this old.
    #[must_use]
    pub fn min_age(mut self, age: Duration) -> Self {
        self.min_age = age;
        self
    }

    /// Allows so many; the oldest stay.
    #[must_use]
    pub fn limit(mut self, entries_max: usize) -> Self {
        self.limit = entries_max;
        self
    }

    fn allows(&self, watcher: &Watcher) -> bool {
        let origin = watcher.origin();
        let has_tag = self.tag.as_deref().is_none_or(|tag| origin.tag == Some(tag));
        let is_wanted = match self.which {
            Which::All => true,
            Which::Leaks => origin.advice != Advice::Never,
            Which::Unadvised => origin.advice == Advice::Due,
        };
        has_tag && is_wanted
    }
}

/// What was found, ordered by age: the largest is the youngest.
struct Found {
    entry: MonitorEntry,
    process: Arc<dyn Process>,
    place: usize,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.entry.monitor.cmp(&other.entry.monitor)
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Found {}

/// The monitors of a node, seen from outside: see [`Node::monitors`].
///
/// There is no table of monitors: each is in the list of its target, and a look reads those. So a look can lose none.
///
/// | age | is |
/// |---|---|
/// | shown | counted from the first look, or the first start of a process that is a second after another, since the monitor was made |
/// | of a monitor that was made since | zero |
/// | ever too high | no |
/// | too low | by the time between two looks at most, and a tenth when very many looks ago |
#[derive(Debug, Clone, Copy)]
pub struct Monitors<'a> {
    node: &'a Node,
}

impl Monitors<'_> {
    /// Returns how many monitors the node has had, and tells the metrics. Cost: one short lock; no process is looked at.
    ///
    /// # Metrics
    ///
    /// `foundation.monitor.created_total`, `foundation.monitor.fired_total`, `foundation.monitor.dropped_total`: what was added since
    /// they were told last, here or by another look.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let stats = node.monitors().stats();
    /// assert_eq!((stats.created, stats.active), (0, 0));
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> MonitorStats {
        self.look().1
    }

    /// Returns the live monitors of living processes that the filter allows, oldest first.
    ///
    /// A monitor that is there during the whole call is seen once; one that is made or dropped meanwhile may be. One that has fired is
    /// not there, although its guard may be. Asks no process. Cost: O(all monitors); a target waits while 1,024 of its watchers are looked
    /// at. Allocates for what it returns.
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
    /// use foundation::MonitorFilter;
    ///
    /// let monitor = tree.process("echo").await.monitor();
    /// let listed = tree.node().monitors().list(&MonitorFilter::new());
    /// assert_eq!(listed[0].target_name.as_deref(), Some("echo"));
    /// assert!(listed[0].site.file().ends_with(".rs"));
    /// drop(monitor);
    /// assert!(tree.node().monitors().list(&MonitorFilter::new()).is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn list(&self, filter: &MonitorFilter) -> Vec<MonitorEntry> {
        self.find(filter).into_iter().map(|found| found.entry).collect()
    }

    /// Returns the 1,000 oldest monitors that are older than `age` and not [long-lived](crate::MonitorTag::long_lived), oldest first.
    ///
    /// A guard belongs to its owner, so none is left behind by an owner that has ended: what is found is a guard that somebody still
    /// holds, and perhaps has forgotten. Changes nothing and returns the same again. On a node on which nothing starts and nobody looks,
    /// ages are known from the second look on. Cost: as [`list`](Self::list).
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
    /// use std::time::Duration;
    ///
    /// let _forgotten = tree.process("echo").await.monitor();
    /// for leak in tree.node().monitors().find_leaks(Duration::from_secs(300)) {
    ///     println!("{leak}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn find_leaks(&self, age: Duration) -> Vec<MonitorEntry> {
        self.list(&leaks(age, Which::Leaks))
    }

    /// Returns what [`find_leaks`](Self::find_leaks) finds and no advice has named before, so each monitor once.
    ///
    /// For a timer that writes a log.
    ///
    /// # Metrics
    ///
    /// `foundation.monitor.leak_advice_total`: the number of what is returned.
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
    /// use std::time::Duration;
    ///
    /// let _forgotten = tree.process("echo").await.monitor();
    /// let monitors = tree.node().monitors();
    /// assert_eq!(monitors.advise(Duration::ZERO).len(), 1);
    /// assert_eq!(monitors.advise(Duration::ZERO).len(), 0, "it has been said");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn advise(&self, age: Duration) -> Vec<MonitorEntry> {
        // Whoever marks it first is the one who says it.
        let is_first =
            |found: &Found| found.process.cell().advise(found.place, found.entry.monitor);
        let found = self.find(&leaks(age, Which::Unadvised)).into_iter();
        let advice: Vec<_> = found.filter(is_first).map(|found| found.entry).collect();
        telemetry::leak_advised(advice.len() as u64);
        advice
    }

    /// Forgets what is known of ages: every monitor counts as new from now on. No monitor is touched.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// node.monitors().forget_ages();
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    pub fn forget_ages(&self) {
        self.node.monitor_ages().clear();
    }

    /// Notes how many monitors there are now, and tells the metrics what is new.
    fn look(&self) -> (Look, MonitorStats) {
        // First the number, then the time: no monitor is shown older than it is.
        let made = self.node.monitors_made();
        let now = self.node.clock().monotonic();
        let mut kept = self.node.monitor_ages().marks.lock();
        kept.add(Mark { made, at: now });
        // Under the lock, so that the metrics never hear of one twice.
        let stats = self.node.monitor_stats();
        let told = std::mem::replace(&mut kept.told, stats);
        let marks = kept.marks.iter().copied().collect();
        drop(kept);
        telemetry::monitors(
            stats.created.saturating_sub(told.created),
            stats.fired.saturating_sub(told.fired),
            stats.dropped.saturating_sub(told.dropped),
        );
        (Look { now, marks }, stats)
    }

    fn find(&self, filter: &MonitorFilter) -> Vec<Found> {
        let (look, _stats) = self.look();
        let mut heap = BinaryHeap::new();
        walk(self.node, |_supervisor, process| {
            let mut next = Some(0);
            while let Some(first) = next {
                next = process.cell().look_at_watchers(first, |place, watcher| {
                    if filter.allows(watcher)
                        && let Some(found) = found(process, place, watcher, &look, filter)
                    {
                        heap.push(found);
                    }
                });
                // The lock is given back: what leaves here may be the last to know of a process, and run code of others.
                while heap.len() > filter.limit {
                    drop(heap.pop());
                }
            }
        });
        heap.into_sorted_vec()
    }
}

fn leaks(age: Duration, which: Which) -> MonitorFilter {
    MonitorFilter { min_age: age, which, ..MonitorFilter::default() }
}

/// What there is to say about one watcher, if the filter allows it.
fn found(
    process: &Arc<dyn Process>,
    place: usize,
    watcher: &Watcher,
    look: &Look,
    filter: &MonitorFilter,
) -> Option<Found> {
    let age = look.age(watcher.id());
    if age < filter.min_age {
        return None;
    }
    let (owner, owner_name) = watcher.owner().unzip();
    if filter.owner.is_some() && owner != filter.owner {
        return None;
    }
    let (cell, origin) = (process.cell(), watcher.origin());
    let entry = MonitorEntry {
        monitor: watcher.id(),
        tag: origin.tag,
        is_long_lived: origin.advice == Advice::Never,
        target: cell.pid(),
        target_name: cell.label().cloned(),
        owner,
        owner_name: owner_name.flatten(),
        age,
        site: origin.site,
    };
    Some(Found { entry, process: Arc::clone(process), place })
}

impl Node {
    /// Returns the monitors of the processes of this node, for looking at: a list, counts, and those that have become old.
    ///
    /// # Differs from OTP
    ///
    /// `process_info(Pid, monitored_by)` says who watches one process; here all are seen, with what for, since when and from which line.
    ///
    /// # Examples
    ///
    /// ```
    /// # use foundation::{Node, NodeConfig};
    /// # let node = Node::new(NodeConfig::default())?;
    /// assert_eq!(node.monitors().stats().active, 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    #[must_use]
    pub fn monitors(&self) -> Monitors<'_> {
        Monitors { node: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::guarded_sink::GuardedSink;

    #[test]
    fn a_monitor_costs_what_the_documentation_says() {
        assert_eq!(size_of::<Watcher>(), 64, "in the list of the target");
        assert_eq!(size_of::<crate::MonitorRef>(), 40, "the guard inside a process");
        assert_eq!(size_of::<crate::Monitor>(), 40, "the guard outside");
        assert_eq!(size_of::<GuardedSink>() + 16, 48, "shared, with both counts of its owners");
    }
}
