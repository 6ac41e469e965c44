//! Runs conformance scripts on this crate's supervisors and writes down what happens.
//!
//! `cargo xtask conformance` starts this program and the same scripts on Erlang/OTP, and compares the logs. A line `IN OUT` on
//! standard input runs the scripts of file IN, writes their logs to file OUT and answers `done`. The format of both files stands
//! in docs/CONFORMANCE.md.
//!
//! Time is virtual: the runtime's clock is paused and moves on only when no process has anything left to do.

#![expect(clippy::print_stdout, reason = "the answers go to whoever started the program")]

mod answer;
mod frost;
mod harness;
mod reason;
mod recorder;
mod script;
mod tree;
mod worker;

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};

use script::Script;

fn main() -> Result<(), Box<dyn Error>> {
    // Crashes are part of the scripts.
    std::panic::set_hook(Box::new(|_panic| {}));
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (from, to) = line.split_once(' ').ok_or("a line is `IN OUT`")?;
        let logs: String = Script::read_all(&fs::read_to_string(from)?)?
            .into_iter()
            .map(run)
            .collect::<Result<_, _>>()?;
        fs::write(to, logs)?;
        println!("done");
        io::stdout().flush()?;
    }
    Ok(())
}

/// Runs one script on a runtime of its own, so that nothing is left of it afterwards.
fn run(script: Script) -> Result<String, Box<dyn Error>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(harness::run(script))
}
