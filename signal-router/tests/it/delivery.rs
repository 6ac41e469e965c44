//! What becomes of a signal: delivered, dropped with a reason, or for nobody.

use std::sync::Arc;

use foundation::ExitReason;
use signal_router::{DropReason, RouteError, Routed};

use crate::probe::{read, signal, signal_with_id, world};

#[tokio::test]
async fn every_receiver_shares_one_signal() {
    let world = world().await;
    let (one, two) = (world.probe().await, world.probe().await);
    let guards = (world.subscribe("a.b", &one).await, world.subscribe("**", &two).await);
    let signal = signal_with_id("a.b", "7");
    let report = world.router.route(Arc::clone(&signal));
    assert_eq!((report.routed, report.matched, report.delivered), (Routed::Matched, 2, 2));
    assert_eq!(Arc::strong_count(&signal), 3, "two mailboxes and this test");
    assert_eq!((read(&one).await, read(&two).await), (vec!["7".into()], vec!["7".into()]));
    drop(guards);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_full_subscriber_is_reported_and_delays_nobody() {
    let world = world().await;
    // Nobody runs between two awaits here, so a mailbox of two holds exactly two.
    let (slow, quick) = (world.probe_of(2).await, world.probe_of(64).await);
    let full = world.subscribe_at("a", 100, &slow).await;
    let other = world.subscribe_at("a", 0, &quick).await;
    for round in 0..5 {
        let report = world.router.route(signal_with_id("a", round.to_string()));
        assert_eq!((report.routed, report.matched), (Routed::Matched, 2));
        if round < 2 {
            assert_eq!((report.delivered, report.dropped.len()), (2, 0));
        } else {
            assert_eq!(report.delivered, 1);
            assert_eq!(report.dropped, [(full.id(), DropReason::Full)]);
        }
    }
    assert_eq!(read(&quick).await, ["0", "1", "2", "3", "4"]);
    assert_eq!(read(&slow).await, ["0", "1"]);
    let counts = world.router.counts();
    assert_eq!((counts.delivered, counts.dropped_full, counts.dropped_no_proc), (7, 3, 0));
    assert_eq!(world.router.route(signal_with_id("a", "5")).delivered, 2, "there is room again");
    assert_eq!(read(&slow).await, ["0", "1", "5"]);
    drop(other);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_dead_subscriber_is_no_longer_routed_to() {
    let world = world().await;
    let (dead, live) = (world.probe().await, world.probe().await);
    let guard = world.subscribe("a", &dead).await;
    let other = world.subscribe("a", &live).await;
    dead.process().exit(ExitReason::Killed);
    dead.process().monitor().down().await;
    world.settle().await;
    let report = world.router.route(signal("a"));
    assert_eq!((report.matched, report.delivered), (1, 1));
    assert_eq!(world.router.matching(&signal("a")), [other.id()]);
    drop(guard);
    world.settle().await;
    assert_eq!(world.router.subscription_count(), 1, "the late guard took nothing along");
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_signal_for_nobody_says_so_and_is_counted() {
    let world = world().await;
    let report = world.router.route(signal("a"));
    assert_eq!((report.routed, report.matched, report.delivered), (Routed::None, 0, 0));
    assert_eq!(report.require_match().map(drop), Err(RouteError::NoMatch));
    assert_eq!(world.router.counts().unmatched, 1);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_subscriber_gets_a_signal_once_for_each_matching_subscription() {
    let world = world().await;
    let probe = world.probe().await;
    let guards = [
        world.subscribe("**.b", &probe).await,
        world.subscribe("a.*", &probe).await,
        world.subscribe("x", &probe).await,
    ];
    assert_eq!(world.router.route(signal_with_id("a.b", "1")).delivered, 2);
    assert_eq!(read(&probe).await, ["1", "1"]);
    drop(guards);
    world.root.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_of_one_emitter_arrive_in_order_while_others_come_and_go() {
    let world = world().await;
    let probe = world.probe_of(2000).await;
    let kept = world.subscribe("tick.*", &probe).await;
    let churn = async {
        for _ in 0..200 {
            let other = world.probe().await;
            let guard = world.subscribe("tick.**", &other).await;
            drop(world.subscribe("tick.one", &other).await);
            other.process().exit(ExitReason::Killed);
            drop(guard);
        }
    };
    let emit = async {
        for number in 0..1000 {
            let report = world.router.route(signal_with_id("tick.one", number.to_string()));
            let missed = report.dropped.iter().any(|(id, _)| *id == kept.id());
            assert!(report.matched >= 1 && !missed, "{report:?}");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(churn, emit);
    let wanted: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    assert_eq!(read(&probe).await, wanted);
    world.root.shutdown().await;
}
