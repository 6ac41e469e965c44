//! `lock_across_await`: a guard that is held while its task waits.

use super::{Levels, Rule};

pub(crate) const LOCK_ACROSS_AWAIT: Rule = Rule {
    code: "FND008",
    id: "lock_across_await",
    levels: Levels::PRODUCTION_AND_TESTS,
    message: "is held across an await",
    hint: "end the guard before the await (a block of its own), or let one process own the data",
    explain: "\
A task that waits with a lock in its hand stops everybody who wants the lock, and the runtime with them
when they are on its last free thread: a deadlock that only shows under load.

Found, by type, as clippy's await_holding_lock and await_holding_refcell_ref find them: guards of std
and parking_lot locks and borrows of a RefCell that live across an await, whatever attributes allow it.
Not found: guards of tokio's locks, which are made for it. Not in force in examples and benches.",
    lints: &["clippy::await_holding_lock", "clippy::await_holding_refcell_ref"],
    ..Rule::BLANK
};
