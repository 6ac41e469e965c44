//! The durable form of events.

use serde_json::json;

use crate::{
    Event, FailureCause, Resumed, TaskCompleted, TaskFailed, TaskRetried, TaskSkipped,
    WorkflowCompleted, WorkflowFailed, WorkflowStarted,
};

fn examples() -> Vec<(Event, &'static str)> {
    let task = || "a".into();
    vec![
        (
            Event::WorkflowStarted {
                detail: WorkflowStarted {
                    workflow: "w".into(),
                    fingerprint: "00ff".to_owned(),
                    tasks: 2,
                    workers: 8,
                },
            },
            r#"{"event":"workflow_started","detail":{"workflow":"w","fingerprint":"00ff","tasks":2,"workers":8}}"#,
        ),
        (
            Event::TaskStarted { task: task(), attempt: 1 },
            r#"{"event":"task_started","task":"a","attempt":1}"#,
        ),
        (
            Event::TaskCompleted {
                task: task(),
                attempt: 1,
                detail: TaskCompleted { duration_s: 0.1, exit: json!({ "code": 0 }) },
            },
            r#"{"event":"task_completed","task":"a","attempt":1,"detail":{"duration_s":0.1,"exit":{"code":0}}}"#,
        ),
        (
            Event::TaskFailed {
                task: task(),
                attempt: 3,
                detail: TaskFailed { reason: "exit 1".into(), cause: FailureCause::Failed },
            },
            r#"{"event":"task_failed","task":"a","attempt":3,"detail":{"reason":"exit 1","cause":"failed"}}"#,
        ),
        (
            Event::TaskRetried {
                task: task(),
                attempt: 2,
                detail: TaskRetried {
                    reason: "panic".into(),
                    cause: FailureCause::Crashed,
                    delay_ms: 250,
                },
            },
            r#"{"event":"task_retried","task":"a","attempt":2,"detail":{"reason":"panic","cause":"crashed","delay_ms":250}}"#,
        ),
        (
            Event::TaskSkipped { task: task(), detail: TaskSkipped { failed: "b".into() } },
            r#"{"event":"task_skipped","task":"a","detail":{"failed":"b"}}"#,
        ),
        (
            Event::Resumed { detail: Resumed { interrupted: 1, workers: 4 } },
            r#"{"event":"resumed","detail":{"interrupted":1,"workers":4}}"#,
        ),
        (
            Event::WorkflowCompleted { detail: WorkflowCompleted { completed: 2 } },
            r#"{"event":"workflow_completed","detail":{"completed":2}}"#,
        ),
        (
            Event::WorkflowFailed {
                detail: WorkflowFailed {
                    completed: 0,
                    failed: 1,
                    skipped: 1,
                    cancelled: Some("why".into()),
                },
            },
            r#"{"event":"workflow_failed","detail":{"completed":0,"failed":1,"skipped":1,"cancelled":"why"}}"#,
        ),
    ]
}

#[test]
fn the_durable_form_of_every_event_is_pinned_and_reversible() {
    for (event, json) in examples() {
        assert_eq!(String::from_utf8(event.encode()).unwrap(), json);
        assert_eq!(Event::decode(json.as_bytes()).unwrap(), event);
    }
}

#[test]
fn anything_unknown_is_refused() {
    let records = [
        "",
        "{}",
        r#"{"event":"task_paused","task":"a","attempt":1}"#,
        r#"{"event":"task_started","task":"a"}"#,
        r#"{"event":"task_started","task":"a","attempt":-1}"#,
        r#"{"event":"task_started","task":"a","attempt":1,"extra":1}"#,
        r#"{"event":"resumed","detail":{"interrupted":1,"workers":4,"extra":1}}"#,
        r#"{"event":"resumed"}"#,
        r#"{"event":"resumed","detail":{"interrupted":1,"workers":4}} {}"#,
        r#"{"event":"task_retried","task":"a","attempt":2,"detail":{"reason":"","cause":"bored","delay_ms":1}}"#,
        r#"{"event":"task_completed","task":"a","attempt":1,"detail":{"duration_s":1e999}}"#,
    ];
    for record in records {
        assert!(Event::decode(record.as_bytes()).is_err(), "{record}");
    }
}

#[test]
fn every_printed_line_has_the_same_six_fields_in_order() {
    for (event, _) in examples() {
        let line = event.log_line(1, 2);
        let mut rest = &*line;
        for field in ["seq", "at_ms", "event", "task", "attempt", "detail"] {
            let key = format!("\"{field}\":");
            let at = rest.find(&key).unwrap_or_else(|| panic!("no {field} in {line}"));
            rest = &rest[at + key.len()..];
        }
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 6);
        assert_eq!(value["event"], event.kind().as_str());
        assert_eq!(value["detail"], event.detail());
        assert!(!line.contains('\n'));
    }
}
