//! The metrics say what happened, in the words of the list, and change nothing.

use std::time::Duration;

use foundation::{
    AcquireError, CallError, ItemError, METRICS, MetricKind, Node, NodeConfig, PoolError, Pressure,
    ResourceLimits, ResourceSpec, Strategy, SupervisorSpec, TaskError, TaskSupervisorSpec,
};
use test_helpers::{Do, IsolatedTree, Journal, Recorder, Worker};

use crate::support::{held, is_pending, note, quiet, supervisor};

#[tokio::test]
async fn ends_restarts_refusals_and_dead_letters_are_counted() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    foundation::describe_metrics();
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(5))
        .child(Worker::spec("a", &Journal::new()).child("a"));
    let tree = IsolatedTree::start(spec).await.expect("the tree starts");
    let server = tree.server::<Do>("a").await;
    let monitor = server.process().monitor();
    server.cast(Do::Panic("boom")).expect("there is room");
    server.cast(note("left behind")).expect("there is room");
    let old = monitor.down().await.pid;
    server.cast(note("late")).expect_err("it has ended");
    tree.await_restart("a", old).await;
    tree.kill("a").await;
    tree.root().wait().await;
    tree.abandon().await;
    drop(installed);
    assert_eq!(recorder.counter("foundation.process.exits_total", &[("reason", "panic")]), 1);
    assert_eq!(recorder.counter("foundation.process.exits_total", &[("reason", "killed")]), 1);
    assert_eq!(recorder.counter("foundation.process.exits_total", &[("reason", "shutdown")]), 1);
    assert_eq!(recorder.counter("foundation.process.started_total", &[]), 3);
    assert_eq!(recorder.counter("foundation.dead_letter.buried_total", &[("cause", "exited")]), 1);
    assert_eq!(recorder.counter("foundation.mailbox.refused_total", &[("cause", "noproc")]), 1);
    assert_eq!(recorder.counter("foundation.supervisor.restarts_total", &[]), 1);
    assert_eq!(recorder.counter("foundation.supervisor.start_failures_total", &[]), 0);
    assert_eq!(recorder.counter("foundation.supervisor.gave_up_total", &[]), 1);
}

/// Everything that tasks, pools, calls and resources do, and what came of it.
async fn everything() -> Vec<String> {
    let mut seen = Vec::new();
    let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
    let tree = IsolatedTree::start_with(|node| {
        let pool = TaskSupervisorSpec::new().limit(2).queue(1);
        let pool = pool.name(node, "pool").expect("the name is free");
        let worker = Worker::spec("a", &Journal::new()).child("a");
        supervisor(Strategy::OneForOne).child(pool.as_child("pool")).child(worker)
    });
    let tree = tree.await.expect("the tree starts");
    let named = tree.node().task_supervisor("pool").expect("the type fits");
    let pool = named.resolve().await.expect("it runs");
    let forever = || pool.spawn(std::future::pending::<()>());
    let kept = forever().await.expect("there is room");
    see(&forever().await.expect("there is room").cancel().await);
    let work = |n: u64| async move {
        assert!(n != 1, "one");
        // lint: allow(sleep_in_test) -- the work of a task, under the paused clock of its callers
        foundation::time::sleep(Duration::from_secs(n)).await;
    };
    let stream = pool.map_ordered([0, 1, 9], work).timeout(Duration::from_secs(5));
    see(&stream.collect().await);
    let place = pool.acquire().await.expect("there is room");
    {
        let mut waits = Box::pin(pool.acquire());
        assert!(is_pending(&mut waits));
        see(&pool.acquire().await.map(drop));
    }
    see(&pool.try_acquire().map(drop));
    drop(place);
    drop(kept);
    quiet().await;

    let server = tree.server::<Do>("a").await;
    see(&server.call(|reply| Do::Echo(7, reply)).await.map_err(|error| error.to_string()));
    let gate = held(&server).await;
    let slow = server.call_timeout(Duration::from_secs(1), |reply| Do::Echo(7, reply)).await;
    see(&slow.map_err(|error| error.to_string()));
    gate.open();

    let limits = ResourceLimits::new(tree.node(), [("units", ResourceSpec::new(1).queue(0))]);
    let units = limits.kind("units").expect("it is there");
    let unit = units.try_acquire(1).expect("there is room");
    see(&(units.pressure(), units.try_acquire(1).map(drop), units.try_acquire(2).map(drop)));
    see(&units.acquire(1, Duration::from_secs(1)).await.map(drop));
    drop(unit);
    see(&(units.pressure(), units.used()));
    tree.kill("pool").await;
    see(&pool.acquire().await.map(drop));
    tree.shutdown().await;
    seen
}

#[tokio::test(start_paused = true)]
async fn tasks_pools_calls_and_resources_are_counted() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let seen = everything().await;
    drop(installed);
    assert!(seen[0].contains(&format!("{:?}", TaskError::Aborted)), "{seen:#?}");
    assert!(seen[1].contains(&format!("{:?}", ItemError::TimedOut)), "{seen:#?}");
    assert!(seen.contains(&format!("{:?}", Err::<(), _>(PoolError::Closed))), "{seen:#?}");
    let count = |name: &str, labels: &[(&str, &str)]| {
        recorder.counter(&format!("foundation.{name}"), labels)
    };
    assert_eq!(count("task.started_total", &[]), 5, "two that never end, three of the stream");
    let ended = |outcome| count("task.ended_total", &[("outcome", outcome)]);
    assert_eq!((ended("ok"), ended("panic"), ended("aborted")), (2, 1, 2));
    assert_eq!(count("task.timeouts_total", &[]), 1);
    assert_eq!(count("pool.refused_total", &[("cause", "full")]), 2);
    assert_eq!(count("pool.refused_total", &[("cause", "closed")]), 1);
    assert_eq!(count("call.failed_total", &[("cause", "timeout")]), 1);
    assert_eq!(count("resource.acquired_total", &[]), 1);
    assert_eq!(count("resource.released_total", &[]), 1);
    for cause in ["full", "queue_full", "amount"] {
        assert_eq!(count("resource.denied_total", &[("cause", cause)]), 1, "{cause}");
    }
    for level in ["normal", "severe"] {
        assert_eq!(count("resource.pressure_changes_total", &[("level", level)]), 1, "{level}");
    }
    for gauge in ["task.running", "pool.waiting", "resource.waiting"] {
        assert_eq!(recorder.gauge(&format!("foundation.{gauge}"), &[]), 0.0, "{gauge}");
    }
    let denied = format!("{:?}", Err::<(), _>(AcquireError::QueueFull));
    assert!(seen.contains(&denied) && seen.contains(&format!("{:?}", (Pressure::Normal, 0))));
    assert!(seen.contains(&format!("{:?}", Err::<u64, _>(CallError::Timeout.to_string()))));
}

#[tokio::test(start_paused = true)]
async fn with_and_without_a_recorder_the_same_happens() {
    let without = everything().await;
    let recorder = Recorder::new();
    let installed = recorder.install();
    let with = everything().await;
    drop(installed);
    assert_eq!(with, without);
    assert!(!recorder.lines().is_empty(), "something was recorded");
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_is_in_the_list_with_its_labels() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    everything().await;
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let nobody = node.name::<()>("nobody").expect("the name is free");
    nobody.cast(()).expect_err("nobody has the name");
    nobody.call_timeout::<(), _>(Duration::ZERO, drop).await.expect_err("nobody has the name");
    drop(installed);
    for line in recorder.lines() {
        let (name, labels) = line.trim_end_matches('}').split_once('{').expect("it has labels");
        let metric = METRICS.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in the list"));
        let labels: Vec<_> = labels
            .split(',')
            .filter(|label| !label.is_empty())
            .filter_map(|l| l.split_once('='))
            .collect();
        assert_eq!(labels.len(), metric.labels.len(), "{line}");
        for (key, value) in labels {
            let known =
                metric.labels.iter().any(|(k, values)| *k == key && values.contains(&value));
            assert!(known, "{line}");
        }
    }
}

#[test]
fn every_metric_of_the_list_says_what_it_is() {
    let mut names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), METRICS.len(), "no name is there twice");
    for metric in METRICS {
        assert!(metric.name.starts_with("foundation.") && !metric.help.is_empty(), "{metric:?}");
        let is_total = metric.name.ends_with("_total");
        assert_eq!(is_total, metric.kind == MetricKind::Counter, "{metric:?}");
    }
}

#[test]
fn the_recorder_is_told_of_every_metric_of_the_list() {
    let recorder = Recorder::new();
    recorder.during(foundation::describe_metrics);
    let mut listed: Vec<_> =
        METRICS.iter().map(|metric| (metric.name.to_owned(), metric.help.to_owned())).collect();
    listed.sort();
    assert_eq!(recorder.described(), listed);
}
