//! The tokens of a file, flat and in order: one walk over the trees for everybody who asks about tokens.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::span::{Place, Range};

/// The tokens of one file. A group is an opening token, what it holds, and a closing token.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Vec<Token>);

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) range: Range,
    /// How many groups are around it.
    pub(crate) depth: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ident(String),
    Punct(char),
    /// With its text, if that has a `{` and may capture variables.
    Literal(Option<String>),
    Open(Delimiter),
    Close(Delimiter),
}

impl Tokens {
    /// Takes the tokens by value: whoever walks shared ones copies them, level by level.
    pub(crate) fn of(stream: TokenStream) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.collect(stream, 0);
        tokens
    }

    fn collect(&mut self, stream: TokenStream, depth: usize) {
        for token in stream {
            match token {
                TokenTree::Ident(ident) => {
                    let (span, text) = (ident.span(), ident.to_string());
                    let range = on_a_line(span, text.chars().count());
                    self.push(Kind::Ident(text), span, range, depth);
                }
                TokenTree::Punct(punct) => {
                    let span = punct.span();
                    self.push(Kind::Punct(punct.as_char()), span, on_a_line(span, 1), depth);
                }
                TokenTree::Literal(literal) => {
                    let (span, text) = (literal.span(), literal.to_string());
                    let text = text.contains('{').then_some(text);
                    self.push(Kind::Literal(text), span, Range::of(span), depth);
                }
                TokenTree::Group(group) => {
                    let (delimiter, open, close) =
                        (group.delimiter(), group.span_open(), group.span_close());
                    self.push(Kind::Open(delimiter), open, on_a_line(open, 1), depth);
                    let inner = group.stream();
                    // Nobody else holds it any more.
                    drop(group);
                    self.collect(inner, depth + 1);
                    self.push(Kind::Close(delimiter), close, on_a_line(close, 1), depth);
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, span: Span, range: Range, depth: usize) {
        self.0.push(Token { kind, span, range, depth });
    }

    pub(crate) fn all(&self) -> &[Token] {
        &self.0
    }

    /// How many tokens begin before a place.
    pub(crate) fn before(&self, place: Place) -> usize {
        self.0.partition_point(|token| token.range.start < place)
    }
}

impl Token {
    pub(crate) fn is_punct(&self, mark: char) -> bool {
        self.kind == Kind::Punct(mark)
    }
}

/// The range of a token that does not go over the end of a line.
fn on_a_line(span: Span, length: usize) -> Range {
    let start = Place::from(span.start());
    Range { start, end: Place { line: start.line, column: start.column + length } }
}
