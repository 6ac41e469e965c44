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
pub(super) struct Times {
    pub(super) cold: f64,
    pub(super) warm: f64,
}

/// Both sides, one after the other.
pub(super) struct Round {
    pub(super) clippy: Times,
    pub(super) lint: Times,
}

/// The rows `lint_cold` and `lint_warm`.
pub(super) fn measure(workspace: &Workspace, rounds: usize) -> Result<Vec<Sample>, Failure> {
    let bench = Bench { workspace, target: workspace.target_folder().join("lint-bench") };
    say("   building the dependencies")?;
    bench.time(bench.clippy()?)?;
    let mut measured = Vec::new();
    for round in 0..rounds {
        say(&format!("   round {}", round + 1))?;
        measured.push(if round % 2 == 0 {
            let clippy = bench.times(Bench::clippy)?;
            Round { clippy, lint: bench.times(Bench::lint)? }
        } else {
            let lint = bench.times(Bench::lint)?;
            Round { clippy: bench.times(Bench::clippy)?, lint }
        });
    }
    Ok(rows(&measured))
}

/// Row by row, as figures are made of them.
pub(super) fn rows(rounds: &[Round]) -> Vec<Sample> {
    let sample = |op: &str, base, ours| Sample { op: op.to_owned(), base, ours };
    let cold = rounds.iter().map(|one| sample("lint_cold", one.clippy.cold, one.lint.cold));
    let warm = rounds.iter().map(|one| sample("lint_warm", one.clippy.warm, one.lint.warm));
    cold.chain(warm).collect()
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
