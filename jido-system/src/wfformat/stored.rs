//! How a workflow is written to a store: what can not be derived, checked again when reloaded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::task::{CommandLine, Task, TaskIndex};
use super::validate;
use super::workflow::Workflow;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWorkflow<'a> {
    name: Cow<'a, str>,
    schema_version: Cow<'a, str>,
    tasks: Vec<StoredTask<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTask<'a> {
    id: Cow<'a, str>,
    /// Absent when it is the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    runtime_s: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<Cow<'a, CommandLine>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    parents: Cow<'a, [TaskIndex]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    inputs: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    outputs: Cow<'a, [String]>,
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

impl Serialize for Workflow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tasks = self.tasks().iter().map(|task| StoredTask {
            id: Cow::Borrowed(&task.id),
            name: (task.name != task.id).then_some(Cow::Borrowed(&task.name)),
            runtime_s: task.runtime_s,
            command: task.command.as_ref().map(Cow::Borrowed),
            parents: Cow::Borrowed(&task.parents),
            inputs: Cow::Borrowed(&task.input_files),
            outputs: Cow::Borrowed(&task.output_files),
        });
        StoredWorkflow {
            name: Cow::Borrowed(self.name()),
            schema_version: Cow::Borrowed(self.schema_version()),
            tasks: tasks.collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Workflow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        restore(StoredWorkflow::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Checks the invariants again: a store is only as trustworthy as whoever wrote to it.
fn restore(stored: StoredWorkflow<'_>) -> Result<Workflow, String> {
    let count = stored.tasks.len();
    let mut index: HashMap<Arc<str>, TaskIndex> = HashMap::with_capacity(count);
    let (mut tasks, mut edges) = (Vec::with_capacity(count), Vec::new());
    let version = validate::version(Some(stored.schema_version.into_owned()));
    let version = version.map_err(|error| error.to_string())?;
    for (at, task) in stored.tasks.into_iter().enumerate() {
        let id: Arc<str> = task.id.into();
        let this = TaskIndex::from_usize(at);
        let command = task.command.as_deref();
        let legal = !id.is_empty() && !id.contains('\0') && validate::is_runtime(task.runtime_s);
        let runnable = command.is_none_or(validate::is_runnable);
        if !legal || !runnable || index.insert(Arc::clone(&id), this).is_some() {
            return Err(format!("stored task {at} has a bad id, runtime or command"));
        }
        if let Some(parent) = task.parents.iter().find(|parent| parent.as_usize() >= count) {
            return Err(format!("stored task {at} has an unknown parent {parent}"));
        }
        edges.extend(task.parents.iter().map(|&parent| (parent, this)));
        tasks.push(Task {
            name: task.name.map_or_else(|| Arc::clone(&id), Into::into),
            id,
            runtime_s: task.runtime_s,
            command: task.command.map(Cow::into_owned),
            parents: Vec::new(),
            children: Vec::new(),
            input_files: task.inputs.into_owned(),
            output_files: task.outputs.into_owned(),
        });
    }
    if tasks.is_empty() {
        return Err("stored workflow has no tasks".to_owned());
    }
    Workflow::assemble(stored.name.into(), version, tasks, edges, index)
        .map_err(|cycle| format!("stored workflow has a cycle of {} tasks", cycle.len()))
}
