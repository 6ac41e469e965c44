//! The store's process: starting, restarting, stopping, and what callers see meanwhile.

use std::sync::Arc;

use foundation::{ExitReason, StartError};
use futures_util::future::join_all;
use persistence::{Durability, OpenError, Probe, Revision, SaveError, StateStore, Store, probe};

use crate::support::{self, key, save};

fn reason(error: StartError) -> ExitReason {
    match error {
        StartError::Child { reason, .. } => reason,
        other => panic!("the child is to blame, not {other}"),
    }
}

#[tokio::test]
async fn a_killed_store_process_comes_back_with_everything_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let tree = support::disk(&folder.path().join("store.redb")).await.unwrap();
    let mut expected = Revision::ABSENT;
    for round in 0..10_u8 {
        expected = tree.store.save(save("k", expected, &[round])).await.unwrap().revision;
        let running = tree.name.whereis().unwrap();
        let monitor = running.process().monitor();
        // A save is under way when the process is killed.
        let under_way = tree.store.save(save("other", Revision::ABSENT, &[round]));
        running.process().exit(ExitReason::Killed);
        let outcome = under_way.await;
        let unknown = matches!(
            outcome,
            Ok(_)
                | Err(SaveError::Indeterminate(_)
                    | SaveError::Closed
                    | SaveError::Unavailable(_)
                    | SaveError::Conflict { .. })
        );
        assert!(unknown, "{outcome:?}");
        monitor.down().await;
        tree.name.registered().await;
        let record = loop {
            match tree.store.load(&key("k")).await {
                Ok(record) => break record.unwrap(),
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        };
        assert_eq!((record.revision, record.bytes), (expected, vec![round]));
        assert_eq!(tree.store.stats().await.unwrap().incarnation, u64::from(round) + 2);
    }
    tree.supervisor.shutdown().await;
}

#[tokio::test]
async fn a_stopped_store_is_closed_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let tree = support::disk(&path).await.unwrap();
    tree.store.save(save("k", Revision::ABSENT, b"v")).await.unwrap();
    tree.supervisor.shutdown().await;
    // A reader refuses a file that needs a repair.
    redb::ReadOnlyDatabase::open(&path).unwrap();
}

#[tokio::test]
async fn concurrent_saves_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let tree = support::disk(&folder.path().join("store.redb")).await.unwrap();
    let savers = (0..64).map(|saver| {
        let store = Arc::clone(&tree.store);
        async move {
            let name = format!("k{saver}");
            let mut expected = Revision::ABSENT;
            for round in 0..8_u8 {
                expected = store.save(save(&name, expected, &[round])).await.unwrap().revision;
            }
        }
    });
    join_all(savers).await;
    let stats = tree.store.stats().await.unwrap();
    assert_eq!(stats.writes, 64 * 8);
    assert!(stats.commits * 10 <= stats.writes, "at least 10 saves a commit: {stats:?}");
    tree.supervisor.shutdown().await;
}

#[tokio::test]
async fn a_second_store_on_the_same_file_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let tree = support::disk(&path).await.unwrap();
    let refused = reason(support::disk(&path).await.err().unwrap());
    assert!(matches!(OpenError::of(&refused), Some(OpenError::Locked { .. })), "{refused}");
    tree.store.save(save("k", Revision::ABSENT, b"v")).await.unwrap();
    tree.supervisor.shutdown().await;
    let tree = support::disk(&path).await.unwrap();
    assert!(tree.store.load(&key("k")).await.unwrap().is_some());
    tree.supervisor.shutdown().await;
}

#[tokio::test]
async fn more_durability_than_a_backend_gives_is_refused_at_the_start() {
    let refused = reason(support::memory(Durability::Disk).await.err().unwrap());
    assert!(
        matches!(
            OpenError::of(&refused),
            Some(OpenError::UnsupportedDurability {
                asked: Durability::Disk,
                offered: Durability::Volatile,
                ..
            })
        ),
        "{refused}"
    );
    let tree = support::memory(Durability::Volatile).await.unwrap();
    assert_eq!(tree.store.caps().await.unwrap().durability, Durability::Volatile);
    tree.supervisor.shutdown().await;
}

#[tokio::test]
async fn a_failed_start_says_why_and_leaves_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::write(&path, "somebody's diary").unwrap();
    let refused = reason(support::disk(&path).await.err().unwrap());
    assert!(matches!(OpenError::of(&refused), Some(OpenError::NotAStore { .. })), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's diary");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(probe(&path).unwrap(), Probe::Absent);
}
