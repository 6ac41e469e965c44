//! Code that is nested too deeply to be walked.
//!
//! The parser and every visitor call themselves once per level. A file that nests more than a person
//! would ever write must end as "cannot be parsed", not as the end of this program.

use std::io;
use std::thread;

use proc_macro2::Delimiter;

use super::tokens::{Kind, Tokens};

/// The number of levels that `with_deep_stack` has room for, in a build without optimisation.
const LEVELS_MAX: usize = 10_000;
/// Only what is used of it is ever real memory.
const STACK_BYTES: usize = 1 << 30;

/// Runs work that parses source code on a stack that is deep enough for every file that passes
/// `check`.
pub(crate) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let handle = deep_thread().spawn_scoped(scope, work)?;
        Ok(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// A thread with such a stack.
pub(super) fn deep_thread() -> thread::Builder {
    thread::Builder::new().stack_size(STACK_BYTES)
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
///
/// Every token since the last end of a statement may be a level of its own: `!!!!x`, `a + b + c`.
pub(super) fn check(tokens: &Tokens) -> syn::Result<()> {
    let mut around = Vec::new();
    let (mut levels, mut run) = (0, 0);
    let mut behind_braces = false;
    for token in tokens.all() {
        if let Kind::Close(delimiter) = token.kind {
            (levels, run) = around.pop().unwrap_or_default();
            behind_braces = delimiter == Delimiter::Brace;
            continue;
        }
        if behind_braces && begins_anew(&token.kind) {
            run = 0;
        }
        behind_braces = false;
        run += 1;
        if levels + run > LEVELS_MAX {
            return Err(syn::Error::new(token.span, "this code is nested too deeply"));
        }
        match token.kind {
            Kind::Punct(';' | ',') => run = 0,
            Kind::Open(_) => {
                around.push((levels, run));
                (levels, run) = (levels + run, 0);
            }
            Kind::Punct(_) | Kind::Ident(_) | Kind::Literal(_) | Kind::Close(_) => {}
        }
    }
    Ok(())
}

/// Whether this token behind a closing brace belongs to the next item or statement.
fn begins_anew(kind: &Kind) -> bool {
    match kind {
        Kind::Ident(word) => word != "else" && word != "as",
        Kind::Punct(mark) => *mark == '#',
        Kind::Open(_) | Kind::Literal(_) => true,
        Kind::Close(_) => false,
    }
}
