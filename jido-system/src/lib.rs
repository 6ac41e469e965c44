//! Durable workflows on a supervised tree, and the jido program.

mod command;

pub use command::{
    Captured, CommandError, CommandOutput, CommandShim, CommandSpec, CommandStatus, ExecShimError,
    ProgramNotFound, exec_shim, resolve_program,
};
