//! Each strategy and restart type with real processes.
//!
//! Names in parentheses are the cases of OTP's `supervisor_SUITE` that ask the same.

use std::time::Duration;

use foundation::{
    Context, Exit, ExitReason, GenServer, Restart, ServerRef, ServerSpec, Strategy, SupervisorSpec,
};
use test_helpers::{Do, Gate, IsolatedTree, Journal, Plan, Worker};

use crate::support::{of, settled, supervisor};

/// A tree of permanent workers.
async fn workers(strategy: Strategy, ids: &str, journal: &Journal) -> IsolatedTree {
    let ids = ids.split(' ');
    of(strategy, ids.map(|id| Worker::spec(id, journal).child(id))).await
}

/// Panics a child, and waits until it runs again.
async fn crash(tree: &IsolatedTree, id: &str) {
    let server: ServerRef<Do> = tree.server(id).await;
    let monitor = server.process().monitor();
    server.cast(Do::Panic("boom")).expect("there is room");
    let old = monitor.down().await.pid;
    tree.await_restart(id, old).await;
}

/// (one_for_one)
#[tokio::test]
async fn one_for_one_restarts_only_the_child_that_ended() {
    let journal = Journal::new();
    let tree = workers(Strategy::OneForOne, "a b c", &journal).await;
    let before = tree.incarnations().await;
    journal.take();
    crash(&tree, "b").await;
    let after = tree.incarnations().await;
    assert_eq!(after.changed_since(&before), ["b"]);
    assert_eq!(after.kept_since(&before), ["a", "c"]);
    assert_eq!(journal.take(), ["-b", "+b"]);
    tree.shutdown().await;
}

/// (one_for_all)
#[tokio::test]
async fn one_for_all_stops_all_in_reverse_and_starts_all_in_order() {
    let journal = Journal::new();
    let tree = workers(Strategy::OneForAll, "a b c", &journal).await;
    let before = tree.incarnations().await;
    journal.take();
    crash(&tree, "b").await;
    assert_eq!(tree.incarnations().await.changed_since(&before), ["a", "b", "c"]);
    let expected =
        ["-b", "terminate c shutdown", "-c", "terminate a shutdown", "-a", "+a", "+b", "+c"];
    assert_eq!(journal.take(), expected);
    tree.shutdown().await;
}

/// (rest_for_one)
#[tokio::test]
async fn rest_for_one_restarts_the_child_and_those_after_it() {
    let journal = Journal::new();
    let tree = workers(Strategy::RestForOne, "a b c d", &journal).await;
    let before = tree.incarnations().await;
    journal.take();
    crash(&tree, "b").await;
    let after = tree.incarnations().await;
    assert_eq!(after.changed_since(&before), ["b", "c", "d"]);
    assert_eq!(after.kept_since(&before), ["a"]);
    let expected =
        ["-b", "terminate d shutdown", "-d", "terminate c shutdown", "-c", "+b", "+c", "+d"];
    assert_eq!(journal.take(), expected);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_group_restart_brings_back_who_was_stopped_and_drops_temporary_children() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let journal = Journal::new();
        let spec = |id: &str| Worker::spec(id, &journal).child(id);
        let children = [spec("a"), spec("b"), spec("t").restart(Restart::Temporary)];
        let tree = of(strategy, children).await;
        tree.handle().terminate_child("b").await.expect("it stops");
        let before = tree.incarnations().await;
        crash(&tree, "a").await;
        let after = tree.incarnations().await;
        assert_eq!(after.changed_since(&before), ["a", "b"]);
        assert_eq!(after.gone_since(&before), ["t"]);
        assert_eq!(tree.handle().count_children().await.expect("the root lives").specs, 2);
        tree.shutdown().await;
    }
}

/// (permanent_normal, permanent_shutdown, permanent_abnormal, transient_normal, transient_shutdown, transient_abnormal,
/// temporary_normal, temporary_shutdown, temporary_abnormal)
#[tokio::test]
async fn the_restart_type_and_the_reason_decide() {
    let reasons = || {
        [
            (ExitReason::Normal, false),
            (ExitReason::Shutdown, false),
            (ExitReason::ShutdownWith("why".into()), false),
            (ExitReason::Killed, true),
            (ExitReason::error("no luck"), true),
        ]
    };
    for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
        for (reason, is_abnormal) in reasons() {
            let is_restarted = match restart {
                Restart::Permanent => true,
                Restart::Transient => is_abnormal,
                Restart::Temporary => false,
            };
            let case = format!("{restart:?} {reason}");
            let journal = Journal::new();
            let tree =
                of(Strategy::OneForOne, [Worker::spec("a", &journal).child("a").restart(restart)])
                    .await;
            let server = tree.server::<Do>("a").await;
            let monitor = server.process().monitor();
            server.cast(Do::End(reason)).expect("there is room");
            monitor.down().await;
            let counts = tree.handle().count_children().await.expect("the root lives");
            assert_eq!(counts.active, usize::from(is_restarted), "{case}");
            let is_kept = restart != Restart::Temporary;
            assert_eq!(counts.specs, usize::from(is_kept), "{case}");
            assert_eq!(journal.most_at_once("a"), 1, "{case}");
            tree.shutdown().await;
        }
    }
}

#[tokio::test]
async fn a_restart_whose_start_fails_is_tried_again_until_it_works() {
    let (journal, plan) = (Journal::new(), Plan::new());
    let tree = of(Strategy::OneForOne, [Worker::planned("a", &journal, &plan).child("a")]).await;
    plan.fail_starts(2..5);
    let old = tree.kill("a").await;
    tree.await_restart("a", old).await;
    assert_eq!(plan.starts(), 5);
    assert_eq!(journal.take(), ["+a", "-a", "failed a", "failed a", "failed a", "+a"]);
    assert_eq!(
        tree.reports(),
        [
            "ChildTerminated a: killed",
            "StartError a: failed: a start that had to fail",
            "StartError a: failed: a start that had to fail",
            "StartError a: failed: a start that had to fail",
        ]
    );
    tree.shutdown().await;
}

#[tokio::test]
async fn a_rest_for_one_retry_goes_on_with_the_child_that_failed() {
    let (journal, plan) = (Journal::new(), Plan::new());
    let children = [
        Worker::spec("a", &journal).child("a"),
        Worker::planned("b", &journal, &plan).child("b"),
        Worker::spec("c", &journal).child("c"),
    ];
    let tree = of(Strategy::RestForOne, children).await;
    journal.take();
    plan.fail_starts(2..3);
    let old = tree.kill("a").await;
    tree.await_restart("a", old).await;
    journal.written("+c", 1).await;
    let entries = journal.take();
    let starts: Vec<&str> =
        entries.iter().map(String::as_str).filter(|entry| !entry.contains('-')).collect();
    let starts: Vec<&str> =
        starts.into_iter().filter(|entry| !entry.starts_with("terminate")).collect();
    assert_eq!(starts, ["+a", "failed b", "+b", "+c"], "a stays up while b is tried again");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_restart_that_is_ignored_leaves_the_child_down() {
    let (journal, plan) = (Journal::new(), Plan::new());
    let tree = of(Strategy::OneForOne, [Worker::planned("a", &journal, &plan).child("a")]).await;
    plan.ignore_starts(true);
    tree.kill("a").await;
    let counts = tree.handle().count_children().await.expect("the root lives");
    assert_eq!((counts.specs, counts.active), (1, 0));
    plan.ignore_starts(false);
    tree.handle().restart_child("a").await.expect("it starts");
    tree.shutdown().await;
}

/// Ends by itself as soon as it has been started.
struct Brief;

impl GenServer for Brief {
    type Args = Journal;
    type Msg = ();

    async fn init(journal: Journal, cx: &mut Context<Self>) -> Result<Self, Exit> {
        journal.note("start");
        cx.this().cast(())?;
        Ok(Self)
    }

    async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Err(Exit::normal())
    }
}

#[tokio::test]
async fn a_child_that_ended_before_its_supervisor_looked_is_judged_by_its_real_reason() {
    let journal = Journal::new();
    let child = ServerSpec::<Brief>::new(journal.clone()).child("a").restart(Restart::Transient);
    let tree = of(Strategy::OneForOne, [child]).await;
    let counts = tree.handle().count_children().await.expect("the root lives");
    assert_eq!((counts.specs, counts.active), (1, 0));
    assert_eq!(journal.take(), ["start"]);
    assert_eq!(tree.reports(), [""; 0]);
    tree.shutdown().await;
}

/// A tree with one child and an intensity of two in ten seconds.
async fn window(journal: &Journal) -> IsolatedTree {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(2, Duration::from_secs(10))
        .child(Worker::spec("a", journal).child("a"));
    IsolatedTree::start(spec).await.expect("the tree starts")
}

/// (one_for_one_escalation)
#[tokio::test]
async fn one_restart_too_many_in_the_period_ends_the_supervisor() {
    let journal = Journal::new();
    let tree = window(&journal).await;
    for _ in 0..2 {
        let old = tree.kill("a").await;
        tree.await_restart("a", old).await;
    }
    tree.kill("a").await;
    assert!(matches!(tree.root().wait().await, ExitReason::Shutdown));
    assert_eq!(tree.reports().last().map(String::as_str), Some("ReachedMaxRestartIntensity a"));
    tree.abandon().await;
}

#[tokio::test]
async fn the_window_slides_and_its_edge_counts() {
    let tree = window(&Journal::new()).await;
    let crash = async || {
        let old = tree.kill("a").await;
        tree.await_restart("a", old).await;
    };
    // Two within every ten seconds, for a minute.
    for _ in 0..6 {
        crash().await;
        crash().await;
        tree.clock().advance(Duration::from_millis(10_001));
    }
    crash().await;
    tree.clock().advance(Duration::from_secs(5));
    crash().await;
    // Exactly one period after the first of the two, that one still counts.
    tree.clock().advance(Duration::from_secs(5));
    tree.kill("a").await;
    assert!(matches!(tree.root().wait().await, ExitReason::Shutdown));
    tree.abandon().await;
}

#[tokio::test]
async fn just_after_the_edge_the_restart_is_allowed() {
    let tree = window(&Journal::new()).await;
    for wait in
        [Duration::from_secs(5), Duration::from_secs(5) + Duration::from_nanos(1), Duration::ZERO]
    {
        let old = tree.kill("a").await;
        tree.await_restart("a", old).await;
        tree.clock().advance(wait);
    }
    tree.shutdown().await;
}

/// (one_for_one_escalation)
#[tokio::test]
async fn a_supervisor_that_gives_up_is_restarted_by_its_own_and_both_budgets_count() {
    let journal = Journal::new();
    let minute = Duration::from_secs(60);
    let inner = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, minute)
        .child(Worker::spec("leaf", &journal).child("leaf"))
        .child(Worker::spec("twin", &journal).child("twin"));
    let middle = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, minute)
        .child(inner.as_child("inner"));
    let tree = of(Strategy::OneForOne, [middle.as_child("middle")]).await;
    let start = tree.incarnations().await;
    let leaf = "middle/inner/leaf";
    let crash = async || {
        let old = tree.kill(leaf).await;
        tree.await_restart(leaf, old).await;
    };
    crash().await;
    let first = tree.incarnations().await;
    assert_eq!(first.changed_since(&start), [leaf]);
    crash().await;
    let second = tree.incarnations().await;
    assert_eq!(second.changed_since(&first), ["middle/inner", leaf, "middle/inner/twin"]);
    crash().await;
    crash().await;
    let third = tree.incarnations().await;
    assert_eq!(third.changed_since(&second), ["middle", "middle/inner", leaf, "middle/inner/twin"]);
    assert_eq!((journal.most_at_once("leaf"), journal.most_at_once("twin")), (1, 1));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_transient_supervisor_that_gives_up_is_not_restarted() {
    let inner = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(0, Duration::from_secs(5))
        .child(Worker::spec("leaf", &Journal::new()).child("leaf"));
    let tree = of(Strategy::OneForOne, [inner.as_child("inner").restart(Restart::Transient)]).await;
    let monitor = tree.process("inner").await.monitor();
    tree.kill("inner/leaf").await;
    assert!(matches!(monitor.down().await.reason, ExitReason::Shutdown));
    let counts = tree.handle().count_children().await.expect("the root lives");
    assert_eq!((counts.specs, counts.active), (1, 0));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_killed_supervisor_takes_its_subtree_along_and_the_new_one_does_not_overlap_with_it() {
    let journal = Journal::new();
    let deepest = supervisor(Strategy::OneForOne)
        .children(["x", "y"].map(|id| Worker::spec(id, &journal).child(id)));
    let middle = supervisor(Strategy::OneForOne)
        .child(Worker::spec("m", &journal).child("m"))
        .child(deepest.as_child("deepest"));
    let tree = of(Strategy::OneForOne, [middle.as_child("middle")]).await;
    for _ in 0..20 {
        // Some of them are in the middle of something.
        let gate = Gate::new();
        let x = tree.server::<Do>("middle/deepest/x").await;
        x.cast(Do::Wait(gate.clone())).expect("there is room");
        gate.arrival().await;
        let before = tree.incarnations().await;
        let old = tree.kill("middle").await;
        assert!(!x.is_alive(), "the subtree is gone before the end of its supervisor is known");
        tree.await_restart("middle", old).await;
        assert_eq!(tree.incarnations().await.kept_since(&before), [""; 0]);
    }
    for id in ["m", "x", "y"] {
        assert_eq!((journal.alive(id), journal.most_at_once(id)), (1, 1), "{id}");
    }
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incarnations_never_overlap_on_many_threads_either() {
    let journal = Journal::new();
    let inner = supervisor(Strategy::OneForAll)
        .children(["x", "y", "z"].map(|id| Worker::spec(id, &journal).child(id)));
    let tree = of(Strategy::OneForOne, [inner.as_child("inner")]).await;
    for round in 0..100 {
        let path = ["inner", "inner/x", "inner/y", "inner/z"][round % 4];
        let old = tree.kill(path).await;
        tree.await_restart(path, old).await;
        settled(&tree.server::<Do>("inner/z").await).await;
    }
    for id in ["x", "y", "z"] {
        assert_eq!((journal.alive(id), journal.most_at_once(id)), (1, 1), "{id}");
    }
    tree.shutdown().await;
}
