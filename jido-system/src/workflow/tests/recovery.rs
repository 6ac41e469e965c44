//! What a journal means to the session that takes over, and which journals mean nothing.

use std::time::Duration;

use serde_json::json;

use super::{Driver, completed, diamond, failed, launches, policy, workflow};
use crate::{
    Effect, Engine, Event, EventFault, EventKind, TaskCompleted, TaskSkipped, WorkflowCompleted,
    WorkflowStatus,
};

#[test]
fn what_was_running_runs_again_under_the_next_attempt_and_what_completed_does_not() {
    let mut run = Driver::begin(&diamond(), 3);
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("a", 1, completed());
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    let mut run = run.resume(3);
    assert_eq!(run.engine.offer(4), 3, "b and apart were running, c was ready");
    run.commit();

    assert_eq!(
        run.story(),
        "start a1, start apart1, done a1, start b1, resumed, start b2, start c1, start apart2"
    );
    assert_eq!(run.journal[5].detail(), json!({ "interrupted": 2, "workers": 4 }));
    let totals = run.engine.totals();
    assert_eq!((totals.executions, totals.resumed, totals.interrupted), (6, 1, 2));
    assert_eq!(totals.workers_max, 4);
}

#[test]
fn an_interruption_uses_up_no_attempt_and_a_failure_before_it_does() {
    let mut run = Driver::begin(&workflow(&[("a", 0.0, &[])]), 2);
    for attempt in 1..=10 {
        assert_eq!(run.engine.offer(1), 1);
        assert_eq!(launches(&run.commit()), [(run.at("a"), attempt)]);
        run = run.resume(2);
    }
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    run.end("a", 11, failed());
    run.commit();
    run = run.resume(2); // while it waits
    let backoff =
        Effect::Backoff { task: run.at("a"), attempt: 11, delay: Duration::from_millis(100) };
    assert_eq!(run.engine.offer(1), 0, "the wait begins anew");
    assert_eq!(run.commit(), [backoff]);
    assert!(run.engine.retry_due(run.at("a"), 11));
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    run.end("a", 12, failed());
    assert_eq!(run.commit(), [Effect::Finished(WorkflowStatus::Failed)]);
}

#[test]
fn a_finished_workflow_is_not_resumed() {
    let mut run = Driver::begin(&workflow(&[("a", 0.0, &[])]), 1);
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    run.end("a", 1, completed());
    run.commit();

    let mut engine = Engine::new(run.engine.workflow().clone(), policy(1));
    run.journal.iter().try_for_each(|event| engine.replay(event)).unwrap();
    assert!(engine.is_finished() && engine.status() == WorkflowStatus::Completed);
    assert_eq!(engine.duration_s(run.at("a")), Some(1.0));
    assert!(!engine.resume(4) && !engine.begin(4) && !engine.cancel("late"));
    assert_eq!(engine.offer(1), 0);
    assert!(engine.take_batch().is_none());
}

#[test]
fn a_batch_that_was_stored_in_part_is_completed_by_the_next_session() {
    let mut run = Driver::begin(&diamond(), 1);
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("apart", 1, completed());
    run.end("a", 1, failed());
    run.commit();
    let whole = run.journal.clone();
    assert_eq!(whole.last().map(Event::kind), Some(EventKind::WorkflowFailed));
    for kept in 5..whole.len() {
        run.journal = whole[..kept].to_vec();
        run = run.resume(1);
        let effects = run.commit();
        assert_eq!(effects.last(), Some(&Effect::Finished(WorkflowStatus::Failed)), "{kept}");
        assert_eq!(run.engine.counts().skipped, 3);
        let blamed = run.journal.iter().filter(|event| event.kind() == EventKind::TaskSkipped);
        assert!(blamed.map(Event::detail).all(|detail| detail == json!({ "failed": "a" })));
    }
}

/// Replays a valid beginning, then an event that must be refused like this.
fn check(event: Event, fault: EventFault, message: &str) {
    let mut run = Driver::begin(&diamond(), 3);
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("apart", 1, completed());
    run.commit();
    let mut engine = Engine::new(diamond(), policy(3));
    run.journal.iter().try_for_each(|event| engine.replay(event)).unwrap();
    let before = format!("{engine:?}");
    let error = engine.replay(&event).unwrap_err();
    assert_eq!((error.fault(), error.to_string()), (fault, message.to_owned()));
    assert_eq!(error.event(), event.kind());
    assert_eq!(format!("{engine:?}"), before, "a refused event changes nothing");
}

#[test]
fn impossible_events_are_refused_by_name_and_change_nothing() {
    use EventFault as Fault;
    let start = |task: &str, attempt| Event::TaskStarted { task: task.into(), attempt };
    let done = |task: &str, attempt, duration_s| Event::TaskCompleted {
        task: task.into(),
        attempt,
        detail: TaskCompleted { duration_s, exit: json!(null) },
    };
    check(
        start("x", 1),
        Fault::UnknownTask,
        "impossible task_started of task \"x\" attempt 1: the workflow has no such task",
    );
    check(
        start("a", 2),
        Fault::NotReady,
        "impossible task_started of task \"a\" attempt 2: the task is not ready",
    );
    check(
        start("b", 1),
        Fault::NotReady,
        "impossible task_started of task \"b\" attempt 1: the task is not ready",
    );
    check(
        start("apart", 2),
        Fault::NotReady,
        "impossible task_started of task \"apart\" attempt 2: the task is not ready",
    );
    check(
        done("apart", 1, 1.0),
        Fault::NotRunning,
        "impossible task_completed of task \"apart\" attempt 1: the task is not running",
    );
    check(
        done("a", 2, 1.0),
        Fault::WrongAttempt { expected: 1 },
        "impossible task_completed of task \"a\" attempt 2: attempt 1 is the one expected",
    );
    check(
        done("a", 1, -1.0),
        Fault::BadDuration,
        "impossible task_completed of task \"a\" attempt 1: the duration is negative or not finite",
    );
    let skip = Event::TaskSkipped { task: "b".into(), detail: TaskSkipped { failed: "a".into() } };
    check(
        skip,
        Fault::NotSkippable,
        "impossible task_skipped of task \"b\": the task does not depend on a failed one, or has ended",
    );
    let end = Event::WorkflowCompleted { detail: WorkflowCompleted { completed: 5 } };
    check(
        end,
        Fault::WrongEnd,
        "impossible workflow_completed: the tasks have not ended like that",
    );
}

#[test]
fn a_journal_has_one_beginning_one_end_and_one_workflow() {
    let mut run = Driver::begin(&workflow(&[("a", 0.0, &[])]), 1);
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    run.end("a", 1, completed());
    run.commit();
    let [begin, start, done, end] = &run.journal[..] else { panic!("four events") };
    let second = Event::TaskStarted { task: "a".into(), attempt: 2 };
    let cases: [(&[&Event], EventFault); 6] = [
        (&[begin, &second], EventFault::WrongAttempt { expected: 1 }),
        (&[start], EventFault::NotStarted),
        (&[end], EventFault::NotStarted),
        (&[begin, begin], EventFault::StartedTwice),
        (&[begin, end], EventFault::WrongEnd),
        (&[begin, start, done, end, start], EventFault::AfterEnd),
    ];
    for (journal, fault) in cases {
        let mut engine = Engine::new(run.engine.workflow().clone(), policy(1));
        let error = journal.iter().try_for_each(|event| engine.replay(event)).unwrap_err();
        assert_eq!(error.fault(), fault);
    }
    let mut other = Engine::new(diamond(), policy(1));
    assert_eq!(other.replay(begin).unwrap_err().fault(), EventFault::OtherWorkflow);
}
