//! Results of admin calls as the logs spell them.

use foundation::{
    CallError, ChildCounts, ChildError, ChildInfo, ChildProcess, ProcessRef, StartChildError,
    StartError,
};

use crate::reason::text;
use crate::recorder::{Recorder, Shared};

pub(crate) fn started(recorder: &Recorder, result: Result<ProcessRef, StartChildError>) -> String {
    match result {
        Ok(process) => format!("ok {}", recorder.name(process.pid())),
        Err(StartChildError::Ignored) => "ok undefined".to_owned(),
        Err(StartChildError::AlreadyStarted(pid)) => {
            format!("error already_started {}", recorder.name(pid))
        }
        Err(StartChildError::AlreadyPresent) => "error already_present".to_owned(),
        Err(StartChildError::Spec(_)) => "error spec".to_owned(),
        Err(StartChildError::Failed(reason)) => format!("error failed {}", text(&reason)),
        Err(StartChildError::Call(error)) => not_asked(&error),
        Err(other) => format!("error {other}"),
    }
}

pub(crate) fn changed(
    recorder: &Recorder,
    result: Result<Option<ProcessRef>, ChildError>,
) -> String {
    match result {
        Ok(None) => "ok".to_owned(),
        Ok(Some(process)) => format!("ok {}", recorder.name(process.pid())),
        Err(ChildError::Ignored) => "ok undefined".to_owned(),
        Err(ChildError::NotFound) => "error not_found".to_owned(),
        Err(ChildError::Running) => "error running".to_owned(),
        Err(ChildError::Restarting) => "error restarting".to_owned(),
        Err(ChildError::Dynamic) => "error dynamic".to_owned(),
        Err(ChildError::Failed(reason)) => format!("error failed {}", text(&reason)),
        Err(ChildError::Call(error)) => not_asked(&error),
        Err(other) => format!("error {other}"),
    }
}

/// The supervisor was not there, or ended before it answered.
fn not_asked(error: &CallError) -> String {
    match error {
        CallError::Down(_) | CallError::NoProc => "gone".to_owned(),
        other => format!("error {other}"),
    }
}

/// Why the root did not start.
pub(crate) fn start_error(error: &StartError) -> String {
    match error {
        StartError::Child { id, reason } => format!("shutdown:failed({id},{})", text(reason)),
        other => other.to_string(),
    }
}

/// The children, newest first. Those of a dynamic supervisor have no id of their own on the other side.
pub(crate) fn listed(shared: &Shared, is_dynamic: bool, children: &[ChildInfo]) -> String {
    let one = |child: &ChildInfo| {
        let state = match &child.process {
            ChildProcess::Running(process) => {
                return format!(" {}", shared.recorder.name(process.pid()));
            }
            ChildProcess::Restarting => "restarting",
            ChildProcess::Undefined => "undefined",
        };
        if is_dynamic { format!(" {state}") } else { format!(" {}:{state}", child.id) }
    };
    children.iter().map(one).collect()
}

/// The counts: specifications, active, supervisors, workers.
pub(crate) fn counted(counts: &ChildCounts) -> String {
    let ChildCounts { specs, active, supervisors, workers, .. } = counts;
    format!(" {specs} {active} {supervisors} {workers}")
}
