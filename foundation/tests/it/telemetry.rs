//! The metrics say what happened.

use std::time::Duration;

use foundation::{Strategy, SupervisorSpec};
use test_helpers::{Do, IsolatedTree, Journal, Recorder, Worker};

use crate::support::note;

#[tokio::test]
async fn ends_restarts_refusals_and_dead_letters_are_counted() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    foundation::describe_metrics();
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(5))
        .child(Worker::spec("a", &Journal::new()).child("a"));
    let tree = IsolatedTree::start(spec).await.expect("the tree starts");
    let server = tree.server::<Do>("a").await;
    let monitor = server.process().monitor();
    server.cast(Do::Panic("boom")).expect("there is room");
    server.cast(note("left behind")).expect("there is room");
    let old = monitor.down().await.pid;
    server.cast(note("late")).expect_err("it has ended");
    tree.await_restart("a", old).await;
    tree.kill("a").await;
    tree.root().wait().await;
    tree.abandon().await;
    drop(installed);
    assert_eq!(recorder.counter("foundation.process.exits_total", &[("reason", "panic")]), 1);
    assert_eq!(recorder.counter("foundation.process.exits_total", &[("reason", "killed")]), 1);
    assert_eq!(recorder.counter("foundation.process.exits_total", &[("reason", "shutdown")]), 1);
    assert_eq!(recorder.counter("foundation.dead_letter.buried_total", &[("cause", "exited")]), 1);
    assert_eq!(recorder.counter("foundation.mailbox.refused_total", &[("cause", "noproc")]), 1);
    assert_eq!(recorder.counter("foundation.supervisor.restarts_total", &[]), 1);
    assert_eq!(recorder.counter("foundation.supervisor.gave_up_total", &[]), 1);
}
