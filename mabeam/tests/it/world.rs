//! What the tests share: a tree with a registry, and agents that do nothing.

use foundation::{
    Context, DynamicSupervisorSpec, Exit, ExitReason, GenServer, Node, NodeConfig, ProcessRef,
    Restart, ServerSpec, Strategy, Supervisor, SupervisorRef, SupervisorSpec,
};
use mabeam::{AgentId, Profile, Query, Registration, Registry, RegistryHandle};

pub(crate) struct Idle;

impl GenServer for Idle {
    type Args = ();
    type Msg = ();

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) registry: RegistryHandle,
    pub(crate) agents: SupervisorRef,
    pub(crate) root: Supervisor,
}

/// Starts a registry and a supervisor for agents, independent of each other.
pub(crate) async fn world() -> World {
    world_of(|registry| registry).await
}

pub(crate) async fn world_of(configure: impl FnOnce(Registry) -> Registry) -> World {
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let registry = configure(Registry::new(&node, "registry").expect("the name is free"));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(registry.child("registry"))
        .child(DynamicSupervisorSpec::new().name("agents").as_child("agents"));
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let agents = node.supervisor("agents").expect("it is a supervisor");
    World { registry: registry.handle(), agents, node, root }
}

impl World {
    /// Starts a process that may answer for agents.
    pub(crate) async fn process(&self) -> ProcessRef {
        let spec = ServerSpec::<Idle>::new(()).child("idle").restart(Restart::Temporary);
        self.agents.start_child(spec).await.expect("it starts")
    }

    pub(crate) async fn register(
        &self,
        text: &str,
        process: &ProcessRef,
        profile: Profile,
    ) -> Registration {
        let answer = self.registry.register(id(text), process.clone(), profile).await;
        answer.expect("the id is free")
    }

    pub(crate) fn found(&self, query: &Query) -> Vec<String> {
        let agents = self.registry.query(query).expect("a live registry");
        agents.iter().map(|agent| agent.id().to_string()).collect()
    }

    /// Waits until the registry has handled the deaths that were published before.
    pub(crate) async fn settle(&self) {
        let process = self.process().await;
        let registration = self.register("settle", &process, Profile::new()).await;
        let removed = self.registry.unregister(&registration).await;
        assert!(removed.expect("a live registry"));
    }
}

pub(crate) fn id(text: &str) -> AgentId {
    text.parse().expect("an id")
}

pub(crate) fn profile(capability: &str, load: f64) -> Profile {
    Profile::new().capability(capability).attribute("load", load)
}

pub(crate) async fn kill(process: &ProcessRef) {
    let monitor = process.monitor();
    process.exit(ExitReason::Killed);
    monitor.down().await;
}
