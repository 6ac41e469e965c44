//! The scheduler, step by step.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Driver, completed, crashed, diamond, failed, launches, policy, workflow};
use crate::{Effect, Engine, Event, Outcome, RetryPolicy, StaleAttempt, TaskIndex, WorkflowStatus};

#[test]
fn an_undisturbed_run_starts_tasks_as_their_parents_complete() {
    let mut run = Driver::begin(&diamond(), 3);
    assert_eq!(run.engine.offer(4), 2, "a and apart are ready");
    run.commit();
    run.end("a", 1, completed());
    assert_eq!(run.engine.offer(3), 2, "b and c are ready before a's completion is durable");
    run.commit();
    run.end("c", 1, completed());
    run.end("apart", 1, completed());
    assert_eq!(run.engine.offer(3), 0, "d waits for b");
    run.end("b", 1, completed());
    assert_eq!(run.engine.offer(4), 1);
    run.commit();
    run.end("d", 1, completed());
    let effects = run.commit();

    assert_eq!(effects, [Effect::Finished(WorkflowStatus::Completed)]);
    assert_eq!(
        run.story(),
        "start a1, start apart1, done a1, start b1, start c1, done c1, done apart1, done b1, \
         start d1, done d1, workflow_completed"
    );
    assert_eq!((run.engine.counts().completed, run.engine.totals().executions), (5, 5));
    assert_eq!(run.engine.duration_s(run.at("d")), Some(1.0));
}

#[test]
fn nothing_is_launched_or_announced_before_its_batch_is_committed() {
    let mut run = Driver::begin(&diamond(), 3);
    assert_eq!(run.engine.offer(1), 1);
    assert_eq!(run.engine.committed(), [], "nothing is in flight yet");
    assert_eq!(run.engine.take_batch().map(<[Event]>::len), Some(2));
    assert_eq!(run.engine.offer(1), 1, "this start belongs to the next batch");
    assert!(run.engine.take_batch().is_none(), "one batch at a time");

    let effects = run.engine.committed();
    assert_eq!(launches(&effects), [(run.at("a"), 1)]);
    assert_eq!(effects.len(), 3, "two announcements and one launch: {effects:?}");
    assert_eq!(run.engine.take_batch().map(<[Event]>::len), Some(1));
    assert_eq!(launches(&run.engine.committed()), [(run.at("apart"), 1)]);
    assert!(run.engine.committed().is_empty() && run.engine.take_batch().is_none());
}

#[test]
fn figures_show_only_what_is_durable() {
    let one = workflow(&[("a", 0.0, &[])]);
    let mut run = Driver::begin(&one, 1);
    assert_eq!(run.engine.status(), WorkflowStatus::New);
    assert_eq!(run.engine.offer(1), 1);
    assert_eq!((run.engine.counts().running, run.engine.totals().executions), (0, 0));
    run.commit();
    assert_eq!((run.engine.counts().running, run.engine.status()), (1, WorkflowStatus::Running));
    run.end("a", 1, failed());
    assert!(run.engine.take_batch().is_some());
    assert_eq!((run.engine.counts().failed, run.engine.failures().len()), (0, 0));
    assert!(!run.engine.is_finished());
    assert_eq!(run.engine.committed().last(), Some(&Effect::Finished(WorkflowStatus::Failed)));
    assert_eq!((run.engine.counts().failed, run.engine.failures().len()), (1, 1));
    assert!(run.engine.is_finished());
}

#[test]
fn slots_are_taken_in_the_order_in_which_tasks_became_ready() {
    let many =
        workflow(&[("late", 0.0, &["z"]), ("z", 0.0, &[]), ("y", 0.0, &[]), ("x", 0.0, &[])]);
    let mut run = Driver::begin(&many, 1);
    assert_eq!(run.engine.offer(2), 2);
    run.commit();
    run.end("z", 1, completed());
    assert_eq!(run.engine.offer(1), 1);
    assert_eq!(run.engine.offer(0), 0);
    assert_eq!(run.engine.offer(9), 1);
    run.commit();
    assert_eq!(run.story(), "start z1, start y1, done z1, start x1, start late1");
}

#[test]
fn a_failed_attempt_waits_longer_each_time_and_the_last_one_fails_the_task() {
    let one = workflow(&[("a", 0.0, &[])]);
    let mut run = Driver::begin(&one, 4);
    let at = run.at("a");
    for (attempt, delay_ms) in [(1, 100), (2, 200), (3, 300)] {
        assert_eq!(run.engine.offer(1), 1);
        assert_eq!(launches(&run.commit()), [(at, attempt)]);
        run.end("a", attempt, failed());
        assert_eq!(run.engine.offer(1), 0, "it waits");
        let delay = Duration::from_millis(delay_ms);
        assert_eq!(run.commit(), [Effect::Backoff { task: at, attempt, delay }]);
        assert_eq!(run.engine.counts().backoff, 1);
        assert!(!run.engine.retry_due(at, attempt + 1), "another attempt");
        assert!(!run.engine.retry_due(TaskIndex::new(9), attempt), "no such task");
        assert!(run.engine.retry_due(at, attempt));
        assert!(!run.engine.retry_due(at, attempt), "only once");
    }
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    run.end("a", 4, failed());
    assert_eq!(run.commit(), [Effect::Finished(WorkflowStatus::Failed)]);
    assert_eq!((run.engine.totals().retries, run.engine.totals().executions), (3, 4));
    let failure = &run.engine.failures()[0];
    assert_eq!((&*failure.task, failure.attempt, &*failure.reason), ("a", 4, "exit 1"));
}

#[test]
fn descendants_of_a_failed_task_are_skipped_once_and_other_branches_finish() {
    let mut run = Driver::begin(&diamond(), 1);
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("a", 1, failed());
    assert_eq!(run.engine.offer(4), 0);
    run.commit();
    assert!(!run.engine.is_finished());
    run.end("apart", 1, completed());
    run.commit();

    assert_eq!(
        run.story(),
        "start a1, start apart1, fail a1, skip b, skip c, skip d, done apart1, workflow_failed"
    );
    let counts = run.engine.counts();
    assert_eq!((counts.completed, counts.failed, counts.skipped), (1, 1, 3));
}

#[test]
fn a_task_below_two_failures_is_skipped_by_the_first() {
    let both = workflow(&[("a", 0.0, &[]), ("b", 0.0, &[]), ("c", 0.0, &["a", "b"])]);
    let mut run = Driver::begin(&both, 1);
    assert_eq!(run.engine.offer(2), 2);
    run.commit();
    run.end("b", 1, failed());
    run.end("a", 1, failed());
    run.commit();
    assert_eq!(run.story(), "start a1, start b1, fail b1, skip c, fail a1, workflow_failed");
    assert_eq!(run.journal[4].detail(), json!({ "failed": "b" }));
}

#[test]
fn a_crash_is_repeated_at_once_five_times_in_a_row_and_uses_up_no_attempt() {
    let one = workflow(&[("a", 0.0, &[])]);
    let mut run = Driver::begin(&one, 2);
    let mut attempt = 0;
    let mut next = |run: &mut Driver, outcome: Outcome| {
        attempt += 1;
        assert_eq!(run.engine.offer(1), 1);
        run.commit();
        run.end("a", attempt, outcome);
    };
    for _ in 0..5 {
        next(&mut run, crashed());
    }
    next(&mut run, failed()); // the first failure of two, and the end of the row
    run.commit();
    assert!(run.engine.retry_due(run.at("a"), 6));
    for _ in 0..5 {
        next(&mut run, crashed());
    }
    assert_eq!(run.engine.counts().failed, 0);
    next(&mut run, crashed());
    run.commit();
    assert_eq!(
        (run.engine.status(), run.engine.failures()[0].attempt),
        (WorkflowStatus::Failed, 12)
    );
}

#[test]
fn stale_reports_are_ignored_and_said_to_be() {
    let mut run = Driver::begin(&diamond(), 3);
    let (a, b) = (run.at("a"), run.at("b"));
    assert_eq!(run.engine.offer(1), 1);
    let early = run.engine.ended(a, 1, completed(), 0.0);
    assert_eq!(early, Err(StaleAttempt { task: a, attempt: 1 }), "not launched yet");
    run.commit();
    for (task, attempt) in [(a, 0), (a, 2), (b, 1), (TaskIndex::new(99), 1)] {
        assert!(run.engine.ended(task, attempt, completed(), 0.0).is_err(), "{task} {attempt}");
    }
    run.end("a", 1, completed());
    assert!(run.engine.ended(a, 1, failed(), 0.0).is_err(), "a second report");
    run.commit();
    assert_eq!(run.story(), "start a1, done a1");
}

#[test]
fn a_cancelled_workflow_stops_what_runs_and_starts_nothing() {
    let mut run = Driver::begin(&diamond(), 3);
    assert!(run.engine.offer(1) == 1 && run.commit().len() == 1);
    assert_eq!(run.engine.offer(1), 1); // started, but its batch is overtaken
    let batch = run.engine.take_batch().unwrap().to_vec();
    run.journal.extend(batch);
    assert!(run.engine.cancel("asked to"));
    assert!(!run.engine.cancel("twice"));
    assert_eq!(launches(&run.engine.committed()), [], "a cancelled workflow launches nothing");

    let stop = Effect::Stop { task: run.at("a"), attempt: 1 };
    assert_eq!(run.commit(), [stop, Effect::Finished(WorkflowStatus::Cancelled)]);
    assert_eq!(run.engine.offer(4), 0);
    assert!(run.engine.ended(run.at("a"), 1, completed(), 0.0).is_err());
    assert!(run.engine.take_batch().is_none());
    assert_eq!(run.story(), "start a1, start apart1, workflow_failed");
    assert_eq!(run.journal[3].detail()["cancelled"], "asked to");
}

#[test]
fn a_duration_that_is_none_counts_as_zero() {
    for duration_s in [f64::NAN, f64::INFINITY, -1.0] {
        let mut run = Driver::begin(&workflow(&[("a", 0.0, &[])]), 3);
        assert_eq!(run.engine.offer(1), 1);
        run.commit();
        run.end("a", 1, Outcome::Completed { duration_s, detail: json!(null) });
        run.commit();
        assert_eq!(run.engine.duration_s(run.at("a")), Some(0.0));
    }
}

#[test]
fn an_engine_does_nothing_before_its_session_is_open_and_opens_it_once() {
    let mut engine = Engine::new(diamond(), policy(3));
    assert_eq!(engine.offer(4), 0);
    assert!(!engine.cancel("not started"));
    assert!(engine.take_batch().is_none());
    assert!(engine.resume(4), "nothing to resume: it begins");
    assert!(!engine.begin(4) && !engine.resume(4));
    let batch = engine.take_batch().unwrap().to_vec();
    assert!(matches!(&batch[..], [Event::WorkflowStarted { detail }] if detail.workers == 4));
    assert!(engine.replay(&batch[0]).is_err(), "scheduling has begun");
}

#[test]
fn waits_double_up_to_the_cap_and_jitter_only_shortens_them() {
    let policy = RetryPolicy::default();
    let delays: Vec<_> = (1..10).map(|n| policy.delay(n, 0.0).as_millis()).collect();
    assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    for (jitter, expected) in
        [(0.5, 188), (1.0, 125), (7.0, 125), (-1.0, 250), (f64::NAN, 250), (f64::INFINITY, 125)]
    {
        assert_eq!(policy.delay(1, jitter).as_millis(), expected, "{jitter}");
    }
    let endless = RetryPolicy { base: Duration::MAX, cap: Duration::MAX, ..policy };
    assert_eq!(endless.delay(40, 0.0), Duration::from_millis(u64::MAX));
    let none = RetryPolicy { base: Duration::ZERO, ..policy };
    assert_eq!(none.delay(3, 0.5), Duration::ZERO);
}

#[test]
fn a_policy_without_waits_repeats_at_once() {
    let policy = RetryPolicy { attempts: 2, base: Duration::ZERO, cap: Duration::ZERO };
    let mut engine = Engine::new(workflow(&[("a", 0.0, &[])]), policy);
    engine.begin(1);
    assert_eq!(engine.offer(1), 1);
    engine.take_batch();
    let (task, attempt) = launches(&engine.committed())[0];
    engine.ended(task, attempt, failed(), 0.3).unwrap();
    assert_eq!(engine.offer(1), 1);
    engine.take_batch();
    assert_eq!(launches(&engine.committed()), [(task, 2)]);
    assert_eq!(Arc::strong_count(engine.workflow()), 1);
}
