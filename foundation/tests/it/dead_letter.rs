//! Dead letters: kept in order and within bounds, retried outside of the queue, never lost by an attempt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use foundation::{
    AttemptError, Backoff, Burial, ChildSpec, Clock, DeadLetterFilter, DeadLetterId,
    DeadLetterOptions, DeadLetterOverflow, DeadLetterReason, DeadLetterReasonKind,
    DeadLetterRetrySpec, DeadLetterState, DeadLetters, Jitter, Metadata, Name, Node, NodeConfig,
    Overflow, RetryReport, Strategy,
};
use parking_lot::Mutex;
use test_helpers::{Do, Gate, IsolatedTree, Journal, Recorder, Worker};

use crate::support::{beside, held, lone, note, quiet, settled, supervisor, text};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn all() -> DeadLetterFilter {
    DeadLetterFilter::all()
}

/// A node on its own, with a name for workers that nobody holds.
fn node(options: impl Into<DeadLetterOptions>) -> (Node, Name<Do>) {
    let node = Node::new(NodeConfig::default().dead_letters(options)).expect("tests unwind");
    let name = node.name::<Do>("worker").expect("the name is free");
    (node, name)
}

/// A tree with a worker under each of these names, writing into one journal.
async fn tree(options: DeadLetterOptions, names: &[&str], journal: &Journal) -> IsolatedTree {
    let config = NodeConfig::default().dead_letters(options);
    let tree = IsolatedTree::start_configured(config, |node| {
        let child = |key: &&str| -> ChildSpec {
            let name = node.name::<Do>(key).expect("it takes Do");
            Worker::spec(key, journal).name(&name).capacity(1).child(key)
        };
        supervisor(Strategy::OneForOne).children(names.iter().map(child))
    });
    tree.await.expect("the tree starts")
}

fn bury(letters: &DeadLetters, name: &Name<Do>, content: &str) -> DeadLetterId {
    letters.bury(Burial::new(note(content), DeadLetterReason::NoProc).to_name(name))
}

fn seqs(ids: &[DeadLetterId]) -> Vec<u64> {
    ids.iter().map(|id| id.seq()).collect()
}

fn listed(letters: &DeadLetters, filter: &DeadLetterFilter) -> Vec<u64> {
    letters.list(filter).iter().map(|letter| letter.id.seq()).collect()
}

fn only_error(report: &RetryReport) -> &AttemptError {
    let [(_, error)] = &report.failed[..] else { panic!("one failure: {report:?}") };
    error
}

#[tokio::test]
async fn a_dead_letter_has_address_message_reason_and_metadata_and_no_attempts() {
    let (node, name) = node(10);
    let letters = node.dead_letters();
    assert!(letters.list(&all()).is_empty());
    let metadata = Metadata::new([("order", "17")]).expect("there is room");
    let reason = DeadLetterReason::GaveUp("three times busy".into());
    let id = letters.bury(Burial::new(note("m"), reason).to_name(&name).metadata(metadata));
    let [letter] = &letters.list(&all())[..] else { panic!("one letter") };
    assert_eq!((letter.id, letter.attempts, letter.state), (id, 0, DeadLetterState::Pending));
    assert_eq!(letter.address.name.as_deref(), Some("worker"));
    assert_eq!(letter.reason.to_string(), "given up: three times busy");
    assert_eq!(letter.metadata.get("order"), Some("17"));
    assert_eq!(letter.last_attempt, None);
    assert_eq!(
        letters.peek(id, |message: &Do| format!("{message:?}")).as_deref(),
        Some("Note(\"m\")")
    );
    assert_eq!(letters.counts().of(DeadLetterReasonKind::GaveUp), 1);
    assert_eq!(letters.counts().of(DeadLetterReasonKind::NoProc), 0);
}

#[tokio::test]
async fn a_list_is_ordered_by_first_failure_and_filtered() {
    let (node, name) = node(10);
    let letters = node.dead_letters();
    for content in ["a", "b", "c"] {
        bury(&letters, &name, content);
    }
    letters.bury(Burial::new(7_u64, DeadLetterReason::Timeout));
    bury(&letters, &name, "e");
    assert_eq!(listed(&letters, &all()), [1, 2, 3, 4, 5]);
    assert_eq!(listed(&letters, &all().limit(3)), [1, 2, 3], "the oldest");
    assert_eq!(listed(&letters, &all().name("worker").limit(4)), [1, 2, 3, 5]);
    assert_eq!(listed(&letters, &all().reason(DeadLetterReasonKind::Timeout)), [4]);
    assert_eq!(listed(&letters, &all().message_type("u64")), [4]);
    assert_eq!(listed(&letters, &all().message_type("worker::Do")), [1, 2, 3, 5]);
    assert_eq!(listed(&letters, &all().message_type("o")), [0_u64; 0], "no half of a segment");
    let third = letters.list(&all())[2].id;
    assert_eq!(listed(&letters, &all().ids([third])), [3]);
    assert_eq!(listed(&letters, &all().state(DeadLetterState::Exhausted)), [0_u64; 0]);
    // An attempt changes nothing about the order.
    letters.retry(&all().ids([third])).await;
    assert_eq!(listed(&letters, &all()), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_retry_reaches_the_successor_under_the_name_and_the_letter_leaves() {
    let journal = Journal::new();
    let tree = tree(DeadLetterOptions::default(), &["a"], &journal).await;
    let old = tree.server::<Do>("a").await;
    let gate = held(&old).await;
    old.cast(note("left behind")).expect("there is room");
    let pid = tree.kill("a").await;
    drop(gate);
    tree.await_restart("a", pid).await;
    let letters = tree.node().dead_letters();
    let [letter] = &letters.list(&all())[..] else { panic!("one letter") };
    assert_eq!((letter.address.name.as_deref(), letter.address.pid), (Some("a"), Some(pid)));
    let report = letters.retry(&all()).await;
    assert_eq!((seqs(&report.delivered), report.failed.len()), (vec![1], 0));
    settled(&tree.server::<Do>("a").await).await;
    assert!(journal.take().contains(&"left behind".to_owned()));
    let counts = letters.counts();
    assert_eq!((counts.kept, counts.delivered, counts.attempts_failed), (0, 1, 0));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_without_a_name_is_never_taken_for_the_holder_of_its_child_id() {
    let journal = Journal::new();
    let (tree, server) = lone(Worker::spec("a", &journal)).await;
    let _gate = held(&server).await;
    server.cast(note("for the first a")).expect("there is room");
    tree.kill("a").await;
    // Somebody else registers that very text, for the same type of messages.
    let name = tree.node().name::<Do>("a").expect("the name is free");
    let other = Worker::spec("other", &journal).name(&name).child("other");
    tree.handle().start_child(other).await.expect("it starts");
    let letters = tree.node().dead_letters();
    let report = letters.retry(&all()).await;
    assert!(matches!(only_error(&report), AttemptError::NoAddress), "{report:?}");
    assert_eq!(letters.list(&all())[0].attempts, 1);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_name_is_checked_for_its_type_and_a_retry_takes_no_name() {
    let (node, name) = node(10);
    let letters = node.dead_letters();
    bury(&letters, &name, "m");
    drop(name);
    let report = letters.retry(&all()).await;
    assert!(matches!(only_error(&report), AttemptError::NoProc), "{report:?}");
    // Neither the letter nor its attempt keeps the name for its type.
    let _taken = node.name::<u64>("worker").expect("the name is free");
    let report = letters.retry(&all()).await;
    assert!(matches!(only_error(&report), AttemptError::TypeMismatch), "{report:?}");
    assert_eq!(
        letters
            .drain()
            .into_iter()
            .map(|letter| text(*letter.message.downcast::<Do>().expect("a Do")))
            .collect::<Vec<_>>(),
        ["m"]
    );
}

#[tokio::test]
async fn five_failed_attempts_exhaust_a_letter_and_no_retry_touches_it_again() {
    let (node, name) = node(10);
    let letters = node.dead_letters();
    bury(&letters, &name, "m");
    for attempt in 1..=5 {
        assert_eq!(letters.list(&all())[0].state, DeadLetterState::Pending);
        assert_eq!(letters.retry(&all()).await.failed.len(), 1);
        assert_eq!(letters.list(&all())[0].attempts, attempt);
    }
    assert_eq!(letters.list(&all())[0].state, DeadLetterState::Exhausted);
    let report = letters.retry(&all()).await;
    assert_eq!((report.failed.len(), report.delivered.len()), (0, 0));
    let exhausted = all().state(DeadLetterState::Exhausted);
    assert!(letters.retry(&exhausted).await.failed.is_empty(), "not even when it is meant");
    let [letter] = &letters.list(&all())[..] else { panic!("it stays, to be looked at") };
    assert_eq!((letter.attempts, letters.counts().exhausted), (5, 1));
}

#[tokio::test]
async fn purge_removes_what_is_meant_and_says_how_many() {
    let (node, name) = node(10);
    let letters = node.dead_letters();
    for content in ["a", "b", "c"] {
        bury(&letters, &name, content);
    }
    assert_eq!(letters.purge(&all().limit(1)), 1);
    assert_eq!(listed(&letters, &all()), [2, 3]);
    assert_eq!(letters.purge(&all()), 2);
    assert_eq!(letters.purge(&all()), 0);
    assert_eq!((letters.counts().purged, letters.counts().kept), (3, 0));
}

/// A clock whose calendar the test sets apart from its monotonic time.
#[derive(Debug, Default)]
struct TwoClocks(Mutex<(Duration, Duration)>);

impl Clock for TwoClocks {
    fn monotonic(&self) -> Duration {
        self.0.lock().0
    }
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.lock().1
    }
}

#[tokio::test]
async fn letters_expire_by_monotonic_age_exhausted_ones_too() {
    let clock = Arc::new(TwoClocks::default());
    clock.0.lock().1 = 10 * DAY;
    let config = NodeConfig::default()
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .dead_letters(DeadLetterOptions::new(10).attempts_max(1));
    let node = Node::new(config).expect("tests unwind");
    let letters = node.dead_letters();
    let name = node.name::<Do>("worker").expect("the name is free");
    bury(&letters, &name, "exhausted");
    letters.retry(&all()).await;
    bury(&letters, &name, "pending");
    // The calendar jumps by days: nothing is older for it.
    clock.0.lock().1 = 90 * DAY;
    assert_eq!(letters.expire(), 0);
    clock.0.lock().0 += DAY;
    bury(&letters, &name, "young");
    assert_eq!(letters.expire(), 0, "a day old is not older than a day");
    assert_eq!(listed(&letters, &all().older_than(DAY - SECOND)), [1, 2]);
    clock.0.lock().0 += SECOND;
    assert_eq!(listed(&letters, &all().state(DeadLetterState::Expired)), [1, 2]);
    assert!(letters.retry(&all().limit(2)).await.failed.iter().all(|(id, _)| id.seq() == 3));
    assert_eq!(letters.purge(&all().state(DeadLetterState::Exhausted)), 1, "the young one");
    assert_eq!(letters.expire(), 2);
    assert_eq!((letters.counts().expired, letters.counts().kept), (2, 0));
}

#[tokio::test]
async fn no_more_than_the_capacity_is_kept_and_the_policy_says_what_leaves() {
    for (overflow, kept) in [
        (DeadLetterOverflow::DropOldest, [998, 999, 1_000]),
        (DeadLetterOverflow::DropNewest, [1, 2, 3]),
    ] {
        let (node, name) = node(DeadLetterOptions::new(3).overflow(overflow));
        let letters = node.dead_letters();
        for number in 0..1_000 {
            bury(&letters, &name, &number.to_string());
            assert!(letters.counts().kept <= 3);
        }
        assert_eq!(listed(&letters, &all()), kept);
        let counts = letters.counts();
        assert_eq!((counts.total, counts.evicted, counts.kept), (1_000, 997, 3));
    }
    let (node, name) = node(DeadLetterOptions::default());
    for _ in 0..1_000 {
        bury(&node.dead_letters(), &name, "m");
    }
    assert_eq!(node.dead_letters().counts().evicted, 0, "a thousand fit by default");
}

/// Fills the mailbox of a held process, so that an attempt waits for room.
async fn filled(tree: &IsolatedTree, path: &str) -> Gate {
    let server = tree.server::<Do>(path).await;
    let gate = held(&server).await;
    server.cast(note("fills")).expect("there is room for one");
    gate
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_waits_blocks_neither_the_queue_nor_other_names() {
    let journal = Journal::new();
    let tree = tree(DeadLetterOptions::default(), &["slow", "quick"], &journal).await;
    let letters = tree.node().dead_letters();
    let slow = tree.node().name::<Do>("slow").expect("it takes Do");
    let quick = tree.node().name::<Do>("quick").expect("it takes Do");
    let gate = filled(&tree, "slow").await;
    for number in 0..60 {
        bury(&letters, &slow, &format!("slow {number}"));
    }
    bury(&letters, &quick, "quick");
    let trying = beside({
        let letters = letters.clone();
        async move { letters.retry(&all()).await }
    });
    quiet().await;
    assert!(!trying.is_finished());
    assert!(journal.take().contains(&"quick".to_owned()), "beside the slow ones");
    bury(&letters, &quick, "buried meanwhile");
    let list = letters.list(&all());
    assert_eq!(list.len(), 61);
    assert_eq!(list.iter().filter(|letter| letter.is_retrying).count(), 1, "one a name");
    // A second retry leaves alone what the first one has.
    let second = letters.retry(&all().limit(1).name("quick")).await;
    assert_eq!(second.delivered.len(), 1);
    gate.open();
    let report = trying.await.expect("it does not panic");
    assert_eq!((report.delivered.len(), report.failed.len()), (61, 0));
    settled(&tree.server::<Do>("slow").await).await;
    let order: Vec<String> =
        journal.take().into_iter().filter(|line| line.starts_with("slow")).collect();
    assert_eq!(order, (0..60).map(|number| format!("slow {number}")).collect::<Vec<_>>());
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_a_deadline_and_puts_off_the_rest_for_the_same_name() {
    let journal = Journal::new();
    let options = DeadLetterOptions::default().attempt_timeout(2 * SECOND);
    let tree = tree(options, &["a"], &journal).await;
    let letters = tree.node().dead_letters();
    let name = tree.node().name::<Do>("a").expect("it takes Do");
    let gate = filled(&tree, "a").await;
    for content in ["first", "second", "third"] {
        bury(&letters, &name, content);
    }
    let began = tokio::time::Instant::now();
    let report = letters.retry(&all()).await;
    assert_eq!(began.elapsed(), 2 * SECOND, "one deadline, not three");
    assert!(matches!(only_error(&report), AttemptError::Timeout), "{report:?}");
    assert_eq!(seqs(&report.deferred), [2, 3]);
    let attempts: Vec<u32> = letters.list(&all()).iter().map(|letter| letter.attempts).collect();
    assert_eq!(attempts, [1, 0, 0]);
    gate.open();
    assert_eq!(letters.retry(&all()).await.delivered.len(), 3);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn attempts_at_once_are_bounded_over_all_who_retry() {
    let names: Vec<String> = (0..6).map(|number| format!("w{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tree = tree(DeadLetterOptions::default().concurrency(2), &names, &Journal::new()).await;
    let letters = tree.node().dead_letters();
    let mut gates = Vec::new();
    for key in &names {
        gates.push(filled(&tree, key).await);
        bury(&letters, &tree.node().name::<Do>(key).expect("it takes Do"), "m");
    }
    let tries: Vec<_> = (0..3)
        .map(|third| {
            let letters = letters.clone();
            let mine = all().ids(letters.list(&all()).iter().skip(third * 2).take(2).map(|l| l.id));
            beside(async move { letters.retry(&mine).await })
        })
        .collect();
    quiet().await;
    let trying = letters.list(&all()).iter().filter(|letter| letter.is_retrying).count();
    assert_eq!(trying, 2);
    gates.iter().for_each(Gate::open);
    for attempt in tries {
        assert_eq!(attempt.await.expect("it does not panic").delivered.len(), 2);
    }
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_dropped_puts_the_message_back() {
    let journal = Journal::new();
    let tree = tree(DeadLetterOptions::default(), &["a"], &journal).await;
    let letters = tree.node().dead_letters();
    let name = tree.node().name::<Do>("a").expect("it takes Do");
    let gate = filled(&tree, "a").await;
    let id = bury(&letters, &name, "precious");
    let cut_short = tokio::time::timeout(SECOND, letters.retry(&all())).await;
    assert!(cut_short.is_err(), "it was under way");
    let [letter] = &letters.list(&all())[..] else { panic!("it is still there") };
    assert_eq!((letter.id, letter.attempts, letter.is_retrying), (id, 1, false));
    gate.open();
    assert_eq!(letters.retry(&all()).await.delivered, [id]);
    settled(&tree.server::<Do>("a").await).await;
    assert_eq!(journal.take().iter().filter(|line| *line == "precious").count(), 1);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_of_who_looks_leaves_the_letter_where_it_was() {
    let (node, name) = node(10);
    let letters = node.dead_letters();
    let id = bury(&letters, &name, "m");
    let looking = beside({
        let letters = letters.clone();
        async move { letters.peek(id, |_message: &Do| panic!("no good")) }
    });
    assert!(looking.await.is_err(), "it panicked");
    let [letter] = &letters.list(&all())[..] else { panic!("it is still there") };
    assert_eq!((letter.attempts, letter.is_retrying), (0, false));
    assert_eq!(letters.peek(id, |_message: &Do| ()), Some(()));
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_has_is_not_pushed_out_and_may_be_purged() {
    let journal = Journal::new();
    let tree = tree(DeadLetterOptions::new(2), &["a"], &journal).await;
    let letters = tree.node().dead_letters();
    let name = tree.node().name::<Do>("a").expect("it takes Do");
    let nobody = tree.node().name::<Do>("nobody").expect("it is free");
    let gate = filled(&tree, "a").await;
    bury(&letters, &name, "under way");
    let trying = beside({
        let letters = letters.clone();
        async move { letters.retry(&all()).await }
    });
    quiet().await;
    for content in ["x", "y", "z"] {
        bury(&letters, &nobody, content);
    }
    assert_eq!(listed(&letters, &all()), [1, 4], "the bound holds, and the attempt has its letter");
    assert!(letters.drain().iter().all(|letter| letter.info.id.seq() == 4), "not with its message");
    assert_eq!(letters.purge(&all()), 1);
    gate.open();
    let report = trying.await.expect("it does not panic");
    assert_eq!(report.delivered.len(), 1);
    assert_eq!(letters.counts().kept, 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_retry_pushes_no_other_message_out_of_a_mailbox() {
    let spec = Worker::spec("a", &Journal::new()).capacity(1).overflow(Overflow::DropOldest);
    let tree = IsolatedTree::start_with(|node| {
        let name = node.name::<Do>("a").expect("it is free");
        supervisor(Strategy::OneForOne).child(spec.name(&name).child("a"))
    });
    let tree = tree.await.expect("the tree starts");
    let letters = tree.node().dead_letters();
    let gate = filled(&tree, "a").await;
    bury(&letters, &tree.node().name::<Do>("a").expect("it takes Do"), "old");
    let report = letters.retry(&all()).await;
    assert!(matches!(only_error(&report), AttemptError::Full), "{report:?}");
    assert_eq!(letters.counts().total, 1, "nothing else died of it");
    gate.open();
    tree.shutdown().await;
}

#[tokio::test]
async fn what_was_delivered_and_not_taken_is_a_new_dead_letter() {
    let tree = tree(DeadLetterOptions::default(), &["a"], &Journal::new()).await;
    let letters = tree.node().dead_letters();
    let name = tree.node().name::<Do>("a").expect("it takes Do");
    let _gate = held(&tree.server::<Do>("a").await).await;
    bury(&letters, &name, "m");
    assert_eq!(letters.retry(&all()).await.delivered.len(), 1);
    tree.kill("a").await;
    let [letter] = &letters.list(&all())[..] else { panic!("it is here again") };
    assert_eq!((letter.id.seq(), letter.reason.kind()), (2, DeadLetterReasonKind::Exited));
    tree.shutdown().await;
}

/// A tree with a worker that is there from the beginning, and automatic retries.
async fn retrying(spec: DeadLetterRetrySpec, journal: &Journal) -> IsolatedTree {
    let tree = IsolatedTree::start_with(|node| {
        let name = node.name::<Do>("a").expect("it is free");
        supervisor(Strategy::OneForOne)
            .child(Worker::spec("a", journal).name(&name).capacity(1).child("a"))
            .child(spec.child("dead-letters"))
    });
    tree.await.expect("the tree starts")
}

/// Lets time pass on both clocks: that of the timers, and that of the ages.
async fn pass(tree: &IsolatedTree, time: Duration) {
    tree.clock().advance(time);
    tokio::time::advance(time).await;
    quiet().await;
}

#[tokio::test(start_paused = true)]
async fn letters_are_retried_by_themselves_when_they_are_old_enough() {
    let journal = Journal::new();
    let tree = retrying(DeadLetterRetrySpec::new(), &journal).await;
    let letters = tree.node().dead_letters();
    let name = tree.node().name::<Do>("a").expect("it takes Do");
    pass(&tree, 100 * SECOND).await;
    bury(&letters, &name, "late");
    pass(&tree, 200 * SECOND).await;
    assert_eq!(letters.counts().kept, 1, "a look, but it is 200 s old");
    pass(&tree, 300 * SECOND).await;
    assert_eq!((letters.counts().kept, letters.counts().delivered), (0, 1));
    settled(&tree.server::<Do>("a").await).await;
    assert!(journal.take().contains(&"late".to_owned()));
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn automatic_retries_back_off_end_after_five_and_the_letter_expires() {
    let backoff = Backoff { base: 20 * SECOND, factor: 2, cap: 50 * SECOND, jitter: Jitter::None };
    let spec = DeadLetterRetrySpec::new().tick(10 * SECOND).min_age(SECOND).backoff(backoff);
    let tree = retrying(spec, &Journal::new()).await;
    let letters = tree.node().dead_letters();
    bury(&letters, &tree.node().name::<Do>("nobody").expect("it is free"), "m");
    let mut attempts = Vec::new();
    for _look in 0..24 {
        pass(&tree, 10 * SECOND).await;
        attempts.push(letters.list(&all())[0].attempts);
    }
    // Looks at 10, 20, ..: the first at once, then after 20, 40, 50 and 50 s.
    let at = |number: u32| attempts.iter().position(|seen| *seen == number).map(|look| look + 1);
    assert_eq!(
        [at(1), at(2), at(3), at(4), at(5)],
        [Some(1), Some(3), Some(7), Some(12), Some(17)]
    );
    assert_eq!(attempts.last(), Some(&5), "no sixth");
    pass(&tree, DAY).await;
    assert_eq!((letters.counts().kept, letters.counts().expired), (0, 1));
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_retrying_process_loses_no_letter() {
    let journal = Journal::new();
    let spec = DeadLetterRetrySpec::new().tick(SECOND).min_age(Duration::ZERO);
    let tree = retrying(spec, &journal).await;
    let letters = tree.node().dead_letters();
    let gate = filled(&tree, "a").await;
    bury(&letters, &tree.node().name::<Do>("a").expect("it takes Do"), "precious");
    pass(&tree, SECOND).await;
    assert!(letters.list(&all())[0].is_retrying);
    let pid = tree.kill("dead-letters").await;
    let [letter] = &letters.list(&all())[..] else { panic!("it is still there") };
    assert_eq!((letter.attempts, letter.is_retrying), (1, false));
    tree.await_restart("dead-letters", pid).await;
    gate.open();
    pass(&tree, 600 * SECOND).await;
    assert_eq!((letters.counts().kept, letters.counts().delivered), (0, 1));
    tree.shutdown().await;
}

#[tokio::test]
async fn every_path_of_a_dead_letter_is_counted() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    foundation::describe_metrics();
    let clock = Arc::new(TwoClocks::default());
    let config = NodeConfig::default()
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .dead_letters(DeadLetterOptions::new(2).attempts_max(1));
    let node = Node::new(config).expect("tests unwind");
    let letters = node.dead_letters();
    let name = node.name::<Do>("worker").expect("the name is free");
    for content in ["a", "b", "c"] {
        bury(&letters, &name, content);
    }
    letters.retry(&all()).await;
    assert_eq!(letters.purge(&all().limit(1)), 1);
    clock.0.lock().0 += 2 * DAY;
    assert_eq!(letters.expire(), 1);
    let root = foundation::Supervisor::start(
        &node,
        supervisor(Strategy::OneForOne)
            .child(Worker::spec("w", &Journal::new()).name(&name).child("w")),
    );
    let root = root.await.expect("it starts");
    bury(&letters, &name, "d");
    letters.retry(&all()).await;
    drop(installed);
    let counted = |metric: &str, labels: &[(&str, &str)]| {
        recorder.counter(&format!("foundation.dead_letter.{metric}"), labels)
    };
    assert_eq!(counted("buried_total", &[("cause", "noproc")]), 4);
    assert_eq!(counted("dropped_total", &[("policy", "oldest")]), 1);
    assert_eq!(counted("retried_total", &[("outcome", "failed")]), 2);
    assert_eq!(counted("retried_total", &[("outcome", "delivered")]), 1);
    assert_eq!(counted("exhausted_total", &[]), 2);
    assert_eq!(counted("purged_total", &[]), 1);
    assert_eq!(counted("expired_total", &[]), 1);
    root.shutdown().await;
}
