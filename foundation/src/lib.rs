//! OTP-grade processes, supervision, monitors and delivery on tokio.
//!
//! Everything runs under a supervisor, every message has a known fate, and a crash is contained, reported and answered by a
//! rule that was written down before. Use this crate alone: it knows no data format and no store.
//!
//! # A supervised counter
//!
//! ```
//! use foundation::{
//!     Context, Exit, GenServer, Node, NodeConfig, Reply, ServerSpec, Strategy, Supervisor, SupervisorSpec,
//! };
//!
//! struct Counter(u64);
//!
//! enum Msg {
//!     Add(u64),
//!     Get(Reply<u64>),
//! }
//!
//! impl GenServer for Counter {
//!     type Args = u64;
//!     type Msg = Msg;
//!
//!     async fn init(start: u64, _cx: &mut Context<Self>) -> Result<Self, Exit> {
//!         Ok(Self(start))
//!     }
//!
//!     async fn handle(&mut self, msg: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
//!         match msg {
//!             Msg::Add(n) => self.0 = self.0.checked_add(n).ok_or_else(|| Exit::error("overflow"))?,
//!             Msg::Get(reply) => reply.send(self.0),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::new(NodeConfig::default())?;
//! let name = node.name::<Msg>("counter")?;
//! let counter = ServerSpec::<Counter>::new(40).name(&name).child("counter");
//! let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(counter)).await?;
//!
//! name.cast(Msg::Add(2)).map_err(|error| error.to_string())?;
//! assert_eq!(name.call(Msg::Get).await?, 42);
//!
//! // It crashes; the supervisor starts it again; the name leads to the new incarnation.
//! let crashed = name.whereis().ok_or("not running")?;
//! name.cast(Msg::Add(u64::MAX)).map_err(|error| error.to_string())?;
//! crashed.process().monitor().down().await;
//! name.registered().await;
//! assert_eq!(name.call(Msg::Get).await?, 40);
//! root.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The concepts, in the order in which you meet them
//!
//! * [`Node`]: one runtime instance. Pids, names, dead letters and the clock belong to it; there is no global state.
//! * [`GenServer`] and [`ServerSpec`]: a process with typed messages. [`ThreadServer`] is its sibling for work that blocks.
//! * [`Supervisor`], [`SupervisorSpec`], [`DynamicSupervisorSpec`], [`ChildSpec`]: the tree.
//! * [`ServerRef`], [`Name`], [`Recipient`]: one incarnation, whoever is there now, a narrow door.
//! * [`Group`]: several processes under one key.
//! * [`Reply`]: the answer to one call.
//! * [`Monitor`]: exactly one [`Down`] for each; [`Node::monitors`] shows them all.
//! * [`accepted`], [`handled`], [`DeadLetters`]: what happened to a message. [`SendOptions`]: retries, and what becomes of it.
//! * [`Broadcast`]: one message to many. [`MessageId`], [`Dedup`]: at least once on the way, once in effect.
//! * [`TaskSupervisorSpec`], [`TaskPool`]: tasks with one shared limit. [`TaskStream`]: many of them, as a stream of results.
//! * [`ResourceLimits`]: so many units of each kind, and a watch over how close they are to their limit.
//! * [`Classify`]: what an error is about, how bad it is and whether to try again, without matching its variants.
//! * [`METRICS`]: what is counted.
//! * [`RateLimiter`], [`KeyedRateLimiter`]: how often something may happen.
//! * [`CircuitBreaker`]: not asking somebody who does not answer.
//! * [`RetryPolicy`], [`Backoff`], [`RetryBudget`]: asking again. [`Timeouts`]: for how long to ask.
//! * [`ProcessStatus`], [`Node::processes`]: what a process is doing, and all of them, without asking.
//! * [`Alarm`]: what the kernel finds wrong by itself.

#![forbid(unsafe_code)]

mod alarm;
mod backoff;
mod circuit_breaker;
mod classify;
mod clock;
mod error;
mod gen_server;
mod metric;
mod node;
mod process;
mod random;
mod rate_limiter;
mod resource;
mod retry;
mod send;
mod supervisor;
mod sync;
mod sys;
mod task;
mod telemetry;
mod thread_server;
pub mod time;
mod timeouts;

pub use alarm::Alarm;
pub use backoff::{Backoff, Jitter};
pub use circuit_breaker::breaker::CircuitBreaker;
pub use circuit_breaker::config::{BreakerConfigError, CircuitBreakerConfig, TripRule};
pub use circuit_breaker::permit::BreakerPermit;
pub use circuit_breaker::rejected::{BreakerError, BreakerRejected, BreakerState, BreakerStatus};
pub use classify::{Classification, Classify, ErrorClass, Recover, Severity};
pub use clock::{Clock, SystemClock};
pub use error::{CallError, CastError, CastFailure, SendError, SendFailure, StartError};
pub use gen_server::context::Context;
pub use gen_server::owned_tasks::{TaskDone, TaskRef};
pub use gen_server::spec::ServerSpec;
pub use gen_server::stash::{StashError, StashFailure};
pub use gen_server::timers::TimerRef;
pub use gen_server::{GenServer, Info};
pub use metric::{Metric, MetricKind, MetricUnit};
pub use node::{Node, NodeConfig, NodeCounts, NodeError};
pub use process::blocking::{BlockingError, BlockingFailure};
pub use process::exit::{Exit, ExitReason};
pub use process::group::Group;
pub use process::link::ExitSignal;
pub use process::mailbox::Overflow;
pub use process::monitor::{Down, Monitor, MonitorId, MonitorRef};
pub use process::monitor_tag::MonitorTag;
pub use process::name::{Name, NameError};
pub use process::pid::Pid;
pub use process::process_ref::ProcessRef;
pub use process::recipient::Recipient;
pub use process::reply::Reply;
pub use process::sending::Permit;
pub use process::server_ref::ServerRef;
pub use rate_limiter::denied::{RateDenied, RateStatus, RateWaitError};
pub use rate_limiter::direct::RateLimiter;
pub use rate_limiter::keyed::KeyedRateLimiter;
pub use rate_limiter::quota::{Algorithm, Rate, RateError};
pub use resource::{
    AcquireError, Pressure, PressureWatch, Resource, ResourceLimits, ResourcePermit, ResourceSpec,
    UnknownResource,
};
pub use retry::budget::RetryBudget;
pub use retry::delays::Delays;
pub use retry::error::{FailedAttempt, RetryEnd, RetryError, Verdict};
pub use retry::policy::RetryPolicy;
pub use send::address::Address;
pub use send::broadcast::report::{BroadcastError, BroadcastOutcome, BroadcastReport};
pub use send::broadcast::{Broadcast, BroadcastRule};
pub use send::dead_letter::attempt::{AttemptError, RetryReport};
pub use send::dead_letter::burial::{Burial, BuryError, BuryFailure};
pub use send::dead_letter::codec::DeadLetterCodec;
pub use send::dead_letter::core::DeadLetterCounts;
pub use send::dead_letter::filter::DeadLetterFilter;
pub use send::dead_letter::letter::{
    DeadLetter, DeadLetterAddress, DeadLetterId, DeadLetterInfo, DeadLetterRecording,
    DeadLetterState,
};
pub use send::dead_letter::letters::DeadLetters;
pub use send::dead_letter::options::{DeadLetterOptions, DeadLetterOverflow};
pub use send::dead_letter::reason::{DeadLetterReason, DeadLetterReasonKind};
pub use send::dead_letter::record::{DeadLetterChange, DeadLetterRecord, DeadLetterRestore};
pub use send::dead_letter::retrier::DeadLetterRetrySpec;
pub use send::dead_letter::sink::{DeadLetterReceipt, DeadLetterSink, DeadLetterSinkError};
pub use send::dedup::{Dedup, MessageId, Seen};
pub use send::error::{DeliveryError, DeliveryFailure, Fate};
pub use send::metadata::{Metadata, MetadataError};
pub use send::one::{accepted, accepted_with, handled, handled_at_least_once, handled_with};
pub use send::options::{OnFailure, SendOptions};
pub use send::receipt::{Accepted, Handled};
pub use supervisor::child_spec::ChildSpec;
pub use supervisor::handle::{
    ChildCounts, ChildError, ChildInfo, ChildProcess, ChildRef, StartChildError, SupervisorRef,
};
pub use supervisor::report::{Report, ReportKind};
pub use supervisor::root::Supervisor;
pub use supervisor::spec::{
    AutoShutdown, ChildKind, Restart, Shutdown, SpecError, Strategy, Supervision,
};
pub use supervisor::supervisor_spec::{DynamicSupervisorSpec, SupervisorSpec};
pub use supervisor::tree::TreeNode;
pub use sys::monitors::{MonitorEntry, MonitorFilter, MonitorStats, Monitors};
pub use sys::snapshot::ProcessEntry;
pub use sys::status::{ProcessKind, ProcessStatus, RunState};
pub use sys::suspend::SuspendError;
pub use task::error::{BatchError, ItemError, PoolError, TaskError};
pub use task::handle::TaskHandle;
pub use task::place::PoolPermit;
pub use task::pool::{TaskId, TaskPool, TaskSupervisorRef};
pub use task::spec::TaskSupervisorSpec;
pub use task::stream::{TaskItem, TaskStream};
pub use telemetry::{METRICS, describe_metrics};
pub use thread_server::{ThreadContext, ThreadServer, ThreadServerSpec};
pub use timeouts::{Timeouts, TimeoutsError};
