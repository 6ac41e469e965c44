//! The router process: it alone changes the table, and it watches every subscriber.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use foundation::{Context, Exit, GenServer, Info, MonitorRef, Pid, ProcessRef, Recipient, Reply};

use crate::error::SubscribeError;
use crate::router::subscription::Subscription;
use crate::router::table::{Predicate, Shared, Subscriber, Table};
use crate::routing::matcher::{Matcher, RouteId};
use crate::routing::pattern::Pattern;
use crate::routing::priority::Priority;
use crate::signal::envelope::Signal;
use crate::telemetry;

/// What the router process can be told.
pub(crate) enum Msg {
    Subscribe(Request, Reply<Result<Subscription, SubscribeError>>),
    /// Guards were dropped. The list of them is in the table.
    Release(Option<Reply<()>>),
}

/// What a subscriber asks for.
pub(crate) struct Request {
    pub(crate) pattern: Pattern,
    pub(crate) priority: Priority,
    pub(crate) recipient: Recipient<Arc<Signal>>,
    pub(crate) predicate: Option<Predicate>,
}

#[derive(Clone)]
pub(crate) struct Args {
    pub(crate) shared: Arc<Shared>,
    pub(crate) subscriptions_max: usize,
}

/// The state of the process. Dropping it, by whatever end, empties the table.
pub(crate) struct RouterServer {
    shared: Arc<Shared>,
    table: Arc<Table>,
    /// The version that the next change starts from.
    matcher: Matcher<Subscriber>,
    watches: HashMap<Pid, Watch>,
    owners: HashMap<RouteId, Pid>,
    subscriptions_max: usize,
}

/// One subscriber, watched once however many subscriptions it has.
struct Watch {
    routes: BTreeSet<RouteId>,
    #[expect(dead_code, reason = "held for its drop, which ends the watch")]
    monitor: MonitorRef,
}

impl GenServer for RouterServer {
    type Args = Args;
    type Msg = Msg;

    async fn init(args: Args, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let table = Table::new(cx.this());
        args.shared.current.store(Some(Arc::clone(&table)));
        telemetry::subscriptions(0);
        Ok(Self {
            shared: args.shared,
            table,
            matcher: Matcher::new(),
            watches: HashMap::new(),
            owners: HashMap::new(),
            subscriptions_max: args.subscriptions_max,
        })
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        self.remove_released();
        match msg {
            Msg::Subscribe(request, reply) => reply.send(self.subscribe(request, cx)),
            Msg::Release(Some(reply)) => reply.send(()),
            Msg::Release(None) => {}
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        self.remove_released();
        if let Info::Down(down) = info
            && let Some(watch) = self.watches.remove(&down.pid)
        {
            for route in watch.routes {
                self.matcher.remove(route);
                self.owners.remove(&route);
            }
            self.publish();
        }
        Ok(())
    }
}

impl RouterServer {
    fn subscribe(
        &mut self,
        request: Request,
        cx: &mut Context<Self>,
    ) -> Result<Subscription, SubscribeError> {
        let alive = request.recipient.process().filter(ProcessRef::is_alive);
        let process = alive.ok_or(SubscribeError::NoProc)?;
        if self.matcher.len() >= self.subscriptions_max {
            return Err(SubscribeError::Limit { max: self.subscriptions_max });
        }
        let active = Arc::new(AtomicBool::new(true));
        let subscriber = Subscriber {
            recipient: request.recipient,
            predicate: request.predicate,
            active: Arc::clone(&active),
        };
        let route = self.matcher.insert(request.pattern, request.priority, subscriber);
        // One that dies in between is reported at once, so its route cannot stay.
        let watch = self
            .watches
            .entry(process.pid())
            .or_insert_with(|| Watch { routes: BTreeSet::new(), monitor: cx.monitor(&process) });
        watch.routes.insert(route);
        self.owners.insert(route, process.pid());
        self.publish();
        Ok(Subscription::new(route, active, Arc::clone(&self.table)))
    }

    fn remove_released(&mut self) {
        let released = std::mem::take(&mut *self.table.released.lock());
        if released.is_empty() {
            return;
        }
        for route in released {
            self.matcher.remove(route);
            let Some(pid) = self.owners.remove(&route) else { continue };
            if let Some(watch) = self.watches.get_mut(&pid) {
                watch.routes.remove(&route);
                if watch.routes.is_empty() {
                    self.watches.remove(&pid);
                }
            }
        }
        self.publish();
    }

    fn publish(&self) {
        debug_assert_eq!(self.matcher.len(), self.owners.len(), "every route has an owner");
        self.table.matcher.store(Arc::new(self.matcher.clone()));
        telemetry::subscriptions(self.matcher.len());
    }
}

impl Drop for RouterServer {
    fn drop(&mut self) {
        self.shared.current.store(None);
        // Guards may outlive the router for long; what they hold on to should be little.
        self.table.matcher.store(Arc::new(Matcher::new()));
        telemetry::subscriptions(0);
    }
}
