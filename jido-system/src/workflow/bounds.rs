//! How fast any schedule could be, and how slow a greedy one may be.

use serde::Serialize;

use crate::{TaskIndex, Workflow};

/// Limits for the makespan of a workflow on a number of workers.
///
/// | figure | formula | meaning |
/// |---|---|---|
/// | `work_s` | W = sum of durations | what one worker needs |
/// | `critical_path_s` | C = longest path | what any number of workers needs |
/// | `lower_bound_s` | max(C, W / P) | no schedule on P workers is shorter |
/// | `graham_bound_s` | W / P + C (P - 1) / P | no work-conserving schedule is longer |
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// The sum of all durations, in seconds.
    pub work_s: f64,
    /// The longest sum of durations along edges, in seconds.
    pub critical_path_s: f64,
    /// The makespan that no schedule can go below, in seconds.
    pub lower_bound_s: f64,
    /// The makespan that a schedule which never idles needlessly stays within, in seconds.
    pub graham_bound_s: f64,
}

impl Bounds {
    /// Computes the bounds for tasks of these durations (in seconds) on this many workers.
    ///
    /// No workers count as one. Cost: O(tasks + edges); `duration_s` is called once a task, in the
    /// order of the file.
    ///
    /// # Examples
    /// ```
    /// use jido_system::{Bounds, Workflow};
    ///
    /// // One task of 1 s, then two in parallel of 2 s each.
    /// let workflow = Workflow::parse(br#"{
    ///     "name": "fork", "schemaVersion": "1.5",
    ///     "workflow": {
    ///         "specification": { "tasks": [
    ///             { "id": "a", "children": ["b", "c"] }, { "id": "b" }, { "id": "c" }
    ///         ] },
    ///         "execution": { "tasks": [
    ///             { "id": "a", "runtimeInSeconds": 1 },
    ///             { "id": "b", "runtimeInSeconds": 2 },
    ///             { "id": "c", "runtimeInSeconds": 2 }
    ///         ] }
    ///     }
    /// }"#)?;
    /// let bounds = Bounds::of(&workflow, |at| workflow.tasks()[at.as_usize()].runtime_s, 2);
    /// assert_eq!((bounds.work_s, bounds.critical_path_s), (5.0, 3.0));
    /// assert_eq!((bounds.lower_bound_s, bounds.graham_bound_s), (3.0, 4.0));
    /// # Ok::<(), jido_system::WorkflowError>(())
    /// ```
    pub fn of(workflow: &Workflow, duration_s: impl Fn(TaskIndex) -> f64, workers: u32) -> Self {
        let tasks = workflow.tasks();
        let durations: Vec<f64> =
            (0..tasks.len()).map(|at| duration_s(TaskIndex::from_usize(at))).collect();
        let mut finish = vec![0.0_f64; tasks.len()];
        for at in workflow.order().iter().map(|at| at.as_usize()) {
            let parents = tasks[at].parents.iter().map(|parent| finish[parent.as_usize()]);
            finish[at] = parents.fold(0.0, f64::max) + durations[at];
        }
        let work_s: f64 = durations.iter().sum();
        let critical_path_s = finish.into_iter().fold(0.0, f64::max);
        let workers = f64::from(workers.max(1));
        Self {
            work_s,
            critical_path_s,
            lower_bound_s: critical_path_s.max(work_s / workers),
            graham_bound_s: work_s / workers + critical_path_s * (workers - 1.0) / workers,
        }
    }
}
