//! Trees with a store in them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foundation::SupervisorSpec;
use foundation::{ChildSpec, Name, Node, NodeConfig, StartError, Strategy, Supervisor};
use persistence::{
    Durability, Epoch, Key, Revision, Save, Schema, Seq, StoreHandle, StoreMsg, StoreOptions,
    WriteId, memory_store_child, redb_store_child,
};

/// A running tree whose only child is a store.
pub(crate) struct Tree {
    pub(crate) supervisor: Supervisor,
    pub(crate) name: Name<StoreMsg>,
    pub(crate) store: Arc<StoreHandle>,
}

async fn start(child: impl FnOnce(&Name<StoreMsg>) -> ChildSpec) -> Result<Tree, StartError> {
    let node = Node::new(NodeConfig::default()).unwrap();
    let name = node.name("store").unwrap();
    let tree = SupervisorSpec::new(Strategy::RestForOne)
        .intensity(100, Duration::from_secs(60))
        .child(child(&name));
    let supervisor = Supervisor::start(&node, tree).await?;
    let store = Arc::new(StoreHandle::new(name.clone()).deadline(Duration::from_secs(60)));
    Ok(Tree { supervisor, name, store })
}

pub(crate) async fn disk(path: &Path) -> Result<Tree, StartError> {
    let options = StoreOptions::new(Durability::Disk);
    start(|name| redb_store_child("store", name, path, options)).await
}

pub(crate) async fn memory(durability: Durability) -> Result<Tree, StartError> {
    start(|name| memory_store_child("store", name, StoreOptions::new(durability))).await
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

pub(crate) fn save(name: &str, expected: Revision, bytes: &[u8]) -> Save {
    Save {
        key: key(name),
        expected,
        epoch: Epoch::new(1),
        seq: Seq::ZERO,
        write_id: WriteId::random(),
        schema: Schema::raw("it", 1),
        bytes: bytes.to_vec(),
    }
}
