//! When a subscription ends: with its guard, with its subscriber, and not otherwise.

use foundation::{CallError, ExitReason};
use signal_router::{DropReason, Priority, SubscribeError};

use crate::probe::{pattern, read, signal, signal_with_id, world, world_of};

#[tokio::test]
async fn a_dropped_guard_ends_deliveries_at_once() {
    let world = world().await;
    let probe = world.probe().await;
    let guard = world.subscribe("a", &probe).await;
    let other = world.subscribe("a", &probe).await;
    assert_eq!(world.router.route(signal_with_id("a", "1")).delivered, 2);
    drop(guard);
    assert_eq!(world.router.route(signal_with_id("a", "2")).matched, 1, "the router has not run");
    assert_eq!(world.router.matching(&signal("a")), [other.id()]);
    assert_eq!(read(&probe).await, ["1", "1", "2"], "what was accepted stays");
    world.settle().await;
    assert_eq!(world.router.subscription_count(), 1);
    world.root.shutdown().await;
}

#[tokio::test]
async fn unsubscribing_waits_until_the_router_has_forgotten() {
    let world = world().await;
    let probe = world.probe().await;
    let monitors = world.node.counts().monitors;
    let first = world.subscribe("a", &probe).await;
    let second = world.subscribe("b.*", &probe).await;
    assert_eq!(world.node.counts().monitors, monitors + 1, "one monitor per subscriber");
    first.unsubscribe().await.expect("a live router");
    assert_eq!(world.router.subscription_count(), 1);
    assert_eq!(world.node.counts().monitors, monitors + 1, "it still subscribes");
    second.unsubscribe().await.expect("a live router");
    assert_eq!(world.router.subscription_count(), 0);
    assert_eq!(world.node.counts().monitors, monitors, "nothing left to watch");
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_thousand_dead_subscribers_leave_nothing() {
    let world = world().await;
    let monitors = world.node.counts().monitors;
    let mut probes = Vec::new();
    let mut guards = Vec::new();
    for number in 0..1000 {
        let probe = world.probe().await;
        let text = ["all", "all.*", "all.**", &format!("all.{number}")][number % 4].to_owned();
        guards.push(world.subscribe(&text, &probe).await);
        guards.push(world.subscribe("all", &probe).await);
        probes.push(probe);
    }
    assert_eq!(world.router.subscription_count(), 2000);
    assert_eq!(world.router.route(signal("all")).delivered, 1500);
    for probe in &probes {
        probe.process().exit(ExitReason::Killed);
    }
    for probe in &probes {
        probe.process().monitor().down().await;
    }
    world.settle().await;
    assert_eq!(world.router.subscription_count(), 0, "though every guard is held");
    assert_eq!(world.router.subscriptions().len(), 0);
    let report = world.router.route(signal("all"));
    assert_eq!((report.matched, report.dropped.len()), (0, 0));
    let settled = world.node.counts().monitors;
    assert!(settled <= monitors + 2, "{settled} monitors, {monitors} before, settling may add");
    drop(guards);
    world.settle().await;
    assert_eq!(world.router.subscription_count(), 0);
    world.root.shutdown().await;
}

#[tokio::test]
async fn guards_dropped_faster_than_the_router_runs_are_all_forgotten() {
    let world = world().await;
    let probe = world.probe().await;
    let mut guards = Vec::new();
    for number in 0..3000 {
        guards.push(world.subscribe(&format!("a.{number}"), &probe).await);
    }
    // More than the mailbox of the router takes, and it cannot run before the next await.
    drop(guards);
    world.settle().await;
    assert_eq!(world.router.subscription_count(), 0);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_dead_subscriber_is_refused() {
    let world = world().await;
    let probe = world.probe().await;
    let door = probe.recipient();
    probe.process().exit(ExitReason::Killed);
    probe.process().monitor().down().await;
    let answer = world.router.subscribe(pattern("a"), Priority::default(), door).await;
    assert!(matches!(answer, Err(SubscribeError::NoProc)));
    assert_eq!(world.router.subscription_count(), 0);

    let unheld = world.node.name::<crate::probe::ProbeMsg>("nobody").expect("free").recipient();
    let answer = world.router.subscribe(pattern("a"), Priority::default(), unheld).await;
    assert!(matches!(answer, Err(SubscribeError::NoProc)));
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_full_router_refuses_and_has_room_again() {
    let world = world_of(|router| router.subscriptions_max(2)).await;
    let probe = world.probe().await;
    let guards = [world.subscribe("a", &probe).await, world.subscribe("a", &probe).await];
    let again = || world.router.subscribe(pattern("a"), Priority::default(), probe.recipient());
    assert!(matches!(again().await, Err(SubscribeError::Limit { max: 2 })));
    assert_eq!(world.router.subscription_count(), 2);
    drop(guards);
    assert!(again().await.is_ok(), "what was released counts no more");
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_subscriber_that_gives_up_waiting_leaves_no_subscription() {
    let world = world().await;
    let probe = world.probe().await;
    let request = world.router.subscribe(pattern("a"), Priority::default(), probe.recipient());
    // Polled once, which sends the request, and dropped.
    tokio::select! {
        biased;
        _ = request => panic!("the router cannot have run"),
        () = std::future::ready(()) => {}
    }
    world.settle().await;
    world.settle().await;
    assert_eq!(world.router.subscription_count(), 0);
    assert_eq!(world.router.route(signal("a")).matched, 0);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_router_that_does_not_run_answers_nobody() {
    let world = world().await;
    let probe = world.probe().await;
    let guard = world.subscribe("a", &probe).await;
    world.root.shutdown().await;
    let answer = world.router.subscribe(pattern("a"), Priority::default(), probe.recipient()).await;
    assert!(matches!(answer, Err(SubscribeError::Router(CallError::NoProc))));
    let report = world.router.route(signal("a"));
    assert_eq!(report.routed, signal_router::Routed::NoRouter);
    assert!(report.dropped.iter().all(|(_, reason)| *reason != DropReason::Full));
    guard.unsubscribe().await.expect("it went with the router");
}
