//! Coordination of many agents: capability registry.
//!
//! A [`Registry`] knows which agents are alive, what they can do and how they are doing. Agents
//! register with an [`AgentId`], a process and a [`Profile`]; whoever has work asks with a [`Query`].
//! Row, index entries and monitor of an agent come and go in one step, and reads need no process.
//!
//! # An agent and a question
//!
//! ```
//! use foundation::{
//!     Context, Exit, GenServer, Node, NodeConfig, ServerSpec, Strategy, Supervisor, SupervisorSpec,
//! };
//! use mabeam::{Profile, Query, Registry, RegistryHandle};
//!
//! struct Resizer;
//!
//! impl GenServer for Resizer {
//!     type Args = RegistryHandle;
//!     type Msg = ();
//!
//!     async fn init(registry: RegistryHandle, cx: &mut Context<Self>) -> Result<Self, Exit> {
//!         let profile = Profile::new().capability("resize").attribute("load", 0.25);
//!         registry.register("resizer-1".parse()?, cx.this().process().clone(), profile).await?;
//!         Ok(Self)
//!     }
//!
//!     async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::new(NodeConfig::default())?;
//! let registry = Registry::new(&node, "agents")?;
//! let handle = registry.handle();
//! // The registry first: should it crash, the agents start again after it and register anew.
//! let spec = SupervisorSpec::new(Strategy::RestForOne)
//!     .child(registry.child("registry"))
//!     .child(ServerSpec::<Resizer>::new(handle.clone()).child("resizer"));
//! let root = Supervisor::start(&node, spec).await?;
//!
//! let idle = Query::capability("resize").and(Query::lt("load", 0.5));
//! let found = handle.query(&idle)?;
//! assert_eq!(found.len(), 1);
//! assert_eq!(found[0].id().as_str(), "resizer-1");
//! root.shutdown().await;
//! assert!(handle.query(&idle).is_err(), "no registry is not the same as no agents");
//! # Ok(())
//! # }
//! ```
//!
//! The example `least_loaded` hands out work to whoever has least of it.
//!
//! # The concepts, in the order in which you meet them
//!
//! * [`Registry`], [`RegistryHandle`]: the process in the tree, and the door that everybody holds.
//! * [`AgentId`], [`Profile`], [`Value`]: who an agent is and what it says about itself.
//! * [`Registration`]: what an update needs; it cannot reach the row of another process.
//! * [`Query`]: a condition over agents; a missing attribute is never a low one.
//! * [`Index`], [`Agent`]: one version of all rows, for reads that must agree.

#![forbid(unsafe_code)]

mod classify;
mod error;
mod registry;
mod telemetry;

pub use error::{AgentIdError, BatchError, ProfileError, ReadError, RegisterError, UpdateError};
pub use registry::agent::{Agent, AgentId};
pub use registry::handle::{NewAgent, Registration, RegistryHandle};
pub use registry::index::Index;
pub use registry::profile::Profile;
pub use registry::query::Query;
pub use registry::spec::Registry;
pub use registry::value::Value;
pub use telemetry::describe_metrics;
