//! Very many live monitors: what each keeps, and how long all take to be made, listed, dropped, and fired at once.
//!
//! ```text
//! cargo run --release -p foundation --example million_monitors [MONITORS]
//! ```
//!
//! MONITORS is a million unless given; there is one process to watch for every ten. First they are made and dropped outside any
//! process. Then one process makes as many, all that it watches are killed at once, and it has to hear of each monitor exactly
//! once. Memory is what the operating system says the program resides in (Linux only), guards included.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what an example is for"
)]

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use foundation::{
    Context, DynamicSupervisorSpec, Exit, ExitReason, GenServer, Info, Monitor, MonitorFilter,
    MonitorId, MonitorRef, Node, NodeConfig, ProcessRef, Reply, Restart, ServerSpec, Strategy,
    Supervisor, SupervisorRef, SupervisorSpec,
};
use futures_util::stream::{self, StreamExt};

/// How many starts are asked for at once.
const ASKED_AT_ONCE: usize = 256;
/// So many watch each process.
const WATCHERS_EACH: usize = 10;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Is watched.
struct Target;

impl GenServer for Target {
    type Args = ();
    type Msg = ();

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

/// Watches very many, and checks that it hears of each monitor once.
#[derive(Default)]
struct Watcher {
    /// Ordered by id, because only this process makes monitors meanwhile.
    guards: Vec<(MonitorId, Option<MonitorRef>)>,
    heard: usize,
    wrong: usize,
    waiting: Option<Reply<Heard>>,
}

/// How many monitors were heard of, and how many of those not exactly once or with the wrong reason.
struct Heard {
    once: usize,
    wrong: usize,
}

enum Ask {
    Watch(Vec<ProcessRef>, usize, Reply<()>),
    /// Answered when all have been heard of.
    Heard(Reply<Heard>),
    /// Answered after everything that was there before.
    Again(Reply<Heard>),
}

impl Watcher {
    fn answer(&self) -> Heard {
        Heard { once: self.heard, wrong: self.wrong }
    }
}

impl GenServer for Watcher {
    type Args = ();
    type Msg = Ask;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self::default())
    }

    async fn handle(&mut self, ask: Ask, cx: &mut Context<Self>) -> Result<(), Exit> {
        match ask {
            Ask::Watch(targets, wanted, reply) => {
                self.guards.reserve_exact(wanted);
                for place in 0..wanted {
                    let guard = cx.monitor(&targets[place % targets.len()]);
                    self.guards.push((guard.id(), Some(guard)));
                }
                reply.send(());
            }
            Ask::Heard(reply) if self.heard < self.guards.len() => self.waiting = Some(reply),
            Ask::Heard(reply) | Ask::Again(reply) => reply.send(self.answer()),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        let Info::Down(down) = info else { return Ok(()) };
        let place = self.guards.binary_search_by_key(&down.monitor, |(id, _)| *id);
        let guard = place.ok().and_then(|place| self.guards[place].1.take());
        let is_right = guard.is_some_and(|guard| guard.pid() == down.pid)
            && matches!(down.reason, ExitReason::Killed);
        self.heard += 1;
        self.wrong += usize::from(!is_right);
        if self.heard == self.guards.len()
            && let Some(reply) = self.waiting.take()
        {
            reply.send(self.answer());
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match monitors_wanted() {
        Ok(wanted) => match run(wanted).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&*error, 1),
        },
        Err(error) => fail(&*error, 2),
    }
}

fn fail(error: &dyn fmt::Display, code: u8) -> ExitCode {
    eprintln!("million_monitors: {error}");
    ExitCode::from(code)
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn monitors_wanted() -> Result<usize, AnyError> {
    let mut arguments = std::env::args().skip(1);
    let Some(first) = arguments.next() else { return Ok(1_000_000) };
    if let Some(second) = arguments.next() {
        return Err(format!("one argument is enough, found {second:?} as well").into());
    }
    match first.parse() {
        Ok(wanted) if wanted > 0 => Ok(wanted),
        _ => Err(format!("the number of monitors is a whole number above 0, not {first:?}").into()),
    }
}

async fn run(wanted: usize) -> Result<(), AnyError> {
    let node = Node::new(NodeConfig::default())?;
    let pool = DynamicSupervisorSpec::new().max_children(2 * wanted).name("pool").as_child("pool");
    let watcher = node.name::<Ask>("watcher")?;
    let child = ServerSpec::<Watcher>::new(()).name(&watcher).child("watcher");
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(pool).child(child);
    let root = Supervisor::start(&node, spec).await?;
    // Others for each half: a list of watchers keeps its memory, which the second half would find there.
    let mut others = start(&node.supervisor("pool")?, 2 * wanted.div_ceil(WATCHERS_EACH)).await?;
    let targets = others.split_off(others.len() / 2);
    println!("processes to watch      {}", targets.len());
    println!("monitors                {wanted}");
    outside(&node, &others, wanted)?;

    let asked = targets.clone();
    let watch = Measure::start();
    watcher.call_timeout(PATIENCE, |reply| Ask::Watch(asked, wanted, reply)).await?;
    watch.print("inside a process: made", wanted);
    expect("live monitors", node.counts().monitors, wanted)?;

    let late = targets[0].monitor();
    let watch = Measure::start();
    targets.iter().for_each(|target| target.exit(ExitReason::Killed));
    let Heard { once, wrong } = watcher.call_timeout(PATIENCE, Ask::Heard).await?;
    println!("all killed and heard in {:.3} s", watch.seconds());
    expect("notices", once, wanted)?;
    expect("notices twice or of a stranger", wrong, 0)?;
    late.down().await;
    for target in &targets {
        target.monitor().down().await;
    }
    let Heard { once, .. } = watcher.call_timeout(PATIENCE, Ask::Again).await?;
    expect("notices in the end", once, wanted)?;
    expect("monitors left", node.counts().monitors, 0)?;
    let stats = node.monitors().stats();
    expect("fired", usize::try_from(stats.fired)?, wanted + targets.len() + 1)?;
    root.shutdown().await;
    expect("processes left", node.counts().processes, 0)
}

async fn start(pool: &SupervisorRef, wanted: usize) -> Result<Vec<ProcessRef>, AnyError> {
    let child = ServerSpec::<Target>::new(()).child("target").restart(Restart::Temporary);
    let starts = stream::iter(0..wanted)
        .map(|_| pool.start_child(child.clone()))
        .buffer_unordered(ASKED_AT_ONCE);
    let started: Vec<_> = starts.collect().await;
    Ok(started.into_iter().collect::<Result<_, _>>()?)
}

/// Makes as many as wanted outside any process, looks at them, and drops them.
fn outside(node: &Node, targets: &[ProcessRef], wanted: usize) -> Result<(), AnyError> {
    let mut guards: Vec<Monitor> = Vec::with_capacity(wanted);
    let watch = Measure::start();
    guards.extend((0..wanted).map(|place| targets[place % targets.len()].monitor()));
    watch.print("outside: made", wanted);
    expect("live monitors", node.counts().monitors, wanted)?;

    let watch = Measure::start();
    let listed = node.monitors().list(&MonitorFilter::new());
    println!("the oldest listed in    {:.3} s", watch.seconds());
    expect("listed", listed.len(), wanted.min(1_000))?;
    expect("the oldest", usize::from(listed[0].monitor == guards[0].id()), 1)?;

    let watch = Measure::start();
    drop(guards);
    println!("all dropped in          {:.3} s", watch.seconds());
    expect("monitors left", node.counts().monitors, 0)
}

fn expect(what: &str, found: usize, wanted: usize) -> Result<(), AnyError> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found}, not {wanted}").into()) }
}

/// Time and memory since it was started.
struct Measure {
    start: Instant,
    resident: Option<usize>,
}

impl Measure {
    #[expect(clippy::disallowed_methods, reason = "measuring real time is what this program does")]
    fn start() -> Self {
        Self { resident: resident_bytes(), start: Instant::now() }
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn print(&self, what: &str, count: usize) {
        let seconds = self.seconds();
        println!("{what} in {seconds:.3} s");
        match resident_bytes().zip(self.resident) {
            Some((now, before)) => {
                println!("  bytes per monitor     {}", now.saturating_sub(before) / count);
            }
            None => println!("  bytes per monitor     not available on this system"),
        }
    }
}

/// What of the program lies in memory now.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    // Linux counts in pages, of 4 KiB wherever this was measured.
    Some(pages * 4_096)
}
