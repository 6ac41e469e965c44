//! Everything is back to where it was.

use foundation::{Node, NodeCounts};

use crate::eventually::{DEADLINE, eventually};

/// How much lived on a node when this was made.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
/// use test_helpers::Baseline;
///
/// let node = Node::new(NodeConfig::default())?;
/// let baseline = Baseline::of(&node);
/// let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne)).await?;
/// root.shutdown().await;
/// baseline.restored().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Baseline {
    node: Node,
    counts: NodeCounts,
}

impl Baseline {
    /// Notes what lives on `node` now.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        Self { node: node.clone(), counts: node.counts() }
    }

    /// Waits until processes, monitors, names, tasks and blocking work are back to the baseline.
    ///
    /// # Panics
    ///
    /// Panics with both counts when they are not in [`DEADLINE`].
    pub async fn restored(&self) {
        let is_restored = eventually(DEADLINE, || self.node.counts() == self.counts).await;
        assert!(is_restored, "a leak: {:?} before, {:?} now", self.counts, self.node.counts());
    }

    /// Says that the counts are back now, without waiting.
    ///
    /// # Panics
    ///
    /// Panics with both counts if they are not.
    pub fn assert_now(&self) {
        assert_eq!(self.counts, self.node.counts(), "a leak: before (left) and now (right)");
    }
}
