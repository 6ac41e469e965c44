//! Random scripts: a tree and what happens to it.
//!
//! Chances are chosen so that most trees live through most of their steps. What a script must not do
//! so that its log does not depend on timing is kept here: nobody is waited for whose shutdown timeout
//! is near, except those that overrun it for ever.

use super::random::Random;
use super::script::{Budget, Manners, Node, Plan, Role, Script, Shutdown, Step, is_within, parent};

const DEPTH_MAX: usize = 3;
const NODES_MAX: usize = 14;
/// How a worker ends by itself.
pub(super) const REASONS: [(usize, &str); 5] =
    [(3, "normal"), (2, "shutdown"), (2, "shutdown:x"), (4, "error:e"), (4, "crash")];
/// Restart windows in seconds, and what the clock moves on by.
const PERIODS: [(usize, usize); 3] = [(1, 1), (4, 5), (2, 3_600)];
const PASSED: [(usize, usize); 5] = [(1, 1), (1, 4), (4, 5), (1, 6), (1, 3_600)];
const RESTARTS: [(usize, &str); 3] = [(5, "permanent"), (4, "transient"), (3, "temporary")];

/// The script of a seed.
pub(super) fn script(seed: u64) -> Script {
    let mut generator = Generator {
        random: Random::new(seed),
        script: Script {
            seed,
            nodes: Vec::new(),
            plans: Vec::new(),
            names: Vec::new(),
            steps: Vec::new(),
        },
        pairs: Vec::new(),
    };
    generator.supervisor("r", 0, Place::default());
    generator.script.nodes[0].restart = "permanent";
    generator.script.nodes[0].shutdown = Shutdown::Infinity;
    generator.plans();
    generator.names();
    generator.pairs();
    generator.steps();
    generator.script
}

pub(super) struct Generator {
    pub(super) random: Random,
    pub(super) script: Script,
    /// Workers that may be linked, and stay so.
    pub(super) pairs: Vec<[String; 2]>,
}

/// What the supervisor above says about a child.
#[derive(Default, Clone, Copy)]
struct Place {
    may_be_significant: bool,
    is_spare: bool,
    /// The supervisor above has a short shutdown timeout.
    is_overtaken: bool,
}

impl Generator {
    fn supervisor(&mut self, label: &str, depth: usize, place: Place) {
        let random = &mut self.random;
        let strategy =
            random.weighted(&[(3, "one_for_one"), (3, "one_for_all"), (3, "rest_for_one")]);
        let auto_shutdown =
            random.weighted(&[(5, "never"), (2, "any_significant"), (2, "all_significant")]);
        let intensity = match depth {
            0 => random.weighted(&[(1, 1), (2, 3), (4, 6), (4, 12)]),
            _ => random.weighted(&[(1, 0), (3, 1), (3, 2), (3, 4), (2, 9)]),
        };
        let budget = Budget { intensity, period: random.weighted(&PERIODS) };
        let (restart, is_significant) = self.restart(place);
        let is_short = depth > 0 && self.random.percent(7);
        let shutdown = match is_short {
            true => Shutdown::Short,
            false => self.random.weighted(&[
                (7, Shutdown::Infinity),
                (2, Shutdown::Long),
                (1, Shutdown::Brutal),
            ]),
        };
        let role = Role::Supervisor { strategy, budget, auto_shutdown };
        self.script.nodes.push(Node {
            label: label.to_owned(),
            restart,
            shutdown,
            is_significant,
            is_spare: place.is_spare,
            role,
        });
        let below = Place {
            may_be_significant: auto_shutdown != "never",
            is_spare: false,
            is_overtaken: is_short,
        };
        let listed = self.random.between(usize::from(depth == 0) * 2, 4);
        for number in 1..=listed {
            self.child(&format!("{label}.{number}"), depth + 1, below);
        }
        let spares = self.random.weighted(&[(3, 0), (2, 1), (1, 2)]);
        for number in listed + 1..=listed + spares {
            // Sometimes one that is refused.
            let may_be_significant = below.may_be_significant || self.random.percent(10);
            let spare = Place { may_be_significant, is_spare: true, ..below };
            self.child(&format!("{label}.{number}"), depth + 1, spare);
        }
    }

    fn child(&mut self, label: &str, depth: usize, place: Place) {
        if self.script.nodes.len() >= NODES_MAX {
            return;
        }
        let may_nest = depth < DEPTH_MAX && !place.is_overtaken;
        match self.random.weighted(&[(7, 0), (2 * usize::from(may_nest), 1), (2, 2)]) {
            0 => self.worker(label, place),
            1 => self.supervisor(label, depth, place),
            _ => self.dynamic(label, place),
        }
    }

    fn worker(&mut self, label: &str, place: Place) {
        let (restart, is_significant) = self.restart(place);
        let (shutdown, manners) = self.manners(place);
        let role = Role::Worker(manners);
        self.script.nodes.push(Node {
            label: label.to_owned(),
            restart,
            shutdown,
            is_significant,
            is_spare: place.is_spare,
            role,
        });
    }

    fn dynamic(&mut self, label: &str, place: Place) {
        let (restart, is_significant) = self.restart(place);
        let shutdown = self.random.weighted(&[
            (7, Shutdown::Infinity),
            (2, Shutdown::Long),
            (1, Shutdown::Brutal),
        ]);
        let (kid_shutdown, manners) = self.manners(Place::default());
        let intensity = self.random.weighted(&[(1, 0), (2, 1), (3, 3), (3, 9)]);
        let role = Role::Dynamic {
            budget: Budget { intensity, period: self.random.weighted(&PERIODS) },
            restart: self.random.weighted(&RESTARTS),
            shutdown: kid_shutdown,
            manners,
        };
        self.script.nodes.push(Node {
            label: label.to_owned(),
            restart,
            shutdown,
            is_significant,
            is_spare: place.is_spare,
            role,
        });
    }

    /// The restart type, and whether the child is significant. A listed child is never a contradiction.
    fn restart(&mut self, place: Place) -> (&'static str, bool) {
        let restart = self.random.weighted(&RESTARTS);
        let may_be = place.may_be_significant && (restart != "permanent" || place.is_spare);
        (restart, may_be && self.random.percent(60))
    }

    fn manners(&mut self, place: Place) -> (Shutdown, Manners) {
        let stubborn = Manners { is_trapping: true, is_stubborn: true };
        if place.is_overtaken {
            return (Shutdown::Overtaken, stubborn);
        }
        if self.random.percent(12) {
            return (Shutdown::Short, stubborn);
        }
        let shutdown = self.random.weighted(&[
            (5, Shutdown::Long),
            (2, Shutdown::Infinity),
            (2, Shutdown::Brutal),
        ]);
        (shutdown, Manners { is_trapping: self.random.percent(65), is_stubborn: false })
    }

    fn plans(&mut self) {
        for label in self.workers() {
            let is_dynamic = self.script.node(&label).is_none();
            for number in 1..=5 {
                let chance = match number {
                    1 if is_dynamic => 12,
                    1 => 2,
                    _ => 18,
                };
                if self.random.percent(chance) {
                    // Difference `otp-keeps-an-ignored-dynamic-restart`: the first start is never a restart.
                    let may_ignore = !is_dynamic || number == 1;
                    let outcome = match may_ignore && self.random.percent(25) {
                        true => "ignore".to_owned(),
                        false => format!("fail {}", self.random.weighted(&REASONS)),
                    };
                    self.script.plans.push(Plan { label: label.clone(), number, outcome });
                }
            }
        }
    }

    /// One of the first restarts fails, so that what was queued meets a child that is being restarted.
    fn fails_at(&mut self, label: &str) {
        let number = self.random.between(2, 3);
        let is_taken = |plan: &Plan| plan.label == label && plan.number == number;
        if !self.script.plans.iter().any(is_taken) {
            let outcome = format!("fail {}", self.random.weighted(&REASONS));
            self.script.plans.push(Plan { label: label.to_owned(), number, outcome });
        }
    }

    /// The labels of all workers, those that dynamic supervisors may get included.
    pub(super) fn workers(&self) -> Vec<String> {
        let labels = |node: &Node| match node.role {
            Role::Worker(_) => vec![node.label.clone()],
            Role::Dynamic { .. } => (1..=3).map(|kid| format!("{}.d{kid}", node.label)).collect(),
            Role::Supervisor { .. } => Vec::new(),
        };
        self.script.nodes.iter().flat_map(labels).collect()
    }

    fn steps(&mut self) {
        let dynamic: Vec<String> = self.labels(|node| matches!(node.role, Role::Dynamic { .. }));
        for label in dynamic {
            for kid in 1..=self.random.between(0, 2) {
                self.step(vec![format!("start {label} {label}.d{kid}")]);
            }
        }
        if self.random.percent(35) {
            self.edge();
        }
        for ops in self.early_links() {
            self.step(ops);
        }
        if self.random.percent(60) {
            for ops in self.contest() {
                self.step(ops);
            }
        }
        for _ in 0..self.random.between(4, 12) {
            let ops = match self.random.below(100) {
                0..14 => self.tangle(),
                14..28 => self.pair_ops(),
                // A busy step may find nobody to hold.
                28..60 => self.busy().filter(|ops| !ops.iter().any(|op| self.ends_in_a_pair(op))),
                _ => None,
            };
            let ops = ops.unwrap_or_else(|| self.op().into_iter().collect());
            if !ops.is_empty() {
                self.step(ops);
            }
        }
        self.step(vec!["stop".to_owned()]);
    }

    /// A worker crashes as often as it may, and once more about a period after the first time.
    fn edge(&mut self) {
        let workers = self.labels(|node| {
            matches!(node.role, Role::Worker(_)) && !node.is_spare && node.restart != "temporary"
        });
        let Some(worker) = self.random.pick(&workers).cloned() else { return };
        let above = parent(&worker).and_then(|up| self.script.node(up)).map(|node| &node.role);
        let Some(&Role::Supervisor { budget, .. }) = above else { return };
        if budget.intensity > 4 {
            return;
        }
        let passed = self.random.weighted(&[
            (4, budget.period),
            (1, budget.period + 1),
            (1, budget.period - 1),
        ]);
        self.step(vec![format!("exit {worker} crash")]);
        for _ in 1..budget.intensity {
            self.step(vec![format!("exit {worker} crash")]);
        }
        self.step(vec![format!("clock {passed}")]);
        self.step(vec![format!("exit {worker} crash")]);
    }

    fn step(&mut self, mut ops: Vec<String>) {
        if ops.len() == 1 && self.ends_in_a_pair(&ops[0]) {
            ops.insert(0, "frozen".to_owned());
        }
        self.script.steps.push(Step { ops });
    }

    pub(super) fn labels(&self, of: impl Fn(&Node) -> bool) -> Vec<String> {
        self.script.nodes.iter().filter(|node| of(node)).map(|node| node.label.clone()).collect()
    }

    /// One operation on a system at rest.
    fn op(&mut self) -> Option<String> {
        let workers = self.workers();
        let supervisors = self.labels(|node| !matches!(node.role, Role::Worker(_)));
        match self.random.below(100) {
            0..10 => Some(format!("clock {}", self.random.weighted(&PASSED))),
            10..45 => {
                let worker = self.random.pick(&workers)?.clone();
                Some(self.end_of(&worker))
            }
            45..52 => {
                let supervisor = self.random.pick(&supervisors)?.clone();
                let is_root = supervisor == "r";
                // A signal to the root would come from its parent there.
                if !is_root && self.random.percent(30) {
                    return Some(self.signal(&supervisor));
                }
                let is_meant = !is_root || self.random.percent(15);
                (is_meant && self.may_be_killed(&supervisor)).then(|| format!("kill {supervisor}"))
            }
            _ => {
                let supervisor = self.random.pick(&supervisors)?.clone();
                self.admin(&supervisor)
            }
        }
    }

    /// A worker ends, in one way or another.
    pub(super) fn end_of(&mut self, worker: &str) -> String {
        match self.random.below(10) {
            0..2 => format!("kill {worker}"),
            2..4 => self.signal(worker),
            _ => format!("exit {worker} {}", self.random.weighted(&REASONS)),
        }
    }

    /// An exit signal that can be trapped.
    fn signal(&mut self, label: &str) -> String {
        let reasons = ["normal", "shutdown", "shutdown:x", "error:s"];
        let reason = self.random.pick(&reasons).copied().unwrap_or("shutdown");
        format!("signal {label} {reason}")
    }

    /// An admin call to a supervisor, mostly one that makes sense.
    pub(super) fn admin(&mut self, supervisor: &str) -> Option<String> {
        let child = self.child_of(supervisor)?;
        let verb = self.random.weighted(&[
            (4, "start"),
            (5, "term"),
            (4, "restart"),
            (3, "delete"),
            (1, "termid"),
            (1, "which"),
            (1, "count"),
        ]);
        Some(match verb {
            "which" | "count" => format!("{verb} {supervisor}"),
            // A label has one place in the tree.
            "start" if parent(&child) != Some(supervisor) => format!("term {supervisor} {child}"),
            _ => format!("{verb} {supervisor} {child}"),
        })
    }

    /// A child that the supervisor has or may get; now and then one that it never has.
    fn child_of(&mut self, supervisor: &str) -> Option<String> {
        if self.script.is_dynamic(supervisor) {
            return Some(format!("{supervisor}.d{}", self.random.between(1, 3)));
        }
        let children = self.labels(|node| parent(&node.label) == Some(supervisor));
        if children.is_empty() || self.random.percent(4) {
            let all = self.labels(|node| node.label != "r" && !is_within(supervisor, &node.label));
            return self.random.pick(&all).cloned();
        }
        self.random.pick(&children).cloned()
    }

    /// Operations that reach a supervisor while it waits for one of its children.
    fn busy(&mut self) -> Option<Vec<String>> {
        let workers = self.workers();
        let held = self.random.pick(&workers)?.clone();
        let supervisor = parent(&held)?.to_owned();
        // Nobody above may lose patience while the supervisor waits.
        let mut above = Some(supervisor.as_str());
        while let Some(label) = above {
            if self.script.node(label)?.shutdown == Shutdown::Short {
                return None;
            }
            above = parent(label);
        }
        if self.random.percent(50)
            && let Some(ops) = self.last_significant(&supervisor)
        {
            return Some(ops);
        }
        let is_dynamic = self.script.is_dynamic(&supervisor);
        let can_be_held = self.script.node(&held).is_some_and(|node| {
            let patient = matches!(node.shutdown, Shutdown::Long | Shutdown::Infinity);
            let manners = Manners { is_trapping: true, is_stubborn: false };
            patient && node.role == Role::Worker(manners)
        });
        let is_in_terminate = can_be_held && !is_dynamic && self.random.percent(40);
        let point = if is_in_terminate { "term" } else { "init" };
        let siblings = self.siblings(&supervisor);
        let trigger = match self.random.below(10) {
            0..3 if is_in_terminate => format!("term {supervisor} {held}"),
            0..2 => format!("start {supervisor} {held}"),
            2..3 => format!("restart {supervisor} {held}"),
            3..5 => {
                let sibling = self.random.pick(&siblings)?.clone();
                self.end_of(&sibling)
            }
            _ => self.end_of(&held),
        };
        let mut ops = vec![format!("busy {point} {held}"), trigger];
        if !is_in_terminate && self.random.percent(40) {
            self.fails_at(&held);
        }
        for _ in 0..self.random.between(1, 4) {
            let op = match self.random.below(10) {
                0..4 => {
                    let sibling = self.random.pick(&siblings)?.clone();
                    if sibling == held {
                        continue;
                    }
                    self.end_of(&sibling)
                }
                _ => self.admin(&supervisor)?,
            };
            ops.push(op);
        }
        // These come last: what follows them would not meet the supervisor in a known state.
        match (self.random.below(10), parent(&supervisor)) {
            (0, _) => ops.push("stop".to_owned()),
            (1, Some(above)) => ops.push(format!("term {above} {supervisor}")),
            (2..5, _) if !is_in_terminate => ops.push(format!("killheld {held}")),
            (5, _) if supervisor != "r" && self.may_be_killed(&supervisor) => {
                ops.push(format!("kill {supervisor}"))
            }
            _ => {}
        }
        (ops.len() > 2).then_some(ops)
    }

    /// While one significant child is being restarted all others end, if they are workers.
    fn last_significant(&mut self, supervisor: &str) -> Option<Vec<String>> {
        let Role::Supervisor { auto_shutdown: "all_significant", .. } =
            self.script.node(supervisor)?.role
        else {
            return None;
        };
        let mut significant = self.labels(|node| {
            let is_child = parent(&node.label) == Some(supervisor);
            is_child && node.is_significant && matches!(node.role, Role::Worker(_))
        });
        let held = significant.iter().position(|label| {
            self.script.node(label).is_some_and(|node| node.restart == "transient")
        })?;
        let held = significant.swap_remove(held);
        let mut ops = vec![format!("busy init {held}"), format!("exit {held} crash")];
        for label in significant {
            ops.push(format!("exit {label} {}", self.random.weighted(&REASONS)));
        }
        ops.push(format!("killheld {held}"));
        Some(ops)
    }

    /// The workers of a supervisor.
    pub(super) fn siblings(&self, supervisor: &str) -> Vec<String> {
        self.workers().into_iter().filter(|label| parent(label) == Some(supervisor)).collect()
    }
}
