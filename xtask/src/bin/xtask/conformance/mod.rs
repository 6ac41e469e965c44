//! `cargo xtask conformance`: random scripts on OTP's supervisor and on foundation's, compared line by line.
//!
//! Two programs run the same scripts and write down what happens: `xtask/conformance/runner.erl` and
//! foundation's example `conformance`. `docs/CONFORMANCE.md` describes scripts, logs and the deliberate
//! differences.

mod differences;
mod generate;
mod links;
mod names;
mod normalise;
mod random;
mod script;
mod shrink;
mod sides;

#[cfg(test)]
mod tests;

use std::env;
use std::io::{self, Write};
use std::path::Path;

use crate::usage::UsageError;
use foundation_xtask::{Failure, Verdict, Workspace};
use normalise::normalise;
use script::Script;
use sides::{Log, Sides};

/// How many scripts go to the two sides at once.
const BATCH: usize = 100;
/// After so many differences the rest is not looked for.
const SHOWN_MAX: usize = 3;
/// How much slower a script is tried again that led to a difference.
const SLOWER: u32 = 8;

/// Which scripts to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConformanceOptions {
    /// The seed of the first script.
    pub(crate) seed: u64,
    /// How many seeds, one after another.
    pub(crate) seeds: u64,
}

impl Default for ConformanceOptions {
    /// What a run of all checks does.
    fn default() -> Self {
        Self { seed: 1, seeds: 200 }
    }
}

/// Reads the arguments after `conformance`. A seed alone means that one script.
pub(crate) fn parse(
    mut args: impl Iterator<Item = String>,
) -> Result<ConformanceOptions, UsageError> {
    let (mut seed, mut seeds) = (None, None);
    while let Some(argument) = args.next() {
        let (flag, target) = match argument.as_str() {
            "--seed" => ("--seed", &mut seed),
            "--seeds" => ("--seeds", &mut seeds),
            _ => return Err(UsageError::UnknownArgument { command: "conformance", argument }),
        };
        let value = args.next().ok_or(UsageError::MissingValue(flag))?;
        let number = value.parse().ok().filter(|number| *number > 0);
        *target = Some(number.ok_or(UsageError::NotANumber { flag, value })?);
    }
    let default = ConformanceOptions::default();
    let seeds = seeds.unwrap_or(if seed.is_some() { 1 } else { default.seeds });
    Ok(ConformanceOptions { seed: seed.unwrap_or(default.seed), seeds })
}

/// Runs the scripts; a difference is a finding.
pub(crate) fn run(options: ConformanceOptions) -> Result<Verdict, Failure> {
    let metadata = Workspace::load(Path::new("."), true)?;
    run_in(&metadata, options)
}

/// Runs the scripts in this workspace.
pub(crate) fn run_in(
    metadata: &Workspace,
    options: ConformanceOptions,
) -> Result<Verdict, Failure> {
    if !sides::are_here(metadata.root()) {
        say("this workspace has no conformance programs: nothing to run")?;
        return Ok(Verdict::Clean);
    }
    if !sides::has_erlang() {
        let is_ci = env::var("CI").is_ok_and(|value| value == "true");
        say("no erl and erlc on this machine (Debian: erlang-base): nothing was compared")?;
        return Ok(if is_ci { Verdict::Findings } else { Verdict::Clean });
    }
    let mut comparison = Comparison { sides: Sides::start(metadata)?, counts: Counts::default() };
    let seeds: Vec<u64> = (options.seed..options.seed.saturating_add(options.seeds)).collect();
    for seeds in seeds.chunks(BATCH) {
        comparison.batch(seeds.iter().map(|seed| generate::script(*seed)).collect())?;
        if comparison.counts.differences >= SHOWN_MAX {
            say("enough differences: the rest was not compared")?;
            break;
        }
    }
    let Counts { scripts, steps, lines, trapped, taken, differences, unsteady } = comparison.counts;
    for difference in &differences::ALL {
        say(&format!("excluded by name: {difference}"))?;
    }
    say(&format!("{trapped} exit signals were trapped, {taken} starts found their name taken"))?;
    say(&format!(
        "{scripts} scripts with {steps} steps compared, {lines} lines: {differences} differences; \
         {unsteady} scripts depended on timing"
    ))?;
    Ok(if differences == 0 { Verdict::Clean } else { Verdict::Findings })
}

/// Whether the logs of one script say different things.
fn differs(script: &Script, otp: &Log, rust: &Log) -> bool {
    normalise(script, otp) != normalise(script, rust) || is_broken(otp) || is_broken(rust)
}

fn is_broken(log: &Log) -> bool {
    log.iter().any(|line| line.starts_with("broken"))
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    scripts: usize,
    steps: usize,
    lines: usize,
    /// Exit signals that a worker trapped, and names that were not free, on OTP.
    trapped: usize,
    taken: usize,
    differences: usize,
    /// Scripts that differed once and not again with more time.
    unsteady: usize,
}

struct Comparison {
    sides: Sides,
    counts: Counts,
}

impl Comparison {
    /// Runs some scripts and shows the differences, as long as there are not too many.
    fn batch(&mut self, scripts: Vec<Script>) -> Result<(), Failure> {
        let logs = self.sides.run(&scripts, 1)?;
        for (script, (otp, rust)) in scripts.into_iter().zip(logs) {
            self.counts.scripts += 1;
            self.counts.steps += script.steps.len();
            self.counts.lines += otp.len();
            let count =
                |is_meant: fn(&String) -> bool| otp.iter().filter(|line| is_meant(line)).count();
            self.counts.trapped += count(|line| line.starts_with("trapped "));
            self.counts.taken += count(|line| line.ends_with(" already_started"));
            if differs(&script, &otp, &rust) && self.is_steady(&script)? {
                self.counts.differences += 1;
                self.show(script)?;
                if self.counts.differences >= SHOWN_MAX {
                    break;
                }
            }
        }
        Ok(())
    }

    /// A real difference is there again when every timeout is longer; what a busy machine made is not.
    fn is_steady(&mut self, script: &Script) -> Result<bool, Failure> {
        let is_steady = self.first_different(std::slice::from_ref(script), SLOWER)?.is_some();
        if !is_steady {
            self.counts.unsteady += 1;
            say(&format!("seed {} differed once, not again with more time", script.seed))?;
        }
        Ok(is_steady)
    }

    fn first_different(
        &mut self,
        scripts: &[Script],
        slowness: u32,
    ) -> Result<Option<usize>, Failure> {
        let logs = self.sides.run(scripts, slowness)?;
        let mut pairs = scripts.iter().zip(&logs);
        Ok(pairs.position(|(script, (otp, rust))| differs(script, otp, rust)))
    }

    /// Prints the smallest script with this difference, and both logs side by side.
    fn show(&mut self, script: Script) -> Result<(), Failure> {
        let seed = script.seed;
        let script = shrink::shrink(script, |scripts| self.first_different(scripts, 1))?;
        let logs = self.sides.run(std::slice::from_ref(&script), 1)?;
        let mut out = io::stdout().lock();
        writeln!(out, "\nseed {seed} differs; what is left of its script:\n\n{}", script.text(1))?;
        for (otp, rust) in &logs {
            let (otp, rust) = (normalise(&script, otp), normalise(&script, rust));
            let width = otp.iter().map(String::len).max().unwrap_or(0).max(12);
            writeln!(out, "  {:width$} | foundation", "Erlang/OTP")?;
            let same = otp.iter().zip(&rust).take_while(|(otp, rust)| otp == rust).count();
            for line in 0..otp.len().max(rust.len()) {
                let (otp, rust) = (otp.get(line), rust.get(line));
                let (otp, rust) = (otp.map_or("", String::as_str), rust.map_or("", String::as_str));
                let mark = if line == same { '>' } else { ' ' };
                writeln!(out, "{mark} {otp:width$} | {rust}")?;
            }
        }
        Ok(())
    }
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "   {text}")
}
