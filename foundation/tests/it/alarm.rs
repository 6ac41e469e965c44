//! What the kernel finds wrong by itself is said in plain words, to listeners that cannot harm it.

use std::sync::Arc;
use std::time::Duration;

use foundation::{Alarm, Node, NodeConfig, Strategy, Supervisor};
use test_helpers::{Do, IsolatedTree, Journal, Recorder, Worker};

use crate::support::{in_time, of, settled, supervisor};

async fn two_processes() -> (IsolatedTree, Vec<(foundation::Pid, Option<Arc<str>>)>) {
    let journal = Journal::new();
    let children = ["a", "b"].map(|id| Worker::spec(id, &journal).child(id));
    let tree = of(Strategy::OneForOne, children).await;
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

/// What a listener throws, which panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("and again");
    }
}

#[tokio::test]
async fn a_listener_that_panics_on_a_report_does_not_touch_the_supervisor() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let config = NodeConfig::default().on_report(|_report| std::panic::panic_any(Bomb));
    let node = Node::new(config).expect("tests unwind");
    let name = node.name::<Do>("a").expect("the name is free");
    let child = Worker::spec("a", &Journal::new()).name(&name).child("a");
    let tree = supervisor(Strategy::OneForOne).child(child);
    let root = Supervisor::start(&node, tree).await.expect("it starts");
    for crash in 1..=3 {
        let old = in_time(name.registered()).await;
        old.cast(Do::Panic("boom")).expect("there is room");
        in_time(old.process().monitor().down()).await;
        settled(&in_time(name.registered()).await).await;
        assert_eq!(node.listener_panics(), crash);
    }
    assert!(root.process().is_alive(), "it restarted its child each time");
    in_time(root.shutdown()).await;
    drop(installed);
    let label = [("listener", "report")];
    assert_eq!(recorder.counter("foundation.listener.panics_total", &label), 3);
}
