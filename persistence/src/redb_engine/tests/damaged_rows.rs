//! Damage below the storage layer's own checks: every row is judged by its own checksum.

use redb::{Database, TableDefinition};

use super::super::tables::{JOURNAL, LOGS, STATE};
use super::super::{FORMAT, Meta, RedbEngine, rows, write_meta};
use super::disk::Disk;
use super::workload::key;
use crate::engine::{Engine, Op, Outcome};
use crate::{
    Append, AppendError, CommitError, Damage, Durability, Epoch, ReadError, Revision, Save,
    SaveError, Scan, Schema, Seq, StoreOptions, Transaction, WriteId,
};

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

fn save(name: &str, expected: Revision) -> Save {
    Save {
        key: key(name),
        expected,
        epoch: Epoch::new(1),
        seq: Seq::ZERO,
        write_id: WriteId::random(),
        schema: Schema::raw("s", 1),
        bytes: name.as_bytes().to_vec(),
    }
}

fn append(log: &str, expected_last: Seq) -> Append {
    Append {
        log: key(log),
        expected_last,
        epoch: Epoch::new(1),
        write_id: WriteId::random(),
        schema: Schema::raw("s", 1),
        entries: vec![vec![1], vec![2], vec![3]],
    }
}

/// A store with the records a, b and the logs l, m, after `damage` was done to its tables.
fn damaged(damage: impl FnOnce(&Database)) -> RedbEngine {
    let disk = Disk::new(Vec::new(), 1);
    let database = redb::Builder::new().create_with_backend(disk).unwrap();
    write_meta(&database, Meta { format: FORMAT, incarnation: 0, revision: 0 }).unwrap();
    let caps = StoreOptions::new(Durability::Disk).caps(Durability::Disk);
    let mut engine = RedbEngine::start(database, caps).unwrap();
    let good = Transaction::new()
        .save(save("a", Revision::ABSENT))
        .save(save("b", Revision::ABSENT))
        .append(append("l", Seq::ZERO))
        .append(append("m", Seq::ZERO));
    engine.apply(&[Op::Commit(good)], 0).unwrap();
    damage(engine.database.as_ref().unwrap());
    engine
}

/// Changes the row under `row_key`; `None` deletes it.
fn rewrite(
    database: &Database,
    table: Table,
    row_key: &[u8],
    change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>,
) {
    let txn = database.begin_write().unwrap();
    {
        let mut table = txn.open_table(table).unwrap();
        let row = table.remove(row_key).unwrap().unwrap().value().to_vec();
        if let Some(row) = change(row) {
            table.insert(row_key, row.as_slice()).unwrap();
        }
    }
    txn.commit().unwrap();
}

fn flip(at: usize) -> impl FnOnce(Vec<u8>) -> Option<Vec<u8>> {
    move |mut row| {
        row[at] ^= 1;
        Some(row)
    }
}

fn one(engine: &mut RedbEngine, op: Op) -> Outcome {
    engine.apply(&[op], 0).unwrap().outcomes.remove(0)
}

fn commit(engine: &mut RedbEngine, transaction: Transaction) -> Result<(), CommitError> {
    match one(engine, Op::Commit(transaction)) {
        Outcome::Committed(outcome) => outcome.map(|_| ()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_record_is_an_error_hides_no_other_and_is_never_overwritten() {
    // In the revision, in the checksum of the revision, in the envelope.
    for at in [0, 9, 40] {
        let mut engine = damaged(|database| rewrite(database, STATE, b"a", flip(at)));
        for _ in 0..2 {
            let loaded = one(&mut engine, Op::Load(key("a")));
            assert!(
                matches!(&loaded, Outcome::Loaded(Err(ReadError::Corrupt { .. }))),
                "byte {at}: {loaded:?}"
            );
            // Whatever revision is expected, also that of absence.
            for expected in [Revision::ABSENT, Revision::new(1), Revision::new(1 << 56)] {
                let refused = commit(&mut engine, Transaction::new().save(save("a", expected)));
                let kept = matches!(
                    refused,
                    Err(CommitError::Save { error: SaveError::Corrupt { .. }, .. })
                );
                assert!(kept, "byte {at}: {refused:?}");
            }
        }
        let Outcome::Scanned(Ok(page)) = one(&mut engine, Op::Scan(Scan::prefix(""))) else {
            panic!("a scan answers");
        };
        let [(_, a), (_, b)] = page.records.as_slice() else { panic!("two records") };
        assert!(matches!(a, Err(ReadError::Corrupt { .. })));
        assert_eq!(b.as_ref().unwrap().bytes, b"b");
    }
}

#[test]
fn a_record_under_another_key_is_corrupt() {
    let mut engine = damaged(|database| {
        let mut other = Vec::new();
        rewrite(database, STATE, b"b", |row| {
            other.clone_from(&row);
            Some(row)
        });
        rewrite(database, STATE, b"a", |_| Some(other));
    });
    let loaded = one(&mut engine, Op::Load(key("a")));
    let Outcome::Loaded(Err(ReadError::Corrupt { damage, .. })) = loaded else {
        panic!("{loaded:?}");
    };
    assert_eq!(damage, Damage::Misplaced);
}

#[test]
fn a_record_of_a_newer_format_is_too_new_and_never_overwritten() {
    let mut engine = damaged(|database| {
        rewrite(database, STATE, b"a", |mut row| {
            // Behind revision and checksum: magic, then the format.
            row[12 + 3] = 2;
            Some(row)
        });
    });
    let loaded = one(&mut engine, Op::Load(key("a")));
    assert!(matches!(loaded, Outcome::Loaded(Err(ReadError::TooNew { found: 2, .. }))));
    let refused = commit(&mut engine, Transaction::new().save(save("a", Revision::new(1))));
    assert!(matches!(
        refused,
        Err(CommitError::Save { error: SaveError::TooNew { found: 2, .. }, .. })
    ));
}

fn read(engine: &mut RedbEngine, log: &str) -> Result<usize, ReadError> {
    match one(engine, Op::Read { log: key(log), after: Seq::ZERO, max: 9 }) {
        Outcome::Read(outcome) => outcome.map(|entries| entries.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_with_a_missing_or_damaged_entry_is_never_passed_off_as_whole() {
    for seq in 1..=3 {
        let row = rows::entry_key("l", Seq::new(seq));
        let mut engine = damaged(|database| rewrite(database, JOURNAL, &row, |_| None));
        let missing = read(&mut engine, "l");
        assert!(
            matches!(missing, Err(ReadError::Corrupt { damage: Damage::MissingEntry, .. })),
            "entry {seq}: {missing:?}"
        );
        assert_eq!(read(&mut engine, "m").unwrap(), 3);
        let mut engine = damaged(|database| rewrite(database, JOURNAL, &row, flip(30)));
        assert!(matches!(
            read(&mut engine, "l"),
            Err(ReadError::Corrupt { damage: Damage::Checksum, .. })
        ));
    }
}

#[test]
fn an_entry_at_another_position_is_corrupt() {
    let second = rows::entry_key("l", Seq::new(2));
    let mut engine = damaged(|database| {
        let mut first = Vec::new();
        rewrite(database, JOURNAL, &rows::entry_key("l", Seq::new(1)), |row| {
            first.clone_from(&row);
            Some(row)
        });
        rewrite(database, JOURNAL, &second, |_| Some(first));
    });
    let misplaced = read(&mut engine, "l");
    assert!(
        matches!(misplaced, Err(ReadError::Corrupt { damage: Damage::Misplaced, .. })),
        "{misplaced:?}"
    );
}

#[test]
fn a_damaged_head_stops_the_log_and_no_other() {
    for at in [1, 16, 44] {
        let mut engine = damaged(|database| rewrite(database, LOGS, b"l", flip(at)));
        assert!(matches!(read(&mut engine, "l"), Err(ReadError::Corrupt { .. })), "byte {at}");
        let refused = commit(&mut engine, Transaction::new().append(append("l", Seq::new(3))));
        assert!(matches!(
            refused,
            Err(CommitError::Append { error: AppendError::Corrupt { .. }, .. })
        ));
        commit(&mut engine, Transaction::new().append(append("m", Seq::new(3)))).unwrap();
    }
}
