//! Large workflows: every step costs what it touches, not what there is.

use super::{Driver, completed, failed, launches, workflow};
use crate::{Effect, WorkflowStatus};

#[test]
fn a_chain_of_100_000_tasks_runs_to_its_end() {
    let ids: Vec<String> = (0..100_000).map(|at| format!("t{at}")).collect();
    let parents: Vec<[&str; 1]> = ids.iter().map(|id| [&**id]).collect();
    let chain: Vec<_> = (0..ids.len())
        .map(|at| (&*ids[at], 0.0, if at == 0 { &[][..] } else { &parents[at - 1][..] }))
        .collect();
    let mut run = Driver::begin(&workflow(&chain), 1);
    assert_eq!(run.engine.offer(8), 1);
    loop {
        let effects = run.commit();
        let [(task, attempt)] = launches(&effects)[..] else {
            assert_eq!(effects, [Effect::Finished(WorkflowStatus::Completed)]);
            break;
        };
        run.engine.ended(task, attempt, completed(), 0.0).unwrap();
        assert!(run.engine.offer(8) <= 1);
    }
    assert_eq!(run.engine.totals().executions, 100_000);
}

#[test]
fn one_failure_skips_100_000_descendants_in_one_batch() {
    let ids: Vec<String> = (0..100_000).map(|at| format!("t{at}")).collect();
    let mut tasks = vec![("root", 0.0, &[][..])];
    tasks.extend(ids.iter().map(|id| (&**id, 0.0, &["root"][..])));
    let mut run = Driver::begin(&workflow(&tasks), 1);
    assert_eq!(run.engine.offer(1), 1);
    run.commit();
    run.end("root", 1, failed());
    assert_eq!(run.commit(), [Effect::Finished(WorkflowStatus::Failed)]);
    assert_eq!(run.engine.counts().skipped, 100_000);
    assert_eq!(run.journal.len(), 100_004);
}
