//! Running the program `jido` in a folder of its own, and writing the workflows it runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with workflow files and, once the program has run, a store.
#[derive(Debug)]
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).expect("a writable folder");
    }

    /// Writes a workflow.
    pub(crate) fn workflow(&self, name: &str, tasks: &[Task]) {
        self.write(name, document(tasks).to_string());
    }

    /// The command line `jido ARGUMENTS...` in this folder.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jido"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        command
    }

    /// Runs it to its end.
    pub(crate) fn jido(&self, arguments: &str) -> Ran {
        Ran::from(self.command(arguments).output().expect("the program"))
    }

    /// Runs it to its end, which must be a good one.
    pub(crate) fn jido_ok(&self, arguments: &str) -> Ran {
        let ran = self.jido(arguments);
        assert_eq!(ran.code, Some(0), "{arguments}: {ran:?}");
        ran
    }

    /// The journal of the store, as `jido log` prints it.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let lines = self.jido_ok("log");
        lines.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// How often the journal says this of a task.
    pub(crate) fn count(&self, event: &str, task: &str) -> usize {
        let is = |line: &&Value| line["event"] == event && line["task"] == task;
        self.journal().iter().filter(is).count()
    }

    /// Every file below the store with its bytes; empty when there is no store.
    pub(crate) fn store(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.path(".jido"))
    }
}

fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a readable file");
            files.insert(path, bytes);
        }
    }
    files
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it told the person.
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Ran {
    /// The report that `--report json` prints last.
    pub(crate) fn report(&self) -> Value {
        let last = self.stdout.lines().last().expect("a report");
        serde_json::from_str(last).expect("JSON")
    }
}

/// One task of a workflow file.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    id: String,
    parents: Vec<String>,
    command: Option<Vec<String>>,
    runtime_s: f64,
}

/// A task that runs a script in a shell.
pub(crate) fn sh(id: &str, parents: &[&str], script: &str) -> Task {
    Task { command: Some(vec!["sh".into(), "-c".into(), script.into()]), ..idle(id, parents) }
}

/// A task that can only be simulated, and takes no time then.
pub(crate) fn idle(id: &str, parents: &[&str]) -> Task {
    let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
    Task { id: id.to_owned(), parents, command: None, runtime_s: 0.0 }
}

/// The document for these tasks. A test may break it before it is written.
pub(crate) fn document(tasks: &[Task]) -> Value {
    let specification = tasks.iter().map(|task| {
        json!({
            "name": task.id, "id": task.id, "parents": task.parents, "children": [],
            "inputFiles": [], "outputFiles": [],
        })
    });
    let execution = tasks.iter().map(|task| {
        let mut entry = json!({ "id": task.id, "runtimeInSeconds": task.runtime_s });
        if let Some([program, arguments @ ..]) = task.command.as_deref() {
            entry["command"] = json!({ "program": program, "arguments": arguments });
        }
        entry
    });
    json!({
        "name": "test", "schemaVersion": "1.5",
        "workflow": {
            "specification": { "tasks": specification.collect::<Vec<_>>() },
            "execution": { "tasks": execution.collect::<Vec<_>>() },
        },
    })
}
