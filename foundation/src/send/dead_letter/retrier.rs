//! The process that retries dead letters by itself, sweeps what is too old, and offers the sink again what it lost.
//!
//! It owns nothing: the letters belong to the node and outlive it. The attempts run in a task of it, not in its loop, so that they
//! end with it and it answers its supervisor meanwhile.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::gen_server::context::Context;
use crate::gen_server::spec::ServerSpec;
use crate::gen_server::{GenServer, Info};
use crate::process::exit::Exit;
use crate::send::dead_letter::attempt::RetryReport;
use crate::send::dead_letter::filter::DeadLetterFilter;
use crate::send::dead_letter::queue::{Entry, Now};
use crate::supervisor::child_spec::ChildSpec;

/// Automatic retries as a child.
///
/// Defaults: a look every 5 minutes; a letter is tried when its last failure is 300 s past, then after waits that double up to one
/// hour; at most 1,000 letters a look. A look that is due while the attempts of the one before still run is skipped.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use foundation::{DeadLetterRetrySpec, Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
///
/// let node = Node::new(NodeConfig::default())?;
/// let child = DeadLetterRetrySpec::new().tick(Duration::from_secs(10)).child("dead-letters");
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
/// root.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DeadLetterRetrySpec {
    tick: Duration,
    min_age: Duration,
    backoff: Backoff,
    letters_max: usize,
}

impl DeadLetterRetrySpec {
    /// Creates the specification.
    #[must_use]
    pub fn new() -> Self {
        let backoff = Backoff {
            base: Duration::from_secs(300),
            cap: Duration::from_secs(60 * 60),
            ..Backoff::default()
        };
        Self {
            tick: Duration::from_secs(300),
            min_age: Duration::from_secs(300),
            backoff,
            letters_max: 1_000,
        }
    }

    /// Sets how often it looks.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    #[track_caller]
    pub fn tick(mut self, period: Duration) -> Self {
        assert!(!period.is_zero(), "time passes between two looks");
        self.tick = period;
        self
    }

    /// Sets how long after its last failure a letter is tried at the earliest.
    #[must_use]
    pub fn min_age(mut self, age: Duration) -> Self {
        self.min_age = age;
        self
    }

    /// Sets the waits after failed attempts; never less than [`min_age`](Self::min_age).
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how many letters one look tries, the oldest first.
    #[must_use]
    pub fn letters_max(mut self, letters: usize) -> Self {
        self.letters_max = letters;
        self
    }

    /// Makes a child specification: permanent.
    #[must_use]
    pub fn child(self, id: &str) -> ChildSpec {
        ServerSpec::<Retrier>::from_fn(move || self.clone()).child(id)
    }

    /// Whether a letter has waited long enough. The same letter and attempt have the same wait.
    fn is_due(&self, entry: &Entry, now: Now) -> bool {
        let wait = match entry.attempts.checked_sub(1) {
            None => Duration::ZERO,
            Some(failures) => self.backoff.delay(failures, scattered(entry)),
        };
        entry.idle(now) >= wait.max(self.min_age)
    }
}

impl Default for DeadLetterRetrySpec {
    fn default() -> Self {
        Self::new()
    }
}

/// A number that differs between letters, for the jitter.
fn scattered(entry: &Entry) -> u64 {
    let seed = entry.id.seq().wrapping_add(u64::from(entry.attempts) << 32);
    let mixed = (seed ^ entry.id.run()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

struct Retrier {
    spec: DeadLetterRetrySpec,
    is_trying: bool,
}

enum RetrierMsg {
    Tried(RetryReport),
}

impl GenServer for Retrier {
    type Args = DeadLetterRetrySpec;
    type Msg = RetrierMsg;

    async fn init(spec: DeadLetterRetrySpec, cx: &mut Context<Self>) -> Result<Self, Exit> {
        cx.start_interval(spec.tick);
        Ok(Self { spec, is_trying: false })
    }

    async fn handle(
        &mut self,
        RetrierMsg::Tried(report): RetrierMsg,
        _cx: &mut Context<Self>,
    ) -> Result<(), Exit> {
        // Counted where the attempts are made.
        drop(report);
        Ok(())
    }

    async fn info(&mut self, info: Info, cx: &mut Context<Self>) -> Result<(), Exit> {
        match info {
            Info::Timer(_tick) => self.look(cx),
            Info::TaskDone(_done) => self.is_trying = false,
            _ => {}
        }
        Ok(())
    }
}

impl Retrier {
    fn look(&mut self, cx: &mut Context<Self>) {
        let letters = cx.node().dead_letters();
        letters.expire();
        letters.record_again();
        if std::mem::replace(&mut self.is_trying, true) {
            return;
        }
        let spec = self.spec.clone();
        cx.spawn_task(async move {
            let filter = DeadLetterFilter::all().limit(spec.letters_max);
            let report = letters.retry_due(&filter, |entry, now| spec.is_due(entry, now)).await;
            RetrierMsg::Tried(report)
        });
    }
}
