//! Code that is nested too deeply to be walked.
//!
//! The parser and every visitor call themselves once per level. A file that nests more than a person
//! would ever write must end as "cannot be parsed", not as the end of this program.

use std::io;
use std::thread;

use proc_macro2::{TokenStream, TokenTree};

/// The number of levels that `with_deep_stack` has room for, in a build without optimisation.
const LEVELS_MAX: usize = 10_000;
/// Only what is used of it is ever real memory.
const STACK_BYTES: usize = 1 << 30;

/// Runs work that parses source code on a stack that is deep enough for every file that passes
/// `check`.
pub(crate) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let handle = builder.spawn_scoped(scope, work)?;
        Ok(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Does one thing on a thread of its own while the other is done here.
pub(crate) fn beside<T: Send, U>(
    there: impl FnOnce() -> T + Send,
    here: impl FnOnce() -> U,
) -> io::Result<(T, U)> {
    thread::scope(|scope| {
        let handle = thread::Builder::new().spawn_scoped(scope, there)?;
        let here = here();
        Ok((handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), here))
    })
}

/// Refuses what could nest more than `LEVELS_MAX` levels.
pub(super) fn check(tokens: &TokenStream) -> syn::Result<()> {
    within(tokens, LEVELS_MAX)
}

/// Every token since the last end of a statement may be a level of its own: `!!!!x`, `a + b + c`.
fn within(tokens: &TokenStream, room: usize) -> syn::Result<()> {
    let mut run = 0;
    let mut behind_braces = false;
    for token in tokens.clone() {
        if behind_braces && begins_anew(&token) {
            run = 0;
        }
        behind_braces = false;
        run += 1;
        if run > room {
            return Err(syn::Error::new(token.span(), "this code is nested too deeply"));
        }
        match &token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => run = 0,
            TokenTree::Group(group) => {
                within(&group.stream(), room - run)?;
                behind_braces = group.delimiter() == proc_macro2::Delimiter::Brace;
            }
            TokenTree::Punct(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
    }
    Ok(())
}

/// Whether this token behind a closing brace belongs to the next item or statement.
fn begins_anew(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word != "else" && word != "as",
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Group(_) | TokenTree::Literal(_) => true,
    }
}
