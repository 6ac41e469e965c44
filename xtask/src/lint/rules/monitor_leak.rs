//! `monitor_leak`: a monitor that is thrown away.

use super::{Levels, Rule, Seen};
use crate::lint::judge::Sight;
use crate::lint::source::Fate;

pub(crate) const MONITOR_LEAK: Rule = Rule {
    code: "FND010",
    id: "monitor_leak",
    levels: Levels::PRODUCTION_AND_TESTS,
    message: "starts a watch whose monitor is thrown away",
    hint: "keep the monitor for as long as the watch is needed; `drop` it to end the watch",
    explain: "\
Dropping a monitor ends the watch. One that is never bound watches nothing, and its author believes
that he will be told; one that is forgotten is never taken off the list of the process it watches.

Found: the result of a function that starts a watch as a statement, in `let _`, in mem::forget, Box::leak
or ManuallyDrop; and every unused value of a type in `[types] monitor`, from whatever function.
Not found: `drop(monitor)`, which says what it does, and foreign functions that are called `monitor`;
`[[paths]]` adds your own. Not in force in examples and benches.",
    paths: &["foundation::ProcessRef::monitor", "foundation::Context::monitor"],
    lints: &["unused_must_use"],
    sees,
    ..Rule::BLANK
};

fn sees(sight: &Sight<'_>) -> Seen {
    if sight.hit.banned.starts_with(UNUSED) {
        let kind = sight.hit.banned.trim_start_matches(UNUSED);
        let last = |path: &str| path.rsplit("::").next().unwrap_or(path).to_owned();
        let known = sight.types.monitor.iter().any(|monitor| last(monitor) == last(kind));
        return if known { Seen::Finding("is thrown away unused") } else { Seen::Fine };
    }
    let fates = [Fate::Statement, Fate::Unbound, Fate::Forgotten];
    match sight.discard() {
        Some(discard) if fates.contains(&discard.fate) => Seen::Finding(MONITOR_LEAK.message),
        _ => Seen::Fine,
    }
}

/// Begins what the compiler says of an unused value; its type follows.
const UNUSED: &str = "unused ";
