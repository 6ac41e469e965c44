//! A process in a model: the real lists and rules under one of loom's locks, and nothing that runs.
//!
//! The modules here have the names and the interfaces of those in the crate that the compiled files mention.

pub(crate) mod cell {
    //! The cell of a process, with the parts that a model can do without left out.

    use std::task::Waker;

    use loom::sync::atomic::{AtomicUsize, Ordering};
    use tokio::task::AbortHandle;

    use crate::process::dependents::Place;
    use crate::process::exit::ExitReason;
    use crate::process::link::{ExitSignal, Links};
    use crate::process::monitor::MonitorId;
    use crate::process::pid::Pid;
    use crate::process::state::{State, Watchers};
    use crate::sync::{Mutex, MutexGuard};

    pub(crate) trait Process: Send + Sync {
        fn cell(&self) -> &Cell;
        fn trap(&self, signal: ExitSignal) -> Option<Waker>;
        fn rouse(&self);
        fn flush_signals(&self, from: Pid);
        fn is_on_thread(&self) -> bool;
    }

    pub(crate) struct Cell {
        state: Mutex<State>,
        node: Node,
        pid: Pid,
    }

    pub(crate) struct Published {
        pub(crate) waiter: Option<Waker>,
        pub(crate) tells_owner: bool,
        pub(crate) watchers: Watchers,
        pub(crate) links: Option<Box<Links>>,
        pub(crate) place: Option<Place>,
    }

    impl Cell {
        pub(crate) fn new(pid: Pid) -> Self {
            let node = Node { monitors: AtomicUsize::new(0), counters: Counters };
            Self { state: Mutex::new(State::default()), node, pid }
        }

        pub(crate) fn state(&self) -> MutexGuard<'_, State> {
            self.state.lock()
        }

        pub(crate) fn pid(&self) -> Pid {
            self.pid
        }

        pub(crate) fn node(&self) -> &Node {
            &self.node
        }

        /// The reason of the first exit signal that met it.
        pub(crate) fn signalled(&self) -> Option<ExitReason> {
            self.state().pending().cloned()
        }

        /// How many watch it.
        pub(crate) fn watchers(&self) -> usize {
            self.state().known().map_or(0, |known| known.watchers.len())
        }
    }

    /// The numbers of monitors, of one process here.
    pub(crate) struct Node {
        monitors: AtomicUsize,
        counters: Counters,
    }

    /// Nobody looks at them in a model.
    pub(crate) struct Counters;

    impl Node {
        pub(crate) fn counters(&self) -> &Counters {
            &self.counters
        }

        pub(crate) fn next_monitor(&self) -> MonitorId {
            MonitorId(self.monitors.fetch_add(1, Ordering::Relaxed) as u64)
        }
    }

    impl Counters {
        pub(crate) fn monitor_dropped(&self) {}
        pub(crate) fn monitors_fired(&self, _count: usize) {}
        pub(crate) fn process_ended(&self) {}
        pub(crate) fn zombie_gone(&self) {}
    }

    pub(crate) fn abort_task(_handle: &AbortHandle) {
        unreachable!("nothing runs in a model");
    }
}

pub(crate) mod kill {
    //! Nothing has to be ended: the signal is recorded under the lock, and that is what a model looks at.

    use std::sync::Arc;

    use crate::process::cell::Process;
    use crate::process::exit::ExitReason;

    pub(crate) fn kill(_process: &Arc<dyn Process>, _reason: ExitReason) {
        unreachable!("no process of a model is on a thread");
    }

    pub(crate) fn condemn(_process: &Arc<dyn Process>) {}
}

pub(crate) mod spawn {
    //! Nothing runs in a model, but a process can rest and be given its task.

    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it has begun.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Task(pub(crate) Arc<AtomicUsize>);

    pub(crate) fn begin(task: Task) {
        task.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) mod dependents {
    //! No process of a model owns anything.

    pub(crate) struct Dependents;
    pub(crate) struct Place;

    impl Default for Dependents {
        fn default() -> Self {
            Self
        }
    }
}

pub(crate) mod name {
    //! No process of a model has a name.

    use crate::process::pid::Pid;

    pub(crate) trait Occupant: Send + Sync {
        fn vacate(&self, pid: Pid);
    }
}

pub(crate) mod owner {
    //! Nobody waits for the start of a process of a model.

    pub(crate) struct Ack;
}

pub(crate) mod progress {
    //! Nobody looks at what a process of a model does.

    #[derive(Default)]
    pub(crate) struct Kinds;
}

pub(crate) mod telemetry {
    //! Nothing is counted: a recorder has locks of its own, of another kind.

    use crate::process::exit::ExitReason;

    pub(crate) fn process_ended(_reason: &ExitReason) {}
}
