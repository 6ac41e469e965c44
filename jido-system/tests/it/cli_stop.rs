//! Stopping the program, gently or not, and going on afterwards. Real commands; nothing of them may
//! stay.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::program::{Place, Ran, sh};
use crate::trace::{TWO_SLEEPERS, Trace};

/// A workflow whose second task goes on for as long as there is no file `go`.
fn held_up(place: &Place, trace: &Trace) {
    let held = format!("TRACE={}; test -e go || {{ {TWO_SLEEPERS}\n}}", trace.path().display());
    place.workflow(
        "w.json",
        &[
            sh("first", &[], "echo first >> ran"),
            sh("held", &["first"], &held),
            sh("last", &["held"], "echo last >> ran"),
        ],
    );
}

/// Runs the workflow until its second task is held up.
async fn run_until_held(place: &Place, trace: &mut Trace) -> tokio::process::Child {
    let mut command = place.command("run w.json --report json");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = tokio::process::Command::from(command).spawn().expect("the program");
    assert_eq!(trace.line().await, "ready");
    child
}

fn send(child: &tokio::process::Child, signal: Signal) {
    let pid = i32::try_from(child.id().expect("running")).expect("a process id");
    kill(Pid::from_raw(pid), signal).expect("a process of ours");
}

async fn ended(child: tokio::process::Child) -> Ran {
    Ran::from(child.wait_with_output().await.expect("the program"))
}

/// What was stopped goes on to its end, and nothing that was completed runs again.
fn goes_on(place: &Place) {
    place.write("go", "");
    let ran = place.jido_ok("run w.json --report json");
    let report = ran.report();
    assert_eq!((&report["status"], &report["resumed"]), (&"completed".into(), &1.into()));
    assert_eq!(std::fs::read_to_string(place.path("ran")).unwrap_or_default(), "first\nlast\n");
    assert_eq!(place.count("task_completed", "first"), 1);
    assert_eq!(place.count("task_started", "first"), 1);
    assert_eq!(place.count("task_started", "held"), 2);
    let attempts: Vec<_> = place
        .journal()
        .into_iter()
        .filter(|line| line["event"] == "task_started" && line["task"] == "held")
        .map(|line| line["attempt"].clone())
        .collect();
    assert_eq!(attempts, [1, 2]);
}

async fn check_stop(signal: Signal, code: i32) {
    let (place, mut trace) = (Place::new(), Trace::new());
    held_up(&place, &trace);
    let child = run_until_held(&place, &mut trace).await;
    send(&child, signal);
    let ran = ended(child).await;
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(ran.report()["status"], "interrupted", "{ran:?}");
    assert_eq!(trace.all_gone().await, "");
    goes_on(&place);
}

#[tokio::test]
async fn ctrl_c_stops_with_130_and_the_next_run_goes_on() {
    check_stop(Signal::SIGINT, 130).await;
}

#[tokio::test]
async fn term_stops_with_143_and_the_next_run_goes_on() {
    check_stop(Signal::SIGTERM, 143).await;
}

#[tokio::test]
async fn a_killed_run_leaves_no_process_and_the_next_run_goes_on() {
    let (place, mut trace) = (Place::new(), Trace::new());
    held_up(&place, &trace);
    let child = run_until_held(&place, &mut trace).await;
    send(&child, Signal::SIGKILL);
    assert_eq!(ended(child).await.code, None);
    assert_eq!(trace.all_gone().await, "");
    goes_on(&place);
}

#[tokio::test]
async fn a_second_program_on_the_same_store_is_refused() {
    let (place, mut trace) = (Place::new(), Trace::new());
    held_up(&place, &trace);
    let child = run_until_held(&place, &mut trace).await;
    for command in ["run w.json", "run w.json --fresh", "log", "list"] {
        let second = place.jido(command);
        assert_eq!(second.code, Some(2), "{command}: {second:?}");
        assert!(second.stderr.contains(".jido"), "{command}: {second:?}");
    }
    send(&child, Signal::SIGINT);
    assert_eq!(ended(child).await.code, Some(130));
    goes_on(&place);
}

#[test]
fn a_terminal_gets_a_bar_that_is_gone_at_the_end() {
    use std::io::Read;

    let place = Place::new();
    let tasks: Vec<_> = (0..3).map(|n| sh(&format!("task-{n}"), &[], "sleep 0.3")).collect();
    place.workflow("w.json", &tasks);
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut command = place.command("run w.json --workers 1");
    command.env("TERM", "xterm").stderr(terminal.slave).stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    // It holds the other end of the terminal open.
    drop(command);
    let mut drawn = Vec::new();
    // A terminal nobody writes to any more ends with an error, after all that was written.
    let end = std::fs::File::from(terminal.master).read_to_end(&mut drawn);
    assert!(end.is_ok() || !drawn.is_empty(), "{end:?}");
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let drawn = String::from_utf8(drawn).unwrap();
    for word in ["running 1, failed 0", "1/3", "2/3"] {
        assert!(drawn.contains(word), "no {word} in {drawn:?}");
    }
    let last_line = drawn.rsplit(['\n', '\r']).next().unwrap();
    assert!(!last_line.contains("running"), "{last_line:?}");
    assert!(ran.stdout.contains("completed"), "{ran:?}");
    assert!(!ran.stdout.contains('\u{1b}'), "{ran:?}");
}
