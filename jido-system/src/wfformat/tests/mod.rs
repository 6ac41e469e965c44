//! The format: what is read, what is refused and where, and that nothing makes it panic.

mod fuzz;
mod reading;
mod refusals;
mod storing;

use serde_json::{Value, json};

use crate::{Workflow, WorkflowError};

/// A small valid document that uses every field that is read.
fn document() -> Value {
    json!({
        "name": "diamond",
        "description": "not used",
        "schemaVersion": "1.5",
        "workflow": {
            "specification": {
                "tasks": [
                    { "id": "d", "name": "join", "parents": ["c", "b"], "children": [] },
                    { "id": "a", "name": "split", "parents": [], "children": ["b", "c"],
                      "inputFiles": ["in.txt"], "outputFiles": ["out.txt"] },
                    { "id": "b", "name": "left", "parents": ["a"], "children": ["d"] },
                    { "id": "c", "name": "right", "parents": ["a"], "children": [] }
                ],
                "files": [{ "id": "in.txt", "sizeInBytes": 12 }]
            },
            "execution": {
                "makespanInSeconds": 9,
                "executedAt": "2026-01-01T00:00:00Z",
                "tasks": [
                    { "id": "a", "runtimeInSeconds": 1.5, "avgCPU": 99.5,
                      "command": { "program": "sort", "arguments": ["-n", "in.txt"] } },
                    { "id": "b", "runtimeInSeconds": 2 },
                    { "id": "d", "runtimeInSeconds": 0.25, "command": { "program": "true" } }
                ]
            }
        }
    })
}

fn parse(document: &Value) -> Result<Workflow, WorkflowError> {
    Workflow::parse(document.to_string().as_bytes())
}

fn ids(workflow: &Workflow, of: &[crate::TaskIndex]) -> Vec<String> {
    of.iter().map(|at| workflow.tasks()[at.as_usize()].id.to_string()).collect()
}
