//! Limits of resources: what is given comes back once, whoever held it, and whoever waits is served in turn.

use std::sync::Arc;
use std::time::Duration;

use foundation::{
    AcquireError, Context, Exit, GenServer, Node, NodeConfig, Pressure, Resource, ResourceLimits,
    ResourcePermit, ResourceSpec, Restart, ServerSpec, Strategy,
};
use test_helpers::IsolatedTree;

use crate::support::{beside, is_pending, on_thread, quiet, supervisor};

const FAR: Duration = Duration::from_secs(60);

fn node() -> Node {
    Node::new(NodeConfig::default()).expect("panics unwind")
}

fn resource(spec: ResourceSpec) -> Resource {
    ResourceLimits::new(&node(), [("units", spec)]).kind("units").expect("it is there")
}

#[tokio::test]
async fn kinds_are_counted_apart_and_an_unknown_one_is_refused() {
    let kinds =
        [("entries", ResourceSpec::new(1_000_000)), ("megabytes", ResourceSpec::new(1_024))];
    let limits = ResourceLimits::new(&node(), kinds);
    let megabytes = limits.kind("megabytes").expect("it is there");
    let permit = megabytes.try_acquire(24).expect("there is room");
    assert_eq!((permit.kind(), permit.amount()), ("megabytes", 24));
    assert_eq!((megabytes.limit(), megabytes.used(), megabytes.available()), (1_024, 24, 1_000));
    let all: Vec<_> = limits.kinds().map(|kind| (kind.kind(), kind.used())).collect();
    assert_eq!(all, [("entries", 0), ("megabytes", 24)]);
    let unknown = limits.kind("threads").expect_err("nobody set a limit");
    assert_eq!(unknown.kind(), "threads");
    permit.release();
    assert_eq!(megabytes.used(), 0);
}

#[tokio::test]
async fn the_limit_is_hard_and_what_can_never_be_had_is_said_at_once() {
    let units = resource(ResourceSpec::new(10));
    let most = units.try_acquire(9).expect("there is room");
    assert_eq!(units.try_acquire(2).map(drop), Err(AcquireError::Full));
    for asked in [0, 11] {
        let never = Err(AcquireError::Amount { asked, limit: 10 });
        assert_eq!(units.try_acquire(asked).map(drop), never);
        assert_eq!(units.acquire(asked, FAR).await.map(drop), never);
    }
    let last = units.try_acquire(1).expect("exactly the limit can be had");
    drop((most, last));
    assert_eq!(units.available(), 10);
}

#[test]
#[should_panic(expected = "a resource has at least one unit")]
fn a_limit_of_zero_is_refused_when_it_is_set() {
    let never = ResourceSpec::new(0);
    panic!("{never:?} was made");
}

#[test]
#[should_panic(expected = "two resources have the name \"a\"")]
fn a_kind_has_one_limit() {
    drop(ResourceLimits::new(&node(), [("a", ResourceSpec::new(1)), ("a", ResourceSpec::new(2))]));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline_and_leaves_the_line() {
    let units = resource(ResourceSpec::new(2));
    let held = units.try_acquire(2).expect("there is room");
    let began = tokio::time::Instant::now();
    let late = units.acquire(1, Duration::from_secs(3)).await;
    assert_eq!(late.map(drop), Err(AcquireError::Timeout));
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(3) && waited <= Duration::from_millis(3_010));
    assert_eq!(units.waiting(), 0);
    drop(held);
    assert_eq!(units.available(), 2);
}

#[tokio::test]
async fn who_waits_is_served_in_turn_also_when_a_later_one_wants_less() {
    let units = resource(ResourceSpec::new(4));
    let (first, second) = (units.try_acquire(2), units.try_acquire(2));
    let mut large = Box::pin(units.acquire(4, FAR));
    assert!(is_pending(&mut large));
    let mut small = Box::pin(units.acquire(1, FAR));
    assert!(is_pending(&mut small));
    drop(first);
    assert!(is_pending(&mut small), "the large one is first");
    assert_eq!(units.try_acquire(1).map(drop), Err(AcquireError::Full), "nobody slips in");
    drop(second);
    let large = large.await.expect("its turn");
    assert!(is_pending(&mut small));
    drop(large);
    drop(small.await.expect("its turn"));
    assert_eq!((units.available(), units.waiting()), (4, 0));
}

#[tokio::test]
async fn one_waiter_too_many_is_refused_and_a_wait_that_is_given_up_makes_room() {
    let units = resource(ResourceSpec::new(1).queue(2));
    let held = units.try_acquire(1).expect("there is room");
    let (mut first, mut second) =
        (Box::pin(units.acquire(1, FAR)), Box::pin(units.acquire(1, FAR)));
    assert!(is_pending(&mut first) && is_pending(&mut second));
    assert_eq!(units.acquire(1, FAR).await.map(drop), Err(AcquireError::QueueFull));
    drop(first);
    let mut third = Box::pin(units.acquire(1, FAR));
    assert!(is_pending(&mut third), "there is room in the line again");
    drop(held);
    drop(second.await.expect("its turn"));
    drop(third.await.expect("its turn"));
}

#[tokio::test]
async fn units_that_were_granted_to_a_wait_that_is_given_up_come_back_with_their_pressure() {
    let units = resource(ResourceSpec::new(1));
    let held = units.try_acquire(1).expect("there is room");
    let mut waits = Box::pin(units.acquire(1, FAR));
    assert!(is_pending(&mut waits));
    drop(held);
    assert_eq!((units.used(), units.pressure()), (1, Pressure::Severe), "it is granted already");
    drop(waits);
    assert_eq!((units.used(), units.pressure()), (0, Pressure::Normal));
}

/// A process that holds what it was given.
struct Holder {
    _permit: ResourcePermit,
}

impl GenServer for Holder {
    type Args = Resource;
    type Msg = &'static str;

    async fn init(units: Resource, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { _permit: units.try_acquire(3)? })
    }

    async fn handle(&mut self, msg: &'static str, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            "fail" => Err(Exit::error("on purpose")),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn the_units_of_a_process_are_back_before_its_end_is_known_however_it_ends() {
    let units = resource(ResourceSpec::new(3));
    let tree = IsolatedTree::start(supervisor(Strategy::OneForOne)).await.expect("it starts");
    for end in ["kill", "fail", "panic", "stop"] {
        let holder = ServerSpec::<Holder>::new(units.clone()).child("holder");
        let holder = holder.restart(Restart::Temporary);
        tree.handle().start_child(holder).await.expect("it starts");
        assert_eq!(units.available(), 0);
        let server = tree.server::<&'static str>("holder").await;
        let monitor = server.process().monitor();
        match end {
            "kill" => drop(tree.kill("holder").await),
            "stop" => tree.handle().terminate_child("holder").await.expect("it stops"),
            other => server.cast(other).expect("there is room"),
        }
        monitor.down().await;
        assert_eq!(units.available(), 3, "{end}");
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn the_units_of_a_task_that_is_aborted_come_back() {
    let units = resource(ResourceSpec::new(1));
    let task = beside({
        let permit = units.try_acquire(1).expect("there is room");
        async move {
            let _permit = permit;
            std::future::pending::<()>().await;
        }
    });
    quiet().await;
    assert_eq!(units.available(), 0);
    #[expect(clippy::disallowed_methods, reason = "an owner that is aborted is what is tested")]
    task.abort();
    assert!(task.await.expect_err("it was aborted").is_cancelled());
    assert_eq!(units.available(), 1);
}

#[tokio::test]
async fn a_watch_sees_each_threshold_crossed_in_both_directions() {
    let units = resource(ResourceSpec::new(100));
    let mut watch = units.watch();
    assert_eq!(watch.current(), Pressure::Normal);
    let mut permits = vec![units.try_acquire(90).expect("there is room")];
    assert!(is_pending(&mut Box::pin(watch.changed())), "90 of 100 is not above 90 %");
    let mut step = |amount| permits.push(units.try_acquire(amount).expect("there is room"));
    step(1);
    assert_eq!(watch.changed().await, Pressure::Moderate);
    step(4);
    assert!(is_pending(&mut Box::pin(watch.changed())), "95 of 100 is not above 95 %");
    step(1);
    assert_eq!(watch.changed().await, Pressure::Severe);
    assert_eq!(units.pressure(), Pressure::Severe);
    permits.pop();
    assert_eq!(watch.changed().await, Pressure::Moderate);
    permits.clear();
    assert_eq!(watch.changed().await, Pressure::Normal);
    assert!(is_pending(&mut Box::pin(watch.changed())));
}

#[tokio::test]
async fn thresholds_can_be_set_and_changes_that_nobody_waited_for_are_one() {
    let units = resource(ResourceSpec::new(10).thresholds(50, 60));
    let mut watch = units.watch();
    let half = units.try_acquire(6).expect("there is room");
    let most = units.try_acquire(1).expect("there is room");
    assert_eq!(watch.changed().await, Pressure::Severe);
    drop(most);
    drop(half);
    assert_eq!(watch.changed().await, Pressure::Normal);
}

#[test]
fn on_many_threads_the_limit_holds_everything_comes_back_and_the_last_pressure_is_right() {
    let units = resource(ResourceSpec::new(3).thresholds(0, 50));
    let most = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (units, most) = (units.clone(), Arc::clone(&most));
            on_thread(move || {
                for _ in 0..5_000 {
                    let Ok(permit) = units.try_acquire(2) else { continue };
                    most.fetch_max(units.used(), std::sync::atomic::Ordering::SeqCst);
                    drop(permit);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
    assert!(most.load(std::sync::atomic::Ordering::SeqCst) <= 3);
    assert_eq!((units.used(), units.pressure()), (0, Pressure::Normal));
}
