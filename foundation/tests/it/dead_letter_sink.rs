//! Dead letters and their sink: what is offered, in which order, what an `Ok` means, and what comes back.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use foundation::{
    AttemptError, Burial, BuryFailure, DeadLetterChange, DeadLetterCodec, DeadLetterFilter,
    DeadLetterId, DeadLetterOptions, DeadLetterOverflow, DeadLetterReason, DeadLetterReasonKind,
    DeadLetterReceipt, DeadLetterRecord, DeadLetterRecording, DeadLetterSink, DeadLetterSinkError,
    DeadLetterState, DeadLetters, Metadata, Name, Node, NodeConfig, Strategy,
};
use parking_lot::Mutex;
use test_helpers::{Do, IsolatedTree, Journal, Recorder, Worker};

use crate::support::{beside, held, note, on_thread, quiet, settled, supervisor};

const SECOND: Duration = Duration::from_secs(1);

fn all() -> DeadLetterFilter {
    DeadLetterFilter::all()
}

/// What a sink in the test's hands does with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Hold,
    Accept,
    Refuse,
    Drop,
    Panic,
}

#[derive(Debug)]
struct TestSink {
    answer: Mutex<Answer>,
    seen: Mutex<Vec<DeadLetterChange>>,
    held: Mutex<Vec<DeadLetterReceipt>>,
}

impl TestSink {
    fn new(answer: Answer) -> Arc<Self> {
        let (seen, held) = (Mutex::default(), Mutex::default());
        Arc::new(Self { answer: Mutex::new(answer), seen, held })
    }

    /// What was offered since the last look, in short.
    fn seen(&self) -> Vec<String> {
        let line = |change: DeadLetterChange| match change {
            DeadLetterChange::Buried(record) => format!("+{}", record.id.seq()),
            DeadLetterChange::Attempted { id, attempts, .. } => format!("{}:{attempts}", id.seq()),
            DeadLetterChange::Removed { id } => format!("-{}", id.seq()),
            other => panic!("unknown: {other:?}"),
        };
        std::mem::take(&mut *self.seen.lock()).into_iter().map(line).collect()
    }

    fn settle(&self) {
        let held = std::mem::take(&mut *self.held.lock());
        held.into_iter().for_each(|receipt| receipt.settle(Ok(())));
    }
}

impl DeadLetterSink for TestSink {
    fn offer(&self, change: DeadLetterChange, receipt: DeadLetterReceipt) {
        self.seen.lock().push(change);
        let answer = *self.answer.lock();
        match answer {
            Answer::Hold => self.held.lock().push(receipt),
            Answer::Accept => receipt.settle(Ok(())),
            Answer::Refuse => receipt.settle(Err(DeadLetterSinkError::Full)),
            Answer::Drop => drop(receipt),
            Answer::Panic => panic!("a sink that panics"),
        }
    }
}

fn encode(message: &Do) -> Vec<u8> {
    match message {
        Do::Note(text) => format!("n{text}").into_bytes(),
        Do::Panic(_) => b"p".to_vec(),
        Do::Fail(text) => panic!("{text}"),
        other => panic!("not in these tests: {other:?}"),
    }
}

fn decode(bytes: &[u8]) -> Option<Do> {
    match bytes.split_first()? {
        (b'n', text) => Some(note(String::from_utf8(text.to_vec()).ok()?)),
        (b'p', _) => Some(Do::Panic("poison")),
        _ => None,
    }
}

fn config(sink: &Arc<TestSink>, options: impl Into<DeadLetterOptions>) -> NodeConfig {
    NodeConfig::default()
        .dead_letters(options)
        .dead_letter_sink(Arc::clone(sink) as Arc<dyn DeadLetterSink>)
        .dead_letter_codec(DeadLetterCodec::new("do/1", encode, decode))
}

fn node(sink: &Arc<TestSink>, options: impl Into<DeadLetterOptions>) -> (Node, Name<Do>) {
    let node = Node::new(config(sink, options)).expect("tests unwind");
    let name = node.name::<Do>("worker").expect("the name is free");
    (node, name)
}

fn burial(name: &Name<Do>, message: Do) -> Burial<Do> {
    Burial::new(message, DeadLetterReason::NoProc).to_name(name)
}

fn recording(letters: &DeadLetters) -> Vec<DeadLetterRecording> {
    letters.list(&all()).iter().map(|letter| letter.recording).collect()
}

#[tokio::test]
async fn a_durable_burial_is_ok_only_when_the_sink_has_it() {
    let sink = TestSink::new(Answer::Hold);
    let (node, name) = node(&sink, 10);
    let letters = node.dead_letters();
    let burying = beside({
        let (letters, burial) = (letters.clone(), burial(&name, note("m")));
        async move { letters.bury_durably(burial, 60 * SECOND).await }
    });
    quiet().await;
    assert!(!burying.is_finished(), "offered is not recorded");
    assert_eq!(recording(&letters), [DeadLetterRecording::Pending]);
    sink.settle();
    let id = burying.await.expect("it does not panic").expect("the sink has it");
    assert_eq!(recording(&letters), [DeadLetterRecording::Recorded]);
    assert_eq!((letters.list(&all())[0].id, letters.counts().sink_failures), (id, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_does_not_have_is_an_error_a_count_and_stays_in_memory() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let sink = TestSink::new(Answer::Refuse);
    let (node, name) = node(&sink, 10);
    let letters = node.dead_letters();
    let refused = letters.bury_durably(burial(&name, note("a")), SECOND).await.expect_err("full");
    assert!(matches!(refused.cause, BuryFailure::Sink(DeadLetterSinkError::Full)), "{refused}");
    *sink.answer.lock() = Answer::Drop;
    let dropped = letters.bury_durably(burial(&name, note("b")), SECOND).await.expect_err("lost");
    assert!(matches!(dropped.cause, BuryFailure::Sink(DeadLetterSinkError::Dropped)), "{dropped}");
    *sink.answer.lock() = Answer::Panic;
    letters.bury(burial(&name, note("c")));
    let unknown = letters.bury_durably(burial(&name, Do::Fail("no bytes")), SECOND).await;
    let unknown = unknown.expect_err("its encoder panics");
    let cause = &unknown.cause;
    assert!(matches!(cause, BuryFailure::Sink(DeadLetterSinkError::NotEncodable)), "{unknown}");
    letters.bury(Burial::new("a type without a codec", DeadLetterReason::Timeout));
    assert_eq!(recording(&letters), [DeadLetterRecording::Failed; 5]);
    assert_eq!((letters.counts().kept, letters.counts().sink_failures), (5, 5));
    assert!(matches!(letters.last_sink_error(), Some(DeadLetterSinkError::NotEncodable)));
    *sink.answer.lock() = Answer::Hold;
    let late = letters.bury_durably(burial(&name, note("d")), SECOND).await.expect_err("no answer");
    assert!(matches!(late.cause, BuryFailure::Timeout), "{late}");
    drop(installed);
    for (cause, count) in [("full", 1), ("dropped", 2), ("not_encodable", 2)] {
        let counted =
            recorder.counter("foundation.dead_letter.sink_failures_total", &[("cause", cause)]);
        assert_eq!(counted, count, "{cause}");
    }
    // What failed is offered again, under the same ids; what cannot be encoded stays failed.
    sink.seen();
    *sink.answer.lock() = Answer::Accept;
    assert_eq!(letters.record_again(), 3);
    assert_eq!(sink.seen(), ["+1", "+2", "+3"]);
    assert_eq!(recording(&letters)[..3], [DeadLetterRecording::Recorded; 3]);
    sink.settle();
}

#[tokio::test]
async fn a_letter_that_leaves_at_once_is_never_acknowledged() {
    let sink = TestSink::new(Answer::Accept);
    let (node, name) =
        node(&sink, DeadLetterOptions::new(1).overflow(DeadLetterOverflow::DropNewest));
    let letters = node.dead_letters();
    letters.bury_durably(burial(&name, note("a")), SECOND).await.expect("there is room");
    let error = letters.bury_durably(burial(&name, note("b")), SECOND).await.expect_err("full");
    assert!(matches!(error.cause, BuryFailure::Sink(DeadLetterSinkError::NoRoom)), "{error}");
    assert_eq!(sink.seen(), ["+1"]);
}

#[tokio::test]
async fn the_sink_is_offered_everything_in_order() {
    let sink = TestSink::new(Answer::Accept);
    let (node, name) = node(&sink, DeadLetterOptions::new(2).attempts_max(2));
    let letters = node.dead_letters();
    for content in ["a", "b", "c"] {
        letters.bury(burial(&name, note(content)));
    }
    assert_eq!(sink.seen(), ["+1", "+2", "+3", "-1"], "the oldest had to leave");
    letters.retry(&all().limit(1)).await;
    assert_eq!(sink.seen(), ["2:1"]);
    assert_eq!(letters.purge(&all().limit(1)), 1);
    drop(letters.drain());
    assert_eq!(sink.seen(), ["-2", "-3"]);
    let root = foundation::Supervisor::start(
        &node,
        supervisor(Strategy::OneForOne)
            .child(Worker::spec("w", &Journal::new()).name(&name).child("w")),
    );
    let root = root.await.expect("it starts");
    letters.bury(burial(&name, note("d")));
    assert_eq!(letters.retry(&all()).await.delivered.len(), 1);
    assert_eq!(sink.seen(), ["+4", "-4"]);
    root.shutdown().await;
}

#[test]
fn burials_from_many_threads_are_offered_in_the_order_of_the_queue() {
    let sink = TestSink::new(Answer::Accept);
    let (node, name) = node(&sink, 10_000);
    let threads: Vec<_> = (0..4)
        .map(|_thread| {
            let (letters, name) = (node.dead_letters(), name.clone());
            on_thread(move || {
                for _ in 0..500 {
                    letters.bury(burial(&name, note("m")));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(sink.seen(), (1..=2_000).map(|seq| format!("+{seq}")).collect::<Vec<_>>());
    assert!(recording(&node.dead_letters()).iter().all(|is| *is == DeadLetterRecording::Recorded));
}

/// A tree with a worker under the name `worker`.
async fn tree(sink: &Arc<TestSink>, journal: &Journal) -> (IsolatedTree, Name<Do>) {
    let tree = IsolatedTree::start_configured(config(sink, 10), |node| {
        let name = node.name::<Do>("worker").expect("it is free");
        supervisor(Strategy::OneForOne)
            .child(Worker::spec("worker", journal).name(&name).child("worker"))
    });
    let tree = tree.await.expect("the tree starts");
    let name = tree.node().name::<Do>("worker").expect("it takes Do");
    (tree, name)
}

#[tokio::test]
async fn a_letter_with_a_codec_leaves_only_when_it_was_handled() {
    let sink = TestSink::new(Answer::Accept);
    let journal = Journal::new();
    let (tree, name) = tree(&sink, &journal).await;
    let letters = tree.node().dead_letters();
    // The process is killed while the copy lies in its mailbox.
    let gate = held(&tree.server::<Do>("worker").await).await;
    let id = letters.bury(burial(&name, note("precious")));
    let trying = beside({
        let letters = letters.clone();
        async move { letters.retry(&all()).await }
    });
    quiet().await;
    assert!(!trying.is_finished(), "accepted is not handled");
    let pid = tree.kill("worker").await;
    drop(gate);
    let report = trying.await.expect("it does not panic");
    assert!(matches!(report.failed[..], [(_, AttemptError::Died(_))]), "{report:?}");
    let [letter] = &letters.list(&all())[..] else { panic!("one letter, the same: {letters:?}") };
    assert_eq!((letter.id, letter.attempts), (id, 1));
    tree.await_restart("worker", pid).await;
    assert_eq!(letters.retry(&all()).await.delivered, [id]);
    settled(&tree.server::<Do>("worker").await).await;
    assert_eq!(journal.take().iter().filter(|line| *line == "precious").count(), 1);
    assert_eq!(sink.seen(), ["+1", "1:1", "-1"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_message_that_kills_whoever_handles_it_is_exhausted() {
    let sink = TestSink::new(Answer::Accept);
    let (tree, name) = tree(&sink, &Journal::new()).await;
    let letters = tree.node().dead_letters();
    letters.bury(burial(&name, Do::Panic("poison")));
    for _ in 0..5 {
        name.registered().await;
        letters.retry(&all()).await;
    }
    let [letter] = &letters.list(&all())[..] else { panic!("it stays") };
    assert_eq!((letter.state, letter.attempts), (DeadLetterState::Exhausted, 5));
    name.registered().await;
    tree.shutdown().await;
}

fn record(
    seq: u64,
    codec: &str,
    attempts: u32,
    age: Duration,
    now: SystemTime,
) -> DeadLetterRecord {
    DeadLetterRecord {
        id: DeadLetterId::new(77, seq),
        name: Some("worker".into()),
        label: Some("worker".into()),
        codec: codec.into(),
        reason: DeadLetterReasonKind::Overflow,
        reason_text: "the mailbox overflowed".into(),
        metadata: Metadata::default(),
        attempts,
        first_failure: now - age,
        last_attempt: (attempts > 0).then(|| now - age / 2),
        bytes: format!("nrecorded {seq}").into_bytes(),
    }
}

#[tokio::test]
async fn recorded_letters_come_back_before_new_ones_with_attempts_and_age() {
    let sink = TestSink::new(Answer::Accept);
    let journal = Journal::new();
    let (tree, name) = tree(&sink, &journal).await;
    let letters = tree.node().dead_letters();
    letters.bury(burial(&name, note("new")));
    let now = tree.node().clock().wall();
    let records = vec![
        record(3, "do/1", 0, 900 * SECOND, now),
        record(4, "do/1", 5, 800 * SECOND, now),
        record(9, "do/99", 1, 700 * SECOND, now),
    ];
    let outcome = letters.restore(records);
    assert_eq!((outcome.restored, outcome.gone.len()), (3, 0));
    let list = letters.list(&all());
    let order: Vec<(u64, u64)> =
        list.iter().map(|letter| (letter.id.run().min(78), letter.id.seq())).collect();
    assert_eq!(order[..3], [(77, 3), (77, 4), (77, 9)]);
    assert_eq!(order[3].1, 1, "the new one is the youngest");
    assert_eq!(list[0].age, 900 * SECOND);
    assert_eq!((list[1].state, list[1].attempts), (DeadLetterState::Exhausted, 5));
    assert_eq!(list[0].reason.kind(), DeadLetterReasonKind::Overflow);
    assert_eq!(list[0].reason.to_string(), "the mailbox overflowed");
    assert_eq!(list[2].message_type, "do/99");
    let report = letters.retry(&all()).await;
    assert_eq!(report.delivered.len(), 2, "the pending one and the new one");
    assert!(matches!(report.failed[..], [(_, AttemptError::Unreadable)]), "{report:?}");
    settled(&tree.server::<Do>("worker").await).await;
    let notes: Vec<String> =
        journal.take().into_iter().filter(|line| !line.starts_with('+')).collect();
    assert_eq!(notes, ["recorded 3", "new"]);
    let left = letters.drain();
    assert_eq!(left.len(), 2);
    let bytes = left.into_iter().last().expect("two").message.downcast::<Vec<u8>>();
    assert_eq!(*bytes.expect("bytes that nobody reads"), b"nrecorded 9");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_sink_that_is_started_again_is_told_what_it_missed() {
    let sink = TestSink::new(Answer::Accept);
    let (node, name) = node(&sink, 10);
    let letters = node.dead_letters();
    assert_eq!(letters.restore(Vec::new()).restored, 0);
    for content in ["a", "b", "c"] {
        letters.bury(burial(&name, note(content)));
    }
    letters.retry(&all().limit(1)).await;
    letters.purge(&all().ids([letters.list(&all())[1].id]));
    sink.seen();
    // The store has 1 without its attempt, 2 which was purged, and 3 not at all.
    let run = letters.list(&all())[0].id.run();
    let stored = |seq| DeadLetterRecord {
        id: DeadLetterId::new(run, seq),
        ..record(seq, "do/1", 0, SECOND, node.clock().wall())
    };
    let outcome = letters.restore(vec![stored(1), stored(2)]);
    assert_eq!((outcome.restored, outcome.gone.len()), (0, 1));
    assert_eq!(outcome.gone[0].seq(), 2);
    assert_eq!(letters.record_again(), 1);
    assert_eq!(sink.seen(), ["1:1", "+3"]);
    assert_eq!(letters.counts().kept, 2, "nothing came back that had left");
}

#[tokio::test]
async fn what_comes_back_is_bounded_too_and_what_leaves_is_told() {
    let sink = TestSink::new(Answer::Accept);
    let (node, _name) = node(&sink, 2);
    let letters = node.dead_letters();
    let now = node.clock().wall();
    letters.restore((1..=5).map(|seq| record(seq, "do/1", 0, SECOND, now)).collect());
    let kept: Vec<u64> = letters.list(&all()).iter().map(|letter| letter.id.seq()).collect();
    assert_eq!((kept, letters.counts().evicted), (vec![4, 5], 3));
    assert_eq!(sink.seen(), ["-1", "-2", "-3"]);
}
