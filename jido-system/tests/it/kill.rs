//! `kill -9` at random instants: the program continues, nothing completed runs again, and nothing is left behind.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foundation::time::timeout;
use foundation::{Context, Exit, GenServer, ServerSpec, Strategy, Supervisor, SupervisorSpec};
use jido_system::{
    CommandShim, Event, EventKind, JournalVerdict, Mode, StartRequest, StoreLocation, System,
    SystemConfig, Workflow, check_journal,
};
use serde_json::Value;
use signal_router::{Data, Pattern, Priority, RouterHandle, Signal, Subscription};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::layered::{SplitMix, layered, parsed};
use crate::program::Place;
use crate::trace::Trace;

const KILLS: usize = 20;

/// Leaves word of its own run, holds the pipe open as long as it or its own child lives, and works for a moment.
const WORK: &str =
    r#"exec 9>"$TRACE"; echo "$JIDO_TASK_ID $JIDO_ATTEMPT" >> "$WITNESS"; sleep 0.05 & wait"#;

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
        assert!(
            execution.1 <= completed[&*execution.0],
            "{execution:?} ran after the task had completed"
        );
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
        assert!(
            !run_or_kill(&place, &trace, "run w.json --workers 8", limit).await,
            "too fast to be killed"
        );
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
    assert_eq!(
        (&report["status"], &report["completed"]),
        (&Value::from("completed"), &Value::from(tasks))
    );
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
        "workflow",
        "status",
        "tasks",
        "completed",
        "failed",
        "skipped",
        "retries",
        "workers",
        "work_s",
        "critical_path_s",
        "lower_bound_s",
        "graham_bound_s",
        "failures",
    ] {
        assert_eq!(disturbed[field], undisturbed[field], "{field}");
    }
    assert!(disturbed["resumed"].as_u64() > Some(0), "{disturbed}");
}

/// Set in a program of its own that [`what_was_announced_is_never_lost`] starts: the folder of the store.
const CHILD: &str = "JIDO_TEST_ANNOUNCE_FROM";

/// Tells the parent of each completion that it hears of, at once.
struct Announcer {
    _subscription: Subscription,
}

struct Heard(Arc<Signal>);

impl From<Arc<Signal>> for Heard {
    fn from(signal: Arc<Signal>) -> Self {
        Self(signal)
    }
}

impl GenServer for Announcer {
    type Args = RouterHandle;
    type Msg = Heard;

    async fn init(router: RouterHandle, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let pattern = "workflow.task.completed".parse::<Pattern>()?;
        let subscription =
            router.subscribe(pattern, Priority::default(), cx.this().recipient()).await?;
        Ok(Self { _subscription: subscription })
    }

    async fn handle(&mut self, Heard(signal): Heard, _cx: &mut Context<Self>) -> Result<(), Exit> {
        use std::io::Write;
        let Data::Json(data) = signal.data() else { return Ok(()) };
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "completed {} {}",
            data["task"].as_str().unwrap_or_default(),
            data["attempt"]
        )?;
        out.flush()?;
        Ok(())
    }
}

async fn start_system(folder: &Path) -> System {
    let shim = CommandShim::new(env!("CARGO_BIN_EXE_jido"));
    let config = SystemConfig::new(StoreLocation::Folder(folder.to_owned()), shim).workers(8);
    System::start(config).await.expect("the tree starts")
}

fn announced_request(workflow: &Workflow) -> StartRequest {
    let mode = Mode::Simulate { scale: 0.05 };
    StartRequest { workflow: Arc::new(workflow.clone()), mode, attempts: 3, fresh: false }
}

/// The child: runs the workflow and announces completions until it is killed.
async fn announce_until_killed(folder: &Path, workflow: &Workflow) {
    let system = start_system(folder).await;
    let observers = SupervisorSpec::new(Strategy::OneForOne).child(
        ServerSpec::<Announcer>::new(system.router().clone()).capacity(4_096).child("announcer"),
    );
    let observers = Supervisor::start(system.node(), observers).await.expect("the observers start");
    let started = system.gateway().start(announced_request(workflow)).await.expect("it starts");
    system.gateway().wait(&started.id).await.expect("a report");
    observers.shutdown().await;
    system.shutdown().await;
}

/// Runs the child until it has announced `wanted` completions and for `more`, kills it, and returns all that it announced.
async fn announced_before_kill(folder: &Path, wanted: usize, more: Duration) -> Vec<(String, u32)> {
    let mut command = tokio::process::Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "kill::what_was_announced_is_never_lost", "--nocapture"])
        .env(CHILD, folder);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut program = command.spawn().expect("this program");
    let mut said = BufReader::new(program.stdout.take().expect("a pipe"));
    let mut announced = Vec::new();
    while announced.len() < wanted {
        let mut line = String::new();
        assert!(
            said.read_line(&mut line).await.expect("a readable pipe") > 0,
            "it runs until then"
        );
        announced.extend(announcement(&line));
    }
    assert!(timeout(more, program.wait()).await.is_err(), "too fast to be killed");
    program.start_kill().expect("a process to kill");
    program.wait().await.expect("a status");
    let mut text = String::new();
    said.read_to_string(&mut text).await.expect("a readable pipe");
    announced.extend(text.split_inclusive('\n').filter_map(announcement));
    announced
}

/// What a line announces; the last line may have been cut short, and says nothing then.
fn announcement(line: &str) -> Option<(String, u32)> {
    let (task, attempt) = line.strip_suffix('\n')?.strip_prefix("completed ")?.split_once(' ')?;
    Some((task.to_owned(), attempt.parse().expect("a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_announced_is_never_lost() {
    let workflow = parsed(&layered(20, 30, 44, None));
    if let Some(folder) = std::env::var_os(CHILD) {
        return announce_until_killed(Path::new(&folder), &workflow).await;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut random = SplitMix::new(11);
    let mut announced = Vec::new();
    for _ in 0..KILLS {
        // At some point of its work, however fast that is here.
        let wanted = usize::try_from(random.below(20)).expect("a small number");
        let more = Duration::from_millis(random.below(20));
        announced.extend(announced_before_kill(folder.path(), wanted, more).await);
    }
    assert!(announced.len() > KILLS, "{} announcements", announced.len());
    let system = start_system(folder.path()).await;
    let started = system.gateway().start(announced_request(&workflow)).await.expect("it continues");
    system.gateway().wait(&started.id).await.expect("a report");
    let mut journal = Vec::new();
    loop {
        let page = system
            .gateway()
            .journal(&started.id, journal.len() as u64, 1_000)
            .await
            .expect("a journal");
        if page.is_empty() {
            break;
        }
        journal.extend(page.into_iter().map(|line| line.event));
    }
    system.shutdown().await;
    assert_eq!(check_journal(&workflow, &journal), Ok(JournalVerdict::Completed));
    let completed: HashSet<(String, u32)> = journal
        .iter()
        .filter(|event| event.kind() == EventKind::TaskCompleted)
        .filter_map(|event| Some((event.task()?.to_string(), event.attempt()?)))
        .collect();
    for completion in announced {
        assert!(completed.contains(&completion), "{completion:?} was announced and is lost");
    }
}
