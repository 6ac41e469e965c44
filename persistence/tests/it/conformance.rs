//! Both backends against the one suite.

use std::sync::Arc;

use persistence::{Durability, Store, check_conformance};

use crate::support;

#[tokio::test]
async fn the_memory_store_conforms() {
    check_conformance(|| async {
        let tree = support::memory(Durability::Volatile).await.unwrap();
        (Arc::clone(&tree.store) as Arc<dyn Store>, tree)
    })
    .await;
}

#[tokio::test]
async fn the_disk_store_conforms() {
    check_conformance(|| async {
        let folder = tempfile::tempdir().unwrap();
        let tree = support::disk(&folder.path().join("store.redb")).await.unwrap();
        (Arc::clone(&tree.store) as Arc<dyn Store>, (tree, folder))
    })
    .await;
}
