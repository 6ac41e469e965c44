//! One OS command as a supervised OS process that is never left behind.
//!
//! A command runs under a *shim*: a small process of this same program that leads a process group
//! of its own, starts the command in that group, and reports over a socket what became of it. The
//! socket is also the shim's lifeline: when the other end closes, for whatever reason, the shim
//! kills its group and with it everything the command has started. Nothing has to be registered,
//! cleaned up at start, or found again: there is no instant at which the command runs and no living
//! process is bound to end it.
//!
//! ```text
//!   jido --- lifeline (socket) --- shim (group leader) --+-- command --- whatever it starts
//!     ^------------ stdout, stderr (pipes) --------------+
//! ```
//!
//! Invariants: no shell sees the program or its arguments; the command inherits the three standard
//! streams and no other descriptor that was opened here; output beyond the bound is read and
//! dropped, so a chatty command neither blocks nor fills the memory; a command that times out is an
//! ordinary result, not a crash of anything.
//!
//! What this cannot reach: a process that leaves the group on purpose (`setsid`), and a group whose
//! shim was itself killed with `SIGKILL` in the same instant as its owner.

mod capture;
mod error;
mod output;
mod pipes;
mod program;
mod report;
mod run;
mod shim;
mod spec;

pub use capture::Captured;
pub use error::CommandError;
pub use output::{CommandOutput, CommandStatus};
pub use program::{ProgramNotFound, resolve_program};
pub use run::CommandShim;
pub use shim::{ExecShimError, exec_shim};
pub use spec::CommandSpec;

#[cfg(test)]
mod tests;
