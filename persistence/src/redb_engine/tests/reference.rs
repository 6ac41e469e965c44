//! The disk engine answers and holds what the reference answers and holds.

use super::super::{FORMAT, Meta, RedbEngine, write_meta};
use super::disk::Disk;
use super::workload::{dump, key, now_ms, workload};
use crate::engine::{Engine, Op, Outcome};
use crate::{
    CommitError, Durability, Epoch, Revision, Save, SaveError, Schema, Seq, StoreOptions,
    Transaction, WriteId,
};

/// A disk with a fresh store on it.
pub(super) fn formatted(seed: u64) -> Vec<u8> {
    let disk = Disk::new(Vec::new(), seed);
    let database = redb::Builder::new().create_with_backend(disk.clone()).unwrap();
    write_meta(&database, Meta { format: FORMAT, incarnation: 0, revision: 0 }).unwrap();
    database.close().unwrap();
    disk.image()
}

pub(super) fn open(disk: &Disk) -> Result<RedbEngine, redb::Error> {
    let caps = StoreOptions::new(Durability::Disk).caps(Durability::Disk);
    let database = redb::Builder::new()
        .set_cache_size(1024 * 1024)
        .create_with_backend(disk.clone())
        .map_err(redb::Error::from)?;
    RedbEngine::start(database, caps)
}

#[test]
fn the_disk_engine_and_the_reference_agree_on_random_groups() {
    for seed in 0..20 {
        let workload = workload(seed, 30);
        let disk = Disk::new(formatted(seed), seed);
        let mut engine = open(&disk).unwrap();
        for (index, group) in workload.groups.iter().enumerate() {
            let applied = engine.apply(group, now_ms(index)).unwrap();
            let outcomes = format!("{:?}", applied.outcomes);
            assert!(outcomes == workload.outcomes[index], "seed {seed}, group {index}");
            assert_eq!(dump(&mut engine), workload.dumps[index + 1], "seed {seed}, group {index}");
        }
        engine.close().unwrap();
        let mut reopened = open(&Disk::new(disk.image(), seed)).unwrap();
        assert_eq!(dump(&mut reopened), *workload.dumps.last().unwrap(), "seed {seed}");
    }
}

#[test]
fn a_group_takes_one_sync_and_a_group_without_effect_none() {
    let workload = workload(7, 40);
    let disk = Disk::new(formatted(7), 7);
    let mut engine = open(&disk).unwrap();
    let mut commits = 0;
    for (index, group) in workload.groups.iter().enumerate() {
        // A file that had to grow, which doubles it, is synced once more.
        let before = disk.syncs() - disk.growths();
        let applied = engine.apply(group, now_ms(index)).unwrap();
        let syncs = disk.syncs() - disk.growths() - before;
        assert_eq!(syncs, u64::from(applied.committed), "group {index}");
        commits += u64::from(applied.committed);
        let before = disk.syncs();
        dump(&mut engine);
        assert_eq!(disk.syncs(), before, "reads do not sync");
    }
    assert!(commits > 30, "most groups write something");
    assert!(disk.growths() < 6, "growth is rare");
}

fn save(name: &str, expected: Revision, bytes: usize) -> Save {
    Save {
        key: key(name),
        expected,
        epoch: Epoch::new(1),
        seq: Seq::ZERO,
        write_id: WriteId::random(),
        schema: Schema::raw("s", 1),
        bytes: vec![7; bytes],
    }
}

#[test]
fn a_refused_request_leaves_its_neighbours_alone() {
    let mut engine = open(&Disk::new(formatted(1), 1)).unwrap();
    let commit = |save| Op::Commit(Transaction::new().save(save));
    let group = [
        commit(save("a", Revision::ABSENT, 3)),
        commit(save("a", Revision::ABSENT, 4)),
        commit(save("b", Revision::ABSENT, 2_000_000)),
        commit(save("b", Revision::ABSENT, 5)),
        Op::Load(key("a")),
    ];
    let outcomes = engine.apply(&group, 0).unwrap().outcomes;
    let [
        Outcome::Committed(first),
        Outcome::Committed(conflict),
        Outcome::Committed(large),
        Outcome::Committed(last),
        Outcome::Loaded(loaded),
    ] = outcomes.as_slice()
    else {
        panic!("each request is answered in its kind");
    };
    let revision = first.as_ref().unwrap().saves[0].revision;
    assert!(matches!(
        conflict,
        Err(CommitError::Save { error: SaveError::Conflict { found }, .. }) if *found == revision
    ));
    assert!(matches!(
        large,
        Err(CommitError::Save { error: SaveError::TooLarge { bytes: 2_000_000, .. }, .. })
    ));
    assert!(last.is_ok());
    // The read arrived behind the write and sees it.
    assert_eq!(loaded.as_ref().unwrap().as_ref().unwrap().bytes.len(), 3);
}

#[test]
fn a_group_of_refusals_alone_does_not_sync() {
    let disk = Disk::new(formatted(2), 2);
    let mut engine = open(&disk).unwrap();
    let before = disk.syncs();
    let refused = Op::Commit(Transaction::new().save(save("a", Revision::new(5), 1)));
    let applied = engine.apply(&[refused], 0).unwrap();
    assert!(applied.outcomes[0].is_refusal());
    assert_eq!((applied.committed, disk.syncs()), (false, before));
}

#[test]
fn revisions_grow_for_ever_across_removal_and_reopening() {
    let disk = Disk::new(formatted(3), 3);
    let mut engine = open(&disk).unwrap();
    let apply = |engine: &mut RedbEngine, transaction| {
        let mut outcomes = engine.apply(&[Op::Commit(transaction)], 0).unwrap().outcomes;
        let Some(Outcome::Committed(outcome)) = outcomes.pop() else { panic!("a commit") };
        outcome.unwrap()
    };
    let first = apply(&mut engine, Transaction::new().save(save("a", Revision::ABSENT, 1)));
    let expected = first.saves[0].revision;
    let removal = crate::Remove { key: key("a"), expected, epoch: Epoch::new(1) };
    apply(&mut engine, Transaction::new().remove(removal));
    assert_eq!(engine.incarnation(), 1);
    engine.close().unwrap();

    let mut engine = open(&Disk::new(disk.image(), 3)).unwrap();
    assert_eq!(engine.incarnation(), 2);
    let again = apply(&mut engine, Transaction::new().save(save("a", Revision::ABSENT, 1)));
    assert!(again.saves[0].revision > expected);
}
