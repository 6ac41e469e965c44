//! `broad_catch`: a panic that is caught outside the kernel.

use super::{Levels, Rule, Seen};
use crate::lint::judge::Sight;

pub(crate) const BROAD_CATCH: Rule = Rule {
    code: "FND011",
    id: "broad_catch",
    levels: Levels::PRODUCTION,
    message: "catches panics that a supervisor should see",
    hint: "let it crash: the supervisor restarts the process with a clean state",
    explain: "\
A caught panic leaves its code half done and its state unknown, and goes on. The supervisor exists to
throw that state away; it can only do so when the panic reaches it.

Found: catch_unwind of std, futures and futures-lite (deny), and a panic hook that is set or taken (a warning: it
changes the report, not the course). A process kernel has its own, each with a reason.
Not in force in tests, examples and benches.",
    paths: &[
        "std::panic::catch_unwind",
        "futures_util::FutureExt::catch_unwind",
        "futures_util::StreamExt::catch_unwind",
        "futures_lite::future::FutureExt::catch_unwind",
        "std::panic::set_hook",
        "std::panic::take_hook",
    ],
    sees,
    ..Rule::BLANK
};

fn sees(sight: &Sight<'_>) -> Seen {
    if sight.hit.banned.ends_with("_hook") {
        return Seen::Weak("changes what every panic of the program reports");
    }
    Seen::Finding(BROAD_CATCH.message)
}
