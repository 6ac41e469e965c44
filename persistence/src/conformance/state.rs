//! The contract of records.

use std::sync::Arc;

use super::{Case, all, case, created, key, revision, save};
use crate::{
    Codec, Epoch, Record, Remove, Revision, Save, SaveError, Scan, Schema, Seq, Store, WriteId,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(a_record_comes_back_as_it_was_saved),
        case(a_stale_revision_is_a_conflict_and_writes_nothing),
        case(revisions_of_a_key_only_grow),
        case(a_greater_epoch_fences_all_lower_ones),
        case(a_retried_save_is_applied_once),
        case(an_older_schema_is_refused),
        case(the_size_limit_is_exact),
        case(a_removal_is_compare_and_set),
        case(a_scan_lists_a_prefix_in_order_and_in_pages),
        case(of_concurrent_saves_exactly_one_wins),
    ]
}

async fn a_record_comes_back_as_it_was_saved(store: Arc<dyn Store>) {
    assert!(store.load(&key("k")).await.expect("a load answers").is_none(), "absent at first");
    let saved = Save {
        key: key("k"),
        expected: Revision::ABSENT,
        epoch: Epoch::new(7),
        seq: Seq::new(8),
        write_id: WriteId::new(u128::MAX - 1),
        schema: Schema::new("a schema", 9, Codec::new(200)),
        bytes: vec![0, 255, 10, 0],
    };
    let ack = store.save(saved.clone()).await.expect("a first save");
    let Record { revision, epoch, seq, write_id, schema, bytes, .. } =
        store.load(&key("k")).await.expect("a load answers").expect("the record is there");
    assert_eq!(revision, ack.revision, "the acknowledged revision is the stored one");
    assert_eq!((epoch, seq, write_id), (saved.epoch, saved.seq, saved.write_id), "numbers");
    assert_eq!((schema, bytes), (saved.schema, saved.bytes), "schema and bytes");
    let empty = Save { bytes: Vec::new(), epoch, expected: revision, ..save("k", revision) };
    store.save(empty).await.expect("an empty record is a record");
    let record = store.load(&key("k")).await.expect("a load answers").expect("still there");
    assert!(record.bytes.is_empty(), "empty is not absent");
}

async fn a_stale_revision_is_a_conflict_and_writes_nothing(store: Arc<dyn Store>) {
    let nothing = store.save(save("k", Revision::new(3))).await;
    assert!(
        matches!(nothing, Err(SaveError::Conflict { found: Revision::ABSENT })),
        "a save must not create what it expects to exist: {nothing:?}"
    );
    let first = created(&*store, "k").await;
    let second = store.save(save("k", first)).await.expect("the right revision").revision;
    for stale in [Revision::ABSENT, first, Revision::new(second.get() + 1)] {
        let refused = store.save(save("k", stale)).await;
        assert!(
            matches!(refused, Err(SaveError::Conflict { found }) if found == second),
            "expected {stale}, stored {second}: {refused:?}"
        );
    }
    assert_eq!(revision(&*store, "k").await, second, "a conflict writes nothing");
}

async fn revisions_of_a_key_only_grow(store: Arc<dyn Store>) {
    let mut last = created(&*store, "k").await;
    assert!(last > Revision::ABSENT, "a revision is never that of absence");
    for _ in 0..3 {
        let next = store.save(save("k", last)).await.expect("the right revision").revision;
        assert!(next > last, "{next} follows {last}");
        last = next;
    }
    let remove = Remove { key: key("k"), expected: last, epoch: Epoch::new(1) };
    store.remove(remove).await.expect("the right revision");
    let again = created(&*store, "k").await;
    assert!(again > last, "a record created again goes on above {last}, not at {again}");
}

async fn a_greater_epoch_fences_all_lower_ones(store: Arc<dyn Store>) {
    let first = created(&*store, "k").await;
    let seal = Save { epoch: Epoch::new(5), ..save("k", first) };
    let sealed = store.save(seal).await.expect("a greater epoch takes over").revision;
    for expected in [first, sealed, Revision::ABSENT] {
        let zombie = Save { epoch: Epoch::new(4), ..save("k", expected) };
        let refused = store.save(zombie).await;
        assert!(
            matches!(refused, Err(SaveError::Fenced { current_epoch }) if current_epoch == Epoch::new(5)),
            "epoch 4 under 5: {refused:?}"
        );
    }
    let zombie = Remove { key: key("k"), expected: sealed, epoch: Epoch::new(4) };
    let refused = store.remove(zombie).await;
    assert!(matches!(refused, Err(SaveError::Fenced { .. })), "a removal is fenced: {refused:?}");
    assert_eq!(revision(&*store, "k").await, sealed, "a fenced write writes nothing");
}

async fn a_retried_save_is_applied_once(store: Arc<dyn Store>) {
    let create = save("k", Revision::ABSENT);
    let first = store.save(create.clone()).await.expect("a first save").revision;
    let again = store.save(create.clone()).await.expect("a retry of an applied save").revision;
    assert_eq!(again, first, "a retry answers as the first try did");
    let next = store.save(save("k", first)).await.expect("the right revision").revision;
    let late = store.save(create).await;
    assert!(
        matches!(late, Err(SaveError::Conflict { found }) if found == next),
        "a retry after a newer save is a conflict: {late:?}"
    );
}

async fn an_older_schema_is_refused(store: Arc<dyn Store>) {
    let first = created(&*store, "k").await;
    let older = Save { schema: Schema::raw("conformance", 1), ..save("k", first) };
    let refused = store.save(older).await;
    assert!(
        matches!(refused, Err(SaveError::SchemaTooNew { found: 2, offered: 1 })),
        "version 1 over version 2: {refused:?}"
    );
    assert_eq!(revision(&*store, "k").await, first, "nothing was written");
}

async fn the_size_limit_is_exact(store: Arc<dyn Store>) {
    let limit = store.caps().await.expect("capabilities").record_bytes_max;
    let over = Save { bytes: vec![1; limit + 1], ..save("k", Revision::ABSENT) };
    let refused = store.save(over).await;
    assert!(matches!(refused, Err(SaveError::TooLarge { .. })), "one over: {refused:?}");
    let exact = Save { bytes: vec![1; limit], ..save("k", Revision::ABSENT) };
    store.save(exact).await.expect("a record of exactly the limit");
    let record = store.load(&key("k")).await.expect("a load answers").expect("the record");
    assert_eq!(record.bytes.len(), limit, "all of it is there");
}

async fn a_removal_is_compare_and_set(store: Arc<dyn Store>) {
    let removal = |expected| Remove { key: key("k"), expected, epoch: Epoch::new(1) };
    let nothing = store.remove(removal(Revision::new(1))).await;
    assert!(
        matches!(nothing, Err(SaveError::Conflict { found: Revision::ABSENT })),
        "absent: {nothing:?}"
    );
    let first = created(&*store, "k").await;
    let stale = store.remove(removal(Revision::new(first.get() + 1))).await;
    assert!(matches!(stale, Err(SaveError::Conflict { found }) if found == first), "{stale:?}");
    store.remove(removal(first)).await.expect("the right revision");
    assert_eq!(revision(&*store, "k").await, Revision::ABSENT, "removed");
}

async fn a_scan_lists_a_prefix_in_order_and_in_pages(store: Arc<dyn Store>) {
    for name in ["b", "a/2", "a", "a0", "a/10", "a/1", "ab"] {
        created(&*store, name).await;
    }
    let listed = |scan: Scan| {
        let store = Arc::clone(&store);
        async move {
            let page = store.scan(scan).await.expect("a scan answers");
            let names = page.records.iter().map(|(key, record)| {
                let record = record.as_ref().expect("a readable record");
                assert_eq!(record.bytes, key.as_str().as_bytes(), "the record of its key");
                key.as_str().to_owned()
            });
            (names.collect::<Vec<_>>(), page.next)
        }
    };
    let everything = ["a", "a/1", "a/10", "a/2", "a0", "ab", "b"];
    assert_eq!(listed(Scan::prefix("")).await, (everything.map(String::from).to_vec(), None));
    let below = ["a/1", "a/10", "a/2"].map(String::from).to_vec();
    assert_eq!(listed(Scan::prefix("a/")).await, (below.clone(), None));
    assert_eq!(listed(Scan::prefix("c")).await, (Vec::new(), None));
    let mut walked = Vec::new();
    let mut scan = Scan::prefix("a/").max(2);
    loop {
        let (mut names, next) = listed(scan.clone()).await;
        assert!(names.len() <= 2, "a page of at most two");
        walked.append(&mut names);
        let Some(next) = next else { break };
        scan = scan.after(next);
    }
    assert_eq!(walked, below, "the pages together are the whole listing");
    assert_eq!(listed(Scan::prefix("a/").after(key("a"))).await.0, below, "after a key before");
}

async fn of_concurrent_saves_exactly_one_wins(store: Arc<dyn Store>) {
    let mut current = created(&*store, "k").await;
    for _ in 0..5 {
        let racing = (0..16).map(|_| store.save(save("k", current)));
        let outcomes = all(racing).await;
        let won: Vec<_> = outcomes.iter().flatten().collect();
        assert_eq!(won.len(), 1, "one winner among 16: {outcomes:?}");
        for outcome in &outcomes {
            if let Err(error) = outcome {
                assert!(matches!(error, SaveError::Conflict { .. }), "a loser: {error:?}");
            }
        }
        current = won[0].revision;
        assert_eq!(revision(&*store, "k").await, current, "the winner's save is stored");
    }
}
