//! What a crash of the router takes along, and what it does not.

use foundation::{
    ChildProcess, ExitReason, Node, NodeConfig, ProcessRef, Restart, ServerSpec, Strategy,
    Supervisor, SupervisorSpec,
};
use signal_router::{Priority, RouteError, Routed, Router};

use crate::probe::{Probe, ProbeMsg, World, pattern, read, signal, signal_with_id, world};

/// Kills the router and returns its next incarnation.
async fn crash(world: &World) -> ProcessRef {
    let old = world.router.process().expect("a live router");
    let monitor = old.monitor();
    old.exit(ExitReason::Killed);
    monitor.down().await;
    loop {
        match world.router.process() {
            Some(new) if new.pid() != old.pid() => return new,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test]
async fn a_handle_works_across_a_restart_and_old_subscriptions_are_gone() {
    let world = world().await;
    let probe = world.probe().await;
    let old = world.subscribe("a", &probe).await;
    assert_eq!(world.router.route(signal_with_id("a", "before")).delivered, 1);
    crash(&world).await;
    assert_eq!(world.router.subscription_count(), 0);

    let new = world.subscribe("a", &probe).await;
    assert_ne!(old.id(), new.id(), "an id is never used again");
    assert_eq!(world.router.route(signal_with_id("a", "after")).delivered, 1);
    assert_eq!(read(&probe).await, ["before", "after"], "what the mailbox held is not lost");
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_guard_of_a_dead_router_cannot_end_a_new_subscription() {
    let world = world().await;
    let probe = world.probe().await;
    let old = [world.subscribe("a", &probe).await, world.subscribe("a", &probe).await];
    crash(&world).await;
    let new = world.subscribe("a", &probe).await;
    drop(old);
    world.settle().await;
    assert_eq!(world.router.matching(&signal("a")), [new.id()]);
    assert_eq!(world.router.subscription_count(), 1);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_subscriber_can_know_that_the_router_died() {
    let world = world().await;
    let probe = world.probe().await;
    let guard = world.subscribe("a", &probe).await;
    let monitor = guard.router().monitor();
    assert_eq!(Some(guard.router().pid()), world.router.process().map(|process| process.pid()));
    crash(&world).await;
    assert!(matches!(monitor.down().await.reason, ExitReason::Killed));
    world.root.shutdown().await;
}

#[tokio::test]
async fn while_no_router_runs_a_report_says_so() {
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let router = Router::new(&node, "router").expect("the name is free");
    let handle = router.handle();
    assert_eq!(handle.route(signal("a")).routed, Routed::NoRouter, "not yet");

    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(router.child("router").restart(Restart::Temporary))
        .child(ServerSpec::<Probe>::new(()).child("probe"));
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let probe = root.handle().which_children().await.expect("a live supervisor");
    let probe = probe.iter().find(|child| &*child.id == "probe").expect("it was started");
    let ChildProcess::Running(probe) = &probe.process else { panic!("{probe:?}") };
    let door = probe.server::<ProbeMsg>().expect("it takes probe messages").recipient();
    let guard = handle.subscribe(pattern("a"), Priority::default(), door).await;
    assert_eq!(handle.route(signal("a")).routed, Routed::Matched);

    // A kill skips `terminate`, and this child is not restarted.
    let process = handle.process().expect("a live router");
    process.exit(ExitReason::Killed);
    process.monitor().down().await;
    let report = handle.route(signal("a"));
    assert_eq!((report.routed, report.matched), (Routed::NoRouter, 0));
    assert_eq!(report.require_match().map(drop), Err(RouteError::NoRouter));
    assert_eq!(handle.counts().no_router, 2);
    assert_eq!(handle.subscription_count(), 0);
    drop(guard);
    root.shutdown().await;
}
