//! Integration tests of jido-system: the public API and the program.

mod cli;
mod command;
mod trace;
