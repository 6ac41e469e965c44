//! The disk store as a child of a supervisor.

use std::path::PathBuf;

use foundation::{ChildSpec, Name};

use crate::redb_engine::RedbEngine;
use crate::server::{self, StoreMsg};
use crate::{OpenError, StoreOptions};

/// The child specification of a store on disk, known as `name`, in the file at `path`.
///
/// Place it before everything that keeps state in it, under `rest_for_one`: a store that fails is
/// started again together with all that depends on it. At each start the file is examined whole
/// and repaired if it was not closed cleanly; missing folders and the file are created. It is
/// closed cleanly when its supervisor stops it.
///
/// # Errors
///
/// The child fails to start with an [`OpenError`]; the file then is as it was.
///
/// # Examples
///
/// ```
/// use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec};
/// use persistence::{Durability, StateStore, StoreHandle, StoreOptions, redb_store_child};
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let node = Node::new(NodeConfig::default())?;
/// let name = node.name("store")?;
/// let options = StoreOptions::new(Durability::Disk);
/// let tree = SupervisorSpec::new(Strategy::RestForOne)
///     .child(redb_store_child("store", &name, folder.path().join("store.redb"), options));
/// let tree = Supervisor::start(&node, tree).await?;
///
/// let store = StoreHandle::new(name);
/// assert_eq!(store.caps().await?.durability, Durability::Disk);
/// tree.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn redb_store_child(
    id: &str,
    name: &Name<StoreMsg>,
    path: impl Into<PathBuf>,
    options: StoreOptions,
) -> ChildSpec {
    let path = path.into();
    server::child(id, name, &options.clone(), move || -> Result<_, OpenError> {
        RedbEngine::open(&path, &options)
    })
}
