//! `ignored_send_result`: a message whose loss nobody notices.

use super::{Level, Levels, Rule, Seen};
use crate::lint::judge::Sight;

pub(crate) const IGNORED_SEND_RESULT: Rule = Rule {
    code: "FND013",
    id: "ignored_send_result",
    levels: Levels { production: Level::Warn, ..Levels::NOWHERE },
    message: "gives a message back that is thrown away",
    hint: "handle the error, pass it on with `?`, or send with `foundation::accepted_with` and \
           `OnFailure::DeadLetter`",
    explain: "\
The error of a send gives the message back, because nobody else has it. Who throws the error away has
lost the message without a count or a trace.

Found: the result of a send of foundation as a statement, in `let _`, behind `.ok()`, `.unwrap_or(..)` or
`.is_err()` as a statement, in `drop`, in a name that nobody mentions again, and in `if` and `match`
whose branches are empty. `[[paths]]` adds your own functions.
Not found: `?`, `unwrap` and `expect`, which do something. Not in force in tests, examples and benches.",
    paths: &[
        "foundation::ServerRef::cast",
        "foundation::ServerRef::send",
        "foundation::Name::cast",
        "foundation::Name::send",
        "foundation::Recipient::cast",
        "foundation::Permit::send",
        "foundation::accepted",
        "foundation::handled",
    ],
    sees,
    ..Rule::BLANK
};

fn sees(sight: &Sight<'_>) -> Seen {
    match sight.discard() {
        Some(discard) if !discard.through.handled => Seen::Finding(IGNORED_SEND_RESULT.message),
        _ => Seen::Fine,
    }
}
