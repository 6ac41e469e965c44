//! The report: every figure by hand, the text as a person sees it.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    ActiveTime, Durations, Effect, Engine, Event, Outcome, Report, ReportStatus, Resumed,
    RetryPolicy, RunFacts, TaskIndex, Workflow,
};

/// `b` and `c` wait for `a`, which takes 1 s; `b` takes 2 s, `c` 3 s.
fn engine() -> Engine {
    let document = br#"{
        "name": "fork", "schemaVersion": "1.5",
        "workflow": {
            "specification": { "tasks": [
                { "id": "a", "children": ["b", "c"] }, { "id": "b" }, { "id": "c" }
            ] },
            "execution": { "tasks": [
                { "id": "a", "runtimeInSeconds": 1 },
                { "id": "b", "runtimeInSeconds": 2 },
                { "id": "c", "runtimeInSeconds": 3 }
            ] }
        }
    }"#;
    let policy = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let mut engine = Engine::new(Arc::new(Workflow::parse(document).unwrap()), policy);
    engine.begin(2);
    engine
}

/// Runs to the end; the tasks for which `outcome` says so fail.
fn run(mut engine: Engine, outcome: impl Fn(TaskIndex) -> Outcome) -> Engine {
    while !engine.is_finished() {
        assert!(engine.offer(2) <= 2);
        assert!(engine.take_batch().is_some(), "nothing moves any more");
        for effect in engine.committed() {
            if let Effect::Launch { task, attempt } = effect {
                engine.ended(task, attempt, outcome(task), 0.0).unwrap();
            }
        }
    }
    engine
}

fn completed(task: TaskIndex) -> Outcome {
    let duration_s = 10.0 * (task.as_usize() + 1) as f64;
    Outcome::Completed { duration_s, detail: serde_json::Value::Null }
}

fn facts(durations: Durations) -> RunFacts {
    let makespan = Duration::from_millis(500);
    RunFacts { id: "0190".to_owned(), workers: 2, durations, makespan, commits: 7 }
}

#[test]
fn the_json_of_a_report_has_exactly_these_fields_in_this_order() {
    let report = Report::of(&run(engine(), completed), facts(Durations::Simulated(0.1)));

    assert_eq!(
        serde_json::to_string(&report).unwrap(),
        "{\"workflow\":\"fork\",\"id\":\"0190\",\"status\":\"completed\",\"tasks\":3,\
         \"completed\":3,\"failed\":0,\"skipped\":0,\"retries\":0,\"executions\":3,\"resumed\":0,\
         \"workers\":2,\"work_s\":0.6000000000000001,\"critical_path_s\":0.4,\
         \"lower_bound_s\":0.4,\"graham_bound_s\":0.5,\"makespan_s\":0.5,\"efficiency\":0.8,\
         \"commits\":7,\"failures\":[]}"
    );
}

#[test]
fn failures_are_reported_with_task_attempt_and_reason() {
    let engine = run(engine(), |task| match task.as_usize() {
        2 => Outcome::Failed { reason: "exit 1".to_owned() },
        _ => completed(task),
    });
    let report = Report::of(&engine, facts(Durations::Measured));

    assert_eq!(report.status, ReportStatus::Failed);
    assert_eq!((report.completed, report.failed, report.skipped), (2, 1, 0));
    assert_eq!(
        serde_json::to_value(&report.failures).unwrap(),
        serde_json::json!([{ "task": "c", "attempt": 1, "reason": "exit 1" }])
    );
    assert_eq!((report.work_s, report.critical_path_s), (30.0, 30.0), "a and b, as measured");
}

#[test]
fn bounds_are_those_of_the_largest_session() {
    let engine = run(engine(), completed);
    let one = RunFacts { workers: 1, ..facts(Durations::Measured) };
    let report = Report::of(&engine, one);

    assert_eq!((report.workers, report.work_s), (1, 60.0));
    assert_eq!(report.lower_bound_s, 40.0, "there were two workers: not 60");
}

#[test]
fn a_run_that_took_no_time_is_as_efficient_as_can_be() {
    let none = RunFacts { makespan: Duration::ZERO, ..facts(Durations::Simulated(0.0)) };
    assert_eq!(Report::of(&run(engine(), completed), none).efficiency, 1.0);
}

#[test]
fn the_text_of_a_completed_run_is_short() {
    let text = Report::of(&run(engine(), completed), facts(Durations::Simulated(0.1))).text();
    assert_eq!(
        text,
        "\
Workflow fork completed.

  id          0190
  tasks       3 of 3 completed
  executions  3
  time        0.500 s with 2 workers, 7 commits
  rate        6.0 tasks/s, 0.4 completions per commit
  work        0.600 s in all, 0.400 s on the longest path
  bounds      at least 0.400 s, greedy at most 0.500 s; 80.0 % of the possible speed
"
    );
}

#[test]
fn the_text_of_a_failed_run_says_what_failed_and_what_to_do() {
    let engine = run(engine(), |_| Outcome::Failed { reason: "exit\n\u{1b}[31m1".to_owned() });
    let text = Report::of(&engine, facts(Durations::Measured)).text();
    assert_eq!(
        text,
        "\
Workflow fork failed.

  id          0190
  tasks       0 of 3 completed, 1 failed, 2 skipped
  executions  1
  time        0.500 s with 2 workers, 7 commits
  work        0.000 s in all, 0.000 s on the longest path
  bounds      at least 0.000 s, greedy at most 0.000 s; 0.0 % of the possible speed

Failed tasks:
  a  attempt 1: exit\\n\\u{1b}[31m1

Next: `jido log --id 0190` shows every attempt. When the cause is gone,
run the same command with --fresh to start over.
"
    );
}

#[test]
fn the_text_of_an_interrupted_run_says_how_to_continue() {
    let mut engine = engine();
    assert_eq!(engine.offer(2), 1);
    engine.take_batch();
    drop(engine.committed());
    let text = Report::of(&engine, facts(Durations::Measured)).text();
    assert!(text.starts_with("Workflow fork was interrupted."), "{text}");
    assert!(text.contains("0 of 3 completed, 3 left"), "{text}");
    assert!(text.ends_with("what completed is not repeated.\n"), "{text}");
}

#[test]
fn the_text_stays_short_and_plain_whatever_it_is_about() {
    let mut report = Report::of(&run(engine(), completed), facts(Durations::Measured));
    report.workflow = "evil\u{1b}]0;\u{7}\u{202e}\r\n".repeat(10_000);
    report.status = ReportStatus::Failed;
    let failure = |at: u32| crate::ReportFailure {
        task: format!("task {at}\u{0}"),
        attempt: at,
        reason: "\t\u{9b}x".repeat(10_000),
    };
    report.failures = (0..1_000).map(failure).collect();
    let text = report.text();
    assert!(!text.replace('\n', "").contains(char::is_control));
    assert!(!text.contains('\u{202e}') && text.len() < 12_000, "{}", text.len());
    assert!(text.contains("and 990 more"));
}

#[test]
fn long_times_are_also_given_in_minutes_and_hours() {
    let mut report = Report::of(&run(engine(), completed), facts(Durations::Measured));
    for (makespan_s, expected) in [
        (99.9994, "99.999 s with"),
        (119.0, "119.0 s with"),
        (120.0, "120.0 s (2 min 0 s) with"),
        (3_725.0, "3725.0 s (1 h 2 min) with"),
    ] {
        report.makespan_s = makespan_s;
        assert!(report.text().contains(&format!("  time        {expected}")), "{makespan_s}");
    }
}

#[test]
fn active_time_adds_up_the_sessions_without_the_pauses() {
    let begin = run_journal_start();
    let start = Event::TaskStarted { task: "a".into(), attempt: 1 };
    let resumed = Event::Resumed { detail: Resumed { interrupted: 0, workers: 1 } };
    let total = |times: &[(u64, &Event)]| {
        let mut time = ActiveTime::default();
        times.iter().for_each(|(at_ms, event)| time.observe(*at_ms, event));
        time.total().as_millis()
    };
    assert_eq!(total(&[]), 0);
    assert_eq!(total(&[(5, &begin)]), 0, "a single event takes no time");
    assert_eq!(total(&[(5, &begin), (5, &start)]), 1, "two events within a millisecond");
    assert_eq!(total(&[(5, &begin), (104, &start)]), 100);
    let pause = 1_000_000;
    let sessions = [
        (5, &begin),
        (104, &start),
        (pause, &resumed),
        (2 * pause, &resumed),
        (2 * pause + 9, &start),
    ];
    assert_eq!(total(&sessions), 110);
    assert_eq!(total(&[(50, &begin), (149, &start), (20, &start)]), 100, "a clock set back");
    assert_eq!(total(&[(50, &begin), (20, &start)]), 1);
}

fn run_journal_start() -> Event {
    let mut engine = engine();
    engine.take_batch().unwrap()[0].clone()
}
