//! Makes a script that shows a difference as small as it can: fewer steps, operations, children, plans.

use super::script::{Script, Step, is_within};
use foundation_xtask::Failure;

/// How many smaller scripts are tried at the same time.
const BATCH: usize = 24;

/// Removes, greedily, whatever can be removed while `differs` still finds the first one that differs.
pub(super) fn shrink(
    mut script: Script,
    mut differs: impl FnMut(&[Script]) -> Result<Option<usize>, Failure>,
) -> Result<Script, Failure> {
    'smaller: loop {
        for candidates in candidates(&script).chunks(BATCH) {
            if let Some(found) = differs(candidates)? {
                script = candidates[found].clone();
                continue 'smaller;
            }
        }
        return Ok(script);
    }
}

/// All scripts that are one thing smaller, the big things first.
fn candidates(script: &Script) -> Vec<Script> {
    let mut candidates = Vec::new();
    // From some step on, then single steps, then single operations.
    for length in [script.steps.len() / 2, script.steps.len().saturating_sub(1)] {
        if length < script.steps.len() {
            candidates.push(Script { steps: script.steps[..length].to_vec(), ..script.clone() });
        }
    }
    for node in script.nodes.iter().filter(|node| node.label != "r") {
        candidates.push(without_node(script, &node.label));
    }
    for index in 0..script.steps.len() {
        let mut smaller = script.clone();
        smaller.steps.remove(index);
        candidates.push(smaller);
    }
    for index in 0..script.names.len() {
        let mut smaller = script.clone();
        smaller.names.remove(index);
        candidates.push(smaller);
    }
    for index in 0..script.plans.len() {
        let mut smaller = script.clone();
        smaller.plans.remove(index);
        candidates.push(smaller);
    }
    for (index, step) in script.steps.iter().enumerate() {
        for op in smaller_steps(step) {
            let mut smaller = script.clone();
            smaller.steps[index] = op;
            candidates.push(smaller);
        }
    }
    candidates
}

/// Without a node, what lies below it, and all that speaks of them.
fn without_node(script: &Script, label: &str) -> Script {
    let mut smaller = script.clone();
    smaller.nodes.retain(|node| !is_within(&node.label, label));
    smaller.plans.retain(|plan| !is_within(&plan.label, label));
    smaller.names.retain(|named| !is_within(&named.label, label));
    smaller.steps.retain_mut(|step| {
        let speaks = |op: &String| op.split_whitespace().any(|word| is_within(word, label));
        if step.ops.first().is_some_and(|op| op.starts_with("busy ") && speaks(op)) {
            return false;
        }
        step.ops.retain(|op| !speaks(op));
        is_whole(step)
    });
    smaller
}

fn smaller_steps(step: &Step) -> Vec<Step> {
    let mut smaller = Vec::new();
    if step.ops.len() > 1 {
        let is_frozen = step.ops[0] == "frozen";
        for index in 1..step.ops.len() {
            if is_frozen && is_needed(step, index) {
                continue;
            }
            let mut without = step.clone();
            without.ops.remove(index);
            smaller.push(without);
            // One operation alone, on a system at rest.
            if !is_frozen && !step.ops[index].starts_with("killheld ") {
                smaller.push(Step { ops: vec![step.ops[index].clone()] });
            }
        }
        smaller.retain(is_whole);
    }
    smaller
}

/// Whether it unlinks, for the last time, two that were linked in the same step: their link must not outlive it.
fn is_needed(step: &Step, index: usize) -> bool {
    let Some(two) = step.ops[index].strip_prefix("unlink ") else { return false };
    let is_theirs = |op: &String| {
        let linked = op.strip_prefix("link ").and_then(|two| two.split_once(' '));
        linked.is_some_and(|(a, b)| two == format!("{a} {b}") || two == format!("{b} {a}"))
    };
    let is_last = !step.ops[index + 1..].contains(&step.ops[index]);
    is_last && step.ops.iter().any(is_theirs)
}

/// Whether there is something to do, and a trigger if something is to be held.
fn is_whole(step: &Step) -> bool {
    let leads = |op: &String| op == "frozen" || op.starts_with("busy ");
    step.ops.len() > usize::from(step.ops.first().is_some_and(leads))
}
