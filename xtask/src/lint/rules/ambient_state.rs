//! `ambient_state`: state that belongs to no process.

use super::{Levels, Rule, Seen};
use crate::lint::judge::Sight;

pub(crate) const AMBIENT_STATE: Rule = Rule {
    code: "FND009",
    id: "ambient_state",
    levels: Levels::PRODUCTION,
    message: "is state outside every process",
    hint: "let a process own the state, and pass a handle to whoever needs it",
    explain: "\
State that hangs on a thread or on the program outlives every restart: a process that crashed because
of it finds the same bad value again. Nobody owns it, and two tests in one program share it.

Found: thread_local!, task_local! and `static mut` (deny); a static or lazy_static whose type contains a
lock of std, parking_lot or tokio or a DashMap, also inside Arc, Lazy, Once or an alias (a warning,
because a registry of the program has no other place).
Not found: atomics, a OnceLock or LazyLock of plain data, and a lock around `()`, which guards nothing
of its own. Not in force in tests, examples and benches.",
    macros: &["std::thread_local", "tokio::task_local"],
    types: &[
        "std::sync::Mutex",
        "std::sync::RwLock",
        "parking_lot::Mutex",
        "parking_lot::FairMutex",
        "parking_lot::ReentrantMutex",
        "parking_lot::RwLock",
        "tokio::sync::Mutex",
        "tokio::sync::RwLock",
        "dashmap::DashMap",
        "dashmap::DashSet",
    ],
    sees,
    ..Rule::BLANK
};

fn sees(sight: &Sight<'_>) -> Seen {
    if AMBIENT_STATE.macros.contains(&sight.hit.banned.as_str()) {
        return Seen::Finding(AMBIENT_STATE.message);
    }
    if sight.is_type_of_static() {
        return Seen::Weak("makes a static of shared state that every caller can lock");
    }
    Seen::Fine
}
