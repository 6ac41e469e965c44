//! Start, stop and administration of supervisors.
//!
//! Names in parentheses are the cases of OTP's `supervisor_SUITE` that ask the same.

use std::time::Duration;

use foundation::{
    AutoShutdown, CallError, ChildError, ChildKind, ChildProcess, DynamicSupervisorSpec,
    ExitReason, Node, NodeConfig, ProcessRef, Restart, Shutdown, SpecError, StartChildError,
    StartError, Strategy, Supervisor, SupervisorRef, SupervisorSpec,
};
use futures_util::FutureExt;
use test_helpers::{Baseline, Do, Gate, IsolatedTree, Journal, Plan, Worker};

use crate::support::{beside, is_killed, is_pending, is_shutdown, of, quiet, supervisor};

const SECOND: Duration = Duration::from_secs(1);

/// (sup_start_normal)
#[tokio::test]
async fn children_start_in_order_each_after_the_one_before_acknowledged() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_init(&gate);
    let children = [
        Worker::spec("a", &journal).child("a"),
        Worker::planned("b", &journal, &plan).child("b"),
        Worker::spec("c", &journal).child("c"),
    ];
    let start = beside(of(Strategy::OneForOne, children));
    gate.arrival().await;
    quiet().await;
    assert_eq!(journal.entries(), ["+a"]);
    assert!(!start.is_finished());
    gate.open();
    let tree = start.await.expect("the starter does not panic");
    assert_eq!(journal.take(), ["+a", "+b", "+c"]);
    tree.shutdown().await;
}

/// (sup_start_fail, start_errors)
#[tokio::test]
async fn a_failing_init_stops_what_was_started_in_reverse_order() {
    let (journal, plan) = (Journal::new(), Plan::new());
    plan.fail_starts(1..2);
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let baseline = Baseline::of(&node);
    let spec = supervisor(Strategy::OneForOne)
        .child(Worker::spec("a", &journal).child("a"))
        .child(Worker::spec("b", &journal).child("b"))
        .child(Worker::planned("bad", &journal, &plan).child("bad"))
        .child(Worker::spec("c", &journal).child("c"));
    let error = Supervisor::start(&node, spec).await.expect_err("a child does not start");
    baseline.assert_now();
    let StartError::Child { id, reason } = error else { panic!("{error:?}") };
    assert_eq!((&*id, reason.to_string().as_str()), ("bad", "failed: a start that had to fail"));
    let expected =
        ["+a", "+b", "failed bad", "terminate b shutdown", "-b", "terminate a shutdown", "-a"];
    assert_eq!(journal.take(), expected);
    assert_eq!(plan.starts(), 1, "no restart is attempted");
}

/// (sup_start_ignore_child, sup_start_ignore_temporary_child)
#[tokio::test]
async fn an_ignored_start_keeps_the_specification_unless_temporary() {
    let (journal, plan) = (Journal::new(), Plan::new());
    plan.ignore_starts(true);
    let child = |id: &str| Worker::planned(id, &journal, &plan).child(id);
    let tree = of(Strategy::OneForOne, [child("a"), child("t").restart(Restart::Temporary)]).await;
    let children = tree.handle().which_children().await.expect("the root lives");
    let ids: Vec<&str> = children.iter().map(|child| &*child.id).collect();
    assert_eq!(ids, ["a"]);
    assert!(matches!(children[0].process, ChildProcess::Undefined));
    tree.shutdown().await;
}

/// (duplicated_id, child_specs, auto_shutdown)
#[tokio::test]
async fn a_specification_that_contradicts_itself_starts_nothing() {
    let journal = Journal::new();
    let child = |id: &str| Worker::spec(id, &journal).child(id);
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let wrong: [(SupervisorSpec, SpecError); 4] = [
        (
            supervisor(Strategy::OneForOne).child(child("a")).child(child("a")),
            SpecError::DuplicateId { id: "a".into() },
        ),
        (
            SupervisorSpec::new(Strategy::OneForOne).intensity(1, Duration::ZERO),
            SpecError::ZeroPeriod,
        ),
        (
            supervisor(Strategy::OneForOne)
                .child(child("a").significant(true).restart(Restart::Transient)),
            SpecError::SignificantWithoutAutoShutdown { id: "a".into() },
        ),
        (
            supervisor(Strategy::OneForOne)
                .auto_shutdown(AutoShutdown::AnySignificant)
                .child(child("a").significant(true)),
            SpecError::SignificantPermanent { id: "a".into() },
        ),
    ];
    for (spec, wanted) in wrong {
        let error = Supervisor::start(&node, spec).await.expect_err("it is refused");
        assert!(matches!(&error, StartError::Spec(found) if *found == wanted), "{error:?}");
    }
    assert_eq!(journal.take(), [""; 0]);
}

/// (sup_stop_infinity, sup_stop_timeout)
#[tokio::test]
async fn children_stop_in_reverse_order_one_after_the_other() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_terminate(&gate);
    let children = [
        Worker::spec("a", &journal).child("a"),
        Worker::planned("b", &journal, &plan).child("b").shutdown(Shutdown::Infinity),
        Worker::spec("c", &journal).child("c"),
    ];
    let tree = of(Strategy::OneForOne, children).await;
    journal.take();
    let stop = beside(tree.shutdown());
    gate.arrival().await;
    quiet().await;
    assert_eq!(journal.entries(), ["terminate c shutdown", "-c", "terminate b shutdown"]);
    gate.open();
    assert!(is_shutdown(&stop.await.expect("the stopper does not panic")));
    assert_eq!(journal.take()[3..], ["-b", "terminate a shutdown", "-a"]);
}

/// (sup_stop_timeout, sup_stop_brutal_kill)
#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_in_time_is_killed_and_reported() {
    let (journal, plan) = (Journal::new(), Plan::new());
    plan.hold_terminate(&Gate::new());
    let slow = Worker::planned("slow", &journal, &plan)
        .child("slow")
        .shutdown(Shutdown::Timeout(2 * SECOND));
    let brutal = Worker::spec("brutal", &journal).child("brutal").shutdown(Shutdown::BrutalKill);
    let tree = of(Strategy::OneForOne, [slow, brutal]).await;
    let (slow, brutal) = (tree.process("slow").await, tree.process("brutal").await);
    journal.take();
    let started = tokio::time::Instant::now();
    tree.handle().terminate_child("brutal").await.expect("it stops");
    assert_eq!(started.elapsed(), Duration::ZERO);
    tree.handle().terminate_child("slow").await.expect("it stops");
    assert_eq!(started.elapsed(), 2 * SECOND);
    assert_eq!(journal.take(), ["-brutal", "terminate slow shutdown", "-slow"]);
    for process in [slow, brutal] {
        assert!(is_killed(&process.exit_reason().expect("it has ended")));
    }
    assert_eq!(
        tree.reports(),
        ["ShutdownError slow: killed"],
        "a brutal kill is what was asked for"
    );
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn infinity_waits_for_ever() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_terminate(&gate);
    let child = Worker::planned("a", &journal, &plan).child("a").shutdown(Shutdown::Infinity);
    let tree = of(Strategy::OneForOne, [child]).await;
    let handle = tree.handle().clone();
    let stop = beside(async move { handle.terminate_child("a").await });
    foundation::time::sleep(Duration::from_secs(1_000_000)).await;
    assert!(!stop.is_finished());
    gate.open();
    stop.await.expect("the caller does not panic").expect("it stops");
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn by_default_a_worker_has_five_seconds_and_a_supervisor_any_time() {
    let (journal, plan) = (Journal::new(), Plan::new());
    plan.hold_terminate(&Gate::new());
    let inner = supervisor(Strategy::OneForOne)
        .children(["a", "b"].map(|id| Worker::planned(id, &journal, &plan).child(id)));
    let tree = of(Strategy::OneForOne, [inner.as_child("inner")]).await;
    let started = tokio::time::Instant::now();
    tree.handle().terminate_child("inner").await.expect("it stops");
    assert_eq!(started.elapsed(), 10 * SECOND, "one child after the other");
    tree.shutdown().await;
}

#[tokio::test]
async fn dropping_the_owner_kills_the_tree_without_terminate() {
    let journal = Journal::new();
    let inner = supervisor(Strategy::OneForOne).child(Worker::spec("b", &journal).child("b"));
    let children = [Worker::spec("a", &journal).child("a"), inner.as_child("inner")];
    let tree = of(Strategy::OneForOne, children).await;
    let b = tree.process("inner/b").await;
    tree.abandon().await;
    assert!(is_killed(&b.exit_reason().expect("it has ended")));
    assert!(!journal.take().iter().any(|entry| entry.starts_with("terminate")));
    assert_eq!(journal.alive_in_all(), 0);
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing_running() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_init(&gate);
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let baseline = Baseline::of(&node);
    let spec = supervisor(Strategy::OneForOne)
        .child(Worker::spec("a", &journal).child("a"))
        .child(Worker::planned("b", &journal, &plan).child("b"));
    let mut start = Box::pin(Supervisor::start(&node, spec));
    assert!(is_pending(&mut start));
    gate.arrival().await;
    assert_eq!(node.counts().processes, 3);
    drop(start);
    baseline.restored().await;
    assert_eq!(journal.take(), ["+a", "-a"]);
}

/// (extra_return, start_child)
#[tokio::test]
async fn start_child_waits_for_init_and_refuses_a_taken_id() {
    let (journal, plan) = (Journal::new(), Plan::new());
    let tree = of(Strategy::OneForOne, [Worker::spec("a", &journal).child("a")]).await;
    let child = || Worker::planned("b", &journal, &plan).child("b");
    let started = tree.handle().start_child(child()).await.expect("it starts");
    assert_eq!(journal.entries(), ["+a", "+b"]);
    assert_eq!(tree.incarnations().await.pid("b"), Some(started.pid()));
    let error = tree.handle().start_child(child()).await.expect_err("the id is taken");
    assert!(
        matches!(error, StartChildError::AlreadyStarted(pid) if pid == started.pid()),
        "{error:?}"
    );
    tree.handle().terminate_child("b").await.expect("it stops");
    let error = tree.handle().start_child(child()).await.expect_err("the id is taken");
    assert!(matches!(error, StartChildError::AlreadyPresent), "{error:?}");
    tree.handle().delete_child("b").await.expect("it does not run");
    plan.fail_starts(2..3);
    let error = tree.handle().start_child(child()).await.expect_err("init fails");
    assert!(matches!(error, StartChildError::Failed(_)), "{error:?}");
    assert_eq!(tree.handle().count_children().await.expect("the root lives").specs, 1, "discarded");
    plan.ignore_starts(true);
    let error = tree.handle().start_child(child()).await.expect_err("init ignores");
    assert!(matches!(error, StartChildError::Ignored), "{error:?}");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_start_child_caller_that_goes_away_changes_nothing() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_init(&gate);
    let tree = of(Strategy::OneForOne, []).await;
    let mut call =
        Box::pin(tree.handle().start_child(Worker::planned("a", &journal, &plan).child("a")));
    assert!(is_pending(&mut call));
    gate.arrival().await;
    drop(call);
    gate.open();
    let counts = tree.handle().count_children().await.expect("the root lives");
    assert_eq!((counts.specs, counts.active), (1, 1), "the call was accepted, so the child runs");
    let old = tree.kill("a").await;
    tree.await_restart("a", old).await;
    tree.shutdown().await;
}

/// (child_adm, delete_child, restart_child, terminate_child)
#[tokio::test]
async fn terminate_restart_and_delete_follow_the_state_of_the_child() {
    let journal = Journal::new();
    let child = |id: &str| Worker::spec(id, &journal).child(id);
    let tree = of(Strategy::OneForOne, [child("a"), child("t").restart(Restart::Temporary)]).await;
    let handle = tree.handle();
    assert!(matches!(handle.restart_child("a").await, Err(ChildError::Running)));
    assert!(matches!(handle.delete_child("a").await, Err(ChildError::Running)));
    assert!(matches!(handle.terminate_child("x").await, Err(ChildError::NotFound)));
    assert!(matches!(handle.restart_child("x").await, Err(ChildError::NotFound)));
    assert!(matches!(handle.delete_child("x").await, Err(ChildError::NotFound)));
    handle.terminate_child("a").await.expect("it stops");
    handle.terminate_child("a").await.expect("it is stopped already");
    assert_eq!(journal.take(), ["+a", "+t", "terminate a shutdown", "-a"]);
    handle.restart_child("a").await.expect("it starts");
    handle.terminate_child("a").await.expect("it stops");
    handle.delete_child("a").await.expect("it does not run");
    handle.terminate_child("t").await.expect("it stops");
    assert_eq!(
        handle.count_children().await.expect("the root lives").specs,
        0,
        "temporary ones are forgotten"
    );
    tree.shutdown().await;
}

#[tokio::test]
async fn which_children_is_newest_first_and_the_tree_is_in_start_order() {
    let journal = Journal::new();
    let inner = supervisor(Strategy::OneForOne).child(Worker::spec("leaf", &journal).child("leaf"));
    let children = [
        Worker::spec("a", &journal).child("a"),
        inner.as_child("inner"),
        Worker::spec("c", &journal).child("c"),
    ];
    let tree = of(Strategy::OneForOne, children).await;
    let old = tree.kill("a").await;
    tree.await_restart("a", old).await;
    let children = tree.handle().which_children().await.expect("the root lives");
    let seen: Vec<(&str, ChildKind, u64)> =
        children.iter().map(|child| (&*child.id, child.kind, child.restarts)).collect();
    let worker = ChildKind::Worker;
    assert_eq!(seen, [("c", worker, 0), ("inner", ChildKind::Supervisor, 0), ("a", worker, 1)]);
    let counts = tree.handle().count_children().await.expect("the root lives");
    assert_eq!((counts.specs, counts.active, counts.supervisors, counts.workers), (3, 3, 1, 2));
    let nodes = tree.handle().tree().await.expect("the root lives");
    let ids: Vec<&str> = nodes.iter().map(|node| &*node.child.id).collect();
    assert_eq!(ids, ["a", "inner", "c"]);
    assert_eq!(&*nodes[1].children[0].child.id, "leaf");
    let pid = tree.incarnations().await.pid("inner/leaf").expect("it runs");
    assert!(tree.dump().await.contains(&format!("  leaf {pid} restarts 0 waiting 0\n")));
    tree.shutdown().await;
}

#[tokio::test]
async fn the_caller_of_a_supervisor_that_ends_is_told() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_init(&gate);
    let tree = of(Strategy::OneForOne, []).await;
    let handle = tree.handle().clone();
    let child = Worker::planned("a", &journal, &plan).child("a");
    let busy = beside({
        let handle = handle.clone();
        async move { handle.start_child(child).await }
    });
    gate.arrival().await;
    let queued = beside(async move { handle.which_children().await });
    quiet().await;
    tree.root().process().exit(ExitReason::Killed);
    let busy = busy.await.expect("the caller does not panic").expect_err("the supervisor is gone");
    assert!(
        matches!(&busy, StartChildError::Call(CallError::Down(reason)) if is_killed(reason)),
        "{busy:?}"
    );
    let queued =
        queued.await.expect("the caller does not panic").expect_err("the supervisor is gone");
    assert!(matches!(&queued, CallError::Down(reason) if is_killed(reason)), "{queued:?}");
    tree.abandon().await;
}

/// (significant_simple, any_significant, all_significant)
#[tokio::test]
async fn the_end_of_significant_children_ends_the_supervisor_and_so_upward() {
    let journal = Journal::new();
    let child = |id: &str| Worker::spec(id, &journal).child(id);
    let significant = |id: &str| child(id).restart(Restart::Transient).significant(true);
    let inner = supervisor(Strategy::OneForOne)
        .auto_shutdown(AutoShutdown::AllSignificant)
        .children([significant("x"), significant("y"), child("z")]);
    let spec = supervisor(Strategy::OneForOne)
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(child("a"))
        .child(inner.as_child("inner").restart(Restart::Transient).significant(true));
    let tree = IsolatedTree::start(spec).await.expect("the tree starts");
    let end = async |path: &str| {
        let server = tree.server::<Do>(path).await;
        let monitor = server.process().monitor();
        server.cast(Do::End(ExitReason::Normal)).expect("there is room");
        monitor.down().await;
    };
    end("inner/x").await;
    assert_eq!(tree.incarnations().await.pid("inner/x"), None);
    assert!(tree.process("inner/y").await.is_alive());
    end("inner/y").await;
    assert!(is_shutdown(&tree.root().wait().await));
    assert_eq!(journal.alive_in_all(), 0);
    tree.abandon().await;
}

/// A dynamic supervisor under the root.
async fn dynamic(spec: DynamicSupervisorSpec) -> (IsolatedTree, SupervisorRef) {
    let tree = of(Strategy::OneForOne, [spec.name("pool").as_child("pool")]).await;
    let handle = tree.node().supervisor("pool").expect("the name fits");
    (tree, handle)
}

/// (simple_one_for_one, simple_one_for_one_extra)
#[tokio::test]
async fn dynamic_children_are_started_at_will_and_addressed_by_process() {
    let journal = Journal::new();
    let (tree, pool) = dynamic(DynamicSupervisorSpec::new().max_children(3)).await;
    let child = |id: &str| Worker::spec(id, &journal).child(id);
    let mut processes: Vec<ProcessRef> = Vec::new();
    for _ in 0..3 {
        processes.push(pool.start_child(child("same id")).await.expect("it starts"));
    }
    let error = pool.start_child(child("more")).await.expect_err("it is full");
    assert!(matches!(error, StartChildError::MaxChildren), "{error:?}");
    pool.terminate_child(&processes[1]).await.expect("it stops");
    pool.terminate_child(&processes[1]).await.expect("it is gone already");
    assert!(!processes[1].is_alive());
    assert!(matches!(pool.terminate_child("same id").await, Err(ChildError::Dynamic)));
    assert!(matches!(pool.restart_child("same id").await, Err(ChildError::Dynamic)));
    assert!(matches!(pool.delete_child("same id").await, Err(ChildError::Dynamic)));
    let stranger = tree.root().process().clone();
    assert!(matches!(pool.terminate_child(&stranger).await, Err(ChildError::NotFound)));
    pool.start_child(child("again")).await.expect("there is room again");
    assert_eq!(pool.count_children().await.expect("it lives").active, 3);
    tree.shutdown().await;
}

/// (simple_one_for_one_shutdown)
#[tokio::test(start_paused = true)]
async fn dynamic_children_stop_all_at_the_same_time() {
    let (journal, plan) = (Journal::new(), Plan::new());
    plan.hold_terminate(&Gate::new());
    let (tree, pool) = dynamic(DynamicSupervisorSpec::new()).await;
    for _ in 0..100 {
        let child = Worker::planned("a", &journal, &plan)
            .child("a")
            .shutdown(Shutdown::Timeout(3 * SECOND));
        pool.start_child(child).await.expect("it starts");
    }
    let started = tokio::time::Instant::now();
    tree.handle().terminate_child("pool").await.expect("it stops");
    assert_eq!(started.elapsed(), 3 * SECOND, "not three hundred seconds");
    assert_eq!(journal.alive_in_all(), 0);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn dynamic_children_that_stop_together_have_each_their_own_time() {
    let journal = Journal::new();
    let (tree, pool) = dynamic(DynamicSupervisorSpec::new()).await;
    let mut monitors = Vec::new();
    for limit in [2, 7, 4] {
        let plan = Plan::new();
        plan.hold_terminate(&Gate::new());
        let child = Worker::planned("a", &journal, &plan).child("a");
        let child = child.shutdown(Shutdown::Timeout(limit * SECOND));
        let process = pool.start_child(child).await.expect("it starts");
        monitors.push((limit * SECOND, process.monitor()));
    }
    let started = tokio::time::Instant::now();
    let pool = beside(async move { tree.handle().terminate_child("pool").await.map(|()| tree) });
    for (limit, monitor) in [monitors.remove(0), monitors.remove(1), monitors.remove(0)] {
        assert!(is_killed(&monitor.down().await.reason));
        assert_eq!(started.elapsed(), limit, "neither sooner nor later than the others");
    }
    let tree = pool.await.expect("the caller does not panic").expect("it stops");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_dynamic_child_is_restarted_by_its_type_and_lost_with_its_supervisor() {
    let journal = Journal::new();
    let (tree, pool) = dynamic(DynamicSupervisorSpec::new().intensity(100, SECOND)).await;
    let permanent =
        pool.start_child(Worker::spec("p", &journal).child("p")).await.expect("it starts");
    let temporary = Worker::spec("t", &journal).child("t").restart(Restart::Temporary);
    let temporary = pool.start_child(temporary).await.expect("it starts");
    let (first, second) = (permanent.monitor(), temporary.monitor());
    permanent.exit(ExitReason::Killed);
    temporary.exit(ExitReason::Killed);
    first.down().await;
    second.down().await;
    let counts = pool.count_children().await.expect("it lives");
    assert_eq!((counts.specs, counts.active), (1, 1));
    let old = tree.kill("pool").await;
    tree.await_restart("pool", old).await;
    assert_eq!(pool.count_children().await.expect("it lives").specs, 0);
    assert_eq!((journal.alive_in_all(), journal.most_at_once("p")), (0, 1));
    tree.shutdown().await;
}

#[tokio::test]
async fn wait_can_be_given_up_and_repeated() {
    let tree = of(Strategy::OneForOne, []).await;
    assert!(tree.root().wait().now_or_never().is_none());
    assert!(tree.root().process().is_alive());
    tree.root().process().exit(ExitReason::Killed);
    assert!(is_killed(&tree.root().wait().await));
    assert!(is_killed(&tree.root().wait().await), "the real reason, also afterwards");
    tree.abandon().await;
}

#[tokio::test]
async fn a_child_that_has_ended_is_not_counted_while_its_end_waits_in_the_queue() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_init(&gate);
    let tree = of(Strategy::OneForOne, [Worker::spec("a", &journal).child("a")]).await;
    let a = tree.server::<Do>("a").await;
    let handle = tree.handle().clone();
    let child = Worker::planned("b", &journal, &plan).child("b");
    let start = beside(async move { handle.start_child(child).await });
    gate.arrival().await;
    // The supervisor is busy: the count stands in its queue before the end of `a` does.
    let mut count = Box::pin(tree.handle().count_children());
    assert!(is_pending(&mut count));
    let monitor = a.process().monitor();
    a.process().exit(ExitReason::Killed);
    monitor.down().await;
    gate.open();
    start.await.expect("no panic").expect("it starts");
    let counts = count.await.expect("the root lives");
    assert_eq!((counts.specs, counts.active), (2, 1));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_dynamic_child_that_is_terminated_twice_at_once_is_gone_both_times() {
    let (journal, plan, gate) = (Journal::new(), Plan::new(), Gate::new());
    plan.hold_init(&gate);
    let (tree, pool) = dynamic(DynamicSupervisorSpec::new()).await;
    let a = pool.start_child(Worker::spec("a", &journal).child("a")).await.expect("it starts");
    let (handle, child) = (pool.clone(), Worker::planned("b", &journal, &plan).child("b"));
    let start = beside(async move { handle.start_child(child).await });
    gate.arrival().await;
    // Both are asked while `a` lives; when the second one is served, it does not.
    let mut first = Box::pin(pool.terminate_child(&a));
    let mut second = Box::pin(pool.terminate_child(&a));
    assert!(is_pending(&mut first) && is_pending(&mut second));
    gate.open();
    start.await.expect("no panic").expect("it starts");
    first.await.expect("it stops");
    second.await.expect("it is gone already");
    assert!(!a.is_alive());
    tree.shutdown().await;
}

/// Nothing is proportional to the depth of a tree on the stack: not its start, not its end.
#[tokio::test]
async fn a_very_deep_tree_starts_and_stops() {
    let journal = Journal::new();
    let mut child = Worker::spec("leaf", &journal).child("leaf");
    for level in 0..1_500 {
        let spec = SupervisorSpec::new(Strategy::OneForOne).child(child);
        child = spec.as_child(&level.to_string());
    }
    let tree = of(Strategy::OneForOne, [child]).await;
    assert_eq!(tree.node().counts().processes, 1_502);
    tree.root().process().exit(ExitReason::Killed);
    assert!(is_killed(&tree.root().wait().await));
    assert_eq!(tree.node().counts().processes, 0);
    tree.abandon().await;
}
