//! A script: one supervision tree, what its starts come to, and the steps. Written as text for both sides.
//!
//! A label is a path: `r` is the root, `r.2` a child of it, `r.2.d1` a child of the dynamic supervisor
//! `r.2`. The format stands in `docs/CONFORMANCE.md`.

use std::fmt::{self, Write};

/// How long a short timeout is, and how long the longer one that a short one of a supervisor overtakes.
const SHORT_MS: u32 = 25;
const OVERTAKEN_MS: u32 = 500;
/// Longer than any run.
const LONG_MS: u32 = 3_600_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) seed: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) plans: Vec<Plan>,
    pub(super) names: Vec<Named>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) label: String,
    pub(super) restart: &'static str,
    pub(super) shutdown: Shutdown,
    pub(super) is_significant: bool,
    /// Not in the list of its supervisor: steps start it.
    pub(super) is_spare: bool,
    pub(super) role: Role,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Supervisor { strategy: &'static str, budget: Budget, auto_shutdown: &'static str },
    Dynamic { budget: Budget, restart: &'static str, shutdown: Shutdown, manners: Manners },
    Worker(Manners),
}

/// So many restarts in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) intensity: usize,
    pub(super) period: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shutdown {
    Brutal,
    Infinity,
    Long,
    /// Overrun for ever by who has it.
    Short,
    /// Overrun for ever, but the supervisor above has a short one.
    Overtaken,
}

/// How a worker takes an order to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manners {
    pub(super) is_trapping: bool,
    pub(super) is_stubborn: bool,
}

/// What one start of a worker comes to: `ignore`, or `fail REASON`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) label: String,
    pub(super) number: usize,
    pub(super) outcome: String,
}

/// A worker that registers a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) label: String,
    pub(super) name: &'static str,
}

/// Operations that go together; the first of several is `busy POINT LABEL` or `frozen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) ops: Vec<String>,
}

impl Script {
    pub(super) fn node(&self, label: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.label == label)
    }

    pub(super) fn is_dynamic(&self, label: &str) -> bool {
        self.node(label).is_some_and(|node| matches!(node.role, Role::Dynamic { .. }))
    }

    pub(super) fn is_worker(&self, label: &str) -> bool {
        // Children of dynamic supervisors are no nodes.
        self.node(label).is_none_or(|node| matches!(node.role, Role::Worker(_)))
    }

    /// The text of the script with all short times taken `slowness` times.
    pub(super) fn text(&self, slowness: u32) -> String {
        let mut text = format!("script {}\n", self.seed);
        for node in &self.nodes {
            node.write(&mut text, slowness);
        }
        for Plan { label, number, outcome } in &self.plans {
            line(&mut text, format_args!("plan {label} {number} {outcome}"));
        }
        for Named { label, name } in &self.names {
            line(&mut text, format_args!("name {label} {name}"));
        }
        for step in &self.steps {
            line(&mut text, format_args!("step {}", step.ops.join(" ; ")));
        }
        text.push_str("end\n");
        text
    }
}

impl Node {
    fn write(&self, text: &mut String, slowness: u32) {
        let Node { label, restart, .. } = self;
        let up = parent(label).unwrap_or("-");
        let shutdown = self.shutdown.text(slowness);
        let (significant, spare) = (u8::from(self.is_significant), u8::from(self.is_spare));
        let common = format!("{restart} {shutdown} {significant} {spare}");
        match &self.role {
            Role::Supervisor { strategy, budget, auto_shutdown } => line(
                text,
                format_args!("sup {label} {up} {strategy} {budget} {auto_shutdown} {common}"),
            ),
            Role::Dynamic { budget, restart, shutdown, manners } => line(
                text,
                format_args!(
                    "dyn {label} {up} {budget} {common} {restart} {} {manners}",
                    shutdown.text(slowness)
                ),
            ),
            Role::Worker(manners) => {
                line(text, format_args!("worker {label} {up} {common} {manners}"));
            }
        }
    }
}

impl Shutdown {
    fn text(self, slowness: u32) -> String {
        match self {
            Shutdown::Brutal => "brutal".to_owned(),
            Shutdown::Infinity => "infinity".to_owned(),
            Shutdown::Long => LONG_MS.to_string(),
            Shutdown::Short => (SHORT_MS * slowness).to_string(),
            Shutdown::Overtaken => (OVERTAKEN_MS * slowness).to_string(),
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.intensity, self.period)
    }
}

impl fmt::Display for Manners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", u8::from(self.is_trapping), u8::from(self.is_stubborn))
    }
}

/// The supervisor of a label.
pub(super) fn parent(label: &str) -> Option<&str> {
    label.rsplit_once('.').map(|(parent, _)| parent)
}

/// Whether `label` is `root` or lies below it.
pub(super) fn is_within(label: &str, root: &str) -> bool {
    label.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn line(text: &mut String, line: fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}
