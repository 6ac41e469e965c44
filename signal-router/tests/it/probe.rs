//! What the tests share: a tree with a router, and subscribers that remember.

use std::sync::Arc;

use foundation::{
    Context, DynamicSupervisorSpec, Exit, GenServer, Node, NodeConfig, Reply, Restart, ServerRef,
    ServerSpec, Strategy, Supervisor, SupervisorRef, SupervisorSpec,
};
use signal_router::{Pattern, Priority, Router, RouterHandle, Signal, Subscription};

/// A subscriber that remembers the ids of its signals.
pub(crate) struct Probe(Vec<String>);

pub(crate) enum ProbeMsg {
    Signal(Arc<Signal>),
    Read(Reply<Vec<String>>),
}

impl From<Arc<Signal>> for ProbeMsg {
    fn from(signal: Arc<Signal>) -> Self {
        Self::Signal(signal)
    }
}

impl GenServer for Probe {
    type Args = ();
    type Msg = ProbeMsg;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(Vec::new()))
    }

    async fn handle(&mut self, msg: ProbeMsg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            ProbeMsg::Signal(signal) => self.0.push(signal.id().to_owned()),
            ProbeMsg::Read(reply) => reply.send(self.0.clone()),
        }
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) router: RouterHandle,
    pub(crate) probes: SupervisorRef,
    pub(crate) root: Supervisor,
}

/// Starts a router and a supervisor for probes, independent of each other.
pub(crate) async fn world() -> World {
    world_of(|router| router).await
}

pub(crate) async fn world_of(configure: impl FnOnce(Router) -> Router) -> World {
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let router = configure(Router::new(&node, "router").expect("the name is free"));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(router.child("router"))
        .child(DynamicSupervisorSpec::new().name("probes").as_child("probes"));
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let probes = node.supervisor("probes").expect("it is a supervisor");
    World { router: router.handle(), probes, node, root }
}

impl World {
    pub(crate) async fn probe(&self) -> ServerRef<ProbeMsg> {
        self.probe_of(64).await
    }

    pub(crate) async fn probe_of(&self, capacity: usize) -> ServerRef<ProbeMsg> {
        let spec = ServerSpec::<Probe>::new(()).capacity(capacity).child("probe");
        let process = self.probes.start_child(spec.restart(Restart::Temporary)).await;
        process.expect("a probe starts").server().expect("a probe takes probe messages")
    }

    pub(crate) async fn subscribe(&self, text: &str, probe: &ServerRef<ProbeMsg>) -> Subscription {
        self.subscribe_at(text, 0, probe).await
    }

    pub(crate) async fn subscribe_at(
        &self,
        text: &str,
        priority: i32,
        probe: &ServerRef<ProbeMsg>,
    ) -> Subscription {
        let priority = Priority::new(priority).expect("a priority");
        let answer = self.router.subscribe(pattern(text), priority, probe.recipient()).await;
        answer.expect("a live subscriber")
    }

    /// Waits until the router has handled what it was told before, deaths included.
    pub(crate) async fn settle(&self) {
        let probe = self.probe().await;
        self.subscribe("settle", &probe).await.unsubscribe().await.expect("a live router");
    }
}

pub(crate) fn pattern(text: &str) -> Pattern {
    text.parse().expect("a pattern")
}

pub(crate) fn signal(kind: &str) -> Arc<Signal> {
    Arc::new(Signal::builder(kind, "/test").build().expect("a signal"))
}

pub(crate) fn signal_with_id(kind: &str, id: impl Into<String>) -> Arc<Signal> {
    Arc::new(Signal::builder(kind, "/test").id(id).build().expect("a signal"))
}

pub(crate) async fn read(probe: &ServerRef<ProbeMsg>) -> Vec<String> {
    probe.call(ProbeMsg::Read).await.expect("a live probe")
}
