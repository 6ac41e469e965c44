//! Each rule, and which one wins when several apply.

use super::{Verdict, append, head_after, remove, save, trim};
use crate::{
    Append, AppendError, Caps, Damage, Durability, Envelope, EnvelopeError, Epoch, Key, LogHead,
    Record, Remove, Revision, Save, SaveError, Schema, Seq, StoreOptions, Transaction, Trim,
    WriteId,
};

const STORED_REVISION: Revision = Revision::new(10);
const STORED_EPOCH: Epoch = Epoch::new(5);
const STORED_WRITE: WriteId = WriteId::new(77);
const OTHER_WRITE: WriteId = WriteId::new(78);

fn key() -> Key {
    Key::new("k").unwrap()
}

fn caps() -> Caps {
    StoreOptions::new(Durability::Volatile).record_bytes_max(8).caps(Durability::Volatile)
}

fn stored() -> Record {
    let envelope = Envelope {
        schema: Schema::raw("s", 3),
        epoch: STORED_EPOCH,
        seq: Seq::new(1),
        write_id: STORED_WRITE,
        saved_at_ms: 0,
        bytes: Vec::new(),
    };
    Record::from_envelope(STORED_REVISION, envelope)
}

fn good_save() -> Save {
    Save {
        key: key(),
        expected: STORED_REVISION,
        epoch: STORED_EPOCH,
        seq: Seq::new(2),
        write_id: OTHER_WRITE,
        schema: Schema::raw("s", 3),
        bytes: vec![0; 8],
    }
}

#[test]
fn a_save_behind_the_stored_revision_is_applied() {
    let verdict = save(Ok(Some(stored())), &good_save(), &caps());
    assert_eq!(verdict.unwrap(), Verdict::Apply);
    let next_epoch = Save { epoch: STORED_EPOCH.next(), ..good_save() };
    assert_eq!(save(Ok(Some(stored())), &next_epoch, &caps()).unwrap(), Verdict::Apply);
}

#[test]
fn a_save_of_an_absent_record_must_expect_absence() {
    let create = Save { expected: Revision::ABSENT, ..good_save() };
    assert_eq!(save(Ok(None), &create, &caps()).unwrap(), Verdict::Apply);
    let verdict = save(Ok(None), &good_save(), &caps());
    assert!(matches!(verdict, Err(SaveError::Conflict { found: Revision::ABSENT })));
    let verdict = save(Ok(Some(stored())), &create, &caps());
    assert!(matches!(verdict, Err(SaveError::Conflict { found: STORED_REVISION })));
}

#[test]
fn a_lower_epoch_is_fenced_even_with_the_right_revision() {
    let zombie = Save { epoch: Epoch::new(4), ..good_save() };
    let verdict = save(Ok(Some(stored())), &zombie, &caps());
    assert!(matches!(verdict, Err(SaveError::Fenced { current_epoch: STORED_EPOCH })));
    // Nor does knowing the stored write's id help.
    let zombie = Save { write_id: STORED_WRITE, ..zombie };
    let verdict = save(Ok(Some(stored())), &zombie, &caps());
    assert!(matches!(verdict, Err(SaveError::Fenced { .. })));
}

#[test]
fn a_retry_of_the_applied_save_is_answered_with_its_revision() {
    let retry = Save { write_id: STORED_WRITE, expected: Revision::new(9), ..good_save() };
    let verdict = save(Ok(Some(stored())), &retry, &caps());
    assert_eq!(verdict.unwrap(), Verdict::AlreadyApplied(STORED_REVISION));
    let other_epoch = Save { epoch: STORED_EPOCH.next(), ..retry };
    let verdict = save(Ok(Some(stored())), &other_epoch, &caps());
    assert!(matches!(verdict, Err(SaveError::Conflict { .. })));
}

#[test]
fn an_older_schema_never_overwrites_a_newer_one() {
    let older = Save { schema: Schema::raw("s", 2), ..good_save() };
    let verdict = save(Ok(Some(stored())), &older, &caps());
    assert!(matches!(verdict, Err(SaveError::SchemaTooNew { found: 3, offered: 2 })));
    let newer = Save { schema: Schema::raw("s", 4), ..good_save() };
    assert!(save(Ok(Some(stored())), &newer, &caps()).is_ok());
    let renamed = Save { schema: Schema::raw("t", 1), ..good_save() };
    assert!(save(Ok(Some(stored())), &renamed, &caps()).is_ok());
}

#[test]
fn an_unreadable_record_is_neither_overwritten_nor_removed() {
    let damaged = || Err(EnvelopeError::Corrupt(Damage::Checksum));
    let newer = || Err(EnvelopeError::TooNew { found: 2, supported: 1 });
    let removal = Remove { key: key(), expected: STORED_REVISION, epoch: STORED_EPOCH };
    assert!(matches!(save(damaged(), &good_save(), &caps()), Err(SaveError::Corrupt { .. })));
    assert!(matches!(save(newer(), &good_save(), &caps()), Err(SaveError::TooNew { .. })));
    assert!(matches!(remove(damaged(), &removal), Err(SaveError::Corrupt { .. })));
    assert!(matches!(remove(newer(), &removal), Err(SaveError::TooNew { .. })));
}

#[test]
fn a_save_over_the_limit_is_too_large() {
    let large = Save { bytes: vec![0; 9], ..good_save() };
    let verdict = save(Ok(Some(stored())), &large, &caps());
    assert!(matches!(verdict, Err(SaveError::TooLarge { bytes: 9, limit: 8 })));
}

#[test]
fn a_removal_is_judged_as_a_save_is() {
    let good = Remove { key: key(), expected: STORED_REVISION, epoch: STORED_EPOCH };
    assert!(remove(Ok(Some(stored())), &good).is_ok());
    let stale = Remove { expected: Revision::new(9), ..good.clone() };
    assert!(matches!(remove(Ok(Some(stored())), &stale), Err(SaveError::Conflict { .. })));
    let zombie = Remove { epoch: Epoch::new(1), ..good.clone() };
    assert!(matches!(remove(Ok(Some(stored())), &zombie), Err(SaveError::Fenced { .. })));
    let absent = remove(Ok(None), &good);
    assert!(matches!(absent, Err(SaveError::Conflict { found: Revision::ABSENT })));
}

fn head() -> LogHead {
    LogHead {
        trimmed: Seq::new(2),
        last: Seq::new(7),
        epoch: STORED_EPOCH,
        write_id: Some(STORED_WRITE),
    }
}

fn good_append() -> Append {
    Append {
        log: key(),
        expected_last: Seq::new(7),
        epoch: STORED_EPOCH,
        write_id: OTHER_WRITE,
        schema: Schema::raw("s", 1),
        entries: vec![vec![1], vec![2]],
    }
}

#[test]
fn an_append_goes_behind_the_expected_last_entry_only() {
    let (verdict, behind) = append(Ok(Some(head())), &good_append(), &caps()).unwrap();
    assert_eq!((verdict, behind), (Verdict::Apply, head()));
    assert_eq!(head_after(behind, &good_append()).last, Seq::new(9));
    for expected_last in [Seq::ZERO, Seq::new(6), Seq::new(8)] {
        let off = Append { expected_last, ..good_append() };
        let verdict = append(Ok(Some(head())), &off, &caps());
        assert!(matches!(verdict, Err(AppendError::Conflict { found }) if found == Seq::new(7)));
    }
    let first = Append { expected_last: Seq::ZERO, ..good_append() };
    assert!(append(Ok(None), &first, &caps()).is_ok());
    assert!(append(Ok(None), &good_append(), &caps()).is_err());
}

#[test]
fn an_append_of_a_lower_epoch_is_fenced() {
    let zombie = Append { epoch: Epoch::new(4), ..good_append() };
    let verdict = append(Ok(Some(head())), &zombie, &caps());
    assert!(matches!(verdict, Err(AppendError::Fenced { current_epoch: STORED_EPOCH })));
}

#[test]
fn a_retry_of_the_applied_append_is_answered_with_its_last_entry() {
    let retry = Append { expected_last: Seq::new(5), write_id: STORED_WRITE, ..good_append() };
    let (verdict, _) = append(Ok(Some(head())), &retry, &caps()).unwrap();
    assert_eq!(verdict, Verdict::AlreadyApplied(Seq::new(7)));
    let other = Append { expected_last: Seq::new(4), ..retry };
    assert!(matches!(append(Ok(Some(head())), &other, &caps()), Err(AppendError::Conflict { .. })));
}

#[test]
fn an_append_without_entries_takes_the_log_over() {
    let seal = Append { epoch: STORED_EPOCH.next(), entries: Vec::new(), ..good_append() };
    let (verdict, behind) = append(Ok(Some(head())), &seal, &caps()).unwrap();
    assert_eq!(verdict, Verdict::Apply);
    let sealed = head_after(behind, &seal);
    assert_eq!((sealed.last, sealed.epoch), (Seq::new(7), STORED_EPOCH.next()));
    assert!(matches!(
        append(Ok(Some(sealed)), &good_append(), &caps()),
        Err(AppendError::Fenced { .. })
    ));
}

#[test]
fn an_entry_over_the_limit_is_too_large() {
    let large = Append { entries: vec![vec![0; 8], vec![0; 9]], ..good_append() };
    let verdict = append(Ok(Some(head())), &large, &caps());
    assert!(matches!(verdict, Err(AppendError::TooLarge { bytes: 9, limit: 8 })));
}

#[test]
fn a_trim_moves_the_start_forward_and_never_past_the_end() {
    let upto = |upto| Trim { log: key(), upto: Seq::new(upto), epoch: STORED_EPOCH };
    let trimmed = |seq| LogHead { trimmed: Seq::new(seq), ..head() };
    assert_eq!(trim(Ok(Some(head())), &upto(1)).unwrap(), (head(), false));
    assert_eq!(trim(Ok(Some(head())), &upto(2)).unwrap(), (head(), false));
    assert_eq!(trim(Ok(Some(head())), &upto(4)).unwrap(), (trimmed(4), true));
    assert_eq!(trim(Ok(Some(head())), &upto(99)).unwrap(), (trimmed(7), true));
    assert_eq!(trim(Ok(None), &upto(4)).unwrap(), (LogHead::EMPTY, false));
    let zombie = Trim { epoch: Epoch::new(4), ..upto(4) };
    assert!(matches!(trim(Ok(Some(head())), &zombie), Err(AppendError::Fenced { .. })));
}

#[test]
fn a_transaction_names_each_record_and_log_once() {
    let judge = |transaction: Transaction| super::transaction(&transaction, &caps());
    let removal = Remove { key: key(), expected: STORED_REVISION, epoch: STORED_EPOCH };
    let twice = Transaction::new().save(good_save()).remove(removal);
    assert!(judge(twice).is_err());
    let twice = Transaction::new().append(good_append()).append(good_append());
    assert!(judge(twice).is_err());
    // A record and a log of the same name are two things.
    let both = Transaction::new().save(good_save()).append(good_append());
    assert!(judge(both).is_ok());
}
