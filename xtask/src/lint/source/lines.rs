//! How many lines of a file carry code.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::span::{Place, Range};

/// The lines that carry code, each with its first piece of it.
#[derive(Debug, Default)]
pub(crate) struct Lines(BTreeMap<usize, Place>);

impl Lines {
    pub(crate) fn of(tokens: &TokenStream) -> Lines {
        let mut lines = Lines::default();
        lines.collect(tokens);
        lines
    }

    fn collect(&mut self, tokens: &TokenStream) {
        let mut tokens = tokens.clone().into_iter().peekable();
        while let Some(token) = tokens.next() {
            if let TokenTree::Punct(punct) = &token
                && punct.as_char() == '#'
            {
                // `#![..]` says something about what is around it.
                let is_bang = |next: &TokenTree| matches!(next, TokenTree::Punct(punct) if punct.as_char() == '!');
                let inner = tokens.next_if(is_bang).is_some();
                if tokens.next_if(|next| inner || is_documentation(next)).is_some() {
                    continue;
                }
            }
            match &token {
                TokenTree::Group(group) => {
                    if group.delimiter() != Delimiter::None {
                        self.add(Range::of(group.span_open()));
                        self.add(Range::of(group.span_close()));
                    }
                    self.collect(&group.stream());
                }
                other => self.add(Range::of(other.span())),
            }
        }
    }

    fn add(&mut self, range: Range) {
        for line in range.start.line..=range.end.line {
            let first =
                if line == range.start.line { range.start } else { Place { line, column: 1 } };
            self.0.entry(line).or_insert(first);
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
        let mut places = self.0.iter().filter(|(line, _)| counts(**line)).map(|(_, place)| *place);
        let first = places.next();
        (usize::from(first.is_some()) + places.count(), first)
    }
}

fn is_documentation(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == "doc")
}
