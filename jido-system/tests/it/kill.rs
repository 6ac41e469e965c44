//! `kill -9` at random instants: the program continues, nothing completed runs again, and nothing is left behind.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use foundation::time::timeout;
use jido_system::{Event, EventKind, JournalVerdict, Workflow, check_journal};
use serde_json::Value;

use crate::layered::{SplitMix, layered, parsed};
use crate::program::Place;
use crate::trace::Trace;

const KILLS: usize = 20;

/// Leaves word of its own run, holds the pipe open as long as it or its own child lives, and works for a moment.
const WORK: &str = r#"exec 9>"$TRACE"; echo "$JIDO_TASK_ID $JIDO_ATTEMPT" >> "$WITNESS"; sleep 0.05 & wait"#;

/// Runs the program until it ends, or kills it after `limit`. Returns whether it ended by itself, well.
async fn run_or_kill(place: &Place, trace: &Trace, arguments: &str, limit: Duration) -> bool {
    let mut command = tokio::process::Command::from(place.command(arguments));
    let (name, path) = trace.env();
    command.env(name, path).env("WITNESS", place.path("witness"));
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut program = command.spawn().expect("the program");
    if let Ok(ended) = timeout(limit, program.wait()).await {
        assert!(ended.expect("a status").success(), "the program failed by itself");
        return true;
    }
    program.start_kill().expect("a process to kill");
    program.wait().await.expect("a status");
    false
}

/// Every execution that really happened, in the words of the commands themselves.
fn witnessed(place: &Place) -> Vec<(String, u32)> {
    let text = std::fs::read_to_string(place.path("witness")).unwrap_or_default();
    let words = text.lines().filter_map(|line| line.split_once(' '));
    words.map(|(task, attempt)| (task.to_owned(), attempt.parse().expect("a number"))).collect()
}

/// The journal as the library reads it.
fn events(journal: &[Value]) -> Vec<Event> {
    let stored = journal.iter().map(|line| {
        let mut stored = serde_json::Map::new();
        for field in ["event", "task", "attempt", "detail"] {
            if !line[field].is_null() {
                stored.insert(field.to_owned(), line[field].clone());
            }
        }
        Event::decode(Value::Object(stored).to_string().as_bytes()).expect("an event")
    });
    stored.collect()
}

/// What must hold between the journal and what really ran.
fn check(workflow: &Workflow, journal: &[Event], ran: &[(String, u32)]) {
    assert_eq!(check_journal(workflow, journal), Ok(JournalVerdict::Completed));
    let started: HashSet<(String, u32)> = journal
        .iter()
        .filter(|event| event.kind() == EventKind::TaskStarted)
        .filter_map(|event| Some((event.task()?.to_string(), event.attempt()?)))
        .collect();
    let completed: HashMap<&str, u32> = journal
        .iter()
        .filter(|event| event.kind() == EventKind::TaskCompleted)
        .filter_map(|event| Some((&**event.task()?, event.attempt()?)))
        .collect();
    assert_eq!(completed.len(), workflow.tasks().len());
    let mut seen = HashSet::new();
    for execution in ran {
        assert!(started.contains(execution), "{execution:?} ran before its start was durable");
        assert!(seen.insert(execution), "{execution:?} ran twice under one attempt number");
        assert!(execution.1 <= completed[&*execution.0], "{execution:?} ran after the task had completed");
    }
    for (task, attempt) in completed {
        assert!(seen.contains(&(task.to_owned(), attempt)), "{task} completed without having run");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_that_is_killed_at_random_instants_completes_once_and_leaves_nothing_behind() {
    let place = Place::new();
    let mut trace = Trace::new();
    let document = layered(20, 30, 42, Some(&["sh", "-c", WORK]));
    let workflow = parsed(&document);
    place.write("w.json", document.to_string());
    let mut random = SplitMix::new(9);
    let mut kills = 0;
    while kills < KILLS {
        let limit = Duration::from_millis(40 + random.below(250));
        assert!(!run_or_kill(&place, &trace, "run w.json --workers 8", limit).await, "too fast to be killed");
        kills += 1;
    }
    let report = {
        let mut last = place.command("run w.json --workers 8 --report json");
        let (name, path) = trace.env();
        last.env(name, path).env("WITNESS", place.path("witness"));
        crate::program::Ran::from(last.output().expect("the program")).report()
    };
    assert_eq!(trace.all_gone().await, "", "no process outlives the program");
    let tasks = workflow.tasks().len();
    assert_eq!((&report["status"], &report["completed"]), (&Value::from("completed"), &Value::from(tasks)));
    assert!(report["lower_bound_s"].as_f64() <= report["makespan_s"].as_f64(), "{report}");
    let ran = witnessed(&place);
    check(&workflow, &events(&place.journal()), &ran);
    assert!(ran.len() > tasks, "{} executions: no kill ever hit a running task", ran.len());
    assert_eq!(place.jido_ok("run w.json --workers 8 --report json").report()["completed"], tasks);
    assert_eq!(witnessed(&place).len(), ran.len(), "a complete workflow runs nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulated_workflow_that_is_killed_reports_what_an_undisturbed_one_reports() {
    let place = Place::new();
    let trace = Trace::new();
    place.write("w.json", layered(20, 30, 43, None).to_string());
    let arguments = "run w.json --workers 8 --simulate 0.05 --report json";
    let mut random = SplitMix::new(10);
    let mut kills = 0;
    while kills < KILLS {
        let limit = Duration::from_millis(40 + random.below(200));
        assert!(!run_or_kill(&place, &trace, arguments, limit).await, "too fast to be killed");
        kills += 1;
    }
    let disturbed = place.jido_ok(arguments).report();
    let undisturbed = place.jido_ok(&format!("{arguments} --fresh")).report();
    for field in [
        "workflow", "status", "tasks", "completed", "failed", "skipped", "retries", "workers", "work_s",
        "critical_path_s", "lower_bound_s", "graham_bound_s", "failures",
    ] {
        assert_eq!(disturbed[field], undisturbed[field], "{field}");
    }
    assert!(disturbed["resumed"].as_u64() > Some(0), "{disturbed}");
}
