//! Places in a file, counted as compilers report them: lines and columns from 1, in characters.

use proc_macro2::{LineColumn, Span};
use syn::Expr;
use syn::spanned::Spanned;

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

/// From the first token of one span to the last token of another.
pub(crate) fn between(first: Span, last: Span) -> Range {
    Range { start: first.start().into(), end: last.end().into() }
}

/// The place of the first token. The span of an expression is made of all its tokens, which a walk over
/// every expression cannot afford; that of a plain path lies open.
pub(crate) fn start_of(value: &Expr) -> Place {
    let span = match value {
        Expr::Path(path) if path.attrs.is_empty() && path.qself.is_none() => {
            match (path.path.leading_colon, path.path.segments.first()) {
                (None, Some(first)) => first.ident.span(),
                _ => path.span(),
            }
        }
        _ => value.span(),
    };
    Range::of(span).start
}
