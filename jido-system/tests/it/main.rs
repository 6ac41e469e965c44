//! Integration tests of jido-system: the public API and the program.

mod cli;
mod cli_input;
mod cli_stop;
mod command;
mod crash;
mod gateway;
mod kill;
mod layered;
mod program;
mod trace;
