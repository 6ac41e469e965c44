//! Dead letters in a store: what an `Ok` survives, what comes back, and what a failing store is reported as.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use foundation::{
    AttemptError, Burial, BuryError, BuryFailure, Context, DeadLetterCodec, DeadLetterFilter,
    DeadLetterId, DeadLetterInfo, DeadLetterReason, DeadLetterReasonKind, DeadLetterRecording,
    DeadLetterSinkError, DeadLetterState, DeadLetters, Exit, GenServer, Metadata, Name, Node,
    NodeConfig, ServerSpec, StartError, Strategy, Supervisor, SupervisorSpec,
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use persistence::{
    Append, AppendError, Appended, Caps, CommitError, Committed, Durability,
    DurableDeadLetterOptions, DurableDeadLetters, Entry, Fault, Key, LogHead, LogPage, LogStore,
    ReadError, Record, RecordPage, Remove, Save, SaveError, Saved, Scan, Schema, Seq, StateStore,
    Store, StoreHandle, StoreOptions, StoreStats, Transaction, Trim, redb_store_child,
};

use crate::support::key;

const MINUTE: Duration = Duration::from_secs(60);
const FOLDER: &str = "PERSISTENCE_DEAD_LETTERS_FOLDER";
const MODE: &str = "PERSISTENCE_DEAD_LETTERS_MODE";
const LIFE: &str = "PERSISTENCE_DEAD_LETTERS_LIFE";
const PER_LIFE: u64 = 1_000_000;

fn all() -> DeadLetterFilter {
    DeadLetterFilter::all()
}

struct Order(u64);

fn codec() -> DeadLetterCodec<Order> {
    DeadLetterCodec::new(
        "order/1",
        |order| order.0.to_be_bytes().repeat(1 + usize::try_from(order.0 % 50).expect("small")),
        |bytes| Some(Order(u64::from_be_bytes(*bytes.first_chunk()?))),
    )
}

/// Takes orders, and tells of each before its handler returns.
struct Desk(Arc<dyn Fn(u64) + Send + Sync>);

impl GenServer for Desk {
    type Args = Arc<dyn Fn(u64) + Send + Sync>;
    type Msg = Order;

    async fn init(tell: Self::Args, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self(tell))
    }

    async fn handle(&mut self, order: Order, _cx: &mut Context<Self>) -> Result<(), Exit> {
        (self.0)(order.0);
        Ok(())
    }
}

/// A program with a store and durable dead letters.
struct Program {
    supervisor: Supervisor,
    node: Node,
    name: Name<Order>,
    outage: Arc<Outage>,
}

/// How a program is set up.
struct Setup {
    options: DurableDeadLetterOptions,
    kept_max: usize,
    knows_orders: bool,
    desk: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl Default for Setup {
    fn default() -> Self {
        let options = DurableDeadLetterOptions::new(key("dead-letters"));
        Self { options, kept_max: 1_000, knows_orders: true, desk: None }
    }
}

impl Setup {
    async fn start(self, folder: &Path) -> Result<Program, StartError> {
        let sink = DurableDeadLetters::new(self.options);
        let mut config = NodeConfig::default()
            .dead_letters(self.kept_max)
            .dead_letter_sink(Arc::new(sink.clone()));
        if self.knows_orders {
            config = config.dead_letter_codec(codec());
        }
        let node = Node::new(config).unwrap();
        let store = node.name("store").unwrap();
        let name = node.name::<Order>("desk").unwrap();
        let outage = Arc::new(Outage {
            store: StoreHandle::new(store.clone()).deadline(MINUTE),
            next: Mutex::new(Vec::new()),
            commits: AtomicUsize::new(0),
        });
        let path = folder.join("store.redb");
        let options = StoreOptions::new(Durability::Disk);
        let mut tree = SupervisorSpec::new(Strategy::RestForOne)
            .intensity(20, MINUTE)
            .child(redb_store_child("store", &store, path, options))
            .child(sink.child("dead-letters", Arc::clone(&outage) as Arc<dyn Store>));
        if let Some(desk) = self.desk {
            tree = tree.child(ServerSpec::<Desk>::new(desk).name(&name).child("desk"));
        }
        let supervisor = Supervisor::start(&node, tree).await?;
        Ok(Program { supervisor, node, name, outage })
    }
}

async fn program(folder: &Path) -> Program {
    Setup::default().start(folder).await.unwrap()
}

impl Program {
    fn letters(&self) -> DeadLetters {
        self.node.dead_letters()
    }

    fn burial(&self, number: u64) -> Burial<Order> {
        Burial::new(Order(number), DeadLetterReason::NoProc).to_name(&self.name)
    }

    async fn bury(&self, number: u64) -> Result<DeadLetterId, BuryError> {
        self.letters().bury_durably(self.burial(number), MINUTE).await
    }

    fn list(&self) -> Vec<DeadLetterInfo> {
        self.letters().list(&all())
    }

    /// The numbers of the orders that are dead letters, in their order.
    fn numbers(&self) -> Vec<u64> {
        let letters = self.letters();
        let number = |info: DeadLetterInfo| letters.peek(info.id, |order: &Order| order.0).unwrap();
        self.list().into_iter().map(number).collect()
    }

    /// Waits until the store has the letter at this place of the list.
    async fn recorded(&self, index: usize) {
        let recorded = async {
            while self.list()[index].recording != DeadLetterRecording::Recorded {
                tokio::task::yield_now().await;
            }
        };
        foundation::time::timeout(MINUTE, recorded).await.expect("it is recorded");
    }

    async fn stop(self) {
        self.supervisor.shutdown().await;
    }
}

/// What a commit of the store is answered, instead of being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Not made, and the answer says so.
    Refuse,
    /// Made, and the answer does not say so.
    Forget,
}

/// A store whose next commits fail as the test says.
struct Outage {
    store: StoreHandle,
    next: Mutex<Vec<Next>>,
    commits: AtomicUsize,
}

impl Outage {
    fn set(&self, next: impl IntoIterator<Item = Next>) {
        *self.next.lock() = next.into_iter().collect();
    }
}

fn broken() -> Fault {
    Fault::Backend(Arc::new(std::io::Error::other("the disk is on fire")))
}

#[async_trait::async_trait]
impl StateStore for Outage {
    async fn caps(&self) -> Result<Caps, ReadError> {
        self.store.caps().await
    }
    async fn load(&self, key: &Key) -> Result<Option<Record>, ReadError> {
        self.store.load(key).await
    }
    async fn save(&self, save: Save) -> Result<Saved, SaveError> {
        self.store.save(save).await
    }
    async fn remove(&self, remove: Remove) -> Result<(), SaveError> {
        self.store.remove(remove).await
    }
    async fn scan(&self, scan: Scan) -> Result<RecordPage, ReadError> {
        self.store.scan(scan).await
    }
}

#[async_trait::async_trait]
impl LogStore for Outage {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.store.append(append).await
    }
    async fn read(&self, log: &Key, after: Seq, max: usize) -> Result<Vec<Entry>, ReadError> {
        self.store.read(log, after, max).await
    }
    async fn last(&self, log: &Key) -> Result<LogHead, ReadError> {
        self.store.last(log).await
    }
    async fn logs(&self, scan: Scan) -> Result<LogPage, ReadError> {
        self.store.logs(scan).await
    }
    async fn trim(&self, trim: Trim) -> Result<LogHead, AppendError> {
        self.store.trim(trim).await
    }
}

#[async_trait::async_trait]
impl Store for Outage {
    async fn commit(&self, transaction: Transaction) -> Result<Committed, CommitError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let next = self.next.lock().pop();
        match next {
            None => self.store.commit(transaction).await,
            Some(Next::Refuse) => Err(CommitError::Unavailable(broken())),
            Some(Next::Forget) => {
                self.store.commit(transaction).await?;
                Err(CommitError::Indeterminate(broken()))
            }
        }
    }
    async fn stats(&self) -> Result<StoreStats, ReadError> {
        self.store.stats().await
    }
}

#[tokio::test]
async fn what_was_recorded_comes_back_in_order_with_attempts_and_state() {
    let folder = tempfile::tempdir().unwrap();
    let first = program(folder.path()).await;
    let metadata = Metadata::new([("customer", "17")]).unwrap();
    let letters = first.letters();
    let reason = DeadLetterReason::GaveUp("three times busy".into());
    let told = Burial::new(Order(10), reason).to_name(&first.name).metadata(metadata.clone());
    letters.bury_durably(told, MINUTE).await.unwrap();
    for number in 11..=14 {
        first.bury(number).await.unwrap();
    }
    let ids: Vec<DeadLetterId> = first.list().iter().map(|letter| letter.id).collect();
    letters.retry(&all().ids([ids[1]])).await;
    for _ in 0..5 {
        letters.retry(&all().ids([ids[3]])).await;
    }
    assert_eq!(letters.purge(&all().ids([ids[2]])), 1);
    let before = first.list();
    first.stop().await;

    let second = program(folder.path()).await;
    assert_eq!(second.numbers(), [10, 11, 13, 14]);
    let after = second.list();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(
            (before.id, before.attempts, before.state),
            (after.id, after.attempts, after.state)
        );
        assert_eq!(before.address.name, after.address.name);
        assert_eq!(before.last_attempt.is_some(), after.last_attempt.is_some());
        let shift = before.first_failure.duration_since(after.first_failure).unwrap();
        assert!(shift < Duration::from_millis(1), "the calendar to a millisecond");
        assert_eq!(after.recording, DeadLetterRecording::Recorded);
    }
    let attempts: Vec<u32> = after.iter().map(|letter| letter.attempts).collect();
    assert_eq!(attempts, [0, 1, 5, 0]);
    assert_eq!(after[2].state, DeadLetterState::Exhausted);
    assert_eq!(after[0].metadata, metadata);
    assert_eq!(after[0].reason.kind(), DeadLetterReasonKind::GaveUp);
    assert_eq!(after[0].reason.to_string(), "given up: three times busy");
    // New letters stand behind old ones, in the next life too.
    second.bury(20).await.unwrap();
    second.stop().await;
    let third = program(folder.path()).await;
    assert_eq!(third.numbers(), [10, 11, 13, 14, 20]);
    third.stop().await;
}

#[tokio::test]
async fn a_recorded_letter_is_delivered_in_the_next_life_and_then_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = program(folder.path()).await;
    for number in 1..=3 {
        first.bury(number).await.unwrap();
    }
    first.stop().await;
    let handled = Arc::new(Mutex::new(Vec::new()));
    let desk = Arc::clone(&handled);
    let desk: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(move |number| desk.lock().push(number));
    let setup = Setup { desk: Some(desk), ..Setup::default() };
    let second = setup.start(folder.path()).await.unwrap();
    let report = second.letters().retry(&all()).await;
    assert_eq!(report.delivered.len(), 3);
    assert_eq!(*handled.lock(), [1, 2, 3]);
    second.stop().await;
    let third = program(folder.path()).await;
    assert_eq!(third.list().len(), 0);
    third.stop().await;
}

#[tokio::test]
async fn a_letter_that_this_program_cannot_read_stays_for_one_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let first = program(folder.path()).await;
    first.bury(1).await.unwrap();
    first.stop().await;
    let setup = Setup { knows_orders: false, ..Setup::default() };
    let second = setup.start(folder.path()).await.unwrap();
    assert_eq!(second.list()[0].message_type, "order/1");
    let report = second.letters().retry(&all()).await;
    assert!(matches!(report.failed[..], [(_, AttemptError::Unreadable)]), "{report:?}");
    second.stop().await;
    let third = program(folder.path()).await;
    assert_eq!((third.numbers(), third.list()[0].attempts), (vec![1], 1));
    third.stop().await;
}

#[tokio::test]
async fn a_commit_that_fails_is_reported_and_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).await;
    program.bury(1).await.unwrap();
    // More failures than there are tries.
    program.outage.set([Next::Refuse; 5]);
    let error = program.bury(2).await.unwrap_err();
    assert!(matches!(error.cause, BuryFailure::Sink(DeadLetterSinkError::Failed(_))), "{error}");
    assert!(error.to_string().contains("the disk is on fire"), "{error}");
    assert_eq!((program.letters().counts().sink_failures, program.numbers()), (1, vec![1, 2]));
    // The process was started again, and offers what is missing; in its old place.
    program.bury(3).await.unwrap();
    program.recorded(1).await;
    program.stop().await;
    let reopened = self::program(folder.path()).await;
    assert_eq!(reopened.numbers(), [1, 2, 3]);
    reopened.stop().await;
}

#[tokio::test]
async fn a_letter_that_was_refused_is_recorded_later_in_its_old_place() {
    let folder = tempfile::tempdir().unwrap();
    let options = DurableDeadLetterOptions::new(key("dead-letters")).waiting_max(1);
    let setup = Setup { options, ..Setup::default() };
    let program = setup.start(folder.path()).await.unwrap();
    // Nobody else runs between the two: the second finds the one place taken.
    program.letters().bury(program.burial(1));
    program.letters().bury(program.burial(2));
    assert_eq!(program.list()[1].recording, DeadLetterRecording::Failed);
    program.recorded(0).await;
    program.bury(3).await.unwrap();
    let children = program.supervisor.handle().which_children().await.unwrap();
    let writer = children.iter().find(|child| &*child.id == "dead-letters").unwrap();
    let process = writer.process.running().unwrap().clone();
    let monitor = process.monitor();
    process.exit(foundation::ExitReason::Killed);
    monitor.down().await;
    program.recorded(1).await;
    program.stop().await;
    let reopened = self::program(folder.path()).await;
    assert_eq!(reopened.numbers(), [1, 2, 3]);
    reopened.stop().await;
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).await;
    program.outage.set([Next::Forget, Next::Refuse, Next::Forget]);
    program.bury(1).await.unwrap();
    program.outage.set([Next::Forget]);
    assert_eq!(program.letters().purge(&all()), 1);
    program.bury(2).await.unwrap();
    assert_eq!(program.letters().counts().sink_failures, 0);
    program.stop().await;
    let reopened = self::program(folder.path()).await;
    assert_eq!(reopened.numbers(), [2]);
    reopened.stop().await;
}

#[tokio::test]
async fn the_store_is_bounded_and_the_oldest_leave() {
    let folder = tempfile::tempdir().unwrap();
    let options = DurableDeadLetterOptions::new(key("dead-letters")).letters_max(3);
    let setup = Setup { options, ..Setup::default() };
    let first = setup.start(folder.path()).await.unwrap();
    for number in 1..=10 {
        first.bury(number).await.unwrap();
    }
    let rows = first.outage.scan(Scan::prefix("dead-letters/")).await.unwrap().records;
    assert_eq!(rows.len(), 4, "three letters and the meta record");
    first.stop().await;
    let second = program(folder.path()).await;
    assert_eq!(second.numbers(), [8, 9, 10]);
    second.stop().await;
    // The bound of the node is that of the store as well.
    let setup = Setup { kept_max: 2, ..Setup::default() };
    let third = setup.start(folder.path()).await.unwrap();
    assert_eq!(third.numbers(), [9, 10]);
    third.bury(11).await.unwrap();
    assert_eq!(third.outage.scan(Scan::prefix("dead-letters/")).await.unwrap().records.len(), 3);
    third.stop().await;
}

#[tokio::test]
async fn too_many_waiting_changes_are_refused_and_counted() {
    let options = DurableDeadLetterOptions::new(key("dead-letters")).waiting_max(2);
    let sink = DurableDeadLetters::new(options);
    let config =
        NodeConfig::default().dead_letter_sink(Arc::new(sink.clone())).dead_letter_codec(codec());
    let node = Node::new(config).unwrap();
    let letters = node.dead_letters();
    let burial = |number| Burial::new(Order(number), DeadLetterReason::Timeout);
    letters.bury(burial(1));
    letters.bury(burial(2));
    let error = letters.bury_durably(burial(3), MINUTE).await.unwrap_err();
    assert!(matches!(error.cause, BuryFailure::Sink(DeadLetterSinkError::Full)), "{error}");
    assert_eq!((letters.counts().kept, letters.counts().sink_failures), (3, 1));
    // What waited, and what was refused, is recorded when there is somebody to do it.
    let folder = tempfile::tempdir().unwrap();
    let name = node.name("store").unwrap();
    let store = Arc::new(StoreHandle::new(name.clone()));
    let options = StoreOptions::new(Durability::Disk);
    let path = folder.path().join("store.redb");
    let tree = SupervisorSpec::new(Strategy::RestForOne)
        .child(redb_store_child("store", &name, path, options))
        .child(sink.child("dead-letters", store));
    let tree = Supervisor::start(&node, tree).await.unwrap();
    letters.bury_durably(burial(4), MINUTE).await.unwrap();
    tree.shutdown().await;
    let reopened = program(folder.path()).await;
    assert_eq!(reopened.numbers(), [1, 2, 3, 4]);
    reopened.stop().await;
}

#[tokio::test]
async fn a_letter_that_is_too_large_is_refused_and_hurts_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let sink = DurableDeadLetters::new(DurableDeadLetterOptions::new(key("dead-letters")));
    let text = DeadLetterCodec::<String>::new(
        "text/1",
        |text| text.as_bytes().to_vec(),
        |bytes| String::from_utf8(bytes.to_vec()).ok(),
    );
    let config =
        NodeConfig::default().dead_letter_sink(Arc::new(sink.clone())).dead_letter_codec(text);
    let node = Node::new(config).unwrap();
    let name = node.name("store").unwrap();
    let store = Arc::new(StoreHandle::new(name.clone()));
    let options = StoreOptions::new(Durability::Disk);
    let tree = SupervisorSpec::new(Strategy::RestForOne)
        .child(redb_store_child("store", &name, folder.path().join("store.redb"), options))
        .child(sink.child("dead-letters", store));
    let tree = Supervisor::start(&node, tree).await.unwrap();
    let letters = node.dead_letters();
    let burial = |len| Burial::new("x".repeat(len), DeadLetterReason::NoProc);
    let (large, small) = futures_util::future::join(
        letters.bury_durably(burial(2 * 1024 * 1024), MINUTE),
        letters.bury_durably(burial(10), MINUTE),
    )
    .await;
    let cause = large.unwrap_err().cause;
    assert!(matches!(cause, BuryFailure::Sink(DeadLetterSinkError::TooLarge { .. })), "{cause:?}");
    small.unwrap();
    tree.shutdown().await;
}

#[tokio::test]
async fn what_a_later_program_wrote_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = program(folder.path()).await;
    let store = &first.outage;
    let meta = store.load(&key("dead-letters/meta")).await.unwrap().unwrap();
    let later = Save {
        key: key("dead-letters/meta"),
        expected: meta.revision,
        epoch: meta.epoch.next(),
        seq: Seq::ZERO,
        write_id: persistence::WriteId::random(),
        schema: Schema::raw("dead-letters", 2),
        bytes: b"of tomorrow".to_vec(),
    };
    store.save(later).await.unwrap();
    // The writer that was replaced records nothing more.
    first.bury(1).await.unwrap_err();
    first.supervisor.shutdown().await;
    let refused = Setup::default().start(folder.path()).await.err().unwrap();
    assert!(refused.to_string().contains("dead-letters"), "{refused}");
    let tree = crate::support::disk(&folder.path().join("store.redb")).await.unwrap();
    let record = tree.store.load(&key("dead-letters/meta")).await.unwrap().unwrap();
    assert_eq!(record.bytes, b"of tomorrow");
    tree.supervisor.shutdown().await;
}

/// Prints one line, in one write to the pipe.
fn print_line(kind: &str, number: u64) {
    let line = format!("{kind} {number}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
}

/// The program that is killed. Does nothing when it is run as a test.
#[tokio::test]
async fn the_program_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mode = std::env::var(MODE).unwrap();
    let life: u64 = std::env::var(LIFE).unwrap().parse().unwrap();
    let desk: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(|number| print_line("handled", number));
    let setup = Setup {
        options: DurableDeadLetterOptions::new(key("dead-letters")).letters_max(100_000),
        kept_max: 100_000,
        desk: (mode == "retry").then_some(desk),
        ..Setup::default()
    };
    let program = setup.start(Path::new(&folder)).await.unwrap();
    let next = AtomicU64::new(life * PER_LIFE);
    // On one thread, so that letters are numbered as they come.
    let buriers = (0..8).map(|_burier| async {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if mode == "before" {
                // The mutant: handed over is not recorded.
                program.letters().bury(program.burial(number));
                tokio::task::yield_now().await;
            } else {
                program.bury(number).await.unwrap();
            }
            print_line("ack", number);
            if number % PER_LIFE > 20_000 {
                return;
            }
        }
    });
    let retries = async {
        if mode != "retry" {
            return;
        }
        loop {
            program.letters().retry(&all()).await;
            tokio::task::yield_now().await;
        }
    };
    futures_util::future::join(join_all(buriers), retries).await;
}

/// Runs the program and kills it after so many lines; gives the numbers by what was said of them.
fn run_and_kill(folder: &Path, mode: &str, life: u64, lines: u64) -> BTreeMap<String, Vec<u64>> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["dead_letters::the_program_that_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(MODE, mode)
        .env(LIFE, life.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let (mut seen, mut line) = (0, String::new());
    while out.read_line(&mut line).unwrap() > 0 {
        // The harness may have begun the line.
        let at = line.find("ack ").or_else(|| line.find("handled "));
        if let Some(at) = at
            && line.ends_with('\n')
            && let [kind, number] = line[at..].split_whitespace().collect::<Vec<_>>()[..]
            && let Ok(number) = number.parse()
        {
            said.entry(kind.to_owned()).or_default().push(number);
            seen += 1;
            if seen == lines {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(seen >= lines, "the program ended by itself after {seen} lines");
    said
}

/// A repeatable number of lines below `bound`, at least 1.
fn lines(kill: u64, bound: u64) -> u64 {
    let mixed = (kill + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1 + (mixed ^ (mixed >> 29)) % bound
}

/// The numbers of the letters that are there after a kill, which must be in order, each once.
async fn reopened(folder: &Path) -> Vec<u64> {
    let setup = Setup {
        options: DurableDeadLetterOptions::new(key("dead-letters")).letters_max(100_000),
        kept_max: 100_000,
        ..Setup::default()
    };
    let program = setup.start(folder).await.unwrap();
    let numbers = program.numbers();
    assert!(numbers.is_sorted_by(|a, b| a < b), "ordered by first failure: {numbers:?}");
    program.stop().await;
    numbers
}

#[tokio::test]
async fn no_acknowledged_dead_letter_is_lost_to_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for kill in 0..20 {
        let said = run_and_kill(folder.path(), "after", kill, lines(kill, 200));
        acknowledged.extend(said.into_values().flatten());
        let found: BTreeSet<u64> = reopened(folder.path()).await.into_iter().collect();
        let lost: Vec<_> = acknowledged.iter().filter(|number| !found.contains(number)).collect();
        assert!(lost.is_empty(), "kill {kill}: {lost:?}");
        // Eight burials may have been committed that nobody heard of, in each life.
        let unheard = found.len() - acknowledged.len();
        assert!(unheard as u64 <= 8 * (kill + 1), "kill {kill}: {unheard} nobody was told of");
    }
    assert!(acknowledged.len() > 500, "a run with work in it");
}

#[tokio::test]
async fn acknowledging_a_dead_letter_before_the_commit_is_detected() {
    let mut losses = 0;
    for kill in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let said = run_and_kill(folder.path(), "before", 0, lines(kill, 200));
        let found: BTreeSet<u64> = reopened(folder.path()).await.into_iter().collect();
        losses += said.into_values().flatten().filter(|number| !found.contains(number)).count();
    }
    assert!(losses > 0, "the harness cannot tell a lost letter");
}

#[tokio::test]
async fn a_kill_amid_retries_loses_nothing_that_was_not_handled() {
    let folder = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut handled) = (Vec::new(), BTreeSet::new());
    for kill in 0..10 {
        let mut said = run_and_kill(folder.path(), "retry", kill, lines(kill, 300));
        acknowledged.extend(said.remove("ack").unwrap_or_default());
        handled.extend(said.remove("handled").unwrap_or_default());
        let found: BTreeSet<u64> = reopened(folder.path()).await.into_iter().collect();
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|number| !found.contains(number) && !handled.contains(number))
            .collect();
        assert!(lost.is_empty(), "kill {kill}: {lost:?}");
    }
    assert!(handled.len() > 100, "a run with deliveries in it: {}", handled.len());
}
