//! Which workers of a random script are linked, and what becomes of them.
//!
//! OTP leaves open what comes first when one end leads to several others: `docs/CONFORMANCE.md` names the
//! scripts that are not made for this reason. Two ways remain. A pair is two children of one supervisor
//! that may stay linked; when one of them is told to end, no supervisor looks before both have. A tangle is a
//! chain of workers from anywhere; its links do not outlive the step in which no supervisor looks.

use super::generate::Generator;
use super::script::{Role, Shutdown, parent};

impl Generator {
    /// Chooses the pairs of the script.
    pub(super) fn pairs(&mut self) {
        if !self.random.percent(55) {
            return;
        }
        for _ in 0..self.random.between(1, 3) {
            let Some([a, b]) = self.two_siblings() else { continue };
            self.pairs.push([a, b]);
        }
    }

    fn two_siblings(&mut self) -> Option<[String; 2]> {
        let free: Vec<String> =
            self.workers().into_iter().filter(|label| self.may_be_in_a_pair(label)).collect();
        let a = self.random.pick(&free)?.clone();
        let siblings: Vec<&String> =
            free.iter().filter(|b| **b != a && parent(b) == parent(&a)).collect();
        let b = (*self.random.pick(&siblings)?).clone();
        Some([a, b])
    }

    /// One that is killed when its time is up would be reported while the other one ends; one that traps and is killed at once
    /// may or may not hear of the other one first.
    fn may_be_in_a_pair(&self, label: &str) -> bool {
        let node = self.script.node(label).or_else(|| self.script.node(parent(label)?));
        let is_open = node.is_none_or(|node| {
            let (manners, shutdown) = match &node.role {
                Role::Worker(manners) => (manners, node.shutdown),
                Role::Dynamic { manners, shutdown, .. } => (manners, *shutdown),
                Role::Supervisor { .. } => return true,
            };
            manners.is_stubborn || manners.is_trapping && shutdown == Shutdown::Brutal
        });
        !is_open && !self.is_in_a_pair(label)
    }

    fn is_in_a_pair(&self, label: &str) -> bool {
        self.pairs.iter().flatten().any(|paired| paired == label)
    }

    /// Whether the operation tells one of a pair to end, or might.
    pub(super) fn ends_in_a_pair(&self, op: &str) -> bool {
        let mut words = op.split_whitespace();
        let is_end = matches!(words.next(), Some("exit" | "kill" | "signal"));
        is_end && words.next().is_some_and(|label| self.is_in_a_pair(label))
    }

    /// Most pairs are linked, and most trees tangled, while they are young.
    pub(super) fn early_links(&mut self) -> Vec<Vec<String>> {
        let mut steps = Vec::new();
        for [a, b] in self.pairs.clone() {
            if self.random.percent(70) {
                steps.push(vec![format!("link {a} {b}")]);
                // Of what one end leaves behind nothing must be seen at the next one.
                if self.random.percent(40) {
                    let [a, b] = if self.random.percent(50) { [a, b] } else { [b, a] };
                    steps.push(vec![format!("exit {a} normal")]);
                    steps.push(vec![self.end_of(&b)]);
                }
            }
        }
        if self.random.percent(50) {
            steps.extend(self.tangle());
        }
        steps
    }

    /// One of a pair links or unlinks the other, or ends, perhaps with more for their supervisor to look at.
    pub(super) fn pair_ops(&mut self) -> Option<Vec<String>> {
        let [a, b] = self.random.pick(&self.pairs)?.clone();
        let [a, b] = if self.random.percent(50) { [a, b] } else { [b, a] };
        let op = match self.random.below(10) {
            0..6 => format!("link {a} {b}"),
            6 => format!("unlink {a} {b}"),
            _ => self.end_of(&a),
        };
        let mut ops = vec![op];
        if self.ends_in_a_pair(&ops[0]) && self.random.percent(50) {
            let supervisor = parent(&a)?.to_owned();
            ops.insert(0, "frozen".to_owned());
            for _ in 0..self.random.between(1, 2) {
                ops.push(self.admin(&supervisor)?);
            }
        }
        Some(ops)
    }

    /// Links in a chain, ends at its ends, and at last no link any more; meanwhile no supervisor looks.
    pub(super) fn tangle(&mut self) -> Option<Vec<String>> {
        let chain = self.chain()?;
        let mut ops = vec!["frozen".to_owned()];
        for edge in chain.windows(2) {
            self.tie(&edge[0], &edge[1], &mut ops);
        }
        let ends = [&chain[0], &chain[chain.len() - 1]];
        for _ in 0..self.random.between(1, 3) {
            let end = ends[self.random.below(2)].clone();
            ops.push(self.end_of(&end));
            // Perhaps with one that has ended.
            if self.random.percent(25) {
                let edge = self.random.below(chain.len() - 1);
                self.tie(&chain[edge], &chain[edge + 1], &mut ops);
            }
        }
        for edge in chain.windows(2) {
            ops.push(format!("unlink {} {}", edge[0], edge[1]));
            ops.push(format!("unlink {} {}", edge[1], edge[0]));
        }
        Some(ops)
    }

    /// Two or three workers that are in no pair.
    fn chain(&mut self) -> Option<Vec<String>> {
        let mut free: Vec<String> =
            self.workers().into_iter().filter(|label| !self.is_in_a_pair(label)).collect();
        if self.random.percent(85) {
            free.retain(|label| self.has_been_started(label));
        }
        let mut chain = Vec::new();
        for _ in 0..self.random.between(2, 3).min(free.len()) {
            let next = self.random.below(free.len());
            chain.push(free.swap_remove(next));
        }
        (chain.len() > 1).then_some(chain)
    }

    /// With the tree, or by a step.
    fn has_been_started(&self, label: &str) -> bool {
        let Some(up) = parent(label) else { return false };
        let start = format!("start {up} {label}");
        self.starts_with_the_tree(label)
            || self.starts_with_the_tree(up)
                && self.script.steps.iter().flat_map(|step| &step.ops).any(|op| *op == start)
    }

    /// A link is made, perhaps twice, from either side, and perhaps taken away again.
    fn tie(&mut self, a: &str, b: &str, ops: &mut Vec<String>) {
        for chance in [100, 25] {
            if self.random.percent(chance) {
                let [a, b] = if self.random.percent(50) { [a, b] } else { [b, a] };
                ops.push(format!("link {a} {b}"));
            }
        }
        if self.random.percent(20) {
            let [a, b] = if self.random.percent(50) { [a, b] } else { [b, a] };
            ops.push(format!("unlink {a} {b}"));
        }
    }
}
