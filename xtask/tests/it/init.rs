//! From an empty folder to a linted workspace.

use std::env;
use std::fs;
use std::path::Path;

use crate::fixture::{Fixture, Run, root, run, xtask_in};

const CLEAN: &str = "\
//! A crate of somebody else.

/// One more.
pub fn next(n: u32) -> u32 {
    n + 1
}
";
const RAW: &str = "
/// Goes around every supervisor.
pub fn raw(tx: &std::sync::mpsc::SyncSender<u32>) {
    assert!(tx.send(1).is_ok());
    std::thread::spawn(|| ()).join().unwrap();
}
";

fn cargo(fixture: &Fixture, args: &[&str], variables: &[(&str, &str)]) -> Run {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    run(Path::new(&cargo), &fixture.folder, args, variables)
}

fn workspace(name: &str) -> Fixture {
    let fixture = Fixture::empty(name);
    fixture.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\"]\n");
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    fixture.write("app/Cargo.toml", manifest);
    fixture.write("app/src/lib.rs", CLEAN);
    // The versions that are on this machine.
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("there is a lock file");
    fixture.write("Cargo.lock", &lock);
    fixture
}

#[test]
fn a_new_workspace_is_linted_after_one_command() {
    let fixture = workspace("init_story");
    let init = xtask_in(&fixture.folder, &["lint", "init"], &[]);
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    let main = fixture.read("xtask/src/main.rs");
    assert!(main.contains("foundation_xtask::main()"), "{main}");

    let workflow = fixture.read(".github/workflows/foundation-lint.yml");
    let step = workflow.lines().rev().find_map(|line| line.trim().strip_prefix("- run: cargo "));
    let step: Vec<&str> = step.expect("the workflow lints").split(' ').collect();
    let clean = cargo(&fixture, &step, &[]);
    assert_eq!((clean.code, clean.stdout.as_str()), (Some(0), ""), "{}", clean.stderr);

    fixture.write("app/src/lib.rs", &format!("{CLEAN}{RAW}"));
    let raw = cargo(&fixture, &step, &[]);
    assert_eq!(raw.code, Some(1), "{}", raw.stderr);
    let places: Vec<&str> =
        raw.stdout.lines().filter_map(|line| line.split_once("--> ").map(|(_, at)| at)).collect();
    assert_eq!(places, ["app/src/lib.rs:10:16", "app/src/lib.rs:11:5"], "{}", raw.stdout);
    for (rule, line) in [("FND001 raw_send", 10), ("FND003 unsupervised_spawn", 11)] {
        let annotation = format!("::error file=app/src/lib.rs,line={line},");
        let has = |text: &str| text.starts_with(&annotation) && text.contains(rule);
        assert!(raw.stdout.lines().any(has), "{rule}: {}", raw.stdout);
    }
    assert_eq!(raw.stdout.matches("::error ").count(), 2);

    fixture.write("app/src/lib.rs", CLEAN);
    assert_eq!(cargo(&fixture, &step, &[]).code, Some(0));

    let again = xtask_in(&fixture.folder, &["lint", "init"], &[]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let changed = |line: &str| line.starts_with("wrote") || line.starts_with("add");
    assert!(!again.stdout.lines().any(changed), "{}", again.stdout);
    assert_eq!(fixture.read("xtask/src/main.rs"), main);
}

#[test]
fn init_overwrites_nothing_and_says_what_is_missing() {
    let fixture = workspace("init_existing");
    let kept = [
        ("foundation-lint.toml", "version = 1 # mine\n"),
        (".cargo/config.toml", "[alias]\nb = \"build\"\n"),
        (".github/workflows/foundation-lint.yml", "name: mine\n"),
        ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\nversion = \"0.1.0\"\n"),
        ("xtask/src/main.rs", "fn main() {}\n"),
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"xtask\"]\n"),
    ];
    for (file, text) in kept {
        fixture.write(file, text);
    }
    let run = xtask_in(&fixture.folder, &["lint", "init", "--git", "https://host/repo"], &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for (file, text) in kept {
        assert_eq!(fixture.read(file), text, "{file}");
    }
    for missing in [
        "add to `[alias]` in .cargo/config.toml: xtask = ",
        "in xtask/Cargo.toml: foundation-xtask = { git = \"https://host/repo\" }",
        "`foundation_xtask::main()`",
    ] {
        assert!(run.stdout.contains(missing), "{missing}: {}", run.stdout);
    }
    let nowhere = xtask_in(&fixture.folder, &["lint", "init", "--path", "no/such"], &[]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.stdout);
}

#[test]
fn cargo_finds_the_installed_program() {
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-foundation"));
    let folder = program.parent().expect("a program lies in a folder").to_path_buf();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([folder].into_iter().chain(env::split_paths(&path)));
    let path = path.expect("the path can be joined").to_string_lossy().into_owned();
    let fixture = Fixture::library("init_installed", &format!("{CLEAN}{RAW}"));
    let run = cargo(&fixture, &["foundation", "lint"], &[("PATH", &path)]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("--> src/lib.rs:11:5"), "{}", run.stdout);
}
