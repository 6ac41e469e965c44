//! A workspace below `tests/fixtures`, copied to where cargo may build it, and what the lint says.
//!
//! The expectations stand in the fixture itself: `//~ rule` at the end of the line (`#~` in a
//! manifest), `//~^ rule` on the line below. A check compares the whole report with them, so it fails
//! for a missed place as well as for an invented one.
//!
//! Manifests are called `manifest.toml` in the repository, so that cargo takes them for no packages.
//! All fixtures share one target folder, so that tokio is compiled once, and start from the lock file
//! of this workspace, so that cargo needs no network. What only they use is in that file through a
//! table of this crate's manifest that no build reads.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Path, line and rule of a finding.
pub(crate) type Spot = (String, usize, String);

/// One copied workspace.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) folder: PathBuf,
}

/// What one run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Fixture {
    /// Copies a fixture to a folder of the same name.
    pub(crate) fn new(name: &str) -> Fixture {
        Fixture::copied(name, name)
    }

    /// Copies a fixture to a folder with this name. Tests run at the same time, so each one has its
    /// own.
    pub(crate) fn copied(source: &str, name: &str) -> Fixture {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(source);
        let folder = base().join("workspaces").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old copy can be removed");
        }
        copy(&source, &folder);
        if !folder.join("Cargo.lock").exists() {
            fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
                .expect("the workspace has a lock file");
        }
        Fixture { folder }
    }

    /// A package without dependencies, of this library.
    pub(crate) fn library(name: &str, text: &str) -> Fixture {
        let fixture = Fixture::empty(name);
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n"
        );
        fixture.write("Cargo.toml", &manifest);
        fixture.write("src/lib.rs", text);
        fixture
    }

    /// An empty folder with this name.
    pub(crate) fn empty(name: &str) -> Fixture {
        let folder = base().join("workspaces").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old one can be removed");
        }
        fs::create_dir_all(&folder).expect("a folder can be made");
        Fixture { folder }
    }

    /// Runs `xtask lint` on this workspace with more arguments and variables.
    pub(crate) fn lint(&self, args: &[&str], variables: &[(&str, &str)]) -> Run {
        let manifest = self.folder.join("Cargo.toml").to_string_lossy().into_owned();
        xtask(&[&["lint", "--manifest-path", &manifest], args].concat(), variables)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.folder.join(file);
        fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("it can be made");
        fs::write(path, text).expect("a file can be written");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("the file is there")
    }

    /// Asserts that the report is what the fixture expects.
    pub(crate) fn check(&self) -> Vec<Value> {
        let run = self.lint(&["--format", "json"], &[]);
        let findings = self.compare(&run);
        let denied = findings.iter().any(|finding| finding["level"] == "deny");
        assert_eq!(run.code, Some(i32::from(denied)), "{}", run.stderr);
        findings
    }

    /// Asserts that a JSON report is what the fixture expects.
    pub(crate) fn compare(&self, run: &Run) -> Vec<Value> {
        let findings = run.findings();
        let expected = self.expected();
        let found: BTreeSet<Spot> = findings.iter().map(spot).collect();
        assert_eq!(found, expected, "{}", run.stderr);
        findings
    }

    /// The clippy configurations that mention a path, of this run and of earlier ones.
    pub(crate) fn configurations(mentioned: &str) -> Vec<PathBuf> {
        let folder = base().join("target/foundation-lint");
        let mut files = Vec::new();
        if folder.exists() {
            collect(&folder, &mut files);
        }
        let mentions =
            |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains(mentioned));
        files.retain(mentions);
        files
    }

    /// Runs plain clippy under a configuration, with nothing capped, and returns its messages.
    pub(crate) fn clippy(&self, configuration: &str) -> Vec<Value> {
        let folder = self.folder.join("strict");
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join("clippy.toml"), configuration).expect("a file can be written");
        let output = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .args(["clippy", "--quiet", "--message-format=json"])
            .current_dir(&self.folder)
            .env("CLIPPY_CONF_DIR", folder)
            .env("CARGO_TARGET_DIR", base().join("target"))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let values = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        values.map(|value| value["message"].clone()).filter(Value::is_object).collect()
    }

    fn expected(&self) -> BTreeSet<Spot> {
        let mut spots = BTreeSet::new();
        let mut files = Vec::new();
        collect(&self.folder, &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a fixture is text");
            let shown = file.strip_prefix(&self.folder).expect("the file lies in the folder");
            for (index, line) in text.lines().enumerate() {
                let Some((_, marks)) = line.split_once("//~").or_else(|| line.split_once("#~"))
                else {
                    continue;
                };
                let (above, rules) = marks.strip_prefix('^').map_or((0, marks), |rest| (1, rest));
                for rule in rules.split(',') {
                    let shown = shown.to_string_lossy().replace('\\', "/");
                    spots.insert((shown, index + 1 - above, rule.trim().to_owned()));
                }
            }
        }
        assert!(!spots.is_empty(), "a fixture expects something");
        spots
    }
}

impl Run {
    /// The objects of a JSON report.
    pub(crate) fn findings(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).expect("each line is one object");
        self.stdout.lines().map(parse).collect()
    }
}

pub(crate) fn spot(finding: &Value) -> Spot {
    let text = |key: &str| finding[key].as_str().expect("the key is text").to_owned();
    let line = finding["line"].as_u64().expect("a line is a number");
    (text("file"), usize::try_from(line).expect("a line fits"), text("rule"))
}

/// A cargo that lacks one subcommand.
pub(crate) fn cargo_without(subcommand: &str) -> String {
    let real = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let shim = base().join(format!("cargo-without-{subcommand}"));
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = {subcommand} ]; then exit 101; fi\nexec '{real}' \"$@\"\n"
    );
    fs::create_dir_all(base()).expect("a folder can be made");
    fs::write(&shim, script).expect("a script can be written");
    fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("a script can be run");
    shim.to_string_lossy().into_owned()
}

/// Runs the program in this workspace.
pub(crate) fn xtask(args: &[&str], variables: &[(&str, &str)]) -> Run {
    xtask_in(&root(), args, variables)
}

/// Runs the program in a folder.
pub(crate) fn xtask_in(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Run {
    run(Path::new(env!("CARGO_BIN_EXE_xtask")), folder, args, variables)
}

/// Runs any program as the tests need it.
pub(crate) fn run(program: &Path, folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = Command::new(program);
    // A test runner inside a test must not take the outer one's settings for its own.
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("NEXTEST")) {
        command.env_remove(name);
    }
    let output = command
        .args(args)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", base().join("target"))
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("RUSTFLAGS")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("the crate lies in the workspace").to_owned()
}

fn base() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("lint")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a fixture is a folder") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            copy(&path, &to.join(name));
            continue;
        }
        let name = if name == "manifest.toml" { "Cargo.toml" } else { &name };
        let text = fs::read_to_string(&path).expect("a fixture is text");
        let text = text.replace("{ROOT}", &root().to_string_lossy());
        fs::write(to.join(name), text).expect("a file can be written");
    }
}

pub(crate) fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
