//! CloudEvents signals, wildcard routing and bounded subscribers.
//!
//! A [`Signal`] says that something happened; a [`Router`] brings it to every process that asked for
//! its type; a [`RouteReport`] says who got it. Routing never waits: each subscriber is served
//! through its own bounded mailbox, and one that does not keep up misses signals, counted, instead
//! of delaying the others.
//!
//! # A router and a subscriber
//!
//! ```
//! use std::sync::Arc;
//!
//! use foundation::{
//!     Context, Exit, GenServer, Node, NodeConfig, Reply, ServerSpec, Strategy, Supervisor,
//!     SupervisorSpec,
//! };
//! use signal_router::{Priority, Router, Signal};
//!
//! struct Log(Vec<String>);
//!
//! enum Msg {
//!     Signal(Arc<Signal>),
//!     Read(Reply<Vec<String>>),
//! }
//!
//! // What makes a process a subscriber: its messages can hold a signal.
//! impl From<Arc<Signal>> for Msg {
//!     fn from(signal: Arc<Signal>) -> Self {
//!         Self::Signal(signal)
//!     }
//! }
//!
//! impl GenServer for Log {
//!     type Args = ();
//!     type Msg = Msg;
//!
//!     async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
//!         Ok(Self(Vec::new()))
//!     }
//!
//!     async fn handle(&mut self, msg: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
//!         match msg {
//!             Msg::Signal(signal) => self.0.push(signal.signal_type().to_string()),
//!             Msg::Read(reply) => reply.send(self.0.clone()),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::new(NodeConfig::default())?;
//! let router = Router::new(&node, "signals")?;
//! let log = node.name::<Msg>("log")?;
//! // The router first: should it crash, its subscribers start again after it and subscribe anew.
//! let spec = SupervisorSpec::new(Strategy::RestForOne)
//!     .child(router.child("router"))
//!     .child(ServerSpec::<Log>::new(()).name(&log).child("log"));
//! let root = Supervisor::start(&node, spec).await?;
//!
//! let handle = router.handle();
//! let tasks = "workflow.task.*".parse()?;
//! let subscription = handle.subscribe(tasks, Priority::default(), log.recipient()).await?;
//!
//! let report = handle.route(Signal::builder("workflow.task.completed", "/wf/1").build()?);
//! assert_eq!((report.matched, report.delivered), (1, 1));
//! assert_eq!(log.call(Msg::Read).await?, ["workflow.task.completed"]);
//!
//! drop(subscription);
//! let report = handle.route(Signal::builder("workflow.task.failed", "/wf/1").build()?);
//! assert!(report.require_match().is_err());
//! root.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The concepts, in the order in which you meet them
//!
//! * [`Signal`], [`SignalBuilder`]: the CloudEvents 1.0 envelope, and its JSON format.
//! * [`Pattern`]: dotted types with `*` and `**`, and the order in which routes are served.
//! * [`Router`], [`RouterHandle`]: the process in the tree, and the door that everybody holds.
//! * [`Subscription`]: a guard; it ends with its owner, its subscriber or its router.
//! * [`RouteReport`], [`RouteCounts`]: what became of one signal, and of all.
//! * [`Matcher`]: the pure core, for filters and for replay: the same rules, no process.
//!
//! # What is guaranteed
//!
//! | guarantee | not |
//! |---|---|
//! | each matching subscription gets a signal at most once, in the caller's order | at least once |
//! | every match is in the report as delivered or dropped | that a delivered signal was handled |
//! | routing waits for nobody | room in a mailbox that is full |
//! | a dead subscriber's subscriptions go, its guards or not | a subscription across its restart |

#![forbid(unsafe_code)]

mod classify;
mod error;
mod router;
mod routing;
mod signal;
mod telemetry;

pub use error::{
    AttributeError, AttributeFault, DecodeError, EncodeError, ParsePatternError, ParseTypeError,
    PriorityError, SubscribeError,
};
pub use router::handle::{RouterHandle, SubscriptionInfo};
pub use router::report::{DropReason, RouteCounts, RouteError, RouteReport, Routed};
pub use router::spec::Router;
pub use router::subscription::{Subscription, SubscriptionId};
pub use routing::matcher::{Matcher, Matches, Route, RouteId};
pub use routing::pattern::{Pattern, PatternClass};
pub use routing::priority::Priority;
pub use signal::attribute::ExtensionValue;
pub use signal::builder::SignalBuilder;
pub use signal::envelope::{Data, SIGNAL_BYTES_MAX, Signal};
pub use signal::signal_type::SignalType;
pub use telemetry::describe_metrics;
