//! The monitors of a node can be looked at, and looking changes nothing.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Context, Down, Exit, ExitReason, GenServer, Info, MonitorEntry, MonitorFilter, MonitorRef,
    MonitorTag, Monitors, ProcessRef, Reply, ServerRef, ServerSpec, Strategy,
};
use test_helpers::{Baseline, IsolatedTree, Journal, Recorder, Worker};

use crate::support::{in_time, is_killed, lone, of, on_thread};

const AGE: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

/// Watches what it is told to.
#[derive(Default)]
struct Owner {
    guards: Vec<MonitorRef>,
    heard: Vec<Down>,
}

enum Order {
    Watch(ProcessRef, Option<MonitorTag>, Reply<&'static Location<'static>>),
    Heard(Reply<Vec<Down>>),
}

/// A line of this file and what stands there.
macro_rules! at_this_line {
    ($made:expr) => {
        ($made, Location::caller())
    };
}

impl GenServer for Owner {
    type Args = ();
    type Msg = Order;

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self::default())
    }

    async fn handle(&mut self, order: Order, cx: &mut Context<Self>) -> Result<(), Exit> {
        match order {
            Order::Watch(target, tag, reply) => {
                let (guard, site) = match tag {
                    Some(tag) => at_this_line!(cx.monitor_as(tag, &target)),
                    None => at_this_line!(cx.monitor(&target)),
                };
                self.guards.push(guard);
                reply.send(site);
            }
            Order::Heard(reply) => reply.send(self.heard.clone()),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Down(down) = info {
            self.heard.push(down);
        }
        Ok(())
    }
}

/// A tree of an owner `o` and a target `t`.
async fn pair() -> (IsolatedTree, ServerRef<Order>, ProcessRef) {
    let children = [
        ServerSpec::<Owner>::new(()).child("o"),
        Worker::spec("t", &Journal::new()).child("t").restart(foundation::Restart::Temporary),
    ];
    let tree = of(Strategy::OneForOne, children).await;
    let (owner, target) = (tree.server::<Order>("o").await, tree.process("t").await);
    (tree, owner, target)
}

async fn watch(
    owner: &ServerRef<Order>,
    target: &ProcessRef,
    tag: Option<MonitorTag>,
) -> &'static Location<'static> {
    let target = target.clone();
    owner.call(|reply| Order::Watch(target, tag, reply)).await.expect("it answers")
}

fn all(monitors: Monitors<'_>) -> Vec<MonitorEntry> {
    monitors.list(&MonitorFilter::new())
}

fn tags(entries: &[MonitorEntry]) -> Vec<&'static str> {
    entries.iter().map(|entry| entry.tag.unwrap_or("-")).collect()
}

fn ages(entries: &[MonitorEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.age.as_secs()).collect()
}

fn line_of(site: &Location<'_>) -> (String, u32) {
    (site.file().to_owned(), site.line())
}

#[tokio::test]
async fn the_list_says_who_watches_whom_for_what_since_when_and_from_which_line() {
    let (tree, owner, target) = pair().await;
    let monitors = tree.node().monitors();
    assert!(all(monitors).is_empty());
    let (outside, site) = at_this_line!(target.monitor());
    let plain = watch(&owner, &target, None).await;
    let tagged = watch(&owner, &target, Some(MonitorTag::long_lived("cache"))).await;
    assert_eq!(all(monitors).len(), 3);
    tree.clock().advance(AGE);
    let entries = all(monitors);
    assert_eq!(tags(&entries), ["-", "-", "cache"], "oldest first");
    assert_eq!(entries[0].monitor, outside.id());
    assert_eq!((entries[0].owner, entries[0].owner_name.as_deref()), (None, None));
    assert_eq!(line_of(entries[0].site), line_of(site), "not a line of the kernel");
    for (entry, line) in entries[1..].iter().zip([plain, tagged]) {
        assert_eq!((entry.owner, entry.owner_name.as_deref()), (Some(owner.pid()), Some("o")));
        assert_eq!(line_of(entry.site), line_of(line));
    }
    for entry in &entries {
        assert_eq!((entry.target, entry.target_name.as_deref()), (target.pid(), Some("t")));
        assert_eq!(entry.age, AGE);
        assert_eq!(entry.is_long_lived, entry.tag.is_some());
    }
    let text = entries[2].to_string();
    let wanted = [
        format!(
            "monitor {} of {} (t) by {} (o), tag cache",
            entries[2].monitor,
            target.pid(),
            owner.pid()
        ),
        format!("for 300s, made at {}", entries[2].site),
    ];
    assert_eq!(text, wanted.join(", "));
    drop(outside);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_filter_allows_by_tag_owner_and_age_and_keeps_the_oldest() {
    let (tree, owner, target) = pair().await;
    let monitors = tree.node().monitors();
    let kept: Vec<_> = ["a", "b", "a"].map(|tag| target.monitor_as(tag)).into();
    assert_eq!(monitors.stats().active, 3, "a look");
    tree.clock().advance(SECOND);
    watch(&owner, &target, Some("a".into())).await;
    let tag = |name: &str| MonitorFilter::new().tag(name);
    assert_eq!(tags(&monitors.list(&tag("a"))), ["a", "a", "a"]);
    assert_eq!(tags(&monitors.list(&tag("b"))), ["b"]);
    assert!(monitors.list(&tag("c")).is_empty());
    let of_owner = monitors.list(&MonitorFilter::new().owner(owner.pid()));
    assert_eq!(of_owner.len(), 1);
    assert_eq!(of_owner[0].owner, Some(owner.pid()));
    assert!(monitors.list(&MonitorFilter::new().owner(target.pid())).is_empty());
    assert_eq!(tags(&monitors.list(&MonitorFilter::new().min_age(SECOND))), ["a", "b", "a"]);
    assert_eq!(tags(&monitors.list(&MonitorFilter::new().limit(2))), ["a", "b"], "the oldest");
    assert!(monitors.list(&tag("a").limit(0)).is_empty());
    drop(kept);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_age_counts_from_the_first_look_after_the_monitor_was_made_or_from_a_start() {
    let (tree, _owner, target) = pair().await;
    let monitors = tree.node().monitors();
    let first = target.monitor();
    tree.clock().advance(SECOND);
    assert_eq!(ages(&all(monitors)), [0], "nobody can know that it is a second old");
    tree.clock().advance(SECOND);
    let second = target.monitor();
    // The start of a process is as good as a look.
    let spec = Worker::spec("x", &Journal::new()).child("x");
    tree.handle().start_child(spec).await.expect("it starts");
    tree.clock().advance(SECOND * 10);
    assert_eq!(ages(&all(monitors)), [11, 10]);
    drop(first);
    assert_eq!(ages(&all(monitors)), [10]);
    drop(second);
    tree.shutdown().await;
}

#[tokio::test]
async fn many_looks_keep_a_bounded_number_of_notes_and_no_age_is_too_high() {
    let (tree, _owner, target) = pair().await;
    let monitors = tree.node().monitors();
    let mut guards = Vec::new();
    for _ in 0..2_000 {
        guards.push(target.monitor());
        assert!(monitors.stats().active > 0, "a look");
        tree.clock().advance(SECOND);
    }
    let entries = monitors.list(&MonitorFilter::new().limit(usize::MAX));
    assert_eq!(entries.len(), guards.len());
    let mut distinct = std::collections::BTreeSet::new();
    for (place, entry) in entries.iter().enumerate() {
        assert_eq!(entry.monitor, guards[place].id());
        let age = u64::try_from(guards.len() - place).expect("it fits");
        let shown = entry.age.as_secs();
        assert!(shown <= age, "{shown} s for {age} s");
        assert!(shown * 10 >= age * 9, "{shown} s for {age} s");
        distinct.insert(shown);
    }
    assert!(distinct.len() <= 256, "{}", distinct.len());
    drop(guards);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_old_monitor_is_a_leak_unless_it_is_meant_to_live_long_or_its_target_is_gone() {
    let (tree, owner, target) = pair().await;
    let (other, gone) = lone(Worker::spec("g", &Journal::new())).await;
    let monitors = tree.node().monitors();
    assert!(monitors.find_leaks(AGE).is_empty());
    watch(&owner, &target, Some(MonitorTag::new("request"))).await;
    watch(&owner, &target, Some(MonitorTag::long_lived("cache"))).await;
    let outside = target.monitor();
    watch(&owner, gone.process(), None).await;
    assert!(monitors.find_leaks(AGE).is_empty(), "all are young");
    tree.clock().advance(AGE - SECOND);
    assert!(monitors.find_leaks(AGE).is_empty(), "all are a second too young");
    tree.clock().advance(SECOND);
    assert_eq!(tags(&monitors.find_leaks(AGE)), ["request", "-"]);
    assert_eq!(tags(&monitors.find_leaks(AGE)), ["request", "-"], "asking changes nothing");
    drop(outside);
    assert_eq!(tags(&monitors.find_leaks(AGE)), ["request"]);
    let again = target.monitor();
    tree.kill("t").await;
    assert!(monitors.find_leaks(AGE).is_empty(), "the guards are there, the target is not");
    drop(again);
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn advice_names_each_old_monitor_once_and_counts_it() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let (tree, owner, target) = pair().await;
    let monitors = tree.node().monitors();
    watch(&owner, &target, Some(MonitorTag::long_lived("cache"))).await;
    let first = target.monitor_as("first");
    assert!(monitors.advise(AGE).is_empty());
    tree.clock().advance(AGE);
    assert_eq!(tags(&monitors.advise(AGE)), ["first"]);
    let second = target.monitor_as("second");
    assert!(monitors.advise(AGE).is_empty(), "it has been said");
    tree.clock().advance(AGE);
    assert_eq!(tags(&monitors.advise(AGE)), ["second"]);
    assert!(monitors.advise(AGE).is_empty());
    assert_eq!(tags(&monitors.find_leaks(AGE)), ["first", "second"], "they are still there");
    let advice = recorder.counter("foundation.monitor.leak_advice_total", &[]);
    drop((installed, first, second));
    assert_eq!(advice, 2);
    tree.shutdown().await;
}

#[tokio::test]
async fn forgetting_the_ages_loses_no_monitor() {
    let (tree, owner, target) = pair().await;
    let monitors = tree.node().monitors();
    let outside = target.monitor();
    watch(&owner, &target, None).await;
    assert_eq!(all(monitors).len(), 2);
    tree.clock().advance(AGE);
    monitors.forget_ages();
    assert_eq!(ages(&all(monitors)), [0, 0], "both are young again");
    tree.clock().advance(SECOND);
    assert_eq!(ages(&all(monitors)), [1, 1]);
    monitors.forget_ages();
    tree.kill("t").await;
    assert!(is_killed(&in_time(outside.down()).await.reason));
    let heard = owner.call(Order::Heard).await.expect("it answers");
    assert_eq!(heard.len(), 1);
    assert!(is_killed(&heard[0].reason));
    tree.shutdown().await;
}

#[tokio::test]
async fn the_counts_say_what_was_made_fired_and_dropped_and_the_metrics_follow() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let (tree, owner, target) = pair().await;
    let counts = || {
        let stats = tree.node().monitors().stats();
        [stats.created, stats.fired, stats.dropped, stats.active]
    };
    assert_eq!(counts(), [0, 0, 0, 0]);
    let kept = target.monitor();
    drop(target.monitor());
    watch(&owner, &target, None).await;
    assert_eq!(counts(), [3, 0, 1, 2]);
    target.exit(ExitReason::Killed);
    in_time(kept.down()).await;
    assert_eq!(counts(), [3, 2, 2, 1], "both fired, and one guard is left");
    watch(&owner, &target, None).await;
    in_time(target.monitor().down()).await;
    assert_eq!(counts(), [5, 4, 3, 2], "those of a dead process fire at once");
    let old = tree.kill("o").await;
    tree.await_restart("o", old).await;
    assert_eq!(counts(), [6, 5, 6, 0], "one was that of who killed it");
    assert_eq!(tree.node().counts().monitors, 0);
    let told = ["created", "fired", "dropped"]
        .map(|what| recorder.counter(&format!("foundation.monitor.{what}_total"), &[]));
    drop(installed);
    assert_eq!(told, [6, 5, 6], "each once, however often somebody looked");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_monitor_leaves_the_list_with_its_guard_its_owner_or_its_target() {
    let (tree, owner, target) = pair().await;
    let monitors = tree.node().monitors();
    let outside = target.monitor_as("outside");
    for _ in 0..3 {
        watch(&owner, &target, Some("owned".into())).await;
    }
    assert_eq!(tags(&all(monitors)), ["outside", "owned", "owned", "owned"]);
    let old = tree.kill("o").await;
    tree.await_restart("o", old).await;
    assert_eq!(tags(&all(monitors)), ["outside"]);
    drop(outside);
    assert!(all(monitors).is_empty());
    let outside = target.monitor();
    tree.kill("t").await;
    assert!(all(monitors).is_empty());
    drop(outside);
    tree.shutdown().await;
}

#[tokio::test]
async fn very_many_watchers_of_one_process_are_each_seen_once() {
    let (tree, _owner, target) = pair().await;
    let mut guards: Vec<_> = (0..5_000).map(|_| target.monitor()).collect();
    // Places in the middle become free, and two of them are given to others.
    drop(guards.drain(1_000..3_500));
    guards.extend([target.monitor(), target.monitor()]);
    let entries = tree.node().monitors().list(&MonitorFilter::new().limit(usize::MAX));
    let seen: Vec<_> = entries.iter().map(|entry| entry.monitor).collect();
    let wanted: Vec<_> = guards.iter().map(foundation::Monitor::id).collect();
    assert_eq!(seen, wanted);
    assert_eq!(all(tree.node().monitors()).len(), 1_000, "if nothing else is said");
    drop(guards);
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_while_monitors_come_and_go_and_targets_end_changes_nothing() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let baseline = Baseline::of(tree.node());
    let process = server.process().clone();
    let makers: Vec<_> = (0..5)
        .map(|_| {
            let process = process.clone();
            on_thread(move || {
                let mut kept = Vec::new();
                for round in 0..200 {
                    let monitor: Arc<_> = Arc::new(process.monitor());
                    if round % 4 == 0 {
                        kept.push(monitor);
                    }
                }
                kept
            })
        })
        .collect();
    let monitors = tree.node().monitors();
    while !makers.iter().all(std::thread::JoinHandle::is_finished) {
        let seen = all(monitors);
        assert!(seen.is_sorted_by_key(|entry| entry.monitor), "each once");
        drop(monitors.advise(Duration::ZERO));
    }
    let kept: Vec<_> =
        makers.into_iter().flat_map(|maker| maker.join().expect("no panic")).collect();
    assert_eq!(all(monitors).len(), 250);
    tree.kill("a").await;
    for monitor in kept {
        let monitor = Arc::into_inner(monitor).expect("nobody else has it");
        assert!(is_killed(&in_time(monitor.down()).await.reason));
    }
    assert_eq!(tree.node().counts().monitors, 0);
    drop(baseline);
    tree.shutdown().await;
}
