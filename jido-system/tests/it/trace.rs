//! A named pipe that a command and everything it starts hold open: its end of file is the event
//! that all of them are gone.

use std::path::PathBuf;
use std::time::Duration;

use foundation::time::timeout;
use nix::sys::stat::Mode;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;

/// A shell script that leaves one process in the background and waits in another, both of them for
/// longer than any test should take, and both of which leave word if they live to the end.
pub(crate) const TWO_SLEEPERS: &str = r#"exec 9>"$TRACE"
(sleep 25; echo survived >&9) &
echo ready >&9
sleep 25
echo survived >&9"#;

/// Past this a test is stuck. Longer than the sleepers, so that a survivor is reported as one.
const STUCK: Duration = Duration::from_secs(40);

/// The reading end.
#[derive(Debug)]
pub(crate) struct Trace {
    folder: TempDir,
    reader: BufReader<pipe::Receiver>,
    /// Keeps the pipe from ending before the first command has opened it.
    opened: Option<pipe::Sender>,
}

impl Trace {
    /// Creates the pipe in a folder of its own.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("trace");
        nix::unistd::mkfifo(&path, Mode::S_IRWXU).expect("a named pipe");
        let reader = pipe::OpenOptions::new().open_receiver(&path).expect("the reading end");
        let writer = pipe::OpenOptions::new().open_sender(&path).expect("the writing end");
        Self { folder, reader: BufReader::new(reader), opened: Some(writer) }
    }

    /// The path that the command opens for writing, and holds open.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    /// The variable that [`TWO_SLEEPERS`] expects.
    pub(crate) fn env(&self) -> (String, String) {
        ("TRACE".to_owned(), self.path().display().to_string())
    }

    /// Waits for the next line that a command writes into the pipe.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(STUCK, self.reader.read_line(&mut line)).await;
        read.expect("a command is stuck").expect("a readable pipe");
        line.trim_end().to_owned()
    }

    /// Waits until no process holds the pipe open any more; what they still wrote into it, that is:
    /// nothing, when they were killed.
    pub(crate) async fn all_gone(&mut self) -> String {
        self.opened = None;
        let mut rest = String::new();
        let read = timeout(STUCK, self.reader.read_to_string(&mut rest)).await;
        read.expect("a process is stuck").expect("a readable pipe");
        rest
    }
}
