//! Where a program is: the search a shell would do, done once and before anything starts.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Why a program cannot be run under the name that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramNotFound {
    /// No folder of the search path holds an executable file of this name.
    NotInPath {
        /// The name.
        program: String,
    },
    /// There is nothing at this path.
    Missing {
        /// The path, resolved against the working directory.
        path: PathBuf,
    },
    /// There is something at this path, but it is not a file.
    NotAFile {
        /// The path, resolved against the working directory.
        path: PathBuf,
    },
    /// There is a file at this path that may not be executed.
    NotExecutable {
        /// The path, resolved against the working directory.
        path: PathBuf,
    },
}

impl fmt::Display for ProgramNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInPath { program } => write!(f, "program not found in PATH: {program:?}"),
            Self::Missing { path } => write!(f, "program not found: {}", path.display()),
            Self::NotAFile { path } => write!(f, "program is not a file: {}", path.display()),
            Self::NotExecutable { path } => {
                write!(f, "program is not executable: {}", path.display())
            }
        }
    }
}

impl Error for ProgramNotFound {}

/// Finds the executable file that `program` names.
///
/// A name without a slash is looked up in `path`, a list of folders as in the variable `PATH`; a
/// name with a slash is a path, relative to `workdir`. Says what is there now; a later start can
/// still find it gone. Reads file attributes, blocks for as long as that takes.
///
/// # Errors
///
/// [`ProgramNotFound`] with what was found instead.
///
/// # Examples
///
/// ```
/// use std::ffi::OsStr;
/// use std::path::Path;
///
/// use jido_system::resolve_program;
///
/// let shell = resolve_program("sh", Path::new("/"), OsStr::new("/usr/bin:/bin"))?;
/// assert!(shell.is_absolute());
/// assert!(resolve_program("./sh", Path::new("/nowhere"), OsStr::new("/usr/bin:/bin")).is_err());
/// # Ok::<(), jido_system::ProgramNotFound>(())
/// ```
pub fn resolve_program(
    program: &str,
    workdir: &Path,
    path: &OsStr,
) -> Result<PathBuf, ProgramNotFound> {
    if program.contains('/') {
        return executable_at(workdir.join(program));
    }
    let not_in_path = || ProgramNotFound::NotInPath { program: program.to_owned() };
    if program.is_empty() || path.as_bytes().is_empty() {
        return Err(not_in_path());
    }
    let found = which::which_in(program, Some(path), workdir).map_err(|_absent| not_in_path())?;
    // A relative folder in the list counts from the working directory, as for a shell there.
    Ok(workdir.join(found))
}

fn executable_at(path: PathBuf) -> Result<PathBuf, ProgramNotFound> {
    match path.metadata() {
        Err(_) => Err(ProgramNotFound::Missing { path }),
        Ok(found) if !found.is_file() => Err(ProgramNotFound::NotAFile { path }),
        Ok(_) => match which::which_in(&path, None::<&OsStr>, "/") {
            Ok(path) => Ok(path),
            Err(_) => Err(ProgramNotFound::NotExecutable { path }),
        },
    }
}
