//! Files that must be refused, and that must stay byte for byte as they are.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, TableDefinition};

use super::super::{FORMAT, META, META_FORMAT, Probe, RedbEngine, probe};
use super::disk::Rng;
use super::workload::{dump, now_ms, workload};
use crate::engine::Engine;
use crate::{Durability, OpenError, StoreOptions};

fn options() -> StoreOptions {
    StoreOptions::new(Durability::Disk)
}

fn open(path: &Path) -> Result<RedbEngine, OpenError> {
    RedbEngine::open(path, &options())
}

/// A folder with the path of a store in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    (folder, path)
}

/// Fills a store and gives what it holds.
fn fill(engine: &mut RedbEngine) -> String {
    let workload = workload(5, 10);
    for (index, group) in workload.groups.iter().enumerate() {
        engine.apply(group, now_ms(index)).unwrap();
    }
    dump(engine)
}

/// The bytes of a store as a killed program leaves them: repair is due.
fn unclean_copy(path: &Path) -> Vec<u8> {
    let mut engine = open(path).unwrap();
    fill(&mut engine);
    fs::read(path).unwrap()
}

/// Probing and opening both refuse, and neither changes a byte.
#[track_caller]
fn check_refused(path: &Path, expected: fn(&OpenError) -> bool) {
    let before = fs::read(path).unwrap();
    let probed = probe(path).unwrap_err();
    assert!(expected(&probed), "probe: {probed:?}");
    let opened = open(path).unwrap_err();
    assert!(expected(&opened), "open: {opened:?}");
    assert!(fs::read(path).unwrap() == before, "the file was changed");
}

#[test]
fn a_file_of_another_kind_is_refused_and_kept() {
    let (_folder, path) = place();
    for content in ["", "x", "a diary, longer than any magic number", "redb but not quite"] {
        fs::write(&path, content).unwrap();
        check_refused(&path, |error| matches!(error, OpenError::NotAStore { .. }));
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_kept() {
    let (_folder, path) = place();
    let table: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
    let database = Database::create(&path).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(table).unwrap().insert("format", 1).unwrap();
    txn.commit().unwrap();
    let unclean = fs::read(&path).unwrap();
    database.close().unwrap();
    check_refused(&path, |error| matches!(error, OpenError::NotAStore { .. }));
    fs::write(&path, unclean).unwrap();
    check_refused(&path, |error| matches!(error, OpenError::NotAStore { .. }));
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_kept() {
    let (_folder, path) = place();
    open(&path).unwrap().close().unwrap();
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let newer = u64::from(FORMAT + 1).to_be_bytes();
    txn.open_table(META).unwrap().insert(META_FORMAT, newer.as_slice()).unwrap();
    txn.commit().unwrap();
    let unclean = fs::read(&path).unwrap();
    database.close().unwrap();
    let too_new =
        |error: &OpenError| matches!(error, OpenError::TooNew { found: 2, supported: 1, .. });
    check_refused(&path, too_new);
    // Also when a repair would be due, which only the newer program may make.
    fs::write(&path, unclean).unwrap();
    check_refused(&path, too_new);
}

#[test]
fn a_damaged_store_is_refused_and_kept_or_read_right() {
    let (_folder, path) = place();
    let unclean = unclean_copy(&path);
    drop(open(&path).unwrap());
    let clean = fs::read(&path).unwrap();
    let dumps = workload(5, 10).dumps;
    // Damage to the last commit of a file that was not closed looks like a commit that was cut
    // short, and is undone as one. After a clean close it is told apart.
    let [.., before_last, last] = dumps.as_slice() else { panic!("ten groups") };
    let mut rng = Rng::new(11);
    let mut refused = 0;
    for (original, allowed) in [(&clean, vec![last]), (&unclean, vec![last, before_last])] {
        for _ in 0..60 {
            let mut damaged = original.clone();
            let at = usize::try_from(rng.below(damaged.len() as u64)).unwrap();
            damaged[at] ^= 1 << rng.below(8);
            fs::write(&path, &damaged).unwrap();
            match open(&path) {
                Ok(mut engine) => {
                    let found = dump(&mut engine);
                    assert!(allowed.contains(&&found), "byte {at}: {found}");
                }
                Err(error) => {
                    refused += 1;
                    let known =
                        matches!(error, OpenError::Corrupt { .. } | OpenError::NotAStore { .. });
                    assert!(known, "byte {at}: {error:?}");
                    assert!(fs::read(&path).unwrap() == damaged, "byte {at}: the file changed");
                }
            }
        }
    }
    assert!(refused > 0, "no damage was noticed");
}

#[test]
fn a_store_cut_short_is_refused_and_kept() {
    let (_folder, path) = place();
    let unclean = unclean_copy(&path);
    for len in [9, 100, 320, 4096, 8192, unclean.len() / 2, unclean.len() - 1] {
        fs::write(&path, &unclean[..len]).unwrap();
        check_refused(&path, |error| {
            matches!(error, OpenError::Corrupt { .. } | OpenError::NotAStore { .. })
        });
    }
}

#[test]
fn a_store_in_use_is_locked_for_everybody_else() {
    let (_folder, path) = place();
    let mut engine = open(&path).unwrap();
    let expected = fill(&mut engine);
    assert!(matches!(open(&path), Err(OpenError::Locked { path: locked }) if locked == path));
    assert!(matches!(probe(&path), Err(OpenError::Locked { .. })));
    assert_eq!(dump(&mut engine), expected);
    drop(engine);
    assert_eq!(dump(&mut open(&path).unwrap()), expected);
}

#[test]
fn a_probe_tells_what_is_there_and_changes_nothing() {
    let (_folder, path) = place();
    assert_eq!(probe(&path).unwrap(), Probe::Absent);
    assert!(!path.exists());
    let unclean = unclean_copy(&path);
    fs::write(&path, &unclean).unwrap();
    let bytes = unclean.len() as u64;
    assert_eq!(probe(&path).unwrap(), Probe::Store { format: 1, incarnation: 1, bytes });
    assert!(fs::read(&path).unwrap() == unclean);
    drop(open(&path).unwrap());
    let Probe::Store { incarnation, .. } = probe(&path).unwrap() else { panic!("a store") };
    assert_eq!(incarnation, 2);
}

#[test]
fn a_store_is_created_with_its_folders_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/store.redb");
    drop(open(&path).unwrap());
    let names: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["store.redb"]);
}

#[test]
fn a_place_that_cannot_hold_a_store_is_an_error_of_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Io { .. })));
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(open(&file.join("store.redb")), Err(OpenError::Io { .. })));
}

#[test]
fn an_examined_store_reads_the_same_as_before() {
    // The overlay must not leak what the examination wrote into it.
    let (_folder, path) = place();
    let unclean = unclean_copy(&path);
    let expected = dump(&mut open(&path).unwrap());
    fs::write(&path, &unclean).unwrap();
    for _ in 0..3 {
        probe(&path).unwrap();
    }
    assert_eq!(dump(&mut open(&path).unwrap()), expected);
    let database = Database::open(&path).unwrap();
    assert!(database.begin_read().is_ok());
}
