//! Why a file is not a workflow that can be run, and where it goes wrong.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// How many characters of a foreign text a message shows.
const SHOWN: usize = 120;
/// How many tasks of a cycle a message shows at each end.
const SHOWN_CYCLE: usize = 6;

/// What is wrong with a workflow document, and where.
///
/// Places are JSON pointers into the document (`/workflow/specification/tasks/3/parents/0`); lines
/// and columns count from 1. Messages are one line, bounded in length, without control characters,
/// whatever the document contains.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WorkflowError {
    /// The bytes are not JSON in UTF-8.
    Syntax {
        /// Line of the first byte that does not fit.
        line: usize,
        /// Column of the first byte that does not fit.
        column: usize,
        /// What was expected or found.
        detail: String,
    },
    /// A value has the wrong type, or a required field is missing or given twice.
    Type {
        /// The value, or the object that lacks a field.
        place: String,
        /// Line where the value ends.
        line: usize,
        /// Column where the value ends.
        column: usize,
        /// What was expected and what was found.
        detail: String,
    },
    /// There is no `schemaVersion`.
    MissingVersion,
    /// The schema version is none of those that can be read.
    UnsupportedVersion {
        /// The version that the document states.
        found: String,
    },
    /// The specification lists no task.
    NoTasks,
    /// An id or the name of the workflow is the empty string.
    EmptyId {
        /// Where it stands.
        place: String,
    },
    /// Two tasks, or two execution entries, have the same id.
    DuplicateId {
        /// The second occurrence.
        place: String,
        /// The first occurrence.
        first: String,
        /// The id.
        id: String,
    },
    /// A task names a parent that does not exist.
    UnknownParent {
        /// The entry of the list of parents.
        place: String,
        /// The id that no task has.
        id: String,
    },
    /// A task names a child that does not exist.
    UnknownChild {
        /// The entry of the list of children.
        place: String,
        /// The id that no task has.
        id: String,
    },
    /// An execution entry belongs to no task.
    UnknownTask {
        /// The id of the entry.
        place: String,
        /// The id that no task has.
        id: String,
    },
    /// A task names itself as its parent or child.
    SelfEdge {
        /// The entry of the list.
        place: String,
        /// The task.
        id: String,
    },
    /// Tasks wait for each other in a circle.
    Cycle {
        /// The ids along the edges, parent before child; the last is a parent of the first.
        path: Vec<Arc<str>>,
    },
    /// A runtime is negative or longer than [`Workflow::MAX_RUNTIME_S`](crate::Workflow::MAX_RUNTIME_S).
    Runtime {
        /// Where it stands.
        place: String,
        /// The task.
        id: String,
        /// The runtime in seconds.
        seconds: f64,
    },
    /// An id, a program or an argument contains a NUL byte, which no operating system accepts.
    NulByte {
        /// Where it stands.
        place: String,
    },
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column, detail } => {
                write!(f, "not JSON: {} at line {line} column {column}", Plain(detail))
            }
            Self::Type { place, line, column, detail } => {
                let place = Place(place);
                write!(f, "{} at {place} (line {line} column {column})", Plain(detail))
            }
            Self::MissingVersion => f.write_str("the document has no /schemaVersion"),
            Self::UnsupportedVersion { found } => write!(
                f,
                "schema version {} at /schemaVersion is not supported (1.5 and 1.6 are)",
                Quoted(found)
            ),
            Self::NoTasks => f.write_str("there are no tasks at /workflow/specification/tasks"),
            Self::EmptyId { place } => write!(f, "empty text at {}", Place(place)),
            Self::DuplicateId { place, first, id } => {
                let (place, first) = (Place(place), Place(first));
                write!(f, "duplicate id {} at {place}, first at {first}", Quoted(id))
            }
            Self::UnknownParent { place, id } => {
                write!(f, "unknown parent {} at {}", Quoted(id), Place(place))
            }
            Self::UnknownChild { place, id } => {
                write!(f, "unknown child {} at {}", Quoted(id), Place(place))
            }
            Self::UnknownTask { place, id } => {
                write!(f, "execution of unknown task {} at {}", Quoted(id), Place(place))
            }
            Self::SelfEdge { place, id } => {
                write!(f, "task {} waits for itself at {}", Quoted(id), Place(place))
            }
            Self::Cycle { path } => write_cycle(f, path),
            Self::Runtime { place, id, seconds } => write!(
                f,
                "runtime {seconds:e} s of task {} at {} is not between 0 and {:e} s",
                Quoted(id),
                Place(place),
                crate::Workflow::MAX_RUNTIME_S
            ),
            Self::NulByte { place } => write!(f, "NUL byte in the text at {}", Place(place)),
        }
    }
}

impl Error for WorkflowError {}

fn write_cycle(f: &mut fmt::Formatter<'_>, path: &[Arc<str>]) -> fmt::Result {
    write!(f, "the tasks wait for each other in a cycle: ")?;
    let hidden = path.len().saturating_sub(2 * SHOWN_CYCLE);
    let (head, tail) = if hidden == 0 {
        (path, &path[..0])
    } else {
        (&path[..SHOWN_CYCLE], &path[path.len() - SHOWN_CYCLE..])
    };
    for id in head {
        write!(f, "{} -> ", Quoted(id))?;
    }
    if hidden > 0 {
        write!(f, "({hidden} more) -> ")?;
    }
    for id in tail {
        write!(f, "{} -> ", Quoted(id))?;
    }
    path.first().map_or(Ok(()), |first| write!(f, "{}", Quoted(first)))
}

/// Why a file could not be read as a workflow; every message names the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened or read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is larger than [`Workflow::MAX_BYTES`](crate::Workflow::MAX_BYTES).
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, or the number of bytes after which reading stopped.
        bytes: u64,
    },
    /// The file was read, but is no workflow.
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: WorkflowError,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "cannot read {path:?}: {source}"),
            Self::TooLarge { path, bytes } => write!(
                f,
                "{path:?} has {bytes} bytes or more; a workflow file has at most {} (256 MiB)",
                crate::Workflow::MAX_BYTES
            ),
            Self::Invalid { path, source } => write!(f, "{path:?}: {source}"),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Invalid { source, .. } => Some(source),
            Self::TooLarge { .. } => None,
        }
    }
}

/// A foreign text in quotes, escaped and cut.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(SHOWN) {
            None => write!(f, "{:?}", self.0),
            Some((cut, _)) => {
                write!(f, "{:?} ({} bytes in all)", &self.0[..cut], self.0.len())
            }
        }
    }
}

/// A message of the JSON reader, which may quote the document at length.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars = self.0.chars().count();
        let escape = |f: &mut fmt::Formatter<'_>, text: &mut dyn Iterator<Item = char>| {
            for c in text {
                if c.is_control() {
                    write!(f, "{}", c.escape_default())?
                } else {
                    write!(f, "{c}")?
                }
            }
            Ok(())
        };
        if chars <= 2 * SHOWN {
            return escape(f, &mut self.0.chars());
        }
        // Both ends matter: the start says what was found, the end what was expected.
        escape(f, &mut self.0.chars().take(SHOWN))?;
        f.write_str(" ... ")?;
        escape(f, &mut self.0.chars().skip(chars - SHOWN))
    }
}

/// A JSON pointer; the empty one is spelled out, for people.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("the top") } else { write!(f, "{}", Plain(self.0)) }
    }
}
