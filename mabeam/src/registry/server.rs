//! The registry process: it alone changes the rows, and it watches every agent.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use foundation::{Context, Exit, GenServer, Info, MonitorRef, Pid, ProcessRef, Reply};

use crate::error::{BatchError, RegisterError, UpdateError};
use crate::registry::agent::AgentId;
use crate::registry::index::Index;
use crate::registry::profile::Profile;
use crate::registry::roster::{Entry, Roster};
use crate::telemetry::{self, Operation};

/// What readers see; `None` while no registry runs.
pub(crate) type Published = ArcSwapOption<Index>;

/// What the registry process can be told.
pub(crate) enum Msg {
    Register(Entry, Reply<Result<ProcessRef, RegisterError>>),
    RegisterAll(Vec<Entry>, Reply<Result<ProcessRef, BatchError>>),
    Update(AgentId, Pid, Profile, Reply<Result<(), UpdateError>>),
    Unregister(AgentId, Pid, Reply<bool>),
}

#[derive(Clone)]
pub(crate) struct Args {
    pub(crate) published: Arc<Published>,
    pub(crate) agents_max: usize,
}

/// The state of the process. Dropping it, by whatever end, withdraws what readers see.
pub(crate) struct RegistryServer {
    published: Arc<Published>,
    roster: Roster,
    /// One for each process that owns a row.
    monitors: HashMap<Pid, MonitorRef>,
}

impl GenServer for RegistryServer {
    type Args = Args;
    type Msg = Msg;

    async fn init(args: Args, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        let roster = Roster::new(args.agents_max);
        let server = Self { published: args.published, roster, monitors: HashMap::new() };
        server.publish();
        Ok(server)
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Register(entry, reply) => {
                let outcome = self.register(entry, cx);
                telemetry::operation(Operation::Register, outcome.is_ok());
                reply.send(outcome.map(|()| cx.this().process().clone()));
            }
            Msg::RegisterAll(entries, reply) => {
                let outcome = self.register_all(entries, cx);
                telemetry::operation(Operation::RegisterAll, outcome.is_ok());
                reply.send(outcome.map(|()| cx.this().process().clone()));
            }
            Msg::Update(id, pid, profile, reply) => {
                let outcome = self.roster.update(&id, pid, profile);
                if outcome.is_ok() {
                    self.publish();
                }
                telemetry::operation(Operation::Update, outcome.is_ok());
                reply.send(outcome);
            }
            Msg::Unregister(id, pid, reply) => {
                let removed = self.roster.remove(&id, pid);
                if removed {
                    self.unwatch(pid);
                    self.publish();
                }
                telemetry::operation(Operation::Unregister, removed);
                reply.send(removed);
            }
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Down(down) = info {
            let lost = self.roster.down(down.pid);
            self.unwatch(down.pid);
            if lost > 0 {
                telemetry::agents_down(lost);
                self.publish();
            }
        }
        Ok(())
    }
}

impl RegistryServer {
    fn register(&mut self, entry: Entry, cx: &mut Context<Self>) -> Result<(), RegisterError> {
        let mut next = self.roster.clone();
        let process = entry.process.clone();
        let evicted = next.register(entry)?;
        self.commit(next, &[process], cx);
        self.unwatch_all(evicted);
        Ok(())
    }

    fn register_all(
        &mut self,
        entries: Vec<Entry>,
        cx: &mut Context<Self>,
    ) -> Result<(), BatchError> {
        let mut next = self.roster.clone();
        let (mut processes, mut evicted) = (Vec::with_capacity(entries.len()), Vec::new());
        for entry in entries {
            let id = entry.id.clone();
            processes.push(entry.process.clone());
            let holder = next.register(entry).map_err(|error| BatchError::Refused { id, error })?;
            evicted.extend(holder);
        }
        self.commit(next, &processes, cx);
        self.unwatch_all(evicted);
        Ok(())
    }

    /// Takes over a version whose new rows belong to `processes`: monitors first, so that no row
    /// is ever seen without one. An owner that is dead by now is reported at once.
    fn commit(&mut self, next: Roster, processes: &[ProcessRef], cx: &mut Context<Self>) {
        self.roster = next;
        for process in processes {
            self.monitors.entry(process.pid()).or_insert_with(|| cx.monitor(process));
        }
        self.publish();
    }

    /// Drops the monitors of dead processes that rows were taken from.
    fn unwatch_all(&mut self, pids: impl IntoIterator<Item = Pid>) {
        for pid in pids {
            self.unwatch(pid);
        }
    }

    fn unwatch(&mut self, pid: Pid) {
        if !self.roster.owns_any(pid) {
            self.monitors.remove(&pid);
        }
    }

    fn publish(&self) {
        self.published.store(Some(Arc::new(self.roster.index().clone())));
        telemetry::agents(self.roster.index().len());
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        self.published.store(None);
        telemetry::agents(0);
    }
}
