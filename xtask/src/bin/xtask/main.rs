//! The tasks of this workspace: its lint, which is a library for others too, and the checks around it.
//!
//! | command | does |
//! |---|---|
//! | `cargo xtask ci` | every check in order; never writes to the tree |
//! | `cargo xtask conformance` | the supervisors of Erlang/OTP and of foundation, compared |
//! | `cargo xtask fix` | the only command that writes: format, clippy suggestions, the catalogue of metrics |
//! | `cargo xtask lint` | the source rules, here or in any other workspace |
//! | `cargo xtask bench ratios` | what the kernel costs beside bare tokio, against its targets |
//! | `cargo xtask bench lint` | what the lint costs beside plain clippy |
//!
//! It decides nothing about the code itself: what is checked stands in `docs/LINTS.md`,
//! `foundation-lint.toml` and `clippy.toml`.

mod bench;
mod ci;
mod conformance;
mod fix;
mod house;
mod metrics;
mod usage;

use std::process::ExitCode;

use foundation_xtask::{Builder, Failure};
use usage::UsageError;

const CI: &str =
    "  ci [--stage STAGE]...   every check in order, or the named ones; never writes to the tree
                          stages: fmt house lint clippy alone doc loom doctest
                          bench conformance test";
const CONFORMANCE: &str = "  conformance [--seeds N] [--seed S]
                          random scripts on Erlang/OTP and on foundation, compared: N scripts
                          (200; with --seed, 1) from seed S (1) on";
const FIX: &str =
    "  fix                     format, apply clippy's suggestions, write docs/METRICS.md; the only
                          command that writes";
const BENCH: &str = "  bench ratios [--json FILE] [--op NAME]... [--rounds N] [--check] [--smoke]
                          the cost of the kernel beside bare tokio, and its targets
  bench lint [--json FILE] [--rounds N] [--check]
                          the time of the lint beside plain clippy, on this workspace";

fn main() -> ExitCode {
    Builder::new()
        .command("ci", CI, |args| ci::run(&understood(ci::parse(args.into_iter()))?))
        .command("conformance", CONFORMANCE, |args| {
            conformance::run(understood(conformance::parse(args.into_iter()))?)
        })
        .command("fix", FIX, |args| {
            understood(usage::nothing_more("fix", args))?;
            fix::run()
        })
        .command("bench", BENCH, |args| {
            bench::command(&understood(bench::parse(args.into_iter()))?)
        })
        .main()
}

fn understood<T>(options: Result<T, UsageError>) -> Result<T, Failure> {
    options.map_err(|error| Failure::usage(error.to_string()))
}
