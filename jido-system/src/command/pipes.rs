//! The two output pipes of a command, read to their ends whatever is kept of them.

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};

use super::Captured;
use super::capture::Capture;

/// How much is read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Both output pipes of one command.
#[derive(Debug)]
pub(crate) struct Pipes {
    stdout: Pipe<ChildStdout>,
    stderr: Pipe<ChildStderr>,
}

impl Pipes {
    /// Takes over both pipes; a missing one counts as ended.
    pub(crate) fn new(
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
        limit: usize,
    ) -> Self {
        Self { stdout: Pipe::new(stdout, limit), stderr: Pipe::new(stderr, limit) }
    }

    /// Reads until both pipes have ended. Cancel safe: what was read so far is kept.
    pub(crate) async fn drain(&mut self) {
        let Self { stdout, stderr } = self;
        loop {
            tokio::select! {
                () = stdout.read_some(), if stdout.is_open() => {}
                () = stderr.read_some(), if stderr.is_open() => {}
                else => return,
            }
        }
    }

    /// Closes both pipes and hands out what was kept: standard output, standard error.
    pub(crate) fn finish(self) -> (Captured, Captured) {
        (self.stdout.capture.finish(), self.stderr.capture.finish())
    }
}

#[derive(Debug)]
struct Pipe<R> {
    reader: Option<R>,
    chunk: Vec<u8>,
    capture: Capture,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>, limit: usize) -> Self {
        Self { reader, chunk: vec![0; CHUNK_BYTES], capture: Capture::new(limit) }
    }

    fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    async fn read_some(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        match reader.read(&mut self.chunk).await {
            // A pipe that fails will not recover: it ends here, and what it gave so far is kept.
            Ok(0) | Err(_) => self.reader = None,
            Ok(n) => self.capture.push(&self.chunk[..n]),
        }
    }
}
