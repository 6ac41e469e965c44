//! Places in a file, counted as compilers report them: lines and columns from 1, in characters.

use proc_macro2::{LineColumn, Span};

/// A position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<LineColumn> for Place {
    fn from(at: LineColumn) -> Place {
        Place { line: at.line, column: at.column + 1 }
    }
}

/// From the first character to just behind the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Place,
    pub(crate) end: Place,
}

impl Range {
    pub(crate) fn of(span: Span) -> Range {
        Range { start: span.start().into(), end: span.end().into() }
    }

    /// The whole line.
    pub(crate) fn line(line: usize) -> Range {
        Range { start: Place { line, column: 1 }, end: Place { line: line + 1, column: 1 } }
    }

    pub(crate) fn contains(&self, place: Place) -> bool {
        self.start <= place && place < self.end
    }
}
