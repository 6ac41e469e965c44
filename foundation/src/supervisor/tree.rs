//! A tree of supervision as its supervisors know it.

use std::future::Future;
use std::pin::Pin;

use crate::error::CallError;
use crate::process::process_ref::ProcessRef;
use crate::supervisor::driver::SupervisorMsg;
use crate::supervisor::handle::{ChildInfo, SupervisorRef};
use crate::supervisor::spec::Supervision;
use crate::sys::status::ProcessStatus;

/// A child and everything below it.
#[derive(Debug, Clone)]
pub struct TreeNode {
    /// The child itself: id, restart type, restarts.
    pub child: ChildInfo,
    /// What its process was doing: state, message, mailbox, uptime. `None` if it has no process. It was looked at shortly after
    /// the supervisor had answered, so it can have [ended](crate::RunState::Ended) in between.
    pub status: Option<ProcessStatus>,
    /// How it keeps its own children; `None` for a worker, and for a supervisor that ended before it was asked.
    pub supervision: Option<Supervision>,
    /// Its children, in start order; empty for a worker.
    pub children: Vec<TreeNode>,
}

impl SupervisorRef {
    /// Returns the whole tree below this supervisor, in start order. A supervisor that ends meanwhile shows no children.
    ///
    /// | figures | how far to trust them |
    /// |---|---|
    /// | id, kind, restart, supervision | exact |
    /// | the children of one supervisor with their processes and restarts | exact together, when that supervisor answered |
    /// | two supervisors | asked one after the other: what moved in between may be in both, or in neither |
    /// | status | see [`ProcessStatus`] |
    ///
    /// Each supervisor answers in its turn, so this waits for one that is busy starting or stopping a child; and must not be
    /// called by a process in its `init` or `terminate`. [`Node::processes`](crate::Node::processes) waits for nobody. Cost: a
    /// call for each supervisor, a status for each process.
    ///
    /// # Errors
    ///
    /// [`CallError`] if this supervisor is not there.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use foundation::{
    ///     DynamicSupervisorSpec, Node, NodeConfig, RunState, Strategy, Supervision, Supervisor, SupervisorSpec,
    /// };
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let workers = DynamicSupervisorSpec::new().as_child("workers");
    /// let spec = SupervisorSpec::new(Strategy::OneForOne).child(workers);
    /// let root = Supervisor::start(&node, spec).await?;
    /// for child in root.handle().tree().await? {
    ///     assert_eq!(&*child.child.id, "workers");
    ///     assert_eq!(child.supervision, Some(Supervision::Dynamic));
    ///     assert!(child.status.is_some_and(|status| status.state == RunState::Waiting));
    /// }
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn tree(&self) -> Result<Vec<TreeNode>, CallError> {
        Ok(family(self).await?.1)
    }
}

async fn family(supervisor: &SupervisorRef) -> Result<(Supervision, Vec<TreeNode>), CallError> {
    let (supervision, children) = supervisor.call(SupervisorMsg::Tree).await?;
    let mut nodes = Vec::with_capacity(children.len());
    // They come newest first.
    for child in children.into_iter().rev() {
        nodes.push(subtree(child).await);
    }
    Ok((supervision, nodes))
}

/// Boxed because a tree is as deep as it is.
fn subtree(child: ChildInfo) -> Pin<Box<dyn Future<Output = TreeNode> + Send>> {
    Box::pin(async move {
        let process = child.process.running();
        let status = process.map(ProcessRef::status);
        let supervisor = process.and_then(ProcessRef::server::<SupervisorMsg>);
        let family = match supervisor {
            Some(server) => family(&SupervisorRef::of(server)).await.ok(),
            None => None,
        };
        let (supervision, children) = family.unzip();
        TreeNode { child, status, supervision, children: children.unwrap_or_default() }
    })
}
