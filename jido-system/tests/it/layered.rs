//! Workflows in layers, with fan-out and fan-in, for tests that interrupt them.

use std::fmt::Write as _;

use jido_system::Workflow;
use serde_json::{Value, json};

/// A small generator of numbers that look random and are the same each time. (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014.)
#[derive(Debug)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// `layers` layers of `width` tasks: each task waits for one to three of the layer before; a single task opens, and a
/// single one closes. Each task takes 1 s, or runs `command` where there is one.
pub(crate) fn layered(layers: usize, width: usize, seed: u64, command: Option<&[&str]>) -> Value {
    let mut random = SplitMix::new(seed);
    let mut tasks = vec![task("open", &[])];
    let mut before = vec!["open".to_owned()];
    for layer in 0..layers {
        let names: Vec<String> = (0..width).map(|at| format!("t{layer}-{at}")).collect();
        for name in &names {
            let mut parents: Vec<String> = (0..=random.below(3))
                .map(|_| before[random.below(before.len() as u64) as usize].clone())
                .collect();
            parents.sort();
            parents.dedup();
            tasks.push(task(name, &parents));
        }
        before = names;
    }
    tasks.push(task("close", &before));
    let runs: Vec<Value> = tasks.iter().map(|task| execution(&task["id"], command)).collect();
    let mut name = String::new();
    write!(name, "layered {layers}x{width} seed {seed}").expect("a string takes text");
    json!({
        "name": name,
        "schemaVersion": "1.5",
        "workflow": { "specification": { "tasks": tasks }, "execution": { "tasks": runs } },
    })
}

fn task(id: &str, parents: &[String]) -> Value {
    json!({ "id": id, "name": id, "parents": parents, "children": [], "inputFiles": [], "outputFiles": [] })
}

fn execution(id: &Value, command: Option<&[&str]>) -> Value {
    match command {
        None => json!({ "id": id, "runtimeInSeconds": 1.0 }),
        Some([program, arguments @ ..]) => json!({
            "id": id,
            "runtimeInSeconds": 0.0,
            "command": { "program": program, "arguments": arguments },
        }),
        Some([]) => panic!("a command has a program"),
    }
}

/// The same as a checked workflow.
pub(crate) fn parsed(document: &Value) -> Workflow {
    Workflow::parse(document.to_string().as_bytes()).expect("a valid workflow")
}
