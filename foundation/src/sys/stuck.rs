//! Processes that hold a thread: found by looking at the same poll twice.
//!
//! A process counts its polls, see `process/progress.rs`. Whoever is seen twice in the same poll has not come back from it in
//! between. The looking is done by a thread of its own, because there may be no other that is free.
//!
//! Invariants: one look at a time; a poll is reported once; no process and no runtime is ever waited for.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::alarm::Alarm;
use crate::node::Node;
use crate::process::cell::Process;
use crate::process::pid::Pid;
use crate::process::progress::PollNumber;
use crate::sys::snapshot::walk;
use crate::sys::status::{ProcessKind, message_of};

/// So often a thread looks within the limit.
const LOOKS: u32 = 4;
/// And no more often than this.
const REST_MIN: Duration = Duration::from_millis(1);

/// What one node knows of those who do not come back.
pub(crate) struct Watchdog {
    limit: Duration,
    sightings: Mutex<BTreeMap<Pid, Sighting>>,
    thread: OnceLock<Thread>,
}

/// A process that was in a poll when somebody looked.
struct Sighting {
    poll: PollNumber,
    /// When it was seen in this poll for the first time.
    since: Duration,
    is_told: bool,
}

impl Watchdog {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, sightings: Mutex::default(), thread: OnceLock::new() }
    }

    /// How long the thread rests between two looks, by the time of the operating system.
    pub(crate) fn rest(&self) -> Duration {
        (self.limit / LOOKS).max(REST_MIN)
    }

    /// Remembers the thread, which is woken when the node is gone.
    pub(crate) fn set_thread(&self, thread: Thread) {
        // There is one, and it is started once.
        self.thread.get_or_init(|| thread);
    }

    fn look(&self, node: &Node) -> Vec<Alarm> {
        let mut sightings = self.sightings.lock();
        let mut old = std::mem::take(&mut *sightings);
        let mut stuck = Vec::new();
        let before = node.clock().monotonic();
        let mut fresh = Vec::new();
        walk(node, |_supervisor, process| {
            let pid = process.cell().pid();
            let Some(poll) = poll_of(process) else { return };
            let Some(mut sighting) = old.remove(&pid).filter(|sighting| sighting.poll == poll)
            else {
                fresh.push((pid, poll));
                return;
            };
            let held = before.saturating_sub(sighting.since);
            if held >= self.limit && !sighting.is_told {
                let message = message_of(&**process);
                // What was read belongs to this poll only if it still goes on.
                if poll_of(process) != Some(poll) {
                    return;
                }
                sighting.is_told = true;
                let name = process.cell().label().cloned();
                stuck.push(Alarm::Stuck { pid, name, message, held });
            }
            sightings.insert(pid, sighting);
        });
        // Read again: none of these polls has been seen for longer than since now.
        let since = node.clock().monotonic();
        let fresh = fresh.into_iter();
        sightings.extend(fresh.map(|(pid, poll)| (pid, Sighting { poll, since, is_told: false })));
        stuck
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// The poll that the process is in by itself. A thread of its own it may hold as long as it likes; and while a child takes its
/// first turn on the task of its supervisor, it is the child that does not come back.
fn poll_of(process: &Arc<dyn Process>) -> Option<PollNumber> {
    let cell = process.cell();
    let poll = cell.progress().polls();
    let is_its_own = process.kind() != ProcessKind::Thread && !cell.lends_task();
    (poll.is_under_way() && is_its_own).then_some(poll)
}

impl Node {
    /// Looks once for processes that are [stuck](crate::NodeConfig::stuck_after), and returns how many alarms that raised.
    ///
    /// The watchdog of the node does this by itself. It is here for tests with a clock of their own, and for programs that want to
    /// look at a moment of their choice. Nothing is looked at on a node without `stuck_after`. Cost: that of a walk over all processes,
    /// a few loads for each; the processes pay nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use foundation::{Node, NodeConfig};
    ///
    /// let node = Node::new(NodeConfig::default().stuck_after(Duration::from_secs(1)))?;
    /// assert_eq!(node.check_stuck(), 0);
    /// # Ok::<(), foundation::NodeError>(())
    /// ```
    pub fn check_stuck(&self) -> usize {
        let Some(watchdog) = self.watchdog() else { return 0 };
        let stuck = watchdog.look(self);
        stuck.iter().for_each(|alarm| self.raise(alarm));
        stuck.len()
    }
}
