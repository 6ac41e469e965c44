//! The gateway: starting, continuing, interrupting, cancelling, listing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foundation::time::timeout;
use jido_system::{
    CommandShim, EventKind, JournalLine, JournalVerdict, Mode, Report, ReportStatus, StartRequest,
    StartWorkflowError, StoreLocation, System, SystemConfig, WaitError, Workflow, WorkflowId,
    WorkflowStatus, check_journal,
};

use crate::layered::{layered, parsed};
use crate::program::{document, idle, sh};

const SIMULATED: Mode = Mode::Simulate { scale: 0.0 };

/// Long enough that a test which never waits for it ends long before.
const ENDLESS: Mode = Mode::Simulate { scale: 100_000.0 };

async fn system(store: StoreLocation) -> System {
    let shim = CommandShim::new(env!("CARGO_BIN_EXE_jido"));
    System::start(SystemConfig::new(store, shim).workers(4)).await.expect("the tree starts")
}

fn request(workflow: &Arc<Workflow>, mode: Mode) -> StartRequest {
    StartRequest { workflow: Arc::clone(workflow), mode, attempts: 2, fresh: false }
}

async fn wait(system: &System, id: &WorkflowId) -> Report {
    let report = timeout(Duration::from_secs(60), system.gateway().wait(id)).await;
    report.expect("it ends").expect("a report")
}

async fn journal(system: &System, id: &WorkflowId) -> Vec<JournalLine> {
    system.gateway().journal(id, 0, 1_000).await.expect("a journal")
}

fn count(journal: &[JournalLine], kind: EventKind) -> usize {
    journal.iter().filter(|line| line.event.kind() == kind).count()
}

/// Waits until the journal has an event of this kind.
async fn reached(system: &System, id: &WorkflowId, kind: EventKind) {
    while count(&journal(system, id).await, kind) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_joins_a_workflow_that_runs() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&layered(2, 3, 1, None)));
    let first = system.gateway().start(request(&workflow, ENDLESS)).await.expect("it starts");
    reached(&system, &first.id, EventKind::TaskStarted).await;
    let second = system.gateway().start(request(&workflow, ENDLESS)).await.expect("it joins");
    assert_eq!((second.id, second.resumed), (first.id.clone(), true));
    assert_eq!(count(&journal(&system, &first.id).await, EventKind::WorkflowStarted), 1);
    assert_eq!(count(&journal(&system, &first.id).await, EventKind::Resumed), 0);
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_scale_is_another_workflow_and_another_number_of_attempts_is_not() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&layered(2, 3, 1, None)));
    let first = system.gateway().start(request(&workflow, ENDLESS)).await.expect("it starts");
    let patient = StartRequest { attempts: 9, ..request(&workflow, ENDLESS) };
    assert_eq!(system.gateway().start(patient).await.expect("it joins").id, first.id);
    let other = system.gateway().start(request(&workflow, SIMULATED)).await.expect("it starts");
    assert_ne!(other.id, first.id);
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_workflow_is_reported_and_a_fresh_one_starts_under_a_new_id() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&layered(3, 4, 1, None)));
    let first = system.gateway().start(request(&workflow, SIMULATED)).await.expect("it starts");
    let report = wait(&system, &first.id).await;
    let again = system.gateway().start(request(&workflow, SIMULATED)).await.expect("it is there");
    let already = again.already.expect("a report");
    assert_eq!((already.status, already.executions), (ReportStatus::Completed, report.executions));
    let fresh = StartRequest { fresh: true, ..request(&workflow, SIMULATED) };
    let fresh = system.gateway().start(fresh).await.expect("it starts");
    assert_eq!(fresh.id.as_str(), format!("{}-2", first.id));
    wait(&system, &fresh.id).await;
    let again = system.gateway().start(request(&workflow, SIMULATED)).await.expect("it is there");
    assert_eq!(again.id, fresh.id, "the newest run is the one that is continued");
    let listed = system.gateway().list().await.expect("a list");
    let ids: Vec<_> = listed.iter().map(|summary| (summary.id.clone(), summary.status)).collect();
    assert_eq!(ids, [(first.id, WorkflowStatus::Completed), (fresh.id, WorkflowStatus::Completed)]);
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_fails_for_good_skips_its_descendants_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tasks = [
        sh("bad", &[], "echo no luck >&2; exit 3"),
        sh("child", &["bad"], "true"),
        sh("grandchild", &["child", "good"], "true"),
        sh("good", &[], "true"),
        sh("after", &["good"], "true"),
    ];
    let workflow = Arc::new(parsed(&document(&tasks)));
    let system = system(StoreLocation::Memory).await;
    let mode = Mode::Execute { workdir: folder.path().to_owned(), timeout: None };
    let started = system.gateway().start(request(&workflow, mode)).await.expect("it starts");
    let report = wait(&system, &started.id).await;
    assert_eq!(report.status, ReportStatus::Failed);
    assert_eq!((report.completed, report.failed, report.skipped, report.retries), (2, 1, 2, 1));
    let [failure] = &report.failures[..] else { panic!("{:?}", report.failures) };
    assert_eq!((failure.task.as_str(), failure.attempt), ("bad", 2));
    assert_eq!(failure.reason, "exit code 3: no luck");
    let events: Vec<_> =
        journal(&system, &started.id).await.into_iter().map(|line| line.event).collect();
    assert_eq!(check_journal(&workflow, &events), Ok(JournalVerdict::Failed));
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_workflow_is_continued_with_the_next_attempt_numbers() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&document(&[idle("a", &[]), idle("b", &["a"])])));
    let slow = Arc::new(parsed(&layered(1, 2, 1, None)));
    let started = system.gateway().start(request(&slow, ENDLESS)).await.expect("it starts");
    reached(&system, &started.id, EventKind::TaskStarted).await;
    system.gateway().interrupt(&started.id).await.expect("it stops");
    let report = system.gateway().report(&started.id).await.expect("a report");
    assert_eq!((report.status, report.completed), (ReportStatus::Interrupted, 0));
    let resumed = system.gateway().start(request(&slow, ENDLESS)).await.expect("it continues");
    assert!(resumed.resumed);
    while count(&journal(&system, &started.id).await, EventKind::TaskStarted) < 2 {
        tokio::task::yield_now().await;
    }
    let attempts: Vec<_> = journal(&system, &started.id)
        .await
        .iter()
        .filter_map(|line| line.event.attempt())
        .collect();
    assert_eq!(attempts, [1, 2]);
    // The places of the interrupted worker are free again.
    let other = system.gateway().start(request(&workflow, SIMULATED)).await.expect("it starts");
    assert_eq!(wait(&system, &other.id).await.completed, 2);
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_workflow_has_ended_for_good() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&layered(1, 2, 1, None)));
    let started = system.gateway().start(request(&workflow, ENDLESS)).await.expect("it starts");
    reached(&system, &started.id, EventKind::TaskStarted).await;
    assert!(system.gateway().cancel(&started.id, "not needed").await.expect("an answer"));
    assert_eq!(wait(&system, &started.id).await.status, ReportStatus::Failed);
    assert!(
        !system.gateway().cancel(&started.id, "again").await.expect("an answer"),
        "it does not run any more"
    );
    let again = system.gateway().start(request(&workflow, ENDLESS)).await.expect("it is there");
    assert!(again.already.is_some());
    assert_eq!(system.gateway().list().await.expect("a list")[0].status, WorkflowStatus::Cancelled);
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_cancel_is_never_undone_by_workers_that_end_meanwhile() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&layered(30, 30, 3, None)));
    let mut cancelled = 0;
    for _ in 0..10 {
        let fresh = StartRequest { fresh: true, ..request(&workflow, SIMULATED) };
        let started = system.gateway().start(fresh).await.expect("it starts");
        reached(&system, &started.id, EventKind::TaskCompleted).await;
        let answer = system.gateway().cancel(&started.id, "not needed").await;
        let report = wait(&system, &started.id).await;
        let acknowledged = answer.expect("an answer");
        assert_eq!(report.status == ReportStatus::Failed, acknowledged, "{report:?}");
        cancelled += usize::from(acknowledged);
    }
    assert!(cancelled > 0, "every workflow was faster than its cancel");
    let processes = system.supervisor().tree().await.expect("a tree");
    assert!(processes.iter().all(|child| child.child.restarts == 0), "{processes:?}");
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_of_several_pieces_is_read_back_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = |path: &Path| StoreLocation::Folder(path.to_owned());
    let tasks: Vec<_> =
        (0..4_000).map(|at| idle(&format!("{at}-{}", "x".repeat(500)), &[])).collect();
    let workflow = Arc::new(parsed(&document(&tasks)));
    let id = {
        let system = system(store(folder.path())).await;
        let started = system.gateway().start(request(&workflow, ENDLESS)).await.expect("it starts");
        system.gateway().interrupt(&started.id).await.expect("it stops");
        system.shutdown().await;
        started.id
    };
    let system = system(store(folder.path())).await;
    let report = system.gateway().report(&id).await.expect("a report");
    assert_eq!((report.tasks, report.status), (4_000, ReportStatus::Interrupted));
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_and_what_is_unknown_is_not_invented() {
    let system = system(StoreLocation::Memory).await;
    let workflow = Arc::new(parsed(&layered(1, 2, 1, None)));
    for scale in [-1.0, f64::NAN, f64::INFINITY] {
        let refused = system.gateway().start(request(&workflow, Mode::Simulate { scale })).await;
        assert!(matches!(refused, Err(StartWorkflowError::Request(_))), "{scale}: {refused:?}");
    }
    let never = StartRequest { attempts: 0, ..request(&workflow, SIMULATED) };
    assert!(matches!(system.gateway().start(never).await, Err(StartWorkflowError::Request(_))));
    assert!(system.gateway().list().await.expect("a list").is_empty());
    let unknown = WorkflowId::new("unknown");
    assert!(system.gateway().journal(&unknown, 0, 1).await.is_err());
    assert!(matches!(system.gateway().report(&unknown).await, Err(WaitError::Archive(_))));
    assert!(!system.gateway().cancel(&unknown, "why not").await.expect("an answer"));
    system.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_an_unknown_workflow_is_an_error_and_for_a_stopped_system_too() {
    let system = system(StoreLocation::Memory).await;
    let unknown = WorkflowId::new("unknown");
    let waited = timeout(Duration::from_secs(5), system.gateway().wait(&unknown)).await;
    assert!(matches!(waited, Ok(Err(WaitError::Archive(_)))), "{waited:?}");
    let gateway = system.gateway().clone();
    system.shutdown().await;
    let waited = timeout(Duration::from_secs(5), gateway.wait(&unknown)).await;
    assert!(matches!(waited, Ok(Err(WaitError::Stopped))), "{waited:?}");
}
