//! A system that runs for as long as one command of the program needs it.

use std::num::NonZeroUsize;
use std::path::Path;

use jido_system::{CommandShim, System, SystemConfig};
use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// The runtime that everything runs on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)
}

/// Starts a system on the store in this folder, which is created if it does not exist.
pub(crate) async fn start(store: &Path, workers: NonZeroUsize) -> Result<System, Failure> {
    let shim = CommandShim::current_exe().map_err(Failure::Runtime)?;
    let config = SystemConfig {
        store: store.to_path_buf(),
        workers: workers.get(),
        shim: shim.path().to_path_buf(),
    };
    Ok(System::start(config).await?)
}

/// Starts a system on a store that must exist: one that is only looked into is not created.
pub(crate) async fn look(store: &Path) -> Result<System, Failure> {
    if !store.is_dir() {
        return Err(Failure::NoStore(store.to_path_buf()));
    }
    start(store, NonZeroUsize::MIN).await
}
