//! The contract of logs.

use std::sync::Arc;

use super::{Case, all, append, case, created, key};
use crate::{Append, AppendError, Entry, Epoch, LogHead, Scan, Seq, Store, Trim};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(entries_are_numbered_from_one_without_gaps),
        case(an_append_goes_only_behind_the_expected_entry),
        case(an_append_is_applied_wholly_or_not_at_all),
        case(a_greater_epoch_fences_the_log),
        case(a_retried_append_is_applied_once),
        case(a_trimmed_log_goes_on_where_it_was),
        case(logs_are_listed_by_prefix_and_never_mix),
        case(concurrent_appends_leave_no_gap_and_no_double),
    ]
}

async fn entries(store: &dyn Store, log: &str, after: u64, max: usize) -> Vec<Entry> {
    store.read(&key(log), Seq::new(after), max).await.expect("a log can be read")
}

fn texts(entries: &[Entry]) -> Vec<(u64, String)> {
    let text = |entry: &Entry| String::from_utf8_lossy(&entry.bytes).into_owned();
    entries.iter().map(|entry| (entry.seq.get(), text(entry))).collect()
}

fn numbered(from: u64, names: &[&str]) -> Vec<(u64, String)> {
    (from..).zip(names.iter().map(|name| (*name).to_owned())).collect()
}

async fn head(store: &dyn Store, log: &str) -> LogHead {
    store.last(&key(log)).await.expect("a log has a head")
}

async fn entries_are_numbered_from_one_without_gaps(store: Arc<dyn Store>) {
    assert_eq!(head(&*store, "l").await, LogHead::EMPTY, "no log yet");
    assert!(entries(&*store, "l", 0, 10).await.is_empty(), "no entries yet");
    let one = store.append(append("l", 0, &["a"])).await.expect("a first append");
    assert_eq!(one.last, Seq::new(1));
    let three = store.append(append("l", 1, &["b", "c"])).await.expect("two more");
    assert_eq!(three.last, Seq::new(3));
    let read = entries(&*store, "l", 0, 10).await;
    assert_eq!(texts(&read), numbered(1, &["a", "b", "c"]));
    assert_eq!(read[0].epoch, Epoch::new(1), "an entry knows its writer");
    assert_eq!(texts(&entries(&*store, "l", 0, 2).await), numbered(1, &["a", "b"]));
    assert_eq!(texts(&entries(&*store, "l", 2, 2).await), numbered(3, &["c"]));
    assert!(entries(&*store, "l", 3, 2).await.is_empty(), "behind the last");
    assert!(entries(&*store, "l", 99, 2).await.is_empty(), "far behind the last");
    let LogHead { trimmed, last, epoch, .. } = head(&*store, "l").await;
    assert_eq!((trimmed, last, epoch), (Seq::ZERO, Seq::new(3), Epoch::new(1)));
}

async fn an_append_goes_only_behind_the_expected_entry(store: Arc<dyn Store>) {
    let ahead = store.append(append("l", 1, &["x"])).await;
    assert!(
        matches!(ahead, Err(AppendError::Conflict { found: Seq::ZERO })),
        "an empty log ends at 0: {ahead:?}"
    );
    store.append(append("l", 0, &["a", "b"])).await.expect("a first append");
    for expected in [0, 1, 3] {
        let off = store.append(append("l", expected, &["x"])).await;
        assert!(
            matches!(off, Err(AppendError::Conflict { found }) if found == Seq::new(2)),
            "expected {expected}, stored 2: {off:?}"
        );
    }
    assert_eq!(texts(&entries(&*store, "l", 0, 9).await), numbered(1, &["a", "b"]));
}

async fn an_append_is_applied_wholly_or_not_at_all(store: Arc<dyn Store>) {
    let limit = store.caps().await.expect("capabilities").record_bytes_max;
    let mut mixed = append("l", 0, &["a", "b"]);
    mixed.entries.push(vec![0; limit + 1]);
    let refused = store.append(mixed).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "one too large: {refused:?}");
    assert_eq!(head(&*store, "l").await, LogHead::EMPTY, "none of the three is there");
    assert!(entries(&*store, "l", 0, 9).await.is_empty(), "none of the three is there");
}

async fn a_greater_epoch_fences_the_log(store: Arc<dyn Store>) {
    store.append(append("l", 0, &["a"])).await.expect("a first append");
    let seal = Append { epoch: Epoch::new(5), ..append("l", 1, &[]) };
    let sealed = store.append(seal).await.expect("an append without entries takes over");
    assert_eq!(sealed.last, Seq::new(1), "it adds nothing");
    for expected in [0, 1] {
        let zombie = Append { epoch: Epoch::new(4), ..append("l", expected, &["z"]) };
        let refused = store.append(zombie).await;
        assert!(
            matches!(refused, Err(AppendError::Fenced { current_epoch }) if current_epoch == Epoch::new(5)),
            "epoch 4 under 5: {refused:?}"
        );
    }
    let trim = Trim { log: key("l"), upto: Seq::new(1), epoch: Epoch::new(4) };
    let refused = store.trim(trim).await;
    assert!(matches!(refused, Err(AppendError::Fenced { .. })), "a trim is fenced: {refused:?}");
    let owner = Append { epoch: Epoch::new(5), ..append("l", 1, &["b"]) };
    store.append(owner).await.expect("the owner goes on");
    assert_eq!(texts(&entries(&*store, "l", 0, 9).await), numbered(1, &["a", "b"]));
}

async fn a_retried_append_is_applied_once(store: Arc<dyn Store>) {
    let first = append("l", 0, &["a", "b"]);
    store.append(first.clone()).await.expect("a first append");
    let again = store.append(first.clone()).await.expect("a retry of an applied append");
    assert_eq!(again.last, Seq::new(2), "a retry answers as the first try did");
    assert_eq!(texts(&entries(&*store, "l", 0, 9).await), numbered(1, &["a", "b"]));
    store.append(append("l", 2, &["c"])).await.expect("the next append");
    let late = store.append(first).await;
    assert!(
        matches!(late, Err(AppendError::Conflict { found }) if found == Seq::new(3)),
        "a retry after a newer append is a conflict: {late:?}"
    );
}

async fn a_trimmed_log_goes_on_where_it_was(store: Arc<dyn Store>) {
    let trim = |upto| Trim { log: key("l"), upto: Seq::new(upto), epoch: Epoch::new(1) };
    let nothing = store.trim(trim(5)).await.expect("an empty log can be trimmed");
    assert_eq!(nothing, LogHead::EMPTY);
    store.append(append("l", 0, &["a", "b", "c", "d"])).await.expect("a first append");
    store.append(append("l/x", 0, &["other"])).await.expect("another log");
    let trimmed = store.trim(trim(2)).await.expect("a trim");
    assert_eq!((trimmed.trimmed, trimmed.last, trimmed.len()), (Seq::new(2), Seq::new(4), 2));
    assert_eq!(texts(&entries(&*store, "l", 0, 9).await), numbered(3, &["c", "d"]));
    let again = store.trim(trim(1)).await.expect("trimming again is harmless");
    assert_eq!(again, trimmed);
    let all = store.trim(trim(99)).await.expect("more than there is");
    assert!(all.is_empty() && all.last == Seq::new(4), "{all:?}");
    let next = store.append(append("l", 4, &["e"])).await.expect("the numbering goes on");
    assert_eq!(next.last, Seq::new(5));
    assert_eq!(texts(&entries(&*store, "l", 0, 9).await), numbered(5, &["e"]));
    assert_eq!(texts(&entries(&*store, "l/x", 0, 9).await), numbered(1, &["other"]));
}

async fn logs_are_listed_by_prefix_and_never_mix(store: Arc<dyn Store>) {
    created(&*store, "a").await;
    for name in ["a", "a/1", "ab", "b", "a/10"] {
        store.append(append(name, 0, &[name, name])).await.expect("a first append");
    }
    for name in ["a", "a/1", "ab", "b", "a/10"] {
        let read = texts(&entries(&*store, name, 0, 9).await);
        assert_eq!(read, numbered(1, &[name, name]), "the log {name} holds its own entries");
    }
    let page = store.logs(Scan::prefix("a").max(2)).await.expect("a listing");
    let names = |page: &crate::LogPage| -> Vec<String> {
        page.logs.iter().map(|(key, _)| key.as_str().to_owned()).collect()
    };
    assert_eq!(names(&page), ["a", "a/1"]);
    let next = page.next.expect("there is more");
    let rest = store.logs(Scan::prefix("a").after(next)).await.expect("a listing");
    assert_eq!((names(&rest).as_slice(), rest.next), (&["a/10", "ab"].map(String::from)[..], None));
    let head = rest.logs[0].1.as_ref().expect("a readable head");
    assert_eq!(head.last, Seq::new(2), "a listing carries the heads");
}

async fn concurrent_appends_leave_no_gap_and_no_double(store: Arc<dyn Store>) {
    let racers = (0..8).map(|racer| {
        let store = Arc::clone(&store);
        async move {
            for round in 0..5 {
                let text = format!("{racer}.{round}");
                let mut expected = 0;
                loop {
                    match store.append(append("l", expected, &[&text])).await {
                        Ok(_) => break,
                        Err(AppendError::Conflict { found }) => expected = found.get(),
                        Err(error) => panic!("an append answers: {error}"),
                    }
                }
            }
        }
    });
    all(racers).await;
    let read = entries(&*store, "l", 0, 99).await;
    let numbers: Vec<_> = read.iter().map(|entry| entry.seq.get()).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>(), "no gap");
    let mut found: Vec<_> = texts(&read).into_iter().map(|(_, text)| text).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 40, "no double");
}
