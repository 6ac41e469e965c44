//! What each rule of the house finds, and that this house keeps them.

use std::path::Path;

use super::{
    Files, LEFTOVERS, complaints, known_to_git, leftovers, manifest, module_header, of_packages,
    root_tree,
};
use foundation_xtask::Workspace;

fn of(pairs: &[(&str, &str)]) -> Files {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn folders() -> Vec<String> {
    vec!["one".to_owned(), "two".to_owned()]
}

fn said(complaints: Vec<super::Complaint>) -> Vec<String> {
    complaints.iter().map(ToString::to_string).collect()
}

#[test]
fn this_house_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let workspace = Workspace::load(root, true).expect("cargo knows it");
    let packages = of_packages(&workspace).expect("they can be read");
    assert!(packages.len() > 500, "{} files", packages.len());
    assert_eq!(said(complaints(&workspace, &packages)), [""; 0]);
    // A copy without its history has files of others in it, and nobody to tell them apart.
    if let Some(files) = known_to_git(workspace.root()).expect("they can be read") {
        assert!(files.len() > 500, "{} files", files.len());
        assert_eq!(said(complaints(&workspace, &files)), [""; 0]);
    }
}

#[test]
fn every_rule_looks_at_every_file_but_at_no_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let workspace = Workspace::load(root, true).expect("cargo knows it");
    let (a, b) = LEFTOVERS[0];
    let bad = format!("fn f() {{ {a}{b}) }}");
    let files = of(&[
        ("foundation/src/a.rs", &bad),
        ("xtask/tests/fixtures/b/src/lib.rs", &bad),
        ("notes.md", "a note"),
        ("mabeam/Cargo.toml", "[lints]\n"),
    ]);
    let expected = [
        "foundation/src/a.rs:1: `".to_owned() + a + b + "` was left behind",
        "foundation/src/a.rs:1: does not begin with what it is about".to_owned(),
        "mabeam/Cargo.toml:1: lacks `[lints] workspace = true`".to_owned(),
        "notes.md:1: has no place in the root".to_owned(),
    ];
    assert_eq!(said(complaints(&workspace, &files)), expected);
}

#[test]
fn only_packages_and_known_files_lie_in_the_root() {
    let files = of(&[
        ("README.md", ""),
        ("docs/a.md", ""),
        ("one/src/lib.rs", ""),
        ("notes.txt", ""),
        ("three/src/lib.rs", ""),
    ]);
    let expected =
        ["notes.txt:1: has no place in the root", "three/src/lib.rs:1: has no place in the root"];
    assert_eq!(said(root_tree(&files, &folders())), expected);
    assert_eq!(said(root_tree(&files, &[String::new()])), [""; 0]);
}

#[test]
fn a_file_of_code_says_first_what_it_is_about() {
    for text in ["//! What it is.\nfn f() {}", "\u{feff}//! What it is."] {
        assert_eq!(module_header("a.rs", text), None);
    }
    for text in ["", "//!", "fn f() {}", "// no\n//! What it is.", "/// What it is."] {
        assert!(module_header("a.rs", text).is_some(), "{text:?}");
    }
    assert_eq!(module_header("a.md", "text"), None);
}

#[test]
fn what_was_left_behind_is_found_at_its_line() {
    for (a, b) in LEFTOVERS {
        let text = format!("fine\n// {a}{b}");
        let expected = format!("a.rs:2: `{a}{b}` was left behind");
        assert_eq!(said(leftovers("a.rs", &text)), [expected]);
    }
    assert_eq!(said(leftovers("a.rs", "a todo list, dbg, method!() and Xxx")), [""; 0]);
}

#[test]
fn members_take_lints_and_shared_versions_from_the_workspace() {
    let good = "[dependencies]\na.workspace = true\nb = { path = \"../b\" }\nc = \"1\"\n[lints]\nworkspace = true\n";
    let fine = of(&[("one/Cargo.toml", good), ("two/Cargo.toml", "[lints]\nworkspace = true\n")]);
    assert_eq!(said(manifest::complaints(&fine, &folders())), [""; 0]);
    let bad = of(&[
        ("one/Cargo.toml", good),
        ("one/clippy.toml", ""),
        ("two/Cargo.toml", "[dev-dependencies]\nd = { git = \"x\" }\nc = { version = \"2\" }\n"),
    ]);
    let expected = [
        "one/clippy.toml:1: takes the place of the one in the root",
        "two/Cargo.toml:1: lacks `[lints] workspace = true`",
        "one/Cargo.toml:4: `c` has a version here and elsewhere: it belongs to the workspace",
        "two/Cargo.toml:3: `c` has a version here and elsewhere: it belongs to the workspace",
    ];
    assert_eq!(said(manifest::complaints(&bad, &folders())), expected);
    let root = of(&[("Cargo.toml", "[package]\n"), ("clippy.toml", "")]);
    let expected = ["Cargo.toml:1: lacks `[lints] workspace = true`"];
    assert_eq!(said(manifest::complaints(&root, &[String::new()])), expected);
    let off = of(&[("one/Cargo.toml", "[lints]\nworkspace = false\n"), ("two/Cargo.toml", "[")]);
    let expected =
        ["one/Cargo.toml:1: lacks `[lints] workspace = true`", "two/Cargo.toml:1: is no TOML"];
    assert_eq!(said(manifest::complaints(&off, &folders())), expected);
}
