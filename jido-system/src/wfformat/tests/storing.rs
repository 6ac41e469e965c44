//! What is stored is what was read.

use serde_json::{Value, json};

use super::{document, parse};
use crate::Workflow;

#[test]
fn a_stored_workflow_is_equal_when_it_is_reloaded() {
    let mut json = document();
    json["workflow"]["execution"]["tasks"][1]["runtimeInSeconds"] = json!(0.1 + 0.2);
    let workflow = parse(&json).unwrap();
    let stored = serde_json::to_vec(&workflow).unwrap();
    let reloaded: Workflow = serde_json::from_slice(&stored).unwrap();

    assert_eq!(reloaded, workflow);
    assert_eq!(reloaded.fingerprint(), workflow.fingerprint());
    assert_eq!(reloaded.index_of("b"), workflow.index_of("b"));
    assert!(reloaded.topological_order().eq(workflow.topological_order()));
}

#[test]
fn a_damaged_store_can_not_yield_an_invalid_workflow() {
    let stored = serde_json::to_value(parse(&document()).unwrap()).unwrap();
    let damage: [(&str, Value); 8] = [
        ("/tasks", json!([])),
        ("/schema_version", json!("2.0")),
        ("/tasks/0/parents/0", json!(0)),
        ("/tasks/0/parents/0", json!(4)),
        ("/tasks/2/parents/0", json!(0)),
        ("/tasks/2/id", json!("a")),
        ("/tasks/2/runtime_s", json!(-1)),
        ("/tasks/1/command/program", json!("")),
    ];
    for (pointer, value) in damage {
        let mut json = stored.clone();
        *json.pointer_mut(pointer).unwrap() = value.clone();
        let reloaded: Result<Workflow, _> = serde_json::from_value(json);
        assert!(reloaded.is_err(), "{pointer} = {value}");
    }
}

#[test]
fn the_fingerprint_changes_with_the_work_and_with_nothing_else() {
    let fingerprint = |pointer: &str, value: Value| {
        let mut json = document();
        *json.pointer_mut(pointer).unwrap() = value;
        parse(&json).unwrap().fingerprint()
    };
    let before = parse(&document()).unwrap().fingerprint();
    let same = [
        ("/description", json!("other")),
        ("/schemaVersion", json!("1.6")),
        ("/workflow/specification/tasks/0/name", json!("other")),
        ("/workflow/execution/makespanInSeconds", json!(1)),
        ("/workflow/specification/tasks/1/children", json!([])),
    ];
    for (pointer, value) in same {
        assert_eq!(fingerprint(pointer, value), before, "{pointer}");
    }
    let other = [
        ("/name", json!("other")),
        ("/workflow/specification/tasks/0/parents", json!(["b"])),
        ("/workflow/specification/tasks/1/inputFiles", json!(["other"])),
        ("/workflow/execution/tasks/0/runtimeInSeconds", json!(1.6)),
        ("/workflow/execution/tasks/0/command/program", json!("uniq")),
        ("/workflow/execution/tasks/0/command/arguments", json!(["-nin.txt"])),
        ("/workflow/execution/tasks/2/command", json!(null)),
    ];
    for (pointer, value) in other {
        assert_ne!(fingerprint(pointer, value), before, "{pointer}");
    }
}
