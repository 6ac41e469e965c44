//! Why the program could not do what was asked.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use jido_system::{ArchiveError, ExecShimError, StartWorkflowError, SystemError, WaitError};

use crate::Exit;
use crate::input::InputError;

/// Anything that keeps a command from an answer. Each message names the file or folder it is about.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The workflow file.
    Input(InputError),
    /// There is no store to look into.
    NoStore(PathBuf),
    /// The store, or the tree on it.
    System(SystemError),
    /// The workflow could not be started.
    Start(StartWorkflowError),
    /// The workflow was started, and its end could not be learnt.
    Wait(WaitError),
    /// What the store holds cannot be read.
    Archive(ArchiveError),
    /// The store knows no workflow of this id.
    UnknownId {
        /// The store.
        store: PathBuf,
        /// The id.
        id: String,
    },
    /// Not started as a shim.
    Shim(ExecShimError),
    /// The operating system refused the runtime or its signals.
    Runtime(io::Error),
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Failure {
    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        Exit::BadInput
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(error) => error.fmt(f),
            Self::NoStore(store) => write!(f, "there is no store at {store:?}"),
            Self::System(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::Wait(error) => error.fmt(f),
            Self::Archive(error) => error.fmt(f),
            Self::UnknownId { store, id } => write!(f, "no workflow {id:?} in {store:?}"),
            Self::Shim(error) => error.fmt(f),
            Self::Runtime(error) => write!(f, "cannot start the runtime: {error}"),
            Self::Output(error) => write!(f, "cannot write to standard output: {error}"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Input(error) => Some(error),
            Self::System(error) => Some(error),
            Self::Start(error) => Some(error),
            Self::Wait(error) => Some(error),
            Self::Archive(error) => Some(error),
            Self::Shim(error) => Some(error),
            Self::Runtime(error) | Self::Output(error) => Some(error),
            Self::NoStore(_) | Self::UnknownId { .. } => None,
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}

impl From<SystemError> for Failure {
    fn from(error: SystemError) -> Self {
        Self::System(error)
    }
}

impl From<StartWorkflowError> for Failure {
    fn from(error: StartWorkflowError) -> Self {
        Self::Start(error)
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<WaitError> for Failure {
    fn from(error: WaitError) -> Self {
        Self::Wait(error)
    }
}

/// The only I/O that is not turned into a more telling failure on the spot is that of the output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
