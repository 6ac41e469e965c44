//! Places in a JSON document, written as JSON pointers (RFC 6901).

use std::fmt::Write as _;

use serde_path_to_error::{Path, Segment};

/// The pointer of a path; the whole document is the empty string.
pub(super) fn of_path(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        let written = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => write!(pointer, "/?"),
        };
        written.expect("writing to a string can not fail");
    }
    pointer
}

/// The place of one field of the n-th task in the specification.
pub(super) fn specification(task: usize, field: &str) -> String {
    format!("/workflow/specification/tasks/{task}/{field}")
}

/// The place of one entry of a list in the n-th task of the specification.
pub(super) fn specification_entry(task: usize, list: &str, entry: usize) -> String {
    format!("/workflow/specification/tasks/{task}/{list}/{entry}")
}

/// The place of one field of the n-th entry of the execution.
pub(super) fn execution(entry: usize, field: &str) -> String {
    format!("/workflow/execution/tasks/{entry}/{field}")
}
