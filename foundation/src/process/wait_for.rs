//! Who waits for whom, in debug builds only: the edges behind [`Alarm::CallCycle`].
//!
//! An edge stands for one process that cannot go on before another one answers: a call, or a supervisor's wait for a child that
//! starts or stops. It is there from the begin of the wait to its end, or to the answer, whichever comes first. A call that a
//! process makes beside its messages (a piped one) keeps it from nothing and is no edge; nor is one of a plain task.
//!
//! Nothing here changes how a wait ends. The whole module is absent from a release build.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::task::Id;

use crate::alarm::Alarm;
use crate::node::Node;
use crate::process::cell::{Cell, Process};
use crate::process::pid::Pid;
use crate::process::progress::Phase;

type Party = (Pid, Option<Arc<str>>);

/// The edges of one node.
#[derive(Default)]
pub(crate) struct WaitFor {
    graph: Mutex<Graph>,
}

#[derive(Default)]
struct Graph {
    /// Which task is which process.
    tasks: HashMap<Id, Weak<dyn Process>>,
    /// By caller. A process can wait for several others at once, and for one of them more than once.
    edges: BTreeMap<Pid, Vec<Edge>>,
    next: u64,
}

struct Edge {
    number: u64,
    callee: Party,
    until: Until,
}

/// What ends a wait before the waiting process notices.
pub(crate) enum Until {
    /// The call has an answer.
    Answered(Arc<AtomicBool>),
    /// The process has started.
    Started(Weak<dyn Process>),
    /// Nothing but its end, which ends its own waits, too.
    Ended,
}

impl Edge {
    fn is_pending(&self) -> bool {
        match &self.until {
            Until::Answered(is_answered) => !is_answered.load(Ordering::SeqCst),
            Until::Started(process) => {
                let phase = |process: Arc<dyn Process>| process.cell().progress().seen().phase;
                process.upgrade().map(phase) == Some(Phase::Starting)
            }
            Until::Ended => true,
        }
    }
}

impl Graph {
    /// Adds an edge; returns its number and the cycle that it closes, if it closes one that was open before.
    fn add(&mut self, caller: Party, callee: Party, until: Until) -> (u64, Option<Vec<Party>>) {
        let number = self.next;
        self.next += 1;
        let edges = self.edges.entry(caller.0).or_default();
        let is_new = !edges.iter().any(|edge| edge.callee.0 == callee.0 && edge.is_pending());
        edges.push(Edge { number, callee: callee.clone(), until });
        let cycle = if is_new { self.way(callee, &caller) } else { None };
        (number, cycle.map(oldest_first))
    }

    /// The shortest way from one process to another, both included.
    fn way(&self, from: Party, to: &Party) -> Option<Vec<Party>> {
        let mut came_from: BTreeMap<Pid, Option<Party>> = BTreeMap::from([(from.0, None)]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at.0 == to.0 {
                let mut way = vec![at.clone()];
                let mut step = came_from.get(&at.0);
                while let Some(Some(before)) = step {
                    way.push(before.clone());
                    step = came_from.get(&before.0);
                }
                way.reverse();
                return Some(way);
            }
            let edges = self.edges.get(&at.0).into_iter().flatten();
            for edge in edges.filter(|edge| edge.is_pending()) {
                came_from.entry(edge.callee.0).or_insert_with(|| {
                    queue.push_back(edge.callee.clone());
                    Some(at.clone())
                });
            }
        }
        None
    }

    fn remove(&mut self, caller: Pid, number: u64) {
        let Some(edges) = self.edges.get_mut(&caller) else { return };
        edges.retain(|edge| edge.number != number);
        if edges.is_empty() {
            self.edges.remove(&caller);
        }
    }
}

/// The same cycle reads the same, whichever of its waits came last.
fn oldest_first(mut cycle: Vec<Party>) -> Vec<Party> {
    let oldest = cycle.iter().enumerate().min_by_key(|(_, (pid, _))| *pid);
    let place = oldest.map_or(0, |(place, _)| place);
    cycle.rotate_left(place);
    cycle
}

/// The task that runs now is this process, until the guard is dropped.
pub(crate) struct Running {
    node: Node,
    task: Id,
    /// The process that lends its task meanwhile.
    host: Option<Weak<dyn Process>>,
}

/// Says which process the task that runs now is, for one poll.
pub(crate) fn running(process: &Arc<dyn Process>) -> Option<Running> {
    let task = tokio::task::try_id()?;
    let node = process.cell().node().clone();
    let host = node.wait_for().graph.lock().tasks.insert(task, Arc::downgrade(process));
    Some(Running { node, task, host })
}

impl Drop for Running {
    fn drop(&mut self) {
        let tasks = &mut self.node.wait_for().graph.lock().tasks;
        match self.host.take() {
            Some(host) => drop(tasks.insert(self.task, host)),
            None => drop(tasks.remove(&self.task)),
        }
    }
}

/// One wait, until it is dropped.
pub(crate) struct Waiting {
    node: Node,
    caller: Pid,
    number: u64,
}

/// The process that runs now begins to wait for `callee`, until it is answered or the guard is dropped. Raises an alarm if it
/// closes a cycle. Returns nothing if no process of the callee's node runs now, or if it does not have to wait.
pub(crate) fn wait(callee: &Cell, until: Until) -> Option<Waiting> {
    let node = callee.node();
    let task = tokio::task::try_id()?;
    let caller = node.wait_for().graph.lock().tasks.get(&task)?.upgrade()?;
    let caller = caller.cell();
    // Between two callbacks it polls what runs beside them.
    if caller.progress().seen().phase == Phase::Waiting {
        return None;
    }
    let (number, cycle) = node.wait_for().graph.lock().add(party(caller), party(callee), until);
    let waiting = Waiting { node: node.clone(), caller: caller.pid(), number };
    if let Some(cycle) = cycle {
        node.raise(&Alarm::CallCycle { cycle });
    }
    Some(waiting)
}

fn party(cell: &Cell) -> Party {
    (cell.pid(), cell.label().cloned())
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.node.wait_for().graph.lock().remove(self.caller, self.number);
    }
}
