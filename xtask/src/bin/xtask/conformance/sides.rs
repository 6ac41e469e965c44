//! The two programs that run scripts. Each is started once and takes batches of scripts through files.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::script::Script;
use foundation_xtask::{Failure, Workspace, cargo};

/// Where the Erlang side lies in the workspace.
const RUNNER: &str = "xtask/conformance/runner.erl";
/// Where the Rust side lies in the workspace.
const EXAMPLE: &str = "foundation/examples/conformance/main.rs";

/// The lines that one script led to.
pub(super) type Log = Vec<String>;

/// Both programs, running.
pub(super) struct Sides {
    otp: Side,
    rust: Side,
}

/// Whether this workspace has the two programs at all.
pub(super) fn are_here(root: &Path) -> bool {
    root.join(RUNNER).is_file() && root.join(EXAMPLE).is_file()
}

/// Whether this machine has Erlang/OTP.
pub(super) fn has_erlang() -> bool {
    ["erl", "erlc"].into_iter().all(|program| {
        let mut command = Command::new(program);
        command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // What it answers does not matter.
        command.status().is_ok()
    })
}

impl Sides {
    /// Builds and starts both programs.
    pub(super) fn start(metadata: &Workspace) -> Result<Sides, Failure> {
        let folder =
            metadata.target_folder().join("conformance").join(std::process::id().to_string());
        fs::create_dir_all(&folder)?;
        let rust = Side::start("rust", &mut rust(metadata)?, &folder)?;
        let otp = Side::start("otp", &mut otp(metadata.root(), &folder)?, &folder)?;
        Ok(Sides { otp, rust })
    }

    /// Runs the scripts on both sides at the same time. The log of OTP comes first.
    pub(super) fn run(
        &mut self,
        scripts: &[Script],
        slowness: u32,
    ) -> Result<Vec<(Log, Log)>, Failure> {
        let text: String = scripts.iter().map(|script| script.text(slowness)).collect();
        self.otp.begin(&text)?;
        self.rust.begin(&text)?;
        let (otp, rust) = (self.otp.finish(scripts.len())?, self.rust.finish(scripts.len())?);
        Ok(otp.into_iter().zip(rust).collect())
    }
}

impl Drop for Sides {
    fn drop(&mut self) {
        // What is left over there is a scratch file at worst.
        drop(fs::remove_dir_all(&self.otp.folder));
    }
}

/// The example of the library, built.
fn rust(metadata: &Workspace) -> Result<Command, Failure> {
    let mut build = cargo(metadata.root());
    build.args(["build", "--quiet", "--locked", "-p", "foundation", "--example", "conformance"]);
    if !build.status()?.success() {
        return Err(Failure::unanalysed("the Rust side does not build"));
    }
    Ok(Command::new(metadata.target_folder().join("debug/examples/conformance")))
}

/// A virtual machine with the runner, compiled. One scheduler makes the order of events that of their causes.
fn otp(root: &Path, folder: &Path) -> Result<Command, Failure> {
    let mut compile = Command::new("erlc");
    compile.arg("-o").arg(folder).arg(root.join(RUNNER)).stdin(Stdio::null());
    if !compile.status()?.success() {
        return Err(Failure::unanalysed("the Erlang side does not compile"));
    }
    let mut command = Command::new("erl");
    command.args(["+S", "1:1", "-noshell", "-pa"]).arg(folder).args(["-run", "runner", "main"]);
    Ok(command)
}

/// One running program.
struct Side {
    name: &'static str,
    folder: PathBuf,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Side {
    fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Side, Failure> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| Failure::unanalysed("no output"))?;
        let folder = folder.to_owned();
        Ok(Side { name, folder, child, input, output: BufReader::new(output) })
    }

    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.name))
    }

    fn begin(&mut self, scripts: &str) -> Result<(), Failure> {
        fs::write(self.file("scripts"), scripts)?;
        let (from, to) = (self.file("scripts"), self.file("logs"));
        let Some(input) = &mut self.input else { return Ok(()) };
        writeln!(input, "{} {}", from.display(), to.display())?;
        Ok(input.flush()?)
    }

    fn finish(&mut self, count: usize) -> Result<Vec<Log>, Failure> {
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        if answer.trim() != "done" {
            return Err(Failure::unanalysed(format!("the side `{}` has ended", self.name)));
        }
        let text = fs::read_to_string(self.file("logs"))?;
        let mut logs = vec![Log::new()];
        for line in text.lines() {
            if line == "end" {
                logs.push(Log::new());
            } else if let Some(log) = logs.last_mut() {
                log.push(line.to_owned());
            }
        }
        logs.pop();
        if logs.len() != count {
            let complaint = format!("`{}` wrote {} logs of {count}", self.name, logs.len());
            return Err(Failure::unanalysed(complaint));
        }
        Ok(logs)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // The end of its input ends the program.
        self.input = None;
        drop(self.child.wait());
    }
}
