//! Bad input: exit code 2, a message that names the file and the place, and a store that nobody
//! touched.

use std::fs::File;

use serde_json::{Value, json};

use crate::program::{Place, document, idle, sh};

/// The file `w.json` is refused with all of these words, before and after a store exists.
fn refused(place: &Place, options: &str, words: &[&str]) {
    let check = || {
        let ran = place.jido(&format!("run w.json {options}"));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert_eq!(ran.stdout, "");
        for word in ["w.json"].iter().chain(words) {
            assert!(ran.stderr.contains(word), "no {word} in {ran:?}");
        }
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    };
    check();
    assert!(!place.path(".jido").exists(), "a store was created");
    place.workflow("good.json", &[idle("only", &[])]);
    place.jido_ok("run good.json --simulate 0");
    let before = place.store();
    assert!(!before.is_empty());
    check();
    assert_eq!(place.store(), before, "the store was touched");
}

fn refused_text(contents: impl AsRef<[u8]>, words: &[&str]) {
    let place = Place::new();
    place.write("w.json", contents);
    refused(&place, "--simulate 0", words);
}

/// The document of three tasks, changed.
fn refused_change(change: impl FnOnce(&mut Value), words: &[&str]) {
    let mut document = document(&[idle("a", &[]), idle("b", &["a"]), idle("c", &["b"])]);
    change(&mut document);
    refused_text(document.to_string(), words);
}

fn specification(document: &mut Value) -> &mut Value {
    &mut document["workflow"]["specification"]["tasks"]
}

fn execution(document: &mut Value) -> &mut Value {
    &mut document["workflow"]["execution"]["tasks"]
}

#[test]
fn a_file_that_is_not_json_is_refused_with_line_and_column() {
    refused_text("{\n  \"name\": oops\n}", &["line 2", "column"]);
    refused_text("", &["line 1"]);
    refused_text([0xff, 0xfe, 0x00], &["UTF-8"]);
}

#[test]
fn a_missing_wrong_or_unsupported_version_is_refused() {
    refused_change(|doc| doc["schemaVersion"] = json!("1.4"), &["schemaVersion", "1.4"]);
    refused_change(|doc| doc["schemaVersion"] = json!(1.5), &["schemaVersion"]);
    refused_change(
        |doc| drop(doc.as_object_mut().unwrap().remove("schemaVersion")),
        &["schemaVersion"],
    );
}

#[test]
fn a_workflow_without_tasks_is_refused() {
    refused_change(|doc| *specification(doc) = json!([]), &["tasks"]);
}

#[test]
fn a_duplicate_id_is_refused_with_both_places() {
    refused_change(
        |doc| specification(doc)[2]["id"] = json!("a"),
        &["duplicate", "\"a\"", "tasks/2", "tasks/0"],
    );
}

#[test]
fn an_unknown_parent_or_child_is_refused_with_its_place() {
    refused_change(
        |doc| specification(doc)[1]["parents"] = json!(["a", "ghost"]),
        &["ghost", "/workflow/specification/tasks/1/parents/1"],
    );
    refused_change(
        |doc| specification(doc)[1]["children"] = json!(["ghost"]),
        &["ghost", "/workflow/specification/tasks/1/children/0"],
    );
}

#[test]
fn a_cycle_is_refused_with_its_path() {
    let place = Place::new();
    place.workflow("w.json", &[idle("a", &["c"]), idle("b", &["a"]), idle("c", &["b"])]);
    refused(&place, "--simulate 0", &["cycle", "\"a\" -> ", "\"b\" -> ", "\"c\""]);
}

#[test]
fn a_negative_or_infinite_runtime_is_refused() {
    refused_change(
        |doc| execution(doc)[1]["runtimeInSeconds"] = json!(-0.5),
        &["\"b\"", "/workflow/execution/tasks/1/runtimeInSeconds"],
    );
    let text = document(&[idle("a", &[])]).to_string();
    refused_text(
        text.replace("\"runtimeInSeconds\":0.0", "\"runtimeInSeconds\":1e999"),
        &["line 1"],
    );
}

#[test]
fn a_file_over_the_limit_is_refused_unread() {
    let place = Place::new();
    File::create(place.path("w.json")).unwrap().set_len(256 * 1024 * 1024 + 1).unwrap();
    refused(&place, "--simulate 0", &["256 MiB"]);
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_refused() {
    let place = Place::new();
    refused(&place, "--simulate 0", &["cannot read"]);
    let place = Place::new();
    std::fs::create_dir(place.path("w.json")).unwrap();
    refused(&place, "--simulate 0", &["cannot read"]);
}

#[test]
fn a_program_that_is_not_found_is_refused_with_its_task() {
    let place = Place::new();
    let mut doc = document(&[sh("fine", &[], ""), sh("strange", &["fine"], "")]);
    execution(&mut doc)[1]["command"]["program"] = json!("no-such-program-here");
    place.write("w.json", doc.to_string());
    refused(&place, "", &["\"strange\"", "no-such-program-here"]);

    execution(&mut doc)[1]["command"]["program"] = json!("./w.json");
    let place = Place::new();
    place.write("w.json", doc.to_string());
    refused(&place, "", &["\"strange\"", "not executable"]);
}

#[test]
fn a_task_without_a_command_is_refused_unless_simulated() {
    let place = Place::new();
    place.workflow("w.json", &[sh("fine", &[], ""), idle("bare", &["fine"])]);
    refused(&place, "", &["\"bare\"", "no command"]);
    place.jido_ok("run w.json --simulate 0");
}

#[test]
fn a_working_directory_that_is_none_is_refused() {
    let place = Place::new();
    place.workflow("w.json", &[sh("a", &[], "")]);
    let ran = place.jido("run w.json --workdir nowhere");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("nowhere"), "{ran:?}");
    assert!(!place.path(".jido").exists());
}

#[test]
fn a_store_that_cannot_be_one_is_refused_and_left_alone() {
    let place = Place::new();
    place.workflow("w.json", &[idle("a", &[])]);
    place.write("taken", "a file of somebody");
    let ran = place.jido("run w.json --simulate 0 --store taken");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("taken"), "{ran:?}");
    assert_eq!(std::fs::read(place.path("taken")).unwrap(), b"a file of somebody");
}

#[test]
fn a_corrupt_store_is_refused_and_left_alone() {
    let place = Place::new();
    place.workflow("w.json", &[idle("a", &[])]);
    place.jido_ok("run w.json --simulate 0");
    for (path, bytes) in place.store() {
        std::fs::write(path, vec![0x5a; bytes.len()]).unwrap();
    }
    let before = place.store();
    for command in ["run w.json --simulate 0", "log", "list"] {
        let ran = place.jido(command);
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
        assert!(ran.stderr.contains(".jido"), "{command}: {ran:?}");
        assert_eq!(place.store(), before, "{command} touched the store");
    }
}

#[test]
fn looking_into_a_store_that_is_not_there_does_not_create_it() {
    let place = Place::new();
    for command in ["log", "list"] {
        let ran = place.jido(command);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(".jido"), "{ran:?}");
        assert!(!place.path(".jido").exists());
    }
}

#[test]
fn a_wrong_command_line_is_refused() {
    let place = Place::new();
    for line in
        ["", "fly", "run", "run w.json --workers 0", "run w.json --simulate=-1", "log --all"]
    {
        let ran = place.jido(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        assert_eq!(ran.stdout, "");
        assert!(!ran.stderr.is_empty());
    }
    assert!(!place.path(".jido").exists());
}
