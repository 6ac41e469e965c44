//! Edges and cycles. Iterative throughout: a chain of any length needs no stack.

use std::collections::VecDeque;

use super::task::{Task, TaskIndex};

/// Writes the edges `(parent, child)` into both ends, each once, in the order of the file.
pub(super) fn connect(tasks: &mut [Task], mut edges: Vec<(TaskIndex, TaskIndex)>) {
    edges.sort_unstable();
    edges.dedup();
    // Sorted by parent first, so both lists come out in the order of the file.
    for (parent, child) in edges {
        tasks[parent.as_usize()].children.push(child);
        tasks[child.as_usize()].parents.push(parent);
    }
}

/// Orders the tasks, parents first and otherwise as in the file; the error is one cycle, forward.
pub(super) fn topological_order(tasks: &[Task]) -> Result<Vec<TaskIndex>, Vec<TaskIndex>> {
    let mut missing: Vec<usize> = tasks.iter().map(|task| task.parents.len()).collect();
    let mut ready: VecDeque<TaskIndex> =
        (0..tasks.len()).filter(|&at| missing[at] == 0).map(TaskIndex::from_usize).collect();
    let mut order = Vec::with_capacity(tasks.len());
    while let Some(at) = ready.pop_front() {
        order.push(at);
        for &child in &tasks[at.as_usize()].children {
            missing[child.as_usize()] -= 1;
            if missing[child.as_usize()] == 0 {
                ready.push_back(child);
            }
        }
    }
    if order.len() == tasks.len() { Ok(order) } else { Err(cycle(tasks, &missing)) }
}

/// Walks up from a task that was never ready: each of those has a parent that was not, either.
fn cycle(tasks: &[Task], missing: &[usize]) -> Vec<TaskIndex> {
    let stuck = |at: TaskIndex| missing[at.as_usize()] > 0;
    let start = missing.iter().position(|&n| n > 0).expect("the caller saw a task left over");
    let mut seen_at: Vec<Option<usize>> = vec![None; tasks.len()];
    let mut path = Vec::new();
    let mut at = TaskIndex::from_usize(start);
    loop {
        if let Some(first) = seen_at[at.as_usize()] {
            path.drain(..first);
            break;
        }
        seen_at[at.as_usize()] = Some(path.len());
        path.push(at);
        let up = tasks[at.as_usize()].parents.iter().copied().find(|&parent| stuck(parent));
        at = up.expect("a task left over waits for another one left over");
    }
    // The walk went from child to parent; people read the other way, from the first in the file.
    path.reverse();
    let first = path.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(place, _)| place);
    path.rotate_left(first);
    path
}
