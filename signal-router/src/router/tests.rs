//! The moment that real processes pass too quickly: a subscriber is dead and still in the table.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use foundation::{ExitReason, Node, NodeConfig, Recipient, Strategy, Supervisor, SupervisorSpec};

use crate::router::report::{DropReason, Routed};
use crate::router::server::Msg;
use crate::router::spec::Router;
use crate::router::table::{Shared, Subscriber, Table};
use crate::routing::matcher::Matcher;
use crate::routing::priority::Priority;
use crate::signal::envelope::Signal;

/// Lets a router process stand in for a subscriber.
impl From<Arc<Signal>> for Msg {
    fn from(_: Arc<Signal>) -> Self {
        Self::Release(None)
    }
}

fn subscriber(recipient: Recipient<Arc<Signal>>) -> Subscriber {
    Subscriber { recipient, predicate: None, active: Arc::new(AtomicBool::new(true)) }
}

#[tokio::test]
async fn a_dead_subscriber_in_the_table_is_reported_by_its_id() {
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let (dead, live) = (Router::new(&node, "dead"), Router::new(&node, "live"));
    let (dead, live) = (dead.expect("free"), live.expect("free"));
    let spec =
        SupervisorSpec::new(Strategy::OneForOne).child(dead.child("a")).child(live.child("b"));
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let server = |key| node.name::<Msg>(key).expect("its type").whereis().expect("it runs");
    let (dead, live) = (server("dead"), server("live"));

    let mut matcher = Matcher::new();
    let mut insert = |door: Recipient<Arc<Signal>>| {
        matcher.insert("a.*".parse().expect("a pattern"), Priority::default(), subscriber(door))
    };
    let (lost, _) = (insert(dead.recipient()), insert(live.recipient()));
    let table = Table::new(live.clone());
    table.matcher.store(Arc::new(matcher));
    let shared = Shared::default();
    shared.current.store(Some(Arc::clone(&table)));

    let monitor = dead.process().monitor();
    dead.process().exit(ExitReason::Killed);
    monitor.down().await;
    let report = shared.route(&Arc::new(Signal::builder("a.b", "/s").build().expect("valid")));
    assert_eq!((report.routed, report.matched, report.delivered), (Routed::Matched, 2, 1));
    assert_eq!(report.dropped, [(table.subscription_id(lost), DropReason::NoProc)]);
    assert_eq!(shared.counts().dropped_no_proc, 1);
    root.shutdown().await;
}
