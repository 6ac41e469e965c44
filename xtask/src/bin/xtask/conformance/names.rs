//! Which workers of a random script register names.

use super::generate::Generator;
use super::script::{Named, Node, Shutdown, is_within, parent};

const NAMES: [&str; 2] = ["n1", "n2"];

impl Generator {
    /// Some workers register a name; several may want the same one.
    pub(super) fn names(&mut self) {
        let may_have_one = |label: &String| self.outlives_no_supervisor(label);
        let mut workers: Vec<String> = self.workers().into_iter().filter(may_have_one).collect();
        for name in NAMES {
            if !self.random.percent(45) {
                continue;
            }
            let mut is_taken_at_once = false;
            for _ in 0..self.random.between(1, 3) {
                let Some(label) = self.random.pick(&workers).cloned() else { return };
                // Two that start with the tree would seldom let it come up.
                if self.starts_with_the_tree(&label) {
                    if is_taken_at_once && !self.random.percent(10) {
                        continue;
                    }
                    is_taken_at_once = true;
                }
                workers.retain(|other| *other != label);
                self.script.names.push(Named { label, name });
            }
        }
    }

    /// A name goes from the one to the other, and the one comes back.
    pub(super) fn contest(&mut self) -> Vec<Vec<String>> {
        let rivals = self.random.pick(&self.script.names).cloned().and_then(|first| {
            let is_rival = |other: &&Named| other.name == first.name && other.label != first.label;
            let rivals: Vec<String> = self
                .script
                .names
                .iter()
                .filter(is_rival)
                .map(|named| named.label.clone())
                .collect();
            Some([first.label, self.random.pick(&rivals)?.clone()])
        });
        let Some([a, b]) = rivals else { return Vec::new() };
        let (Some(above_a), Some(above_b)) = (parent(&a), parent(&b)) else { return Vec::new() };
        let siblings = self.siblings(above_a);
        let mut steps = vec![
            vec![format!("term {above_a} {a}")],
            vec![format!("start {above_b} {b}")],
            vec![format!("restart {above_a} {a}")],
        ];
        // A strategy that brings all back finds the name taken.
        let sibling = self.random.pick(&siblings).cloned();
        if let Some(sibling) = sibling.filter(|_| self.random.percent(50)) {
            steps[2] = vec![format!("exit {sibling} crash")];
        }
        if self.random.percent(40) {
            steps.push(vec![self.end_of(&b)]);
            steps.push(vec![format!("restart {above_a} {a}")]);
        }
        steps
    }

    /// Difference `killed-supervisor-leaves-names`: nobody kills a supervisor below which a name is held.
    pub(super) fn may_be_killed(&self, supervisor: &str) -> bool {
        // With the root everything ends, and nothing starts again.
        let is_below = |named: &Named| is_within(&named.label, supervisor);
        supervisor == "r" || !self.script.names.iter().any(is_below)
    }

    /// Whether no supervisor above is killed when it is stopped.
    fn outlives_no_supervisor(&self, label: &str) -> bool {
        let mut above = parent(label);
        while let Some(supervisor) = above.and_then(|label| self.script.node(label)) {
            if !matches!(supervisor.shutdown, Shutdown::Infinity | Shutdown::Long) {
                return false;
            }
            above = parent(&supervisor.label);
        }
        true
    }

    /// Whether it and all above it are in the list of their supervisor.
    pub(super) fn starts_with_the_tree(&self, label: &str) -> bool {
        let is_listed = |node: &Node| {
            !node.is_spare && parent(&node.label).is_none_or(|up| self.starts_with_the_tree(up))
        };
        self.script.node(label).is_some_and(is_listed)
    }
}
