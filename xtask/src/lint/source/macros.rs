//! Code inside macro calls and macro definitions, as far as it can be read without expanding it.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Block, Expr, Stmt, Token};

/// Macros whose tokens are data, not code of this program.
const QUOTES: [&str; 8] = [
    "quote",
    "quote_spanned",
    "parse_quote",
    "parse_quote_spanned",
    "stringify",
    "concat",
    "thread_local",
    "task_local",
];

/// A piece of code that parses by itself.
pub(crate) enum Part {
    Statements(Vec<Stmt>),
    Expression(Box<Expr>),
}

/// The readable parts of a macro call. `name` is the last segment of the macro's path.
pub(crate) fn of_call(name: &str, tokens: &TokenStream) -> Vec<Part> {
    if QUOTES.contains(&name) {
        return Vec::new();
    }
    let tokens = if name == "lazy_static" { without_ref(tokens) } else { tokens.clone() };
    parts(tokens)
}

/// The readable parts of the bodies of a `macro_rules!`, one list a body.
pub(crate) fn of_definition(tokens: &TokenStream) -> Vec<Vec<Part>> {
    let mut bodies = Vec::new();
    let mut behind_arrow = false;
    let mut previous = None;
    for token in tokens.clone() {
        match &token {
            TokenTree::Group(group) if behind_arrow => {
                bodies.push(parts(without_dollars(group.stream())));
                behind_arrow = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == '>' => {
                behind_arrow = previous == Some('=');
            }
            _ => {}
        }
        previous = match token {
            TokenTree::Punct(punct) => Some(punct.as_char()),
            _ => None,
        };
    }
    bodies
}

/// `static ref X: T` without the `ref`.
fn without_ref(tokens: &TokenStream) -> TokenStream {
    let mut behind_static = false;
    let keep = |token: &TokenTree| {
        let word = |word| matches!(token, TokenTree::Ident(ident) if ident == word);
        let keep = !(behind_static && word("ref"));
        behind_static = word("static");
        keep
    };
    tokens.clone().into_iter().filter(keep).collect()
}

/// The body of a macro with its variables as plain names and its repetitions once.
fn without_dollars(tokens: TokenStream) -> TokenStream {
    let mut clean = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => {
                let Some(TokenTree::Group(group)) =
                    tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                else {
                    continue;
                };
                clean.extend(without_dollars(group.stream()));
                // At most a separator and the operator.
                for _ in 0..2 {
                    let Some(TokenTree::Punct(punct)) = tokens.peek() else { break };
                    let operator = matches!(punct.as_char(), '*' | '+' | '?');
                    tokens.next();
                    if operator {
                        break;
                    }
                }
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_dollars(group.stream()));
                inner.set_span(group.span());
                clean.push(TokenTree::Group(inner));
            }
            other => clean.push(other),
        }
    }
    clean.into_iter().collect()
}

fn parts(tokens: TokenStream) -> Vec<Part> {
    if tokens.is_empty() {
        return Vec::new();
    }
    if let Ok(statements) = Block::parse_within.parse2(tokens.clone()) {
        return vec![Part::Statements(statements)];
    }
    let list = Punctuated::<Expr, Token![,]>::parse_terminated;
    if let Ok(expressions) = list.parse2(tokens.clone()) {
        return expressions.into_iter().map(|value| Part::Expression(Box::new(value))).collect();
    }
    let pieces = pieces(tokens.clone());
    if pieces.len() > 1 {
        return pieces.into_iter().flat_map(parts).collect();
    }
    let groups = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => Some(group.stream()),
        _ => None,
    });
    groups.flat_map(parts).collect()
}

/// Splits at commas, semicolons, arrows and the `=` behind a pattern.
fn pieces(tokens: TokenStream) -> Vec<TokenStream> {
    let mut pieces = vec![Vec::new()];
    let mut joint = false;
    for token in tokens {
        let mut ends = false;
        if let TokenTree::Punct(punct) = &token {
            let alone = punct.spacing() == Spacing::Alone && !joint;
            ends = match punct.as_char() {
                ',' | ';' => true,
                '=' => alone,
                _ => false,
            };
            let arrow = punct.as_char() == '>' && joint && last_is(&pieces, '=');
            if arrow {
                pieces.last_mut().map(Vec::pop);
                ends = true;
            }
            joint = punct.spacing() == Spacing::Joint;
        } else {
            joint = false;
        }
        if ends {
            pieces.push(Vec::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(token);
        }
    }
    pieces.into_iter().map(TokenStream::from_iter).filter(|piece| !piece.is_empty()).collect()
}

fn last_is(pieces: &[Vec<TokenTree>], wanted: char) -> bool {
    matches!(pieces.last().and_then(|piece| piece.last()),
        Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}
