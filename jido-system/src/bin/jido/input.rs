//! Everything about the workflow file that can be wrong, found out before the store is touched.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jido_system::{ProgramNotFound, ReadError, Workflow, resolve_program};

use crate::args::RunArgs;

/// Why a file cannot be run.
#[derive(Debug)]
pub(crate) enum InputError {
    /// The file is not a workflow.
    Read(ReadError),
    /// The folder to run commands in is none.
    Workdir {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A task has nothing to run.
    NoCommand {
        /// The file.
        file: PathBuf,
        /// The id of the task.
        task: Arc<str>,
    },
    /// A task names a program that cannot be run.
    Program {
        /// The file.
        file: PathBuf,
        /// The id of the task.
        task: Arc<str>,
        /// What is there instead.
        source: ProgramNotFound,
    },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Workdir { path, source } => {
                write!(f, "cannot run commands in {path:?}: {source}")
            }
            Self::NoCommand { file, task } => {
                write!(f, "{file:?}: task {task:?} has no command; --simulate runs without")
            }
            Self::Program { file, task, source } => write!(f, "{file:?}: task {task:?}: {source}"),
        }
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Workdir { source, .. } => Some(source),
            Self::Program { source, .. } => Some(source),
            Self::NoCommand { .. } => None,
        }
    }
}

/// A workflow that can be run, and where its commands run.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) workdir: PathBuf,
}

impl Input {
    /// Reads the file and checks all that can be checked without running anything.
    pub(crate) fn read(args: &RunArgs) -> Result<Self, InputError> {
        let workflow = Workflow::read(&args.file).map_err(InputError::Read)?;
        let workdir = workdir(args)?;
        if args.simulate.is_none() {
            check_commands(&workflow, &args.file, &workdir)?;
        }
        Ok(Self { workflow: Arc::new(workflow), workdir })
    }
}

/// The folder for the commands: absolute, because it is kept in the store.
fn workdir(args: &RunArgs) -> Result<PathBuf, InputError> {
    let path = match (&args.workdir, args.file.parent()) {
        (Some(workdir), _) => workdir.as_path(),
        (None, Some(folder)) if !folder.as_os_str().is_empty() => folder,
        (None, _) => Path::new("."),
    };
    let refused = |source| InputError::Workdir { path: path.to_path_buf(), source };
    let absolute = path.canonicalize().map_err(refused)?;
    if !absolute.is_dir() {
        return Err(refused(io::ErrorKind::NotADirectory.into()));
    }
    Ok(absolute)
}

fn check_commands(workflow: &Workflow, file: &Path, workdir: &Path) -> Result<(), InputError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Many tasks, few programs: each is looked up once.
    let mut found = HashSet::new();
    for task in workflow.tasks() {
        let Some(command) = &task.command else {
            return Err(InputError::NoCommand {
                file: file.to_path_buf(),
                task: Arc::clone(&task.id),
            });
        };
        if !found.insert(&command.program) {
            continue;
        }
        if let Err(source) = resolve_program(&command.program, workdir, &path) {
            let (file, task) = (file.to_path_buf(), Arc::clone(&task.id));
            return Err(InputError::Program { file, task, source });
        }
    }
    Ok(())
}
