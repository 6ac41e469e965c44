//! Isolated trees, scripted processes, probes, leak checks and a metrics recorder, for tests.
//!
//! Everything here waits for events and every wait is bounded; nothing sleeps for a guessed time. A helper that does not get
//! what it waits for panics and says what it saw.
//!
//! # A whole test
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use foundation::{Strategy, SupervisorSpec};
//! use test_helpers::{IsolatedTree, Journal, Worker};
//!
//! let journal = Journal::new();
//! let spec = SupervisorSpec::new(Strategy::RestForOne)
//!     .child(Worker::spec("a", &journal).child("a"))
//!     .child(Worker::spec("b", &journal).child("b"))
//!     .child(Worker::spec("c", &journal).child("c"));
//! let tree = IsolatedTree::start(spec).await?;
//!
//! let before = tree.incarnations().await;
//! let killed = tree.kill("b").await;
//! tree.await_restart("b", killed).await;
//! assert_eq!(tree.incarnations().await.changed_since(&before), ["b", "c"]);
//! tree.shutdown().await; // in order, and nothing is left
//! # Ok(())
//! # }
//! ```
//!
//! # What there is
//!
//! * [`IsolatedTree`]: a node with its own [`ManualClock`] and one supervision tree; [`Incarnations`] of it.
//! * [`Worker`], [`Echo`], [`Flaky`], [`Slow`], [`Panicker`], [`BlackHole`]: processes that behave as the test says.
//! * [`Journal`]: in which order they started and ended, and that no two incarnations overlapped.
//! * [`Gate`]: a point where a process waits until the test lets it go on.
//! * [`Probe`]: a process whose mail the test reads.
//! * [`Baseline`]: everything is back to where it was.
//! * [`Recorder`]: the metrics that were recorded.
//! * [`eventually`], for what has no event.

#![forbid(unsafe_code)]

mod clock;
mod eventually;
mod gate;
mod journal;
mod leak;
mod probe;
mod recorder;
mod scripted;
mod tree;
mod worker;

pub use clock::ManualClock;
pub use eventually::{DEADLINE, eventually};
pub use gate::Gate;
pub use journal::{Journal, Presence};
pub use leak::Baseline;
pub use probe::Probe;
pub use recorder::{Recorder, RecorderGuard};
pub use scripted::{BlackHole, Echo, EchoMsg, FailurePlan, Flaky, Panicker, Slow, Swallowed};
pub use tree::{Incarnations, IsolatedTree};
pub use worker::{Do, Plan, Worker};
