//! A system that runs for as long as one command of the program needs it.

use std::path::Path;

use jido_system::{CommandShim, StoreLocation, System, SystemConfig, WorkflowSummary};
use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// The runtime that everything runs on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)
}

/// Starts a system on the store in this folder, which is created if it does not exist.
pub(crate) async fn start(store: &Path, workers: Option<usize>) -> Result<System, Failure> {
    let shim = CommandShim::current_exe().map_err(Failure::Runtime)?;
    let config = SystemConfig::new(StoreLocation::Folder(store.to_path_buf()), shim);
    let config = match workers {
        Some(workers) => config.workers(workers),
        None => config,
    };
    Ok(System::start(config).await?)
}

/// Starts a system on a store that must exist: one that is only looked into is not created.
pub(crate) async fn look(store: &Path) -> Result<System, Failure> {
    if !System::store_file(store).is_file() {
        return Err(Failure::NoStore(store.to_path_buf()));
    }
    start(store, Some(1)).await
}

/// All workflows of the store, the oldest first.
pub(crate) async fn workflows(system: &System) -> Result<Vec<WorkflowSummary>, Failure> {
    let mut workflows = system.gateway().list().await?;
    workflows.sort_by_key(|workflow| workflow.started_at_ms);
    Ok(workflows)
}
