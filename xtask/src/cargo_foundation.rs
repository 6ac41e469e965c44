//! The `cargo-foundation` program, which makes `cargo foundation lint`: the same as `xtask`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation_xtask::main()
}
