//! The contract of transactions over records and logs.

use std::sync::Arc;

use super::{Case, append, case, created, key, revision, save};
use crate::{
    AppendError, CommitError, Committed, Epoch, Remove, Revision, SaveError, Seq, Store,
    Transaction,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(a_transaction_changes_everything_it_names),
        case(a_refused_part_refuses_the_whole),
        case(a_retried_transaction_is_applied_once),
        case(a_record_or_log_occurs_once_in_a_transaction),
        case(the_sum_of_a_transaction_is_bounded),
        case(an_empty_transaction_is_fine),
    ]
}

fn remove(name: &str, expected: Revision) -> Remove {
    Remove { key: key(name), expected, epoch: Epoch::new(1) }
}

async fn last(store: &dyn Store, log: &str) -> Seq {
    store.last(&key(log)).await.expect("a log has a head").last
}

async fn a_transaction_changes_everything_it_names(store: Arc<dyn Store>) {
    let old = created(&*store, "old").await;
    let transaction = Transaction::new()
        .save(save("a", Revision::ABSENT))
        .save(save("b", Revision::ABSENT))
        .remove(remove("old", old))
        .append(append("l", 0, &["x", "y"]))
        .append(append("m", 0, &["z"]));
    let committed = store.commit(transaction).await.expect("a good transaction");
    let Committed { saves, appends } = committed;
    assert_eq!(saves[0].revision, revision(&*store, "a").await);
    assert_eq!(saves[1].revision, revision(&*store, "b").await);
    assert_eq!(revision(&*store, "old").await, Revision::ABSENT);
    assert_eq!((appends[0].last, appends[1].last), (Seq::new(2), Seq::new(1)));
    assert_eq!((last(&*store, "l").await, last(&*store, "m").await), (Seq::new(2), Seq::new(1)));
}

async fn a_refused_part_refuses_the_whole(store: Arc<dyn Store>) {
    let kept = created(&*store, "kept").await;
    let good = || {
        Transaction::new()
            .save(save("a", Revision::ABSENT))
            .remove(remove("kept", kept))
            .append(append("l", 0, &["x"]))
    };
    let bad_save = good().save(save("b", Revision::new(99)));
    let outcome = store.commit(bad_save).await;
    assert!(
        matches!(outcome, Err(CommitError::Save { index: 1, error: SaveError::Conflict { .. } })),
        "{outcome:?}"
    );
    let outcome = store.commit(good().append(append("m", 5, &["y"]))).await;
    assert!(
        matches!(
            outcome,
            Err(CommitError::Append { index: 1, error: AppendError::Conflict { .. } })
        ),
        "{outcome:?}"
    );
    let outcome = store.commit(good().remove(remove("c", Revision::new(1)))).await;
    assert!(matches!(outcome, Err(CommitError::Remove { index: 1, .. })), "{outcome:?}");
    assert_eq!(revision(&*store, "a").await, Revision::ABSENT, "no save of a refused transaction");
    assert_eq!(revision(&*store, "kept").await, kept, "no removal of a refused transaction");
    assert_eq!(last(&*store, "l").await, Seq::ZERO, "no append of a refused transaction");
    store.commit(good()).await.expect("the good part alone is accepted");
}

async fn a_retried_transaction_is_applied_once(store: Arc<dyn Store>) {
    let old = created(&*store, "old").await;
    let transaction = Transaction::new()
        .save(save("a", Revision::ABSENT))
        .remove(remove("old", old))
        .append(append("l", 0, &["x", "y"]));
    let first = store.commit(transaction.clone()).await.expect("a good transaction");
    let again = store.commit(transaction).await.expect("a retry of an applied transaction");
    assert_eq!(again, first, "a retry answers as the first try did");
    assert_eq!(last(&*store, "l").await, Seq::new(2), "nothing was appended twice");
}

async fn a_record_or_log_occurs_once_in_a_transaction(store: Arc<dyn Store>) {
    let old = created(&*store, "old").await;
    let twice = [
        Transaction::new().save(save("a", Revision::ABSENT)).save(save("a", Revision::ABSENT)),
        Transaction::new().save(save("old", old)).remove(remove("old", old)),
        Transaction::new().append(append("l", 0, &["x"])).append(append("l", 1, &["y"])),
    ];
    for transaction in twice {
        let outcome = store.commit(transaction).await;
        assert!(matches!(outcome, Err(CommitError::Duplicate { .. })), "{outcome:?}");
    }
    let both = Transaction::new().save(save("x", Revision::ABSENT)).append(append("x", 0, &["y"]));
    store.commit(both).await.expect("a record and a log may share a name");
}

async fn the_sum_of_a_transaction_is_bounded(store: Arc<dyn Store>) {
    let caps = store.caps().await.expect("capabilities");
    let mut large = append("l", 0, &[]);
    let count = caps.transaction_bytes_max / caps.record_bytes_max + 1;
    large.entries = vec![vec![0; caps.record_bytes_max]; count];
    let refused = store.append(large.clone()).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");
    let outcome = store.commit(Transaction::new().append(large)).await;
    assert!(matches!(outcome, Err(CommitError::TooLarge { .. })), "{outcome:?}");
    assert_eq!(last(&*store, "l").await, Seq::ZERO, "nothing was appended");
}

async fn an_empty_transaction_is_fine(store: Arc<dyn Store>) {
    let committed = store.commit(Transaction::new()).await.expect("nothing to refuse");
    assert!(committed.saves.is_empty() && committed.appends.is_empty(), "{committed:?}");
}
