//! `cargo xtask bench`: what the kernel costs beside bare tokio, and the lint beside clippy, against their targets.
//!
//! The kernel is measured by the bench target `ratios` of foundation, which runs both sides interleaved in one process. This
//! module starts it, computes medians, spreads and same-round ratios, and compares them with the targets. A figure that
//! misses its target is a finding only with `--check`: on a shared machine it is news, not a verdict.

mod figures;
mod lint;
mod options;
mod report;
mod targets;

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use figures::{Figures, Sample};
use foundation_xtask::{Failure, Verdict, Workspace, cargo};
pub(crate) use options::{BenchOptions, What, parse};

/// Measures, prints the table, and writes the JSON file if one was asked for.
pub(crate) fn command(options: &BenchOptions) -> Result<Verdict, Failure> {
    let workspace = Workspace::load(Path::new("."), true)?;
    let samples = match options.what {
        What::Ratios => measure(&mut program(workspace.root(), options))?,
        What::Lint => lint::measure(&workspace, options.rounds)?,
    };
    let figures = figures::of(&samples)?;
    if !options.smoke {
        report::table(&mut io::stdout().lock(), &figures)?;
    }
    if let Some(file) = &options.json {
        fs::write(file, report::json(&figures)?)?;
    }
    let is_met = figures.iter().all(Figures::is_met);
    Ok(if options.check && !is_met { Verdict::Findings } else { Verdict::Clean })
}

/// The bench program: optimised to measure, as the tests are built for a smoke run.
fn program(root: &Path, options: &BenchOptions) -> Command {
    let mut command = cargo(root);
    if options.smoke {
        // All members, so that it shares the libraries that the tests were built with.
        command.args(["test", "--quiet", "--locked", "--workspace", "--all-features"]);
    } else {
        command.args(["bench", "--quiet", "--locked", "-p", "foundation"]);
    }
    command.args(["--bench", "ratios", "--", "--rounds"]).arg(options.rounds.to_string());
    for op in &options.ops {
        command.args(["--op", op]);
    }
    command
}

/// Runs the program and reads its lines; says on standard error how far it is.
fn measure(program: &mut Command) -> Result<Vec<Sample>, Failure> {
    let mut child = program.stdout(Stdio::piped()).spawn()?;
    let lines = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    let mut samples = Vec::new();
    for line in lines {
        let line = line?;
        let sample = Sample::read(&line)
            .ok_or_else(|| Failure::unanalysed(format!("the bench program printed `{line}`")))?;
        if samples.last().is_none_or(|last: &Sample| last.op != sample.op) {
            writeln!(io::stderr().lock(), "   {}", sample.op)?;
        }
        samples.push(sample);
    }
    if !child.wait()?.success() {
        return Err(Failure::unanalysed("the bench program failed"));
    }
    Ok(samples)
}

#[cfg(test)]
mod tests;
