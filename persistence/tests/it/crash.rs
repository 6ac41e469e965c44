//! `kill -9` of a program that saves and appends: what it saw acknowledged is there afterwards.
//!
//! The program is this test binary, started again with a folder in its environment. It prints a
//! line for each acknowledgement; the test kills it after a random number of lines, opens the
//! store, and compares. A mutant that prints before the commit shows that the test can fail.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures_util::future::join_all;
use persistence::{
    Append, Epoch, LogStore, Save, Schema, Seq, StateStore, Store, Transaction, WriteId,
};

use crate::support::{self, key, save};

const FOLDER: &str = "PERSISTENCE_CRASH_FOLDER";
const ACKNOWLEDGE: &str = "PERSISTENCE_CRASH_ACKNOWLEDGE";
const SAVERS: u64 = 16;
const APPENDERS: u64 = 4;
const BOTH: u64 = 4;
const ROUNDS_MAX: u64 = 10_000;

/// When the program prints that a write is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acknowledge {
    AfterCommit,
    /// The mutant.
    BeforeCommit,
}

/// Prints one acknowledgement, in one write to the pipe.
fn print_ack(writer: &str, number: u64) {
    let line = format!("ack {writer} {number}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
}

fn content(number: u64) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.resize(8 + usize::try_from(number % 700).unwrap(), b'.');
    bytes
}

fn number(bytes: &[u8]) -> u64 {
    let number = u64::from_be_bytes(*bytes.first_chunk().unwrap());
    assert!(bytes == content(number), "a torn record");
    number
}

/// One writer of the killed program: goes on where the store says it stopped.
struct Writer {
    store: Arc<dyn Store>,
    name: String,
    acknowledge: Acknowledge,
}

impl Writer {
    async fn acknowledged<T>(&self, number: u64, write: impl Future<Output = T>) -> T {
        if self.acknowledge == Acknowledge::BeforeCommit {
            print_ack(&self.name, number);
        }
        let written = write.await;
        if self.acknowledge == Acknowledge::AfterCommit {
            print_ack(&self.name, number);
        }
        written
    }

    fn append(&self, last: Seq, epoch: Epoch) -> Append {
        Append {
            log: key(&self.name),
            expected_last: last,
            epoch,
            write_id: WriteId::random(),
            schema: Schema::raw("crash", 1),
            entries: vec![content(last.get() + 1)],
        }
    }

    async fn saves(&self) {
        let found = self.store.load(&key(&self.name)).await.unwrap();
        let (mut expected, mut count) = found.map_or_else(
            || (persistence::Revision::ABSENT, 0),
            |record| (record.revision, number(&record.bytes)),
        );
        for _ in 0..ROUNDS_MAX {
            count += 1;
            let save = save(&self.name, expected, &content(count));
            let saved = self.acknowledged(count, self.store.save(save)).await;
            expected = saved.unwrap().revision;
        }
    }

    async fn appends(&self) {
        let head = self.store.last(&key(&self.name)).await.unwrap();
        let mut last = head.last;
        for _ in 0..ROUNDS_MAX {
            let append = self.append(last, head.epoch.next());
            let appended = self.acknowledged(last.get() + 1, self.store.append(append)).await;
            last = appended.unwrap().last;
        }
    }

    /// State and journal in one commit.
    async fn both(&self) {
        let found = self.store.load(&key(&self.name)).await.unwrap();
        let mut expected = found.map_or(persistence::Revision::ABSENT, |record| record.revision);
        let head = self.store.last(&key(&self.name)).await.unwrap();
        let mut last = head.last;
        for _ in 0..ROUNDS_MAX {
            let append = self.append(last, head.epoch.next());
            let epoch = append.epoch;
            let save = save(&self.name, expected, &content(last.get() + 1));
            let transaction = Transaction::new().save(Save { epoch, ..save }).append(append);
            let commit = self.store.commit(transaction);
            let committed = self.acknowledged(last.get() + 1, commit).await.unwrap();
            (expected, last) = (committed.saves[0].revision, committed.appends[0].last);
        }
    }
}

/// The program that is killed. Does nothing when it is run as a test.
#[tokio::test]
async fn the_program_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let acknowledge = match std::env::var(ACKNOWLEDGE).as_deref() {
        Ok("before") => Acknowledge::BeforeCommit,
        _ => Acknowledge::AfterCommit,
    };
    let tree = support::disk(&Path::new(&folder).join("store.redb")).await.unwrap();
    let writer = |name: String| Writer {
        store: Arc::clone(&tree.store) as Arc<dyn Store>,
        name,
        acknowledge,
    };
    let savers = (0..SAVERS).map(|index| writer(format!("saver/{index}")));
    let appenders = (0..APPENDERS).map(|index| writer(format!("appender/{index}")));
    let both = (0..BOTH).map(|index| writer(format!("both/{index}")));
    let savers = join_all(savers.map(|writer| async move { writer.saves().await }));
    let appenders = join_all(appenders.map(|writer| async move { writer.appends().await }));
    let both = join_all(both.map(|writer| async move { writer.both().await }));
    futures_util::future::join3(savers, appenders, both).await;
}

/// Runs the program and kills it after `lines` acknowledgements; gives the last of each writer.
fn run_and_kill(folder: &Path, lines: u64, acknowledge: Acknowledge) -> BTreeMap<String, u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["crash::the_program_that_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if acknowledge == Acknowledge::BeforeCommit {
        command.env(ACKNOWLEDGE, "before");
    }
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut acks = BTreeMap::new();
    let mut seen = 0;
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        // The harness may have begun the line.
        if let Some(at) = line.find("ack ")
            && let [writer, number] = line[at + 4..].split_whitespace().collect::<Vec<_>>()[..]
            && line.ends_with('\n')
        {
            let previous = acks.insert(writer.to_owned(), number.parse::<u64>().unwrap());
            assert!(previous < acks.get(writer).copied(), "acknowledgements of {writer} grow");
            seen += 1;
            if seen == lines {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(seen >= lines, "the program ended by itself after {seen} acknowledgements");
    acks
}

/// Compares the store with what was acknowledged; gives how many writers lost something.
///
/// Each of the program's `lives` may have committed one write per writer that nobody heard of.
async fn count_losses(folder: &Path, acks: &BTreeMap<String, u64>, lives: u64) -> usize {
    let tree = support::disk(&folder.join("store.redb")).await.unwrap();
    let mut losses = 0;
    for (writer, &acked) in acks {
        let record = tree.store.load(&key(writer)).await.unwrap();
        let stored = record.map_or(0, |record| number(&record.bytes));
        let head = tree.store.last(&key(writer)).await.unwrap();
        let mut last = Seq::ZERO;
        loop {
            let entries = tree.store.read(&key(writer), last, 500).await.unwrap();
            let Some(end) = entries.last().map(|entry| entry.seq) else { break };
            for entry in &entries {
                last = last.plus(1);
                assert_eq!(entry.seq, last, "a gap in the log of {writer}");
                assert_eq!(number(&entry.bytes), last.get(), "an entry of {writer}");
            }
            assert_eq!(end, last);
        }
        assert_eq!(last, head.last, "the log of {writer} ends where its head says");
        let found = match writer.split('/').next() {
            Some("saver") => stored,
            Some("appender") => last.get(),
            _ => {
                assert_eq!(stored, last.get(), "state and journal of {writer} in one commit");
                stored
            }
        };
        assert!(found <= acked + lives, "{writer}: {found} stored, {acked} acknowledged");
        losses += usize::from(found < acked);
    }
    tree.supervisor.shutdown().await;
    losses
}

/// A repeatable number of lines below `bound`, at least 1.
fn lines(kill: u64, bound: u64) -> u64 {
    let mixed = (kill + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1 + (mixed ^ (mixed >> 29)) % bound
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_to_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut killed = 0;
    for kill in 0..24 {
        let acks = run_and_kill(folder.path(), lines(kill, 600), Acknowledge::AfterCommit);
        acknowledged.extend(acks);
        assert_eq!(count_losses(folder.path(), &acknowledged, kill + 1).await, 0, "kill {kill}");
        killed += 1;
    }
    assert!(killed >= 20);
    let writers = (SAVERS + APPENDERS + BOTH) as usize;
    assert_eq!(acknowledged.len(), writers, "every writer was heard");
    assert!(acknowledged.values().sum::<u64>() > 2_000, "a run with work in it");
}

#[tokio::test]
async fn acknowledging_before_the_commit_is_detected() {
    let mut losses = 0;
    for kill in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let acks = run_and_kill(folder.path(), lines(kill, 300), Acknowledge::BeforeCommit);
        losses += count_losses(folder.path(), &acks, 1).await;
    }
    assert!(losses > 0, "the harness cannot tell a lost write");
}
