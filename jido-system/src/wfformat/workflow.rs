//! A workflow: tasks and what each waits for, checked once and immutable from then on.

use std::collections::HashMap;
use std::sync::Arc;

use super::graph;
use super::task::{Task, TaskIndex};

/// A directed acyclic graph of tasks, read from a WfFormat file.
///
/// Immutable, and valid by construction: [`Workflow::parse`] and deserialization refuse anything
/// with a cycle, a dangling edge, a repeated id or a runtime that is no duration, so that whoever
/// holds one needs no checks of their own. Serialization is compact (children and the order of the
/// tasks are derived again), independent of the file, and exact: what is reloaded is equal and has
/// the same [`fingerprint`](Workflow::fingerprint).
///
/// # Examples
/// ```
/// use jido_system::Workflow;
///
/// let workflow = Workflow::parse(br#"{
///     "name": "tea", "schemaVersion": "1.5",
///     "workflow": { "specification": { "tasks": [
///         { "id": "boil", "name": "boil water", "parents": [], "children": ["brew"] },
///         { "id": "brew", "name": "brew", "parents": [], "children": [] }
///     ] } }
/// }"#)?;
///
/// assert_eq!(workflow.name(), "tea");
/// let brew = workflow.index_of("brew").expect("it is in the file");
/// assert_eq!(workflow.tasks()[brew.as_usize()].parents, [workflow.index_of("boil").unwrap()]);
/// # Ok::<(), jido_system::WorkflowError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Workflow {
    name: Arc<str>,
    schema_version: Arc<str>,
    tasks: Vec<Task>,
    order: Vec<TaskIndex>,
    index: HashMap<Arc<str>, TaskIndex>,
}

impl Workflow {
    /// The largest file that is read: 256 MiB.
    pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

    /// The longest runtime of one task that is believed: 10^12 seconds, about 31,700 years.
    ///
    /// With it no sum over the tasks of a file can leave the range where seconds are meaningful.
    pub const MAX_RUNTIME_S: f64 = 1e12;

    /// Puts checked parts together; the error is a cycle.
    pub(super) fn assemble(
        name: Arc<str>,
        schema_version: Arc<str>,
        mut tasks: Vec<Task>,
        edges: Vec<(TaskIndex, TaskIndex)>,
        index: HashMap<Arc<str>, TaskIndex>,
    ) -> Result<Self, Vec<Arc<str>>> {
        graph::connect(&mut tasks, edges);
        match graph::topological_order(&tasks) {
            Ok(order) => Ok(Self { name, schema_version, tasks, order, index }),
            Err(cycle) => {
                Err(cycle.into_iter().map(|at| Arc::clone(&tasks[at.as_usize()].id)).collect())
            }
        }
    }

    /// The name of the workflow, as the file gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the schema that the file states: `1.5` or `1.6`.
    #[must_use]
    pub fn schema_version(&self) -> &str {
        &self.schema_version
    }

    /// All tasks, in the order of the file; never empty.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The task at this index, or `None` for an index of a larger workflow.
    #[must_use]
    pub fn task(&self, index: TaskIndex) -> Option<&Task> {
        self.tasks.get(index.as_usize())
    }

    /// The task with this id. Cost: one hash lookup.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<TaskIndex> {
        self.index.get(id).copied()
    }

    /// Every task once, parents before children.
    ///
    /// # Examples
    /// ```
    /// # let workflow = jido_system::Workflow::parse(br#"{"name": "w", "schemaVersion": "1.5",
    /// #   "workflow": {"specification": {"tasks": [{"id": "b", "parents": ["a"]}, {"id": "a"}]}}}"#)?;
    /// let order: Vec<_> = workflow.topological_order().map(|task| &*task.id).collect();
    /// assert_eq!(order, ["a", "b"]);
    /// # Ok::<(), jido_system::WorkflowError>(())
    /// ```
    pub fn topological_order(&self) -> impl ExactSizeIterator<Item = &Task> {
        self.order.iter().map(|at| &self.tasks[at.as_usize()])
    }

    /// The indexes behind [`topological_order`](Self::topological_order).
    pub(crate) fn order(&self) -> &[TaskIndex] {
        &self.order
    }

    /// The number of edges: pairs of a task and one that waits for it.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.tasks.iter().map(|task| task.parents.len()).sum()
    }
}

/// Two workflows are equal when everything that their files say about them is.
impl PartialEq for Workflow {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.schema_version == other.schema_version
            && self.tasks == other.tasks
    }
}
