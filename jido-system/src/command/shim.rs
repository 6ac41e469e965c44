//! The shim's side: a process that exists to end another one.
//!
//! It leads its process group, starts the command in it, tells its owner what it sees, and dies
//! with the whole group when the command ends or when the owner is gone. Invariant: every way out
//! of here that had started a command goes through `SIGKILL` to the group.

use std::convert::Infallible;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{getpgrp, getpid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::CommandStatus;
use super::report::ShimReport;

/// Why [`exec_shim`] returned.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExecShimError {
    /// No command was given.
    NoCommand,
    /// The process does not lead its process group or has no lifeline: it was not started as a
    /// shim.
    NotAShim,
    /// The operating system refused something the shim cannot do without; no command is running.
    Io(io::Error),
    /// The group could not be killed.
    Kill(io::Error),
}

impl fmt::Display for ExecShimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommand => f.write_str("no command to run"),
            Self::NotAShim => f.write_str("this is started by the program itself, not by hand"),
            Self::Io(source) => write!(f, "cannot supervise a command: {source}"),
            Self::Kill(source) => write!(f, "cannot kill the process group: {source}"),
        }
    }
}

impl Error for ExecShimError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoCommand | Self::NotAShim => None,
            Self::Io(source) | Self::Kill(source) => Some(source),
        }
    }
}

/// Runs `command` (a program and its arguments) as the shim of a
/// [`CommandShim`](crate::CommandShim).
///
/// The process that calls this becomes the shim and ends by killing its own process group: it does
/// not come back. To be called first thing by the program that a `CommandShim` names, with what
/// follows `exec-shim --` on its command line, from a thread that is not inside an async runtime.
///
/// # Errors
///
/// [`ExecShimError`] when there is nothing to run, or the process was not started by a
/// `CommandShim`; no command was started then.
pub fn exec_shim(command: impl IntoIterator<Item = OsString>) -> Result<Infallible, ExecShimError> {
    let mut command = command.into_iter();
    let program = command.next().ok_or(ExecShimError::NoCommand)?;
    let lifeline = lifeline()?;
    hide_name()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(ExecShimError::Io)?;
    runtime.block_on(supervise(lifeline, program, command.collect()))?;
    die_with_group()
}

/// The socket that was given as standard input, under a descriptor that no child inherits.
fn lifeline() -> Result<StdUnixStream, ExecShimError> {
    // The group is killed in the end: it must be ours alone, not that of somebody's terminal.
    if getpgrp() != getpid() {
        return Err(ExecShimError::NotAShim);
    }
    let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(ExecShimError::Io)?;
    let lifeline = StdUnixStream::from(stdin);
    match lifeline.peer_addr() {
        Ok(_) => {}
        // The other end is gone already.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
        Err(_) => return Err(ExecShimError::NotAShim),
    }
    lifeline.set_nonblocking(true).map_err(ExecShimError::Io)?;
    Ok(lifeline)
}

/// Takes another name than the program's, so that a `pkill -9` or `killall` of the program by name
/// does not take the shims along before they can end their commands.
fn hide_name() -> Result<(), ExecShimError> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_name(c"exec-shim").map_err(|errno| ExecShimError::Io(errno.into()))?;
    Ok(())
}

/// Runs the command until it ends or the owner is gone. The group is still to be killed afterwards.
async fn supervise(
    lifeline: StdUnixStream,
    program: OsString,
    arguments: Vec<OsString>,
) -> Result<(), ExecShimError> {
    let mut byte = [0_u8];
    if (&lifeline).read(&mut byte).is_ok() {
        // Nothing is ever sent this way: that was the end of the stream, and nobody is left to run
        // the command for.
        return Ok(());
    }
    let mut lifeline = UnixStream::from_std(lifeline).map_err(ExecShimError::Io)?;
    // A command may signal its own group, of which this is a member: the handlers keep the shim
    // alive to report, and unlike an ignored signal they are not passed on to the command.
    let _caught = catch_signals().map_err(ExecShimError::Io)?;
    let spawned = Command::new(program).args(arguments).stdin(Stdio::null()).spawn();
    let mut command = match spawned {
        Ok(command) => command,
        Err(error) => {
            report(&mut lifeline, ShimReport::Refused { errno: error.raw_os_error().unwrap_or(0) })
                .await;
            return Ok(());
        }
    };
    if let Some(pid) = command.id() {
        report(&mut lifeline, ShimReport::Started { pid }).await;
    }
    tokio::select! {
        _closed = lifeline.read(&mut byte) => {}
        ended = command.wait() => {
            // Without a status there is nothing to tell; the owner sees the shim end without a
            // report.
            if let Some(status) = ended.ok().and_then(command_status) {
                report(&mut lifeline, ShimReport::Ended(status)).await;
            }
        }
    }
    Ok(())
}

fn command_status(status: ExitStatus) -> Option<CommandStatus> {
    let exited = status.code().map(CommandStatus::Exited);
    exited.or_else(|| status.signal().map(CommandStatus::Signaled))
}

/// Tells the owner. An owner that is gone needs no report, and the next read of the lifeline says
/// that it is gone.
async fn report(lifeline: &mut UnixStream, fact: ShimReport) {
    match lifeline.write_all(fact.to_line().as_bytes()).await {
        Ok(()) | Err(_) => {}
    }
}

fn catch_signals() -> io::Result<Vec<tokio::signal::unix::Signal>> {
    let caught = [
        SignalKind::hangup(),
        SignalKind::interrupt(),
        SignalKind::quit(),
        SignalKind::terminate(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
        SignalKind::alarm(),
    ];
    caught.into_iter().map(signal).collect()
}

/// Kills the whole process group, this process included.
fn die_with_group() -> Result<Infallible, ExecShimError> {
    match killpg(getpgrp(), Signal::SIGKILL) {
        // Delivered at the latest on the way back from the system call.
        Ok(()) => loop {
            std::thread::park();
        },
        Err(errno) => Err(ExecShimError::Kill(io::Error::from(errno))),
    }
}

/// Kills what is left of the group that `leader` leads. A group with nothing left in it is the
/// goal, not an error.
pub(crate) fn kill_group(leader: nix::unistd::Pid) -> Result<(), Errno> {
    match killpg(leader, Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno),
    }
}
