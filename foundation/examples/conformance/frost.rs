//! Holds all supervisors still while operations are carried out, so that none looks in between.
//!
//! A supervisor that starts a child does nothing else. So each is given a child whose `init` waits for the thaw, and then wants to be
//! ignored; nothing of it is left.

use std::cmp::Reverse;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use foundation::{Context, Exit, GenServer, Node, Restart, ServerSpec, StartChildError};
use futures_util::FutureExt;
use tokio::sync::Notify;

use crate::harness::settle;
use crate::recorder::Shared;
use crate::script::Role;

/// The supervisors that are held still, in the order in which they go on.
#[derive(Default)]
pub(crate) struct Frost(Vec<(Arc<Notify>, Starting)>);

/// Ends with true if it was a child that is ignored.
type Starting = Pin<Box<dyn Future<Output = bool>>>;

impl Frost {
    /// Every supervisor that runs, the deepest first.
    pub(crate) fn over(shared: &Shared, node: &Node) -> Frost {
        let mut labels: Vec<&str> = shared
            .script
            .nodes
            .iter()
            .filter(|node| !matches!(node.role, Role::Worker(_)))
            .map(|node| node.label.as_str())
            .filter(|label| shared.recorder.alive(label).is_some())
            .collect();
        labels.sort_by_key(|label| (Reverse(label.split('.').count()), *label));
        Frost(labels.into_iter().filter_map(|label| hold(node, label)).collect())
    }

    /// They go on, one after another, each when the one before has nothing left to do.
    pub(crate) async fn thaw(self) {
        for (released, starting) in self.0 {
            released.notify_one();
            settle().await;
            // `false` shows in what the supervisor says about its children, `None` in its silence.
            let _is_over = starting.now_or_never();
        }
    }
}

fn hold(node: &Node, label: &str) -> Option<(Arc<Notify>, Starting)> {
    let supervisor = node.supervisor(label).ok()?;
    let released = Arc::new(Notify::new());
    let child = ServerSpec::<Icicle>::new(Arc::clone(&released)).child("frost");
    let mut starting: Starting = Box::pin(async move {
        let started = supervisor.start_child(child.restart(Restart::Temporary)).await;
        matches!(started, Err(StartChildError::Ignored))
    });
    // The first poll puts it into the queue of the supervisor.
    let _is_over = starting.as_mut().now_or_never();
    Some((released, starting))
}

/// Never more than an `init`.
struct Icicle;

impl GenServer for Icicle {
    type Args = Arc<Notify>;
    type Msg = ();

    async fn init(released: Arc<Notify>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        released.notified().await;
        Err(Exit::ignore())
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}
