//! Very many idle processes under one dynamic supervisor: what each keeps, and how long all take to start and to stop.
//!
//! ```text
//! cargo run --release -p foundation --example million_idle [PROCESSES]
//! ```
//!
//! PROCESSES is a million unless given; all have one specification. Memory is what the operating system says the program resides in (Linux only), so it
//! counts the allocator's own share; two runs differ by a few percent.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what an example is for"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use foundation::{
    Context, DynamicSupervisorSpec, Exit, GenServer, Node, NodeConfig, Reply, ServerRef,
    ServerSpec, Strategy, Supervisor, SupervisorSpec,
};
use futures_util::stream::{self, StreamExt};

/// How many starts are asked for at once; the supervisor starts one after another all the same.
const ASKED_AT_ONCE: usize = 256;
/// One of so many processes is asked for an answer.
const SAMPLE: usize = 1_000;

/// Waits for its first message, and knows its number.
struct Idle(u64);

struct Who(Reply<u64>);

impl GenServer for Idle {
    type Args = u64;
    type Msg = Who;

    async fn init(number: u64, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(number))
    }

    async fn handle(&mut self, Who(reply): Who, _cx: &mut Context<Self>) -> Result<(), Exit> {
        reply.send(self.0);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match processes_wanted() {
        Ok(wanted) => match run(wanted).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&*error, 1),
        },
        Err(error) => fail(&*error, 2),
    }
}

fn fail(error: &dyn fmt::Display, code: u8) -> ExitCode {
    eprintln!("million_idle: {error}");
    ExitCode::from(code)
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn processes_wanted() -> Result<usize, AnyError> {
    let mut arguments = std::env::args().skip(1);
    let Some(first) = arguments.next() else { return Ok(1_000_000) };
    if let Some(second) = arguments.next() {
        return Err(format!("one argument is enough, found {second:?} as well").into());
    }
    match first.parse() {
        Ok(wanted) if wanted > 0 => Ok(wanted),
        _ => {
            Err(format!("the number of processes is a whole number above 0, not {first:?}").into())
        }
    }
}

async fn run(wanted: usize) -> Result<(), AnyError> {
    let node = Node::new(NodeConfig::default())?;
    let pool = DynamicSupervisorSpec::new().max_children(wanted).name("pool").as_child("pool");
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(pool);
    let root = Supervisor::start(&node, spec).await?;
    let pool = node.supervisor("pool")?;

    let numbers = AtomicU64::new(0);
    let child = ServerSpec::<Idle>::from_fn(move || numbers.fetch_add(1, Ordering::Relaxed));
    let child = child.child("idle");

    let before = resident_bytes();
    let watch = start_watch();
    let mut starts = stream::iter(0..wanted)
        .map(|_| pool.start_child(child.clone()))
        .buffer_unordered(ASKED_AT_ONCE)
        .enumerate();
    let mut sample: Vec<ServerRef<Who>> = Vec::new();
    while let Some((place, started)) = starts.next().await {
        let process = started?;
        if place.is_multiple_of(SAMPLE) {
            sample.push(process.server().ok_or("it is an idle process")?);
        }
    }
    drop(starts);
    let start_s = watch.elapsed().as_secs_f64();
    let grown = resident_bytes().zip(before).map(|(now, before)| now.saturating_sub(before));

    let counts = pool.count_children().await?;
    if (counts.active, node.counts().processes) != (wanted, wanted + 2) {
        return Err(format!("{counts:?} instead of {wanted} processes").into());
    }
    let mut answers = BTreeSet::new();
    for server in &sample {
        answers.insert(server.call(Who).await?);
    }
    if answers.len() != sample.len() || answers.last() >= Some(&(wanted as u64)) {
        return Err("two processes gave the same answer".into());
    }

    let watch = start_watch();
    root.handle().terminate_child("pool").await?;
    let stop_s = watch.elapsed().as_secs_f64();
    root.shutdown().await;
    if node.counts().processes != 0 {
        return Err(format!("{} processes are left", node.counts().processes).into());
    }

    println!("processes              {wanted}");
    match grown {
        Some(bytes) => println!("bytes per process      {}", bytes / wanted),
        None => println!("bytes per process      not available on this system"),
    }
    println!("all started in         {start_s:.3} s");
    println!("answers checked        {}", answers.len());
    println!("all stopped in         {stop_s:.3} s");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is what this program does")]
fn start_watch() -> Instant {
    Instant::now()
}

/// What of the program lies in memory now.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    // Linux counts in pages, of 4 KiB wherever this was measured.
    Some(pages * 4_096)
}
