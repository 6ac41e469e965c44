//! The owner's side: start a shim, follow its reports, end its group.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use foundation::time::{Elapsed, timeout};
use foundation::{Clock, SystemClock};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::pipes::Pipes;
use super::report::ShimReport;
use super::shim::kill_group;
use super::{CommandError, CommandOutput, CommandSpec, CommandStatus};

/// How long the end of a killed shim is awaited before it is left to the runtime to collect.
const REAP_GRACE: Duration = Duration::from_secs(5);

/// How long output is still awaited after the group was killed. Only a process that left the group
/// can hold a pipe open past this.
const PIPE_GRACE: Duration = Duration::from_millis(500);

/// Runs commands, each under a shim of its own. Cheap to clone; holds no resource between runs.
///
/// The shim is a program that passes what follows `exec-shim --` on its command line to
/// [`exec_shim`](crate::exec_shim), as `jido` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandShim {
    path: PathBuf,
}

impl CommandShim {
    /// Uses the program at `path` as the shim.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Uses the running program itself as the shim.
    ///
    /// On Linux this is the very file that is being executed, even if another has taken its place
    /// on the disk since.
    ///
    /// # Errors
    ///
    /// The error of the operating system when the program cannot be located.
    ///
    /// # Examples
    ///
    /// ```
    /// let shim = jido_system::CommandShim::current_exe()?;
    /// assert!(shim.path().is_absolute());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn current_exe() -> io::Result<Self> {
        let own = Path::new("/proc/self/exe");
        if own.exists() { Ok(Self::new(own)) } else { std::env::current_exe().map(Self::new) }
    }

    /// The program that is used as the shim.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs one command to its end.
    ///
    /// `Ok` says that the command ended by itself, with any status, and that every process of its
    /// group is killed: also what the command had left running in the background. It does not say
    /// that the command succeeded. Output is read to its end; of each stream at most `output_limit`
    /// bytes are kept. Costs two OS processes; waits as long as the command runs, and up to half a
    /// second longer for a process that has left the group and holds the output open.
    ///
    /// # Errors
    ///
    /// [`CommandError`]; nothing of the command is running any more then.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with I/O and time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the whole group before the drop returns; the output so far is
    /// lost.
    pub async fn run(&self, spec: CommandSpec) -> Result<CommandOutput, CommandError> {
        let clock = SystemClock::new();
        let mut shim = ShimProcess::start(&self.path, &spec)?;
        let mut pipes =
            Pipes::new(shim.child.stdout.take(), shim.child.stderr.take(), spec.output_limit);
        let ended = match spec.timeout {
            Some(after) => timeout(after, shim.follow(&mut pipes)).await.ok(),
            None => Some(shim.follow(&mut pipes).await),
        };
        let shim_status = shim.end().await;
        // Elapsed means that a process outside the group holds a pipe: what came until now is what
        // there is.
        match timeout(PIPE_GRACE, pipes.drain()).await {
            Ok(()) | Err(Elapsed) => {}
        }
        let (stdout, stderr) = pipes.finish();
        match ended {
            Some(Ok(End::Status(status))) => {
                Ok(CommandOutput { status, stdout, stderr, duration: clock.monotonic() })
            }
            Some(Ok(End::Refused(source))) if source.kind() == io::ErrorKind::NotFound => {
                Err(CommandError::NotFound { program: spec.program })
            }
            Some(Ok(End::Refused(source))) => {
                Err(CommandError::Spawn { program: spec.program, source })
            }
            Some(Ok(End::Lost)) => Err(CommandError::ShimLost { status: shim_status }),
            Some(Err(source)) => Err(CommandError::Io { source }),
            None => Err(CommandError::TimedOut {
                after: spec.timeout.unwrap_or_default(),
                stdout,
                stderr,
            }),
        }
    }
}

/// The last thing the shim had to say.
#[derive(Debug)]
enum End {
    Status(CommandStatus),
    Refused(io::Error),
    Lost,
}

/// A running shim. Dropping it kills its group.
#[derive(Debug)]
struct ShimProcess {
    child: Child,
    lifeline: BufReader<UnixStream>,
}

impl ShimProcess {
    fn start(path: &Path, spec: &CommandSpec) -> Result<Self, CommandError> {
        let io = |source| CommandError::Io { source };
        // Both ends close on exec: no command started at the same time can hold them open.
        let (ours, theirs) = StdUnixStream::pair().map_err(io)?;
        ours.set_nonblocking(true).map_err(io)?;
        let ours = UnixStream::from_std(ours).map_err(io)?;
        let mut command = Command::new(path);
        command
            .arg0("exec-shim")
            .args(["exec-shim", "--"])
            .arg(&spec.program)
            .args(&spec.arguments)
            .current_dir(&spec.workdir)
            .envs(spec.env.iter().map(|(name, value)| (name, value)))
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let spawned = command.spawn();
        // It owns the shim's end of the lifeline, whose closing must tell that the shim is gone.
        drop(command);
        match spawned {
            Ok(child) => Ok(Self { child, lifeline: BufReader::new(ours) }),
            Err(source) => Err(start_error(path, spec, source)),
        }
    }

    /// Follows the reports until the last one, reading the output meanwhile.
    async fn follow(&mut self, pipes: &mut Pipes) -> io::Result<End> {
        let mut end = std::pin::pin!(read_reports(&mut self.lifeline));
        tokio::select! {
            end = &mut end => return end,
            () = pipes.drain() => {}
        }
        end.await
    }

    /// Kills the group and collects the shim.
    async fn end(&mut self) -> Option<ExitStatus> {
        self.kill();
        // A process stuck in the kernel dies later; the runtime collects it when it does.
        timeout(REAP_GRACE, self.child.wait()).await.ok()?.ok()
    }

    fn kill(&self) {
        // As long as the shim is not collected, its id and that of its group are taken by no other.
        let leader = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        match leader.map(|pid| kill_group(Pid::from_raw(pid))) {
            // Refused only for processes that changed their user: beyond our reach, and the
            // lifeline closes anyway.
            None | Some(Ok(()) | Err(_)) => {}
        }
    }
}

impl Drop for ShimProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn read_reports(lifeline: &mut BufReader<UnixStream>) -> io::Result<End> {
    let mut line = String::new();
    loop {
        line.clear();
        match lifeline.read_line(&mut line).await {
            Ok(_) => {}
            // A shim that is killed with a report unread resets the connection.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(End::Lost),
            Err(error) => return Err(error),
        }
        match ShimReport::parse(&line) {
            Some(ShimReport::Started { .. }) => {}
            Some(ShimReport::Refused { errno: 0 }) => {
                return Ok(End::Refused(io::ErrorKind::Other.into()));
            }
            Some(ShimReport::Refused { errno }) => {
                return Ok(End::Refused(io::Error::from_raw_os_error(errno)));
            }
            Some(ShimReport::Ended(status)) => return Ok(End::Status(status)),
            None => return Ok(End::Lost),
        }
    }
}

/// Tells whose fault a refused start is: the operating system reports the directory and the program
/// alike.
fn start_error(shim: &Path, spec: &CommandSpec, source: io::Error) -> CommandError {
    match spec.workdir.metadata() {
        Ok(found) if found.is_dir() => CommandError::Shim { shim: shim.to_path_buf(), source },
        Ok(_) => CommandError::Workdir {
            workdir: spec.workdir.clone(),
            source: io::ErrorKind::NotADirectory.into(),
        },
        Err(source) => CommandError::Workdir { workdir: spec.workdir.clone(), source },
    }
}
