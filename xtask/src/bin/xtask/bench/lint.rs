//! What the lint costs beside plain clippy on this workspace.
//!
//! Each side checks all members anew, with every dependency built, and then once more with nothing to do. Both do so in
//! one round, in turn who begins, in a target folder of their own.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::figures::Sample;
use foundation_xtask::{Failure, Workspace, cargo};

/// The checked workspace and where it is built.
struct Bench<'a> {
    workspace: &'a Workspace,
    target: PathBuf,
}

/// Nanoseconds for all members anew, and then with nothing to do.
struct Times {
    cold: f64,
    warm: f64,
}

/// The rows `lint_cold` and `lint_warm`.
pub(super) fn measure(workspace: &Workspace, rounds: usize) -> Result<Vec<Sample>, Failure> {
    let bench = Bench { workspace, target: workspace.target_folder().join("lint-bench") };
    say("   building the dependencies")?;
    bench.time(bench.clippy()?)?;
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        say(&format!("   round {}", round + 1))?;
        let (base, ours) = if round % 2 == 0 {
            let base = bench.times(Bench::clippy)?;
            (base, bench.times(Bench::lint)?)
        } else {
            let ours = bench.times(Bench::lint)?;
            (bench.times(Bench::clippy)?, ours)
        };
        let sample = |op: &str, base, ours| Sample { op: op.to_owned(), base, ours };
        cold.push(sample("lint_cold", base.cold, ours.cold));
        warm.push(sample("lint_warm", base.warm, ours.warm));
    }
    cold.append(&mut warm);
    Ok(cold)
}

impl Bench<'_> {
    fn times(&self, program: fn(&Self) -> io::Result<Command>) -> Result<Times, Failure> {
        let mut forget = cargo(self.workspace.root());
        forget.args(["clean", "--quiet"]).env("CARGO_TARGET_DIR", &self.target);
        for member in self.workspace.members() {
            forget.args(["--package", member.name()]);
        }
        run(&mut forget)?;
        Ok(Times { cold: self.time(program(self)?)?, warm: self.time(program(self)?)? })
    }

    fn time(&self, mut program: Command) -> Result<f64, Failure> {
        let started = now();
        run(program.env("CARGO_TARGET_DIR", &self.target))?;
        Ok(started.elapsed().as_secs_f64() * 1e9)
    }

    fn clippy(&self) -> io::Result<Command> {
        let mut command = cargo(self.workspace.root());
        command.args(["clippy", "--workspace", "--all-targets", "--all-features"]);
        command.args(["--keep-going", "--locked", "--quiet"]);
        Ok(command)
    }

    fn lint(&self) -> io::Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["lint", "--locked", "--manifest-path"]);
        command.arg(self.workspace.root().join("Cargo.toml"));
        Ok(command)
    }
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::unanalysed(format!("{command:?} failed: {}", complaint.trim())))
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{text}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "other programs are timed by the real clock, and this tool uses no crate of the workspace"
)]
fn now() -> Instant {
    Instant::now()
}
