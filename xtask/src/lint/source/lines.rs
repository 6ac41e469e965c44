//! How many lines of a file carry code.

use super::span::{Place, Range};
use super::tokens::{Kind, Tokens};

/// The lines that carry code in order, each with its first piece of it.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<(usize, Place)>);

/// Where a generator says that it wrote a file; rustfmt looks at the same lines.
const HEADER_LINES: usize = 5;

/// Whether the header of a file says that a program wrote it.
pub(crate) fn is_generated(text: &str) -> bool {
    text.lines().take(HEADER_LINES).any(|line| line.contains("@generated"))
}

impl Lines {
    pub(crate) fn of(tokens: &Tokens) -> Lines {
        let mut lines = Lines::default();
        let tokens = tokens.all();
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            if token.is_punct('#') {
                // `#![..]` says something about what is around it.
                let inner = tokens.get(index + 1).is_some_and(|next| next.is_punct('!'));
                let what = index + 1 + usize::from(inner);
                let is_group =
                    matches!(tokens.get(what), Some(next) if matches!(next.kind, Kind::Open(_)));
                let is_documentation = is_group
                    && matches!(tokens.get(what + 1), Some(next) if matches!(&next.kind, Kind::Ident(name) if name == "doc"));
                if inner || is_documentation {
                    let behind = tokens.iter().skip(what + 1);
                    let inside = behind.take_while(|next| is_group && next.depth > token.depth);
                    index = what + 1 + inside.count() + usize::from(is_group);
                    continue;
                }
            }
            lines.add(token.range);
            index += 1;
        }
        lines
    }

    fn add(&mut self, range: Range) {
        for line in range.start.line..=range.end.line {
            if self.0.last().is_some_and(|(last, _)| *last >= line) {
                continue;
            }
            let first =
                if line == range.start.line { range.start } else { Place { line, column: 1 } };
            self.0.push((line, first));
        }
    }

    /// The lines inside a range but outside all others: how many, and the first of them.
    pub(crate) fn count(&self, inside: Option<Range>, outside: &[Range]) -> (usize, Option<Place>) {
        let within =
            |range: &Range, line: usize| (range.start.line..=range.end.line).contains(&line);
        let counts = |line: usize| {
            inside.is_none_or(|range| within(&range, line))
                && !outside.iter().any(|range| within(range, line))
        };
        let mut places = self.0.iter().filter(|(line, _)| counts(*line)).map(|(_, place)| *place);
        let first = places.next();
        (usize::from(first.is_some()) + places.count(), first)
    }
}
