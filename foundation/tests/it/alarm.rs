//! What the kernel finds wrong by itself is said in plain words.

use std::sync::Arc;
use std::time::Duration;

use foundation::Alarm;
use test_helpers::{IsolatedTree, Journal, Worker};

use crate::support::of;

async fn two_processes() -> (IsolatedTree, Vec<(foundation::Pid, Option<Arc<str>>)>) {
    let journal = Journal::new();
    let children = ["a", "b"].map(|id| Worker::spec(id, &journal).child(id));
    let tree = of(foundation::Strategy::OneForOne, children).await;
    let (a, b) = (tree.process("a").await.pid(), tree.process("b").await.pid());
    (tree, vec![(a, Some(Arc::from("a"))), (b, None)])
}

#[tokio::test]
async fn an_alarm_reads_as_a_sentence_with_pids_and_names() {
    let (tree, cycle) = two_processes().await;
    let (a, b) = (cycle[0].0, cycle[1].0);
    let text = Alarm::CallCycle { cycle }.to_string();
    assert_eq!(text, format!("processes wait for each other: {a} (a) -> {b} -> {a}"));
    let name: Option<Arc<str>> = Some(Arc::from("a"));
    let held = Duration::from_secs(3);
    let stuck = Alarm::Stuck { pid: a, name: name.clone(), message: Some("Save"), held };
    assert_eq!(
        stuck.to_string(),
        format!("process {a} (a) has not returned for 3s, handling Save")
    );
    let stuck = Alarm::Stuck { pid: b, name: None, message: None, held };
    assert_eq!(stuck.to_string(), format!("process {b} has not returned for 3s"));
    tree.shutdown().await;
}
