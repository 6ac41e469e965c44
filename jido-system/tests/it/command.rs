//! Commands as OS processes: what they see, what is kept of them, and that nothing of them stays
//! behind.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jido_system::{
    CommandError, CommandOutput, CommandShim, CommandSpec, CommandStatus, ProgramNotFound,
    resolve_program,
};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::tempdir;

use crate::trace::{TWO_SLEEPERS, Trace};

const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

fn shim() -> CommandShim {
    CommandShim::new(env!("CARGO_BIN_EXE_jido"))
}

fn spec(program: &str, arguments: &[&str]) -> CommandSpec {
    CommandSpec {
        program: resolve_program(program, Path::new("/"), OsStr::new(SEARCH_PATH))
            .expect("a program of any Unix machine"),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        workdir: "/".into(),
        env: Vec::new(),
        timeout: None,
        output_limit: CommandSpec::DEFAULT_OUTPUT_LIMIT,
    }
}

fn sh(script: &str) -> CommandSpec {
    spec("sh", &["-c", script])
}

async fn run(spec: CommandSpec) -> CommandOutput {
    shim().run(spec).await.expect("an end of its own")
}

async fn check_status(script: &str, expected: CommandStatus) {
    assert_eq!(run(sh(script)).await.status, expected, "{script}");
}

#[tokio::test]
async fn the_status_is_that_of_the_command() {
    check_status("exit 0", CommandStatus::Exited(0)).await;
    check_status("exit 3", CommandStatus::Exited(3)).await;
    check_status("exit 255", CommandStatus::Exited(255)).await;
    check_status("kill -KILL $$", CommandStatus::Signaled(9)).await;
    check_status("kill -TERM $$", CommandStatus::Signaled(15)).await;
}

#[tokio::test]
async fn a_command_that_signals_its_own_group_still_reports_its_status() {
    check_status("trap '' TERM HUP; kill -TERM 0; kill -HUP 0; exit 7", CommandStatus::Exited(7))
        .await;
    check_status("kill -TERM 0", CommandStatus::Signaled(15)).await;
}

#[tokio::test]
async fn a_command_that_kills_its_shim_is_reported_as_lost() {
    let lost = shim().run(sh("kill -KILL 0")).await;
    assert!(matches!(lost, Err(CommandError::ShimLost { .. })), "{lost:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_command_ignores_only_the_signals_that_its_owner_was_started_with() {
    let ignored = |status: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        // The upper half belongs to the C library.
        u64::from_str_radix(mask.trim(), 16).unwrap() & 0x7fff_ffff
    };
    // The Rust runtime ignores this one on its own account.
    let pipe = 1 << (Signal::SIGPIPE as u64 - 1);
    let own = ignored(&std::fs::read_to_string("/proc/self/status").unwrap());
    let output = run(spec("cat", &["/proc/self/status"])).await;
    assert_eq!(ignored(&output.stdout.to_string()), own & !pipe);
}

#[tokio::test]
async fn both_streams_are_captured_apart() {
    let output = run(sh("echo out; echo err >&2")).await;
    assert_eq!(output.stdout.bytes(), b"out\n");
    assert_eq!(output.stderr.bytes(), b"err\n");
}

#[tokio::test]
async fn output_beyond_the_bound_is_read_and_dropped() {
    let mut chatty = sh("yes | head -c 30000000; echo end; yes e | head -c 5000000 >&2");
    chatty.timeout = Some(Duration::from_secs(60));
    let output = run(chatty).await;
    assert_eq!(output.status, CommandStatus::Exited(0));
    let limit = CommandSpec::DEFAULT_OUTPUT_LIMIT;
    assert_eq!(output.stdout.bytes().len(), limit);
    assert_eq!(output.stdout.truncated(), 30_000_004 - limit as u64);
    assert!(output.stdout.bytes().starts_with(b"y\ny\n"));
    assert!(output.stdout.bytes().ends_with(b"y\nend\n"));
    assert_eq!(output.stderr.truncated(), 5_000_000 - limit as u64);
}

#[tokio::test]
async fn arguments_arrive_verbatim() {
    let arguments = [
        "-c",
        "%s|",
        "two words",
        "it's \"quoted\"",
        "line\nbreak",
        "$HOME `id` *",
        "",
        "--",
        "-x",
    ];
    let output = run(spec("printf", &arguments[1..])).await;
    let expected: String = arguments[2..].iter().map(|argument| format!("{argument}|")).collect();
    assert_eq!(output.stdout.to_string(), expected);
}

#[tokio::test]
async fn the_command_sees_its_folder_its_variables_and_an_empty_input() {
    let folder = tempdir().unwrap();
    let workdir = folder.path().canonicalize().unwrap();
    let mut spec = sh("pwd -P; echo \"$JIDO_TASK_ID\"; cat; echo end");
    spec.workdir.clone_from(&workdir);
    spec.env.push(("JIDO_TASK_ID".to_owned(), "a task".to_owned()));
    let output = run(spec).await;
    assert_eq!(output.stdout.to_string(), format!("{}\na task\nend\n", workdir.display()));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn commands_that_run_together_inherit_no_socket() {
    let listing = || async { run(sh("ls -l /proc/self/fd")).await.stdout.to_string() };
    let (first, second, third) = tokio::join!(listing(), listing(), listing());
    for descriptors in [first, second, third] {
        assert!(descriptors.contains("/dev/null"), "{descriptors}");
        assert!(!descriptors.contains("socket:"), "{descriptors}");
    }
}

#[tokio::test]
async fn a_timeout_kills_the_command_and_what_it_started() {
    let mut after = Duration::from_millis(100);
    loop {
        let mut trace = Trace::new();
        let mut spec = sh(&format!("echo begun; {TWO_SLEEPERS}"));
        spec.env.push(trace.env());
        spec.timeout = Some(after);
        let shim = shim();
        let mut run = Box::pin(shim.run(spec));
        let (begun, outcome) = tokio::select! {
            line = trace.line() => (line == "ready", run.await),
            outcome = &mut run => (false, outcome),
        };
        let Err(CommandError::TimedOut { after: reported, stdout, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(reported, after);
        // A busy machine may take longer to start the script than the script was given.
        if begun {
            assert_eq!(stdout.bytes(), b"begun\n");
            assert_eq!(trace.all_gone().await, "");
            return;
        }
        after *= 2;
    }
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_ends_with_it() {
    let mut trace = Trace::new();
    let mut spec = sh("exec 9>\"$TRACE\"; (sleep 25; echo survived >&9) & echo ready >&9; exit 4");
    spec.env.push(trace.env());
    assert_eq!(run(spec).await.status, CommandStatus::Exited(4));
    assert_eq!(trace.line().await, "ready");
    assert_eq!(trace.all_gone().await, "");
}

#[tokio::test]
async fn dropping_the_run_kills_the_command_and_what_it_started() {
    let mut trace = Trace::new();
    let mut spec = sh(TWO_SLEEPERS);
    spec.env.push(trace.env());
    let shim = shim();
    let run = Box::pin(shim.run(spec));
    tokio::select! {
        line = trace.line() => assert_eq!(line, "ready"),
        outcome = run => panic!("{outcome:?}"),
    }
    assert_eq!(trace.all_gone().await, "");
}

/// Not a test of its own: the process that the next test kills. It does nothing without its
/// instructions.
#[tokio::test]
async fn a_process_that_owns_two_commands() {
    let Some(trace) = std::env::var_os("TRACE") else { return };
    assert!(Path::new(&trace).exists());
    let shim = shim();
    let (first, second) = tokio::join!(shim.run(sh(TWO_SLEEPERS)), shim.run(sh(TWO_SLEEPERS)));
    panic!("not killed in time: {first:?}, {second:?}");
}

#[tokio::test]
async fn no_command_outlives_an_owner_that_is_killed() {
    let mut trace = Trace::new();
    let mut owner = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "command::a_process_that_owns_two_commands", "--nocapture"])
        .env("TRACE", trace.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!((trace.line().await, trace.line().await), ("ready".to_owned(), "ready".to_owned()));
    owner.kill().await.unwrap();
    assert_eq!(trace.all_gone().await, "");
}

#[tokio::test]
async fn a_process_that_left_the_group_does_not_hold_up_the_result() {
    let mut trace = Trace::new();
    let mut spec = sh(
        "exec 9>\"$TRACE\"; setsid sh -c 'echo $$ >&9; sleep 25; echo survived >&9' & read pid <\"$GATE\"; exit 0",
    );
    let gate = Trace::new();
    spec.env.extend([trace.env(), ("GATE".to_owned(), gate.path().display().to_string())]);
    let shim = shim();
    let mut run = Box::pin(shim.run(spec));
    let pid = tokio::select! {
        pid = trace.line() => pid,
        outcome = &mut run => panic!("{outcome:?}"),
    };
    std::fs::write(gate.path(), "go\n").unwrap();
    assert_eq!(run.await.unwrap().status, CommandStatus::Exited(0));
    // Still there, and with it the open pipes.
    killpg(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(trace.all_gone().await, "");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempdir().unwrap();
    let gone = CommandSpec { program: folder.path().join("gone"), ..sh("") };
    let error = shim().run(gone).await.unwrap_err();
    assert!(matches!(error, CommandError::NotFound { .. }), "{error:?}");

    let directory = CommandSpec { program: folder.path().into(), ..sh("") };
    let error = shim().run(directory).await.unwrap_err();
    assert!(matches!(error, CommandError::Spawn { .. }), "{error:?}");
    assert!(error.to_string().contains("ermission denied"), "{error}");

    let nowhere = CommandSpec { workdir: folder.path().join("nowhere"), ..sh("") };
    let error = shim().run(nowhere).await.unwrap_err();
    assert!(matches!(error, CommandError::Workdir { .. }), "{error:?}");

    let error = CommandShim::new(folder.path().join("shim")).run(sh("")).await.unwrap_err();
    assert!(matches!(error, CommandError::Shim { .. }), "{error:?}");
}

#[tokio::test]
async fn the_shim_refuses_to_be_started_by_hand() {
    let by_hand = tokio::process::Command::new(env!("CARGO_BIN_EXE_jido"))
        .args(["exec-shim", "--", "echo", "ran"])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert_eq!(by_hand.status.code(), Some(2));
    assert_eq!(by_hand.stdout, b"");
}

#[tokio::test]
async fn a_shim_whose_owner_is_gone_starts_nothing() {
    let folder = tempdir().unwrap();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(ours);
    let shim = tokio::process::Command::new(env!("CARGO_BIN_EXE_jido"))
        .args(["exec-shim", "--", "touch", "begun"])
        .stdin(std::os::fd::OwnedFd::from(theirs))
        .current_dir(folder.path())
        .process_group(0)
        .output()
        .await
        .unwrap();
    assert_eq!(shim.status.signal(), Some(9));
    assert!(!folder.path().join("begun").exists());
}

#[test]
fn a_name_is_searched_and_a_path_is_relative_to_the_folder() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempdir().unwrap();
    let workdir = folder.path();
    let tool = workdir.join("tool");
    std::fs::write(&tool, "#!/bin/sh\n").unwrap();
    let find = |program: &str, path: &str| resolve_program(program, workdir, OsStr::new(path));

    assert_eq!(find("./tool", ""), Err(ProgramNotFound::NotExecutable { path: tool.clone() }));
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(find("./tool", ""), Ok(tool.clone()));
    assert_eq!(find(tool.to_str().unwrap(), ""), Ok(tool.clone()));
    assert_eq!(find("tool", workdir.to_str().unwrap()), Ok(tool));

    let not_in_path = |program: &str| Err(ProgramNotFound::NotInPath { program: program.into() });
    assert_eq!(find("tool", SEARCH_PATH), not_in_path("tool"));
    assert_eq!(find("", SEARCH_PATH), not_in_path(""));
    assert_eq!(find("sh", ""), not_in_path("sh"));
    std::fs::create_dir(workdir.join("folder")).unwrap();
    assert_eq!(find("folder", workdir.to_str().unwrap()), not_in_path("folder"));
    let folder = workdir.join("./folder");
    assert_eq!(find("./folder", ""), Err(ProgramNotFound::NotAFile { path: folder }));
    let gone = workdir.join("./gone");
    assert_eq!(find("./gone", ""), Err(ProgramNotFound::Missing { path: gone }));
}
