//! What is refused, and how the place is named.

use serde_json::{Value, json};

use super::{document, parse};
use crate::{Workflow, WorkflowError};

/// Changes the valid document, and expects exactly this message.
fn check(change: impl FnOnce(&mut Value), expected: &str) {
    let mut json = document();
    change(&mut json);
    assert_eq!(parse(&json).unwrap_err().to_string(), expected);
}

fn check_at(pointer: &str, value: Value, expected: &str) {
    check(|json| *json.pointer_mut(pointer).expect("a place in the document") = value, expected);
}

/// Types and syntax carry a line and a column, which depend on the order of keys: only the start.
fn check_text(text: &str, expected: &str) {
    let message = Workflow::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(message.starts_with(expected), "{message:?} does not start with {expected:?}");
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    check_text("", "not JSON: EOF while parsing a value at line 1 column 0");
    check_text("hello", "not JSON: expected value at line 1 column 1");
    check_text("{\n  \"name\": \"w\",\n}", "not JSON: trailing comma at line 3 column 1");
    check_text(
        "{\"schemaVersion\": \"1.5\"} x",
        "not JSON: trailing characters at line 1 column 26",
    );
    let error = Workflow::parse(b"{\n\"na\xffme\": 1}").unwrap_err();
    assert_eq!(error.to_string(), "not JSON: invalid UTF-8 at line 2 column 4");
}

#[test]
fn versions_that_can_not_be_read_are_refused_before_anything_else() {
    check(
        |json| *json = json!({ "schemaVersion": "1.3", "workflow": { "tasks": [] } }),
        "schema version \"1.3\" at /schemaVersion is not supported (1.5 and 1.6 are)",
    );
    check(|json| *json = json!({}), "the document has no /schemaVersion");
    check_at("/schemaVersion", json!(null), "the document has no /schemaVersion");
    let mut json = document();
    json["schemaVersion"] = json!(1.5);
    let error = parse(&json).unwrap_err();
    assert!(
        matches!(&error, WorkflowError::Type { place, .. } if place == "/schemaVersion"),
        "{error}"
    );
}

#[test]
fn a_workflow_without_tasks_is_refused() {
    let none = "there are no tasks at /workflow/specification/tasks";
    check_at("/workflow/specification/tasks", json!([]), none);
    check_at("/workflow/specification", json!({}), none);
}

#[test]
fn wrong_types_are_refused_with_their_place() {
    let places = [
        ("", json!([])),
        ("/name", json!(1)),
        ("/workflow", json!([])),
        ("/workflow/specification", json!("x")),
        ("/workflow/specification/tasks", json!({})),
        ("/workflow/specification/tasks/1", json!(["a", "an array is not an object"])),
        ("/workflow/specification/tasks/1/id", json!(7)),
        ("/workflow/specification/tasks/2/parents", json!("a")),
        ("/workflow/specification/tasks/2/parents/0", json!(null)),
        ("/workflow/specification/tasks/1/outputFiles/0", json!({})),
        ("/workflow/execution", json!(3)),
        ("/workflow/execution/tasks/1/runtimeInSeconds", json!("2 s")),
        ("/workflow/execution/tasks/1/runtimeInSeconds", json!(null)),
        ("/workflow/execution/tasks/0/command/program", json!(["sort"])),
        ("/workflow/execution/tasks/0/command/arguments/1", json!(5)),
    ];
    for (pointer, value) in places {
        let mut json = document();
        *json.pointer_mut(pointer).unwrap() = value.clone();
        let error = parse(&json).unwrap_err();
        let WorkflowError::Type { place, line, .. } = &error else { panic!("{pointer}: {error}") };
        assert_eq!((&**place, *line), (pointer, 1), "{value}: {error}");
    }
}

#[test]
fn missing_and_repeated_fields_are_refused_with_their_object() {
    check_text(
        r#"{"schemaVersion": "1.5", "name": "w", "workflow": {"specification": {"tasks": [{}]}}}"#,
        "missing field `id` at /workflow/specification/tasks/0 (line 1 column 81)",
    );
    check_text(
        r#"{"schemaVersion": "1.5", "workflow": {"specification": {}}}"#,
        "missing field `name` at the top",
    );
    check_text(
        r#"{"schemaVersion": "1.5", "name": "w", "name": "v", "workflow": {}}"#,
        "duplicate field `name` at",
    );
}

#[test]
fn ids_are_unique_and_not_empty() {
    let tasks = "/workflow/specification/tasks";
    check_at(
        &format!("{tasks}/2/id"),
        json!(""),
        "empty text at /workflow/specification/tasks/2/id",
    );
    check_at("/name", json!(""), "empty text at /name");
    check_at(
        &format!("{tasks}/3/id"),
        json!("b"),
        "duplicate id \"b\" at /workflow/specification/tasks/3/id, \
         first at /workflow/specification/tasks/2/id",
    );
    check_at(
        "/workflow/execution/tasks/2/id",
        json!("a"),
        "duplicate id \"a\" at /workflow/execution/tasks/2/id, \
         first at /workflow/execution/tasks/0/id",
    );
}

#[test]
fn edges_and_execution_entries_lead_to_tasks() {
    check_at(
        "/workflow/specification/tasks/0/parents/1",
        json!("nobody"),
        "unknown parent \"nobody\" at /workflow/specification/tasks/0/parents/1",
    );
    check_at(
        "/workflow/specification/tasks/1/children/0",
        json!(""),
        "unknown child \"\" at /workflow/specification/tasks/1/children/0",
    );
    check_at(
        "/workflow/execution/tasks/1/id",
        json!("B"),
        "execution of unknown task \"B\" at /workflow/execution/tasks/1/id",
    );
}

#[test]
fn cycles_are_refused_with_their_path() {
    check_at(
        "/workflow/specification/tasks/2/children/0",
        json!("b"),
        "task \"b\" waits for itself at /workflow/specification/tasks/2/children/0",
    );
    check_at(
        "/workflow/specification/tasks/0/children",
        json!(["a"]),
        "the tasks wait for each other in a cycle: \"d\" -> \"a\" -> \"b\" -> \"d\"",
    );
}

#[test]
fn the_path_of_a_cycle_leaves_out_what_only_hangs_on_it() {
    let json = json!({ "name": "w", "schemaVersion": "1.5", "workflow": { "specification": {
        "tasks": [
            { "id": "after", "parents": ["y"] },
            { "id": "before", "children": ["x"] },
            { "id": "x", "children": ["y"] },
            { "id": "y", "children": ["z"] },
            { "id": "z", "children": ["x"] },
        ]
    } } });
    let path = ["x", "y", "z"].map(Into::into).to_vec();
    assert_eq!(parse(&json), Err(WorkflowError::Cycle { path }));
}

#[test]
fn runtimes_are_durations() {
    let place = "/workflow/execution/tasks/1/runtimeInSeconds";
    let expected = |seconds: &str| {
        format!("runtime {seconds} s of task \"b\" at {place} is not between 0 and 1e12 s")
    };
    check_at(place, json!(-0.5), &expected("-5e-1"));
    check_at(place, json!(1e13), &expected("1e13"));
    check_at(place, json!(f64::MAX), &expected("1.7976931348623157e308"));
    let text =
        document().to_string().replace("\"runtimeInSeconds\":2", "\"runtimeInSeconds\":1e999");
    check_text(&text, "not JSON: number out of range at line 1 column ");
    let text = document().to_string().replace("\"runtimeInSeconds\":2", "\"runtimeInSeconds\":NaN");
    check_text(&text, "not JSON: expected value at line 1 column ");
}

#[test]
fn nul_bytes_are_refused_wherever_they_would_reach_the_operating_system() {
    for place in [
        "/workflow/specification/tasks/3/id",
        "/workflow/execution/tasks/0/command/program",
        "/workflow/execution/tasks/0/command/arguments/1",
    ] {
        check_at(place, json!("a\0b"), &format!("NUL byte in the text at {place}"));
    }
}

#[test]
fn deep_nesting_is_an_error_where_it_matters_and_skipped_where_it_does_not() {
    let deep = "[".repeat(1_000_000);
    let text = format!(r#"{{"schemaVersion": "1.5", "name": "w", "workflow": {deep}"#);
    assert!(Workflow::parse(text.as_bytes()).is_err());
    assert!(Workflow::parse(deep.as_bytes()).is_err());

    let unused = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = document().to_string().replace("\"not used\"", &unused);
    assert!(Workflow::parse(text.as_bytes()).is_ok());
}

#[test]
fn messages_stay_one_short_line_whatever_the_document_contains() {
    let evil = format!("\u{1b}[31m\n{}", "x".repeat(100_000));
    for pointer in [
        "/schemaVersion",
        "/workflow/specification/tasks/0/parents/0",
        "/workflow/execution/tasks/0/runtimeInSeconds",
        "/workflow/execution/tasks/0/id",
    ] {
        let mut json = document();
        *json.pointer_mut(pointer).unwrap() = json!(evil);
        let message = parse(&json).unwrap_err().to_string();
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(message.len() < 600, "{} bytes", message.len());
    }
}
