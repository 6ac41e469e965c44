//! From the shape of a document to a workflow: everything that types can not say.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::WorkflowError;
use super::parse::{Command, Document, ExecutionTask, Object, SpecificationTask};
use super::pointer;
use super::task::{CommandLine, Task, TaskIndex};
use super::workflow::Workflow;

/// The versions that are read, all in the same way: later ones only add what is not used here.
const VERSIONS: [&str; 2] = ["1.5", "1.6"];

type Index = HashMap<Arc<str>, TaskIndex>;

/// Accepts the version of a document that can be read.
pub(super) fn version(found: Option<String>) -> Result<Arc<str>, WorkflowError> {
    let found = found.ok_or(WorkflowError::MissingVersion)?;
    if VERSIONS.contains(&&*found) {
        Ok(found.into())
    } else {
        Err(WorkflowError::UnsupportedVersion { found })
    }
}

/// Checks a document and turns it into a workflow.
pub(super) fn document(from: Document, version: Arc<str>) -> Result<Workflow, WorkflowError> {
    if from.name.is_empty() {
        return Err(WorkflowError::EmptyId { place: "/name".to_owned() });
    }
    let Object(body) = from.workflow;
    let Object(specification) = body.specification;
    let listed: Vec<_> = specification.tasks.into_iter().map(|Object(task)| task).collect();
    if listed.is_empty() {
        return Err(WorkflowError::NoTasks);
    }
    let index = index(&listed)?;
    let edges = edges(&listed, &index)?;
    let mut tasks: Vec<Task> = index_order(listed, &index);
    if let Some(Object(execution)) = body.execution {
        executions(execution.tasks, &mut tasks, &index)?;
    }
    Workflow::assemble(from.name.into(), version, tasks, edges, index)
        .map_err(|path| WorkflowError::Cycle { path })
}

fn index(listed: &[SpecificationTask]) -> Result<Index, WorkflowError> {
    let mut index = Index::with_capacity(listed.len());
    for (at, task) in listed.iter().enumerate() {
        let place = || pointer::specification(at, "id");
        if task.id.is_empty() {
            return Err(WorkflowError::EmptyId { place: place() });
        }
        without_nul(&task.id, place)?;
        if let Some(first) = index.insert(task.id.as_str().into(), TaskIndex::from_usize(at)) {
            return Err(WorkflowError::DuplicateId {
                place: place(),
                first: pointer::specification(first.as_usize(), "id"),
                id: task.id.clone(),
            });
        }
    }
    Ok(index)
}

fn edges(
    listed: &[SpecificationTask],
    index: &Index,
) -> Result<Vec<(TaskIndex, TaskIndex)>, WorkflowError> {
    let mut edges = Vec::new();
    for (at, task) in listed.iter().enumerate() {
        let this = TaskIndex::from_usize(at);
        for (entry, id) in task.parents.iter().enumerate() {
            let place = || pointer::specification_entry(at, "parents", entry);
            let Some(&parent) = index.get(&**id) else {
                return Err(WorkflowError::UnknownParent { place: place(), id: id.clone() });
            };
            edges.push((parent, not_self(parent, this, id, place)?));
        }
        for (entry, id) in task.children.iter().enumerate() {
            let place = || pointer::specification_entry(at, "children", entry);
            let Some(&child) = index.get(&**id) else {
                return Err(WorkflowError::UnknownChild { place: place(), id: id.clone() });
            };
            edges.push((not_self(child, this, id, place)?, child));
        }
    }
    Ok(edges)
}

/// Gives `this` back when the other end of its edge is another task.
fn not_self(
    other: TaskIndex,
    this: TaskIndex,
    id: &str,
    place: impl FnOnce() -> String,
) -> Result<TaskIndex, WorkflowError> {
    if other == this {
        return Err(WorkflowError::SelfEdge { place: place(), id: id.to_owned() });
    }
    Ok(this)
}

/// The tasks in the order of the document, each sharing its id with the index.
fn index_order(listed: Vec<SpecificationTask>, index: &Index) -> Vec<Task> {
    listed
        .into_iter()
        .map(|task| {
            let shared = index.get_key_value(&*task.id).map(|(id, _)| Arc::clone(id));
            let id = shared.unwrap_or_else(|| task.id.into());
            let name = task.name.filter(|name| !name.is_empty() && **name != *id);
            Task {
                name: name.map_or_else(|| Arc::clone(&id), Into::into),
                id,
                runtime_s: 0.0,
                command: None,
                parents: Vec::new(),
                children: Vec::new(),
                input_files: task.input_files,
                output_files: task.output_files,
            }
        })
        .collect()
}

/// Fills in what the execution entries say.
fn executions(
    entries: Vec<Object<ExecutionTask>>,
    tasks: &mut [Task],
    index: &Index,
) -> Result<(), WorkflowError> {
    let mut first: Vec<Option<usize>> = vec![None; tasks.len()];
    for (entry, Object(execution)) in entries.into_iter().enumerate() {
        let place = || pointer::execution(entry, "id");
        let Some(&at) = index.get(&*execution.id) else {
            return Err(WorkflowError::UnknownTask { place: place(), id: execution.id });
        };
        if let Some(first) = first[at.as_usize()].replace(entry) {
            return Err(WorkflowError::DuplicateId {
                place: place(),
                first: pointer::execution(first, "id"),
                id: execution.id,
            });
        }
        let seconds = execution.runtime_in_seconds;
        if !is_runtime(seconds) {
            let place = pointer::execution(entry, "runtimeInSeconds");
            return Err(WorkflowError::Runtime { place, id: execution.id, seconds });
        }
        let task = &mut tasks[at.as_usize()];
        task.runtime_s = seconds + 0.0; // -0 is written as 0 from here on
        task.command = match execution.command {
            Some(Object(command)) => command_line(command, entry)?,
            None => None,
        };
    }
    Ok(())
}

/// Whether a number of seconds is a duration that a task can have.
pub(super) fn is_runtime(seconds: f64) -> bool {
    (0.0..=Workflow::MAX_RUNTIME_S).contains(&seconds)
}

/// An absent or empty program is no command: nothing could be run.
fn command_line(command: Command, entry: usize) -> Result<Option<CommandLine>, WorkflowError> {
    let Some(program) = command.program.filter(|program| !program.is_empty()) else {
        return Ok(None);
    };
    without_nul(&program, || pointer::execution(entry, "command/program"))?;
    for (at, argument) in command.arguments.iter().enumerate() {
        without_nul(argument, || pointer::execution(entry, &format!("command/arguments/{at}")))?;
    }
    Ok(Some(CommandLine { program, arguments: command.arguments }))
}

/// Whether a command could be handed to an operating system.
pub(super) fn is_runnable(command: &CommandLine) -> bool {
    let texts = || command.arguments.iter().chain([&command.program]);
    !command.program.is_empty() && !texts().any(|text| text.contains('\0'))
}

fn without_nul(text: &str, place: impl FnOnce() -> String) -> Result<(), WorkflowError> {
    if text.contains('\0') { Err(WorkflowError::NulByte { place: place() }) } else { Ok(()) }
}
