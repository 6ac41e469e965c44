//! Running commands: what is printed around them, how their time is taken, and what is kept of them.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::Stage;
use foundation_xtask::{Failure, Verdict, Workspace, cargo};

/// Runs the stages of one workspace.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    pub(super) metadata: &'a Workspace,
    started: Instant,
    /// The closing lines of the test runner, as it printed them.
    summary: Vec<String>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(metadata: &'a Workspace) -> Runner<'a> {
        Runner { metadata, started: now(), summary: Vec::new() }
    }

    /// Runs one stage with its name before and its time behind it.
    pub(crate) fn stage(&mut self, stage: Stage) -> Result<Verdict, Failure> {
        writeln!(io::stderr().lock(), "== {}", stage.name())?;
        let started = now();
        let code = self.dispatch(stage)?;
        let verdict = if code == Verdict::Clean { "passed" } else { "failed" };
        writeln!(
            io::stderr().lock(),
            "== {}: {verdict} in {:.1} s ({:.1} s in all)",
            stage.name(),
            started.elapsed().as_secs_f64(),
            self.started.elapsed().as_secs_f64()
        )?;
        Ok(code)
    }

    fn dispatch(&mut self, stage: Stage) -> Result<Verdict, Failure> {
        match stage {
            Stage::Fmt => self.fmt(),
            Stage::House => self.house(),
            Stage::Lint => self.lint(),
            Stage::Clippy => self.clippy(),
            Stage::Alone => self.alone(),
            Stage::Doc => self.doc(),
            Stage::Loom => self.loom(),
            Stage::Doctest => self.doctest(),
            Stage::Bench => self.bench(),
            Stage::Conformance => self.conformance(),
            Stage::Test => self.test(),
        }
    }

    /// Prints the closing lines of the test runner once more, so that they are the last ones.
    pub(crate) fn repeat_summary(&self) -> io::Result<()> {
        let mut err = io::stderr().lock();
        for line in &self.summary {
            writeln!(err, "{line}")?;
        }
        Ok(())
    }

    /// Something that a reader of the log must know.
    pub(super) fn say(&self, text: &str) -> io::Result<()> {
        writeln!(io::stderr().lock(), "   {text}")
    }

    /// Runs cargo with these arguments and variables.
    pub(super) fn cargo(
        &self,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Verdict, Failure> {
        let status = self.command(args, variables)?.status()?;
        Ok(if status.success() { Verdict::Clean } else { Verdict::Findings })
    }

    /// Runs a program that was built with these arguments.
    pub(super) fn program(&self, path: &Path, args: &[&str]) -> Result<Verdict, Failure> {
        self.say(&format!("$ {} {}", path.display(), args.join(" ")))?;
        let mut command = Command::new(path);
        let status = command.args(args).current_dir(self.metadata.root()).stdin(Stdio::null());
        Ok(if status.status()?.success() { Verdict::Clean } else { Verdict::Findings })
    }

    /// Runs cargo, passes its output on line by line, and keeps the lines from the first one that
    /// `begins` on, or those that `begins` says when `only` is set.
    pub(super) fn cargo_with_summary(
        &mut self,
        args: &[&str],
        begins: fn(&str) -> bool,
        only: bool,
    ) -> Result<Verdict, Failure> {
        let (reader, writer) = io::pipe()?;
        let mut command = self.command(args, &[])?;
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn()?;
        // The command holds the write ends; the reader sees the end when the child's are the last.
        drop(command);
        let mut kept = Vec::new();
        for line in BufReader::new(reader).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            writeln!(io::stderr().lock(), "{line}")?;
            if begins(&line) || (!only && !kept.is_empty()) {
                kept.push(line);
            }
        }
        self.summary = kept;
        Ok(if child.wait()?.success() { Verdict::Clean } else { Verdict::Findings })
    }

    fn command(&self, args: &[&str], variables: &[(&str, &str)]) -> io::Result<Command> {
        let mut command = cargo(self.metadata.root());
        command.args(args);
        let mut shown = String::new();
        for (name, value) in variables {
            command.env(name, value);
            shown.push_str(&format!("{name}={value:?} "));
        }
        self.say(&format!("$ {shown}cargo {}", args.join(" ")))?;
        Ok(command)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "stages are timed by the real clock, and this tool uses no crate of the workspace"
)]
fn now() -> Instant {
    Instant::now()
}
