//! Declarations: `// lint: durable -- where` and `// lint: stateless -- why`.

use super::directives::REASON_LENGTH_MIN;
use super::span::{Place, Range};

/// Says of a type, or of its `impl`, what becomes of its state.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) at: Place,
    pub(crate) covers: Range,
}

/// Reads a declaration; `None` if the comment is none.
pub(crate) fn parse(body: &str) -> Option<Result<(), &'static str>> {
    let rest = body.strip_prefix("stateless").or_else(|| body.strip_prefix("durable"))?;
    let Some(reason) = rest.trim().strip_prefix("--") else {
        return Some(Err("a declaration has the form `lint: stateless -- why`"));
    };
    if reason.trim().chars().count() < REASON_LENGTH_MIN {
        return Some(Err("the declaration says too little behind its dashes"));
    }
    Some(Ok(()))
}
