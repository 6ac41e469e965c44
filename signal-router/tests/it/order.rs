//! Which subscriptions a signal finds, and in which order; predicates included.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use signal_router::{Priority, Signal, Subscription};

use crate::probe::{World, pattern, read, signal, world};

/// Compares the positions in `subscriptions` that `kind` finds.
#[track_caller]
fn check(world: &World, subscriptions: &[Subscription], kind: &str, wanted: &[usize]) {
    let ids = world.router.matching(&signal(kind));
    let found: Vec<_> = ids
        .iter()
        .map(|id| subscriptions.iter().position(|s| s.id() == *id).expect("a known subscription"))
        .collect();
    assert_eq!(found, wanted, "{kind}");
    let report = world.router.route(signal(kind));
    assert_eq!(report.matched, wanted.len(), "routing finds what asking finds");
}

async fn subscribe_all(world: &World, routes: &[(&str, i32)]) -> Vec<Subscription> {
    let probe = world.probe().await;
    let mut subscriptions = Vec::new();
    for (text, priority) in routes {
        subscriptions.push(world.subscribe_at(text, *priority, &probe).await);
    }
    subscriptions
}

#[tokio::test]
async fn three_types_with_two_one_and_no_subscriber_are_counted_as_such() {
    let world = world().await;
    let routes = [("error.*", 0), ("error.validation", 0)];
    let subscriptions = subscribe_all(&world, &routes).await;
    check(&world, &subscriptions, "error.validation", &[1, 0]);
    check(&world, &subscriptions, "error.other", &[0]);
    check(&world, &subscriptions, "errors", &[]);
    let counts = world.router.counts();
    assert_eq!((counts.matched, counts.unmatched, counts.delivered), (2, 1, 3));
    world.root.shutdown().await;
}

#[tokio::test]
async fn class_then_specificity_then_priority_then_registration() {
    let world = world().await;
    let routes = [
        ("a.**", 100),
        ("a.b", -100),
        ("a.*", 50),
        ("a.b", 0),
        ("*.b", 100),
        ("a.b", 0),
        ("a.*", 50),
        ("**", 100),
    ];
    let subscriptions = subscribe_all(&world, &routes).await;
    check(&world, &subscriptions, "a.b", &[3, 5, 1, 2, 6, 4, 0, 7]);
    world.root.shutdown().await;
}

#[tokio::test]
async fn predicates_do_not_change_the_order() {
    let world = world().await;
    let probe = world.probe().await;
    let conditional = async |priority| {
        let priority = Priority::new(priority).expect("a priority");
        let door = probe.recipient();
        let answer = world.router.subscribe_where(pattern("p"), priority, door, |_| true).await;
        answer.expect("a live subscriber")
    };
    let subscriptions =
        [conditional(100).await, world.subscribe("p", &probe).await, conditional(-100).await];
    check(&world, &subscriptions, "p", &[0, 1, 2]);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_predicate_sees_the_signal_and_is_asked_only_when_the_pattern_matches() {
    let world = world().await;
    let probe = world.probe().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let dear = move |signal: &Signal| {
        counter.fetch_add(1, Ordering::Relaxed);
        signal.json().and_then(|data| data["cents"].as_i64()).is_some_and(|cents| cents >= 100)
    };
    let orders = pattern("order.*");
    let answer = world.router.subscribe_where(orders, Priority::default(), probe.recipient(), dear);
    let subscription = answer.await.expect("a live subscriber");
    assert_eq!(asked.load(Ordering::Relaxed), 0, "not at registration");

    let order = |id: &str, cents| {
        let builder = Signal::builder("order.paid", "/shop").id(id).data(json!({"cents": cents}));
        builder.build().expect("a signal")
    };
    assert_eq!(world.router.route(order("dear", 100)).delivered, 1);
    let cheap = world.router.route(order("cheap", 99));
    assert_eq!((cheap.matched, cheap.delivered), (0, 0));
    assert!(cheap.require_match().is_err(), "a refused signal is for nobody");
    assert_eq!(world.router.route(signal("other")).matched, 0);
    assert_eq!(asked.load(Ordering::Relaxed), 2, "not for another type");
    assert_eq!(read(&probe).await, ["dear"]);
    drop(subscription);
    world.root.shutdown().await;
}

#[tokio::test]
async fn subscriptions_are_listed_in_the_order_of_registration() {
    let world = world().await;
    let mut subscriptions =
        subscribe_all(&world, &[("a", 1), ("**", 2), ("a", 3), ("b.*", 4)]).await;
    subscriptions.remove(0).unsubscribe().await.expect("a live router");
    let listed: Vec<_> = world
        .router
        .subscriptions()
        .iter()
        .map(|info| (info.pattern.to_string(), info.priority.value()))
        .collect();
    assert_eq!(listed, [("**".into(), 2), ("a".into(), 3), ("b.*".into(), 4)]);
    assert_eq!(world.router.subscription_count(), 3);
    world.root.shutdown().await;
}
