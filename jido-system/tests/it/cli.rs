//! What the program prints and leaves behind when all is well, or a command fails.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;

use crate::layered::layered;
use crate::program::{Place, document, idle, sh};

fn diamond(place: &Place) {
    place.workflow(
        "w.json",
        &[
            sh("top", &[], "echo top >> ran"),
            sh("left", &["top"], "echo left >> ran"),
            sh("right", &["top"], "echo right >> ran"),
            sh("bottom", &["left", "right"], "echo bottom >> ran"),
        ],
    );
}

#[test]
fn help_names_every_command_and_hides_the_shim() {
    let place = Place::new();
    let help = place.jido_ok("--help");
    for word in ["run", "log", "list", "Exit codes"] {
        assert!(help.stdout.contains(word), "{help:?}");
    }
    assert!(!help.stdout.contains("exec-shim"), "{help:?}");
    let run = place.jido_ok("run --help").stdout;
    for option in [
        "--store",
        "--workers",
        "--simulate",
        "--attempts",
        "--fresh",
        "--report",
        "--workdir",
        "--task-timeout",
    ] {
        assert!(run.contains(option), "{option}");
    }
    assert!(place.jido_ok("--version").stdout.starts_with("jido "));
}

#[test]
fn commands_run_in_the_folder_of_the_file_after_their_parents() {
    let place = Place::new();
    std::fs::create_dir(place.path("sub")).unwrap();
    place
        .workflow("sub/w.json", &[sh("a", &[], "echo a >> ran"), sh("b", &["a"], "echo b >> ran")]);
    let ran = place.jido_ok("run sub/w.json");
    assert!(ran.stdout.contains("test"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(place.path("sub/ran")).unwrap(), "a\nb\n");
    place.jido_ok("run sub/w.json --workdir . --store other");
    assert_eq!(std::fs::read_to_string(place.path("ran")).unwrap(), "a\nb\n");
}

#[test]
fn a_command_sees_which_task_it_is() {
    let place = Place::new();
    let script = "echo \"$JIDO_WORKFLOW_ID $JIDO_TASK_ID $JIDO_ATTEMPT\" >> seen; test \"$JIDO_ATTEMPT\" = 2";
    place.workflow("w.json", &[sh("a task", &[], script)]);
    let report = place.jido_ok("run w.json --report json").report();
    let id = report["id"].as_str().unwrap();
    let seen = std::fs::read_to_string(place.path("seen")).unwrap();
    assert_eq!(seen, format!("{id} a task 1\n{id} a task 2\n"));
}

#[test]
fn the_json_report_is_one_object_on_the_last_line() {
    let place = Place::new();
    diamond(&place);
    let report = place.jido_ok("run w.json --workers 2 --report json").report();
    let fields: Vec<&String> = report.as_object().unwrap().keys().collect();
    let mut expected = [
        "workflow",
        "id",
        "status",
        "tasks",
        "completed",
        "failed",
        "skipped",
        "retries",
        "executions",
        "resumed",
        "workers",
        "work_s",
        "critical_path_s",
        "lower_bound_s",
        "graham_bound_s",
        "makespan_s",
        "efficiency",
        "commits",
        "failures",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!(report["status"], "completed");
    assert_eq!((&report["tasks"], &report["completed"]), (&4.into(), &4.into()));
    assert_eq!((&report["workers"], &report["executions"]), (&2.into(), &4.into()));
    assert!(report["lower_bound_s"].as_f64() <= report["makespan_s"].as_f64(), "{report}");
}

#[test]
fn a_failing_command_is_retried_then_skips_its_descendants_only() {
    let place = Place::new();
    place.workflow(
        "w.json",
        &[
            sh("bad", &[], "echo to-stderr >&2; exit 3"),
            sh("after", &["bad"], "echo after >> ran"),
            sh("good", &[], "echo good >> ran"),
            sh("later", &["good"], "echo later >> ran"),
        ],
    );
    let ran = place.jido("run w.json --attempts 2 --report json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report = ran.report();
    assert_eq!(report["status"], "failed");
    let figures =
        ["completed", "failed", "skipped", "retries", "executions"].map(|field| &report[field]);
    assert_eq!(figures, [2, 1, 1, 1, 4]);
    let failure = &report["failures"][0];
    assert_eq!((&failure["task"], &failure["attempt"]), (&"bad".into(), &2.into()));
    assert!(failure["reason"].as_str().unwrap().contains("exit code 3"), "{failure}");
    assert_eq!(std::fs::read_to_string(place.path("ran")).unwrap(), "good\nlater\n");

    let text = place.jido("run w.json --attempts 1 --fresh");
    assert_eq!(text.code, Some(1), "{text:?}");
    assert!(text.stdout.contains("bad"), "{text:?}");
}

#[test]
fn a_command_over_the_task_timeout_fails_and_is_killed() {
    let place = Place::new();
    place.workflow("w.json", &[sh("slow", &[], "sleep 25; echo survived > ran")]);
    let ran = place.jido("run w.json --attempts 1 --task-timeout 0.2 --report json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let reason = ran.report()["failures"][0]["reason"].to_string();
    assert!(reason.contains("timed out"), "{reason}");
    assert!(!place.path("ran").exists());
}

#[test]
fn a_complete_workflow_is_not_run_again_unless_fresh() {
    let place = Place::new();
    diamond(&place);
    let first = place.jido_ok("run w.json --report json").report();
    let journal = place.journal();
    let again = place.jido_ok("run w.json --report json").report();
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["status"], "completed");
    assert_eq!(place.journal(), journal);
    assert_eq!(std::fs::read_to_string(place.path("ran")).unwrap().lines().count(), 4);

    let fresh = place.jido_ok("run w.json --fresh --report json").report();
    assert_ne!(fresh["id"], first["id"]);
    assert_eq!(std::fs::read_to_string(place.path("ran")).unwrap().lines().count(), 8);
}

#[test]
fn the_log_is_one_object_a_line_in_order() {
    let place = Place::new();
    diamond(&place);
    let id = place.jido_ok("run w.json --report json").report()["id"].clone();
    let journal = place.journal();
    for line in &journal {
        let fields: Vec<&String> = line.as_object().unwrap().keys().collect();
        for field in ["seq", "at_ms", "event", "task", "attempt", "detail"] {
            assert!(fields.contains(&&field.to_owned()), "{line}");
        }
    }
    assert!(journal.windows(2).all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64()));
    let events: Vec<&str> = journal.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events.len(), journal.len());
    assert_eq!((events[0], events[events.len() - 1]), ("workflow_started", "workflow_completed"));
    let count = |event: &str| events.iter().filter(|&&found| found == event).count();
    assert_eq!((count("task_started"), count("task_completed")), (4, 4));

    let of_id = place.jido_ok(&format!("log --id {}", id.as_str().unwrap()));
    assert_eq!(of_id.stdout.lines().count(), journal.len());
    let unknown = place.jido("log --id nobody");
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("nobody"), "{unknown:?}");
}

#[test]
fn the_list_has_one_line_a_workflow() {
    let place = Place::new();
    diamond(&place);
    let id = place.jido_ok("run w.json --report json").report()["id"].clone();
    place.workflow("x.json", &[sh("bad", &[], "exit 1")]);
    assert_eq!(place.jido("run x.json --attempts 1").code, Some(1));
    let list = place.jido_ok("list").stdout;
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(lines[0].starts_with(id.as_str().unwrap()), "{list}");
    assert!(lines[0].contains("completed") && lines[0].contains("4/4"), "{list}");
    assert!(lines[1].contains("failed") && lines[1].contains("0/1"), "{list}");
}

#[test]
fn nothing_in_a_pipe_is_a_control_character() {
    let place = Place::new();
    let script = "printf '\\033[31m\\a' >&2; exit 1";
    let mut strange = document(&[sh("strange \u{1b}[31m\u{7} task", &[], script)]);
    strange["name"] = "strange \u{1b}[31m\u{7} name".into();
    place.write("w.json", strange.to_string());
    for command in ["run w.json --attempts 2", "run w.json --report json", "log", "list", "--help"]
    {
        let ran = place.jido(command);
        let printed = ran.stdout.chars().chain(ran.stderr.chars());
        let control: Vec<char> = printed.filter(|&c| c.is_control() && c != '\n').collect();
        assert!(control.is_empty(), "{command}: {control:?} in {ran:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let tasks: Vec<_> = (0..600).map(|n| idle(&format!("task-{n}"), &[])).collect();
    place.workflow("w.json", &tasks);
    place.jido_ok("run w.json --simulate 0");
    let mut log =
        place.command("log").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(1, log.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(serde_json::from_str::<Value>(&first).is_ok(), "{first}");
    let mut told = String::new();
    log.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((log.wait().unwrap().code(), &*told), (Some(0), ""));
}

#[test]
fn a_wide_workflow_commits_many_completions_at_once() {
    let place = Place::new();
    place.write("w.json", layered(6, 100, 5, None).to_string());
    let report = place.jido_ok("run w.json --simulate 0 --workers 64 --report json").report();
    let (completed, commits) = (report["completed"].as_u64(), report["commits"].as_u64());
    assert_eq!(completed, Some(602));
    assert!(
        completed >= commits.map(|commits| 10 * commits),
        "{completed:?} in {commits:?} commits"
    );
}
