//! The journal checker: that it finds each kind of broken rule.

use super::{Driver, completed, crashed, diamond, failed};
use crate::{Event, EventKind, JournalRule, JournalVerdict, Workflow, check_journal};

/// Retries, an interruption, a failure with skips, and an end; kinds are found by position below.
fn journal() -> Vec<Event> {
    let mut run = Driver::begin(&diamond(), 1);
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("a", 1, crashed());
    let mut run = {
        run.commit();
        run.resume(1)
    };
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("a", 2, completed());
    run.end("apart", 2, completed());
    assert_eq!(run.engine.offer(4), 2);
    run.commit();
    run.end("b", 1, failed());
    run.end("c", 1, completed());
    run.commit();
    assert_eq!(
        run.story(),
        "start a1, start apart1, retry a1, resumed, start a2, start apart2, done a2, done apart2, \
         start b1, start c1, fail b1, skip d, done c1, workflow_failed"
    );
    run.journal
}

fn check(change: impl FnOnce(&mut Vec<Event>), position: usize, rule: JournalRule) {
    let mut journal = journal();
    change(&mut journal);
    let violation = check_journal(&diamond(), &journal).unwrap_err();
    assert_eq!((violation.position, violation.rule), (position, rule), "{violation}");
}

#[test]
fn a_journal_that_keeps_the_rules_is_accepted_at_every_length() {
    let journal = journal();
    for kept in 0..journal.len() {
        assert_eq!(check_journal(&diamond(), &journal[..kept]), Ok(JournalVerdict::Open));
    }
    assert_eq!(check_journal(&diamond(), &journal), Ok(JournalVerdict::Failed));
}

#[test]
fn every_broken_rule_is_found_where_it_is_broken() {
    use JournalRule as Rule;
    check(|journal| drop(journal.remove(0)), 0, Rule::StartsOnce);
    check(|journal| journal.insert(4, journal[0].clone()), 4, Rule::StartsOnce);
    check(|journal| journal.push(journal[4].clone()), 15, Rule::NothingAfterEnd);
    // b1 starts before a completed.
    check(|journal| journal.swap(7, 9), 7, Rule::ParentsFirst);
    // a starts again after it completed.
    let again = |attempt| Event::TaskStarted { task: "a".into(), attempt };
    check(|journal| journal.insert(8, again(3)), 8, Rule::OneTerminalEvent);
    // a completes twice.
    check(|journal| journal.insert(9, journal[7].clone()), 9, Rule::OneTerminalEvent);
    // a2 starts while it runs; without the resumption apart1 runs still.
    check(|journal| journal.insert(6, again(3)), 6, Rule::OneAttemptAtATime);
    check(|journal| drop(journal.remove(4)), 5, Rule::OneAttemptAtATime);
    // The attempt number is repeated, or one is left out.
    check(|journal| journal[5] = again(1), 5, Rule::AttemptsInOrder);
    check(|journal| journal[5] = again(3), 5, Rule::AttemptsInOrder);
    // c1 completes without a start; the one that completes is not the one that runs.
    check(|journal| drop(journal.remove(10)), 12, Rule::OneAttemptAtATime);
    // d is skipped before b failed.
    check(|journal| journal.swap(11, 12), 11, Rule::SkippedForAReason);
    // d is never skipped; c never ends.
    check(|journal| drop(journal.remove(12)), 13, Rule::TrueEnd);
    check(|journal| drop(journal.remove(13)), 13, Rule::TrueEnd);
}

#[test]
fn tasks_and_journals_of_another_workflow_are_found() {
    check(
        |journal| journal.insert(1, Event::TaskStarted { task: "x".into(), attempt: 1 }),
        1,
        JournalRule::KnownTask,
    );
    let other = br#"{"name": "w", "schemaVersion": "1.5",
        "workflow": {"specification": {"tasks": [{"id": "a"}]}}}"#;
    let violation = check_journal(&Workflow::parse(other).unwrap(), &journal()).unwrap_err();
    assert_eq!(violation.rule, JournalRule::StartsOnce);
}

#[test]
fn a_violation_names_position_event_task_and_rule() {
    let mut journal = journal();
    journal.insert(9, journal[7].clone());
    let violation = check_journal(&diamond(), &journal).unwrap_err();
    assert_eq!(violation.event, Some(EventKind::TaskCompleted));
    assert_eq!(
        violation.to_string(),
        "event 9 (task_completed) of task \"a\": a task that has ended has no more events"
    );
}

#[test]
fn a_cancelled_journal_may_leave_tasks_open() {
    let mut run = Driver::begin(&diamond(), 1);
    assert_eq!(run.engine.offer(4), 2);
    assert!(run.engine.cancel("enough"));
    run.commit();
    assert_eq!(check_journal(&diamond(), &run.journal), Ok(JournalVerdict::Cancelled));
}
