//! What a valid file says.

use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::{document, ids, parse};
use crate::{CommandLine, ReadError, Workflow};

#[test]
fn tasks_keep_the_order_of_the_file_and_get_their_runtimes_and_commands() {
    let workflow = parse(&document()).unwrap();

    assert_eq!((workflow.name(), workflow.schema_version()), ("diamond", "1.5"));
    let tasks: Vec<_> = workflow.tasks().iter().map(|task| (&*task.id, task.runtime_s)).collect();
    assert_eq!(tasks, [("d", 0.25), ("a", 1.5), ("b", 2.0), ("c", 0.0)]);
    let split = workflow.task(workflow.index_of("a").unwrap()).unwrap();
    assert_eq!(&*split.name, "split");
    assert_eq!(
        (&split.input_files[..], &split.output_files[..]),
        (&["in.txt".to_owned()][..], &["out.txt".to_owned()][..])
    );
    let arguments = vec!["-n".to_owned(), "in.txt".to_owned()];
    assert_eq!(split.command, Some(CommandLine { program: "sort".to_owned(), arguments }));
    assert_eq!(workflow.tasks()[3].command, None, "no execution entry, no command");
}

#[test]
fn edges_are_the_union_of_parents_and_children_each_once() {
    // a -> b is said twice, a -> c twice, b -> d twice, c -> d only by d.
    let workflow = parse(&document()).unwrap();

    assert_eq!(workflow.edge_count(), 4);
    let [d, a, b, c] = workflow.tasks() else { panic!("four tasks") };
    assert_eq!(ids(&workflow, &a.children), ["b", "c"]);
    assert_eq!(ids(&workflow, &d.parents), ["b", "c"]);
    assert_eq!(ids(&workflow, &c.children), ["d"]);
    assert_eq!(ids(&workflow, &b.parents), ["a"]);
}

#[test]
fn an_edge_that_only_the_parent_names_counts() {
    let mut json = document();
    json["workflow"]["specification"]["tasks"][0]["parents"] = json!([]);
    let workflow = parse(&json).unwrap();

    assert_eq!(ids(&workflow, &workflow.tasks()[0].parents), ["b"]);
}

#[test]
fn the_topological_order_puts_parents_first() {
    let workflow = parse(&document()).unwrap();

    let order: Vec<_> = workflow.topological_order().map(|task| &*task.id).collect();
    assert_eq!(order, ["a", "b", "c", "d"]);
}

#[test]
fn version_1_6_and_its_additions_are_accepted() {
    let mut json = document();
    json["schemaVersion"] = json!("1.6");
    json["workflow"]["specification"]["tasks"][0]["somethingNew"] = json!({ "deep": [1, 2] });
    json["newSection"] = json!(null);

    assert_eq!(parse(&json).unwrap().schema_version(), "1.6");
}

#[test]
fn optional_fields_may_be_absent() {
    let json = json!({ "name": "w", "schemaVersion": "1.5",
        "workflow": { "specification": { "tasks": [{ "id": "only" }] } } });
    let workflow = parse(&json).unwrap();

    let only = &workflow.tasks()[0];
    assert_eq!((&*only.name, only.runtime_s, only.parents.len()), ("only", 0.0, 0));
}

#[test]
fn a_command_without_a_program_is_no_command() {
    for command in [json!(null), json!({}), json!({ "program": "" }), json!({ "arguments": ["x"] })]
    {
        let mut json = document();
        json["workflow"]["execution"]["tasks"][0]["command"] = command;
        assert_eq!(parse(&json).unwrap().tasks()[1].command, None);
    }
}

#[test]
fn a_chain_of_200_000_tasks_needs_no_stack() {
    let tasks: Vec<_> = (0..200_000)
        .map(|at: u32| match at {
            0 => json!({ "id": "t0" }),
            _ => json!({ "id": format!("t{at}"), "parents": [format!("t{}", at - 1)] }),
        })
        .collect();
    let mut json = json!({ "name": "chain", "schemaVersion": "1.5",
        "workflow": { "specification": { "tasks": tasks } } });
    let workflow = parse(&json).unwrap();
    assert_eq!(workflow.topological_order().last().unwrap().id, "t199999".into());

    json["workflow"]["specification"]["tasks"][0]["parents"] = json!(["t199999"]);
    let message = parse(&json).unwrap_err().to_string();
    assert!(message.contains("(199988 more)") && message.len() < 400, "{message}");
}

#[test]
fn a_file_is_read_up_to_the_limit_and_not_beyond() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(document().to_string().as_bytes()).unwrap();
    let size = file.as_file().metadata().unwrap().len();

    assert!(Workflow::read(file.path()).is_ok());
    assert!(Workflow::read_bounded(file.path(), size).is_ok());
    let error = Workflow::read_bounded(file.path(), size - 10).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { bytes, .. } if bytes == size), "by its size");
}

#[test]
fn a_file_that_does_not_tell_its_size_is_read_up_to_the_limit() {
    let error = Workflow::read_bounded(Path::new("/dev/zero"), 1_000).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { bytes: 1_001, .. }), "{error}");
}

#[test]
fn a_file_over_256_mib_is_refused_unread() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(Workflow::MAX_BYTES + 1).unwrap();

    let error = Workflow::read(file.path()).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }));
    let message = error.to_string();
    assert!(message.contains("268435457 bytes") && message.contains("256 MiB"), "{message}");
}

#[test]
fn errors_of_reading_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.json");
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{").unwrap();

    for (path, part) in [(&missing, "missing.json"), (&broken, "broken.json")] {
        let message = Workflow::read(path).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    assert!(matches!(Workflow::read(folder.path()), Err(ReadError::Io { .. })), "a folder");
}
