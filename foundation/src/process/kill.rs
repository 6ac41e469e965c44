//! Ending a process from outside, and fencing one that does not end.
//!
//! An exit signal takes effect at an await point, or between two batches of a process on its own thread. One that never gets
//! there, and one whose blocking work does not return, would keep its supervisor waiting for ever. Where the node has a kill
//! grace, such a process is a *zombie* when the grace is over: it is fenced. Its end is published, so that its name is free and
//! its supervisor goes on, although its code may still run.
//!
//! Invariants: all processes have the same grace, so the queue is in the order in which they are due; a process is fenced after
//! the processes that depend on it; it is in the queue at most once for each time it is due.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::process::cell::Process;
use crate::process::deadlines::nap_until;
use crate::process::exit::ExitReason;
use crate::process::spawn::spawn_sweep;
use crate::time::after;

/// Ends a process, whether it traps or not. The first reason counts.
pub(crate) fn kill(process: &Arc<dyn Process>, reason: ExitReason) {
    if process.exit(reason) {
        condemn(process);
    }
}

/// Sees to it that a process that has got its first exit signal ends, or is fenced if it does not.
pub(crate) fn condemn(process: &Arc<dyn Process>) {
    // One that rests has no task that could be aborted; it ends as soon as it has.
    process.rouse();
    if let Some(condemned) = process.cell().node().condemned() {
        Condemned::enter(condemned, process);
    }
}

/// The processes of one node that were killed and have not been seen to end.
pub(crate) struct Condemned {
    grace: Duration,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Instant, Weak<dyn Process>)>,
    /// A sweep is under way. One whose runtime went away leaves the rest to the next one.
    is_swept: bool,
}

impl Condemned {
    pub(crate) fn new(grace: Duration) -> Self {
        Self { grace, queue: Mutex::new(Queue::default()) }
    }

    fn enter(condemned: &Arc<Self>, process: &Arc<dyn Process>) {
        let due = after(condemned.grace);
        let mut queue = condemned.queue.lock();
        queue.waiting.push_back((due, Arc::downgrade(process)));
        if !std::mem::replace(&mut queue.is_swept, true) {
            drop(queue);
            spawn_sweep(sweep(Sweep { condemned: Arc::clone(condemned), is_over: false }));
        }
    }

    fn take_due(&self, now: Instant) -> Option<Weak<dyn Process>> {
        let mut queue = self.queue.lock();
        let is_due = queue.waiting.front().is_some_and(|(due, _)| *due <= now);
        if is_due { queue.waiting.pop_front().map(|(_, process)| process) } else { None }
    }

    /// Fences a process, unless it waits for others, which come first.
    fn fence(condemned: &Arc<Self>, process: &Arc<dyn Process>) {
        let cell = process.cell();
        if cell.exit_reason().is_some() {
            return;
        }
        if let Some(dependents) = cell.known_dependents() {
            // They were killed when its body ended; where that still runs, they are killed now.
            dependents.kill_all();
            if dependents.has_processes() {
                Self::enter(condemned, process);
                return;
            }
        }
        if let Some(reason) = cell.fence() {
            process.publish_exit(reason);
            cell.node().raise(&Alarm::Zombie { pid: cell.pid(), name: cell.label().cloned() });
        }
    }
}

/// Says that no sweep is under way when the runtime drops it.
struct Sweep {
    condemned: Arc<Condemned>,
    is_over: bool,
}

impl Sweep {
    /// Returns when the first one is due, or ends the sweep, before anybody else can enter one.
    fn next(&mut self) -> Option<Instant> {
        let mut queue = self.condemned.queue.lock();
        let next = queue.waiting.front().map(|(due, _)| *due);
        if next.is_none() {
            queue.is_swept = false;
            self.is_over = true;
        }
        next
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        if !self.is_over {
            self.condemned.queue.lock().is_swept = false;
        }
    }
}

async fn sweep(mut sweep: Sweep) {
    while let Some(next) = sweep.next() {
        let condemned = &sweep.condemned;
        nap_until(next).await;
        while let Some(process) = condemned.take_due(Instant::now()) {
            if let Some(process) = process.upgrade() {
                Condemned::fence(condemned, &process);
            }
        }
    }
}
