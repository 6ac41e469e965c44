//! Tasks that a process owns: one output or none, one end, and none that outlives its process.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use foundation::{
    CastFailure, Context, Exit, ExitReason, GenServer, Restart, ServerSpec, Strategy, TaskRef,
};
use test_helpers::{Baseline, Gate, IsolatedTree, Journal};

use crate::host::{Host, HostMsg, held, host, note, within};
use crate::support::{of, quiet};

/// A task that notes `text` when the gate lets it.
fn after(gate: &Gate, text: &str) -> impl Future<Output = HostMsg> + Send + use<> {
    let (gate, text) = (gate.clone(), text.to_owned());
    async move {
        gate.pass().await;
        note(text)
    }
}

/// A task that never ends by itself and is seen in the journal while anything of it is left.
fn endless(journal: &Journal) -> impl Future<Output = HostMsg> + Send + use<> {
    let presence = journal.enter("task");
    async move {
        let _presence = presence;
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_output_of_a_task_comes_before_waiting_mail_and_then_its_end() {
    let (tree, server, journal) = host().await;
    let gate = Gate::new();
    let task = after(&gate, "output");
    within(&server, |cx| cx.spawn_task(task)).await;
    gate.arrival().await;
    assert_eq!(within(&server, |cx| cx.tasks()).await, 1);
    let busy = held(&server).await;
    gate.open();
    quiet().await;
    // However full the mailbox is.
    server.cast(note("mail")).expect("there is room");
    server.cast(note("more")).expect("there is room");
    assert_eq!(server.cast(note("too much")).map_err(|error| error.cause), Err(CastFailure::Full));
    busy.open();
    quiet().await;
    assert_eq!(journal.take(), ["output", "done", "mail", "more"]);
    assert_eq!(within(&server, |cx| cx.tasks()).await, 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_task_runs_while_its_process_is_busy() {
    let (tree, server, _journal) = host().await;
    let gate = Gate::new();
    let task = after(&gate, "output");
    let busy = Gate::new();
    let waits = HostMsg::Wait(busy.clone());
    server
        .cast(HostMsg::Run(Box::new(|cx| {
            cx.spawn_task(task);
        })))
        .expect("there is room");
    server.cast(waits).expect("there is room");
    busy.arrival().await;
    gate.open();
    quiet().await;
    assert_eq!((gate.passed(), busy.passed()), (1, 0));
    busy.open();
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_in_a_task_is_one_notice_and_ends_nothing_else() {
    let (tree, server, journal) = host().await;
    let gate = Gate::new();
    let task = after(&gate, "the other");
    within(&server, |cx| {
        cx.spawn_task(task);
        cx.spawn_task(async { panic!("no luck") });
    })
    .await;
    journal.written("done: the task panicked: no luck", 1).await;
    assert_eq!(within(&server, |cx| cx.tasks()).await, 1);
    gate.open();
    journal.written("done", 1).await;
    assert_eq!(journal.take(), ["done: the task panicked: no luck", "the other", "done"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_aborted_task_has_no_output_and_ends_once_when_it_is_gone() {
    let (tree, server, journal) = host().await;
    let baseline = Baseline::of(tree.node());
    let task = endless(&journal);
    let task = within(&server, |cx| cx.spawn_task(task)).await;
    quiet().await;
    assert_eq!((journal.alive("task"), tree.node().counts().tasks), (1, 1));
    let answers =
        within(&server, move |cx| (cx.abort_task(task), cx.abort_task(task), cx.tasks())).await;
    assert_eq!(answers, (true, false, 1), "it has not been seen to end yet");
    journal.written("done: the task was aborted", 1).await;
    assert_eq!(journal.alive("task"), 0);
    baseline.assert_now();
    assert!(!within(&server, move |cx| cx.abort_task(task)).await, "it is over");
    quiet().await;
    assert_eq!(journal.take(), ["+task", "-task", "done: the task was aborted"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_abort_takes_an_output_back_that_has_not_been_handled() {
    let (tree, server, journal) = host().await;
    let gate = Gate::new();
    let tasks = Arc::new(OnceLock::<[TaskRef; 2]>::new());
    // The output of the first is a message whose handler aborts both.
    let first = {
        let (gate, tasks, journal) = (gate.clone(), Arc::clone(&tasks), journal.clone());
        async move {
            gate.pass().await;
            HostMsg::Run(Box::new(move |cx: &mut Context<Host>| {
                let tasks = tasks.get().expect("both were started");
                journal.note(format!("{:?}", tasks.map(|task| cx.abort_task(task))));
            }))
        }
    };
    let second = after(&gate, "second");
    let started = within(&server, |cx| [cx.spawn_task(first), cx.spawn_task(second)]).await;
    tasks.set(started).expect("once");
    gate.arrival().await;
    gate.arrival().await;
    let busy = held(&server).await;
    gate.open();
    quiet().await;
    assert_eq!((gate.passed(), tree.node().counts().tasks), (2, 0), "both have an output");
    busy.open();
    quiet().await;
    assert_eq!(journal.take(), ["[false, true]", "done", "done: the task was aborted"]);
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_task_has_one_end_whatever_becomes_of_it() {
    let (tree, server, journal) = host().await;
    let baseline = Baseline::of(tree.node());
    for _ in 0..20 {
        within(&server, |cx| {
            for number in 0..100_u32 {
                let task = cx.spawn_task(async move {
                    tokio::task::yield_now().await;
                    assert!(number % 4 != 0, "one in four");
                    note("output")
                });
                if number % 4 == 1 {
                    assert!(cx.abort_task(task));
                }
            }
        })
        .await;
    }
    journal.written("done", 1_000).await;
    journal.written("done: the task panicked: one in four", 500).await;
    journal.written("done: the task was aborted", 500).await;
    baseline.restored().await;
    assert_eq!(within(&server, |cx| cx.tasks()).await, 0);
    let outputs = journal.take();
    assert_eq!(outputs.len(), 3_000, "1,000 outputs and 2,000 ends");
    let mut pairs = outputs.iter().skip_while(|entry| *entry != "output");
    while let Some(entry) = pairs.next() {
        if entry == "output" {
            assert_eq!(pairs.next().map(String::as_str), Some("done"), "its end comes next");
        }
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn the_end_of_a_process_is_known_only_when_its_tasks_are_gone() {
    for how in 0..4 {
        let (tree, server, journal) = host().await;
        let tasks = [endless(&journal), endless(&journal)];
        within(&server, |cx| {
            for task in tasks {
                cx.spawn_task(task);
            }
        })
        .await;
        if how % 2 == 0 {
            quiet().await;
        }
        let monitor = server.process().monitor();
        match how {
            0 | 1 => server.process().exit(ExitReason::Killed),
            2 => server.cast(HostMsg::Panic).expect("there is room"),
            _ => tree.handle().terminate_child("a").await.expect("it stops"),
        }
        monitor.down().await;
        assert_eq!((journal.alive("task"), tree.node().counts().tasks), (0, 0), "way {how}");
        tree.shutdown().await;
    }
}

/// Starts a task in `init`, at once.
struct Starter;

impl GenServer for Starter {
    type Args = Journal;
    type Msg = HostMsg;

    async fn init(journal: Journal, cx: &mut Context<Self>) -> Result<Self, Exit> {
        cx.spawn_task(endless(&journal));
        Ok(Self)
    }

    async fn handle(&mut self, _msg: HostMsg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tasks_of_two_incarnations_never_overlap() {
    let journal = Journal::new();
    let spec = ServerSpec::<Starter>::new(journal.clone()).child("a").restart(Restart::Permanent);
    let tree: IsolatedTree = of(Strategy::OneForOne, [spec]).await;
    for _ in 0..100 {
        let old = tree.kill("a").await;
        tree.await_restart("a", old).await;
    }
    assert_eq!(journal.most_at_once("task"), 1);
    tree.shutdown().await;
    assert_eq!(journal.alive("task"), 0);
}

#[tokio::test]
async fn an_output_that_nobody_handles_any_more_is_dropped_before_the_end_is_known() {
    let (tree, server, journal) = host().await;
    let gate = Gate::new();
    let task = {
        let (gate, presence) = (gate.clone(), journal.enter("output"));
        async move {
            gate.pass().await;
            HostMsg::Run(Box::new(move |_cx: &mut Context<Host>| drop(presence)))
        }
    };
    let other = endless(&journal);
    within(&server, |cx| [cx.spawn_task(task), cx.spawn_task(other)]).await;
    let _busy = held(&server).await;
    gate.open();
    quiet().await;
    assert_eq!(journal.alive("output"), 1);
    tree.kill("a").await;
    assert_eq!((journal.alive("output"), journal.alive("task")), (0, 0));
    tree.shutdown().await;
}
