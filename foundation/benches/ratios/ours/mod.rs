//! Our side: supervised processes through the public API alone, with everything that a process has.

pub(crate) mod delivery;
pub(crate) mod life;
pub(crate) mod limits;
pub(crate) mod mail;
pub(crate) mod recorded;
pub(crate) mod relay;
pub(crate) mod restart;
pub(crate) mod watch;

use foundation::{ChildSpec, Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
use std::time::Duration;

/// A node of its own for one measurement.
fn node() -> Node {
    Node::new(NodeConfig::default()).expect("the bench profile unwinds")
}

/// A tree with these children, which may crash as often as they like.
async fn tree(
    node: &Node,
    strategy: Strategy,
    children: impl IntoIterator<Item = ChildSpec>,
) -> Supervisor {
    let spec = SupervisorSpec::new(strategy)
        .intensity(u32::MAX, Duration::from_millis(1))
        .children(children);
    Supervisor::start(node, spec).await.expect("the tree starts")
}
