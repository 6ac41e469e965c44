//! What a supervised process costs beside a bare tokio task and channel, measured in the same rounds of the same process.
//!
//! Decides how each operation is measured; `cargo xtask bench ratios` computes the medians and knows the targets. Prints one
//! line for each operation and round: name, round, bare, ours, separated by tabs, in nanoseconds (bytes for `bytes_idle`).
//!
//! | argument | does |
//! |---|---|
//! | `--bench` | measures; cargo passes it. Without it every row runs once with tiny numbers, to see that it works |
//! | `--op NAME` | only this operation; may be repeated |
//! | `--rounds N` | so many rounds instead of 9 |
//! | `--side bare` or `--side ours` | only this side, for a profiler; the other column is 0 |
//! | `--list` | prints nothing: there are no tests here for a test runner |

mod bare;
mod heap;
mod ours;
mod recorded;
mod rig;
mod rows;

use std::io::{self, Write};
use std::process::ExitCode;

use rows::{ROWS, Row, Side};

#[global_allocator]
static HEAP: heap::CountingHeap = heap::CountingHeap::new();

/// Measurements of each side in one round; the round counts their median.
const SLICES: usize = 9;

/// What was asked for.
#[derive(Debug)]
struct Options {
    ops: Vec<String>,
    rounds: usize,
    sides: Vec<Side>,
    is_smoke: bool,
    is_list: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        ops: Vec::new(),
        rounds: 9,
        sides: vec![Side::Bare, Side::Ours],
        is_smoke: true,
        is_list: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(argument) = args.next() {
        let mut value = || args.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--bench" => options.is_smoke = false,
            "--op" => options.ops.push(value()?),
            "--rounds" => options.rounds = value()?.parse().map_err(|_not| "not a number")?,
            "--side" => options.sides = vec![side(&value()?).ok_or("no such side")?],
            "--list" => options.is_list = true,
            // What test runners pass along.
            "--format" => drop(value()?),
            "terse" | "--ignored" | "--nocapture" | "--exact" => {}
            other => return Err(format!("no argument {other:?}")),
        }
    }
    Ok(options)
}

fn side(name: &str) -> Option<Side> {
    match name {
        "bare" => Some(Side::Bare),
        "ours" => Some(Side::Ours),
        _ => None,
    }
}

fn main() -> ExitCode {
    // A crash is an operation here; its text is not of interest.
    std::panic::set_hook(Box::new(|_panic| {}));
    let done = options().and_then(|options| run(&options).map_err(|error| error.to_string()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => match writeln!(io::stderr(), "ratios: {complaint}") {
            Ok(()) | Err(_) => ExitCode::FAILURE,
        },
    }
}

fn run(options: &Options) -> io::Result<()> {
    if options.is_list {
        return Ok(());
    }
    for row in &ROWS {
        if options.ops.is_empty() || options.ops.iter().any(|op| op == row.op) {
            measure(row, options)?;
        }
    }
    Ok(())
}

fn measure(row: &Row, options: &Options) -> io::Result<()> {
    let (count, rounds, slices) =
        if options.is_smoke { (row.smoke, 1, 1) } else { (row.count, options.rounds, SLICES) };
    if !options.is_smoke {
        for &side in &options.sides {
            row.run(side, count / 4 + row.smoke);
        }
    }
    for round in 0..rounds {
        let mut values = [Vec::new(), Vec::new()];
        for slice in 0..slices {
            let mut sides = options.sides.clone();
            // Neither side is always the one that finds the caches warm or the machine throttled.
            if (round + slice) % 2 == 1 {
                sides.reverse();
            }
            for side in sides {
                values[side as usize].push(row.run(side, count));
            }
        }
        let [bare, ours] =
            values.map(|values| if values.is_empty() { 0.0 } else { rig::median(values) });
        let mut out = io::stdout().lock();
        writeln!(out, "{}\t{round}\t{bare:.1}\t{ours:.1}", row.op)?;
        out.flush()?;
    }
    Ok(())
}
