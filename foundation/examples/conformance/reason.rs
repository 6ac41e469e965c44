//! Reasons as the scripts and logs spell them.

use foundation::{Exit, ExitReason};

/// What a worker does to end, or to fail in `init`.
///
/// # Panics
///
/// Panics for `crash`, which is what it means.
pub(crate) fn end_with(reason: &str) -> Exit {
    Exit::reason(match reason {
        "normal" => ExitReason::Normal,
        "shutdown" => ExitReason::Shutdown,
        "crash" => panic!("crash"),
        _ => match reason.split_once(':') {
            Some(("shutdown", text)) => ExitReason::ShutdownWith(text.into()),
            Some((_, text)) => ExitReason::error(text),
            None => ExitReason::error(reason),
        },
    })
}

/// The reason as the logs spell it.
pub(crate) fn text(reason: &ExitReason) -> String {
    match reason {
        ExitReason::ShutdownWith(text) => shutdown_with(text),
        ExitReason::Panic(_) => "crash".to_owned(),
        ExitReason::NoProc => "noproc".to_owned(),
        ExitReason::Error(error) => failed(&error.to_string()),
        clean => clean.to_string(),
    }
}

/// An error: that of a script, or a name that was not free.
fn failed(error: &str) -> String {
    if error.starts_with("the name is held by ") {
        "already_started".to_owned()
    } else {
        format!("error:{error}")
    }
}

/// A supervisor says in its reason which child did not start, and why: `failed to start child "ID": WHY`.
fn shutdown_with(text: &str) -> String {
    let failed = text
        .strip_prefix("failed to start child \"")
        .and_then(|rest| rest.split_once("\": "))
        .map(|(id, why)| format!("shutdown:failed({id},{})", displayed(why)));
    failed.unwrap_or_else(|| format!("shutdown:{text}"))
}

/// Turns a displayed reason into the spelling of the logs.
fn displayed(why: &str) -> String {
    if let Some(text) = why.strip_prefix("shutdown: ") {
        return shutdown_with(text);
    }
    match why.split_once(": ") {
        Some(("failed", text)) => failed(text),
        Some(("panicked", _)) => "crash".to_owned(),
        _ if why == "no such process" => "noproc".to_owned(),
        _ => why.to_owned(),
    }
}
