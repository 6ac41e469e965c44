//! A small tree that counts lines, crashes, and goes on: prints the tree before and after each crash.
//!
//! `cargo run -p foundation --example supervision_tree`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use foundation::{
    ChildProcess, ChildSpec, Context, Exit, ExitReason, GenServer, Name, Node, NodeConfig, Reply,
    ServerSpec, Strategy, Supervisor, SupervisorSpec, TreeNode,
};

/// Knows how many lines each file has.
struct Totals(BTreeMap<PathBuf, usize>);

enum TotalsMsg {
    Counted(PathBuf, usize),
    Sum(Reply<usize>),
}

impl GenServer for Totals {
    type Args = ();
    type Msg = TotalsMsg;

    async fn init(_args: (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(BTreeMap::new()))
    }

    async fn handle(&mut self, msg: TotalsMsg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            TotalsMsg::Counted(file, lines) => {
                self.0.insert(file, lines);
            }
            TotalsMsg::Sum(reply) => reply.send(self.0.values().sum()),
        }
        Ok(())
    }
}

/// Counts the lines of one file at a time. A file that cannot be read is a crash, and no business of anybody else.
struct LineCounter(Name<TotalsMsg>);

impl GenServer for LineCounter {
    type Args = Name<TotalsMsg>;
    type Msg = PathBuf;

    async fn init(totals: Name<TotalsMsg>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(totals))
    }

    async fn handle(&mut self, file: PathBuf, _cx: &mut Context<Self>) -> Result<(), Exit> {
        let lines = std::fs::read_to_string(&file)?.lines().count();
        self.0.cast(TotalsMsg::Counted(file, lines))?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = NodeConfig::default().on_report(|report| println!("  ! {report}"));
    let node = Node::new(config)?;
    let totals = node.name::<TotalsMsg>("totals")?;
    let counters: Vec<Name<PathBuf>> =
        ["counter-1", "counter-2"].iter().map(|key| node.name(key)).collect::<Result<_, _>>()?;

    let pool = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(10, Duration::from_secs(1))
        .children(counters.iter().map(|name| counter(name, &totals)));
    let spec = SupervisorSpec::new(Strategy::RestForOne)
        .intensity(3, Duration::from_secs(1))
        .child(ServerSpec::<Totals>::new(()).name(&totals).child("totals"))
        .child(pool.as_child("counters"));
    let root = Supervisor::start(&node, spec).await?;
    show(&root, "started").await?;

    count_sources(&counters, &totals).await?;

    foundation::accepted(&counters[0], PathBuf::from("no such file"), Duration::from_secs(1))
        .await?;
    let broken = counters[0].registered().await;
    broken.process().monitor().down().await;
    counters[0].registered().await;
    show(&root, "a counter crashed: it alone is new").await?;

    let store = totals.registered().await;
    let monitor = store.process().monitor();
    store.process().exit(ExitReason::Killed);
    monitor.down().await;
    totals.registered().await;
    show(&root, "the totals were killed: everything after them is new, too").await?;

    count_sources(&counters, &totals).await?;
    println!("the tree ended: {}", root.shutdown().await);
    println!("left on the node: {:?}", node.counts());
    Ok(())
}

fn counter(name: &Name<PathBuf>, totals: &Name<TotalsMsg>) -> ChildSpec {
    ServerSpec::<LineCounter>::new(totals.clone()).name(name).child(name.key())
}

/// Deals the sources of this crate out to the counters and asks for the sum.
async fn count_sources(
    counters: &[Name<PathBuf>],
    totals: &Name<TotalsMsg>,
) -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    for (number, entry) in std::fs::read_dir(folder)?.enumerate() {
        let file = entry?.path();
        if file.is_file() {
            let counter = &counters[number % counters.len()];
            foundation::handled(counter, file, Duration::from_secs(5)).await?;
        }
    }
    println!("lines in the files of src: {}\n", totals.call(TotalsMsg::Sum).await?);
    Ok(())
}

async fn show(root: &Supervisor, what: &str) -> Result<(), Box<dyn Error>> {
    println!("{what}:");
    println!("  root {}", root.process().pid());
    show_children(&root.handle().tree().await?, 2);
    println!();
    Ok(())
}

fn show_children(nodes: &[TreeNode], depth: usize) {
    for node in nodes {
        let state = match &node.child.process {
            ChildProcess::Running(process) => process.pid().to_string(),
            ChildProcess::Restarting => "is being restarted".to_owned(),
            ChildProcess::Undefined => "does not run".to_owned(),
        };
        let indent = "  ".repeat(depth);
        println!("{indent}{} {state}, restarted {} times", node.child.id, node.child.restarts);
        show_children(&node.children, depth + 1);
    }
}
