//! The `cargo-foundation` program, which makes `cargo foundation lint`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation_xtask::main()
}
