//! Why a store did not open.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use foundation::ExitReason;

use crate::Durability;

/// Why a store did not open. An existing file was left byte for byte as it was.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store of this process, has the file open.
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is a store, but damaged.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the storage layer says.
        cause: Arc<dyn Error + Send + Sync>,
    },
    /// The file is something else: not a store of this program, or its first bytes are damaged.
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Greatest format that this program reads.
        supported: u32,
    },
    /// The backend cannot give what the options ask for.
    UnsupportedDurability {
        /// What was asked for.
        asked: Durability,
        /// What the backend gives.
        offered: Durability,
    },
    /// The file system refused.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        cause: Arc<std::io::Error>,
    },
}

impl OpenError {
    /// The reason for which a store's process did not start, if it is one of these.
    ///
    /// For the `StartError` of a tree whose store child could not open its file.
    ///
    /// # Examples
    ///
    /// ```
    /// use foundation::{ExitReason, Node, NodeConfig, StartError, Strategy, Supervisor};
    /// use foundation::SupervisorSpec;
    /// use persistence::{Durability, OpenError, StoreOptions, redb_store_child};
    ///
    /// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("store.redb");
    /// std::fs::write(&path, "my diary")?;
    ///
    /// let node = Node::new(NodeConfig::default())?;
    /// let options = StoreOptions::new(Durability::Disk);
    /// let tree = SupervisorSpec::new(Strategy::RestForOne)
    ///     .child(redb_store_child("store", &node.name("store")?, &path, options));
    /// let Err(StartError::Child { reason, .. }) = Supervisor::start(&node, tree).await else {
    ///     panic!("a diary is not a store");
    /// };
    /// assert!(matches!(OpenError::of(&reason), Some(OpenError::NotAStore { .. })));
    /// assert_eq!(std::fs::read_to_string(&path)?, "my diary");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(reason: &ExitReason) -> Option<&Self> {
        match reason {
            ExitReason::Error(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { path } => write!(f, "{} is in use by another process", path.display()),
            Self::Corrupt { path, cause } => {
                write!(f, "the store {} is corrupt: {cause}", path.display())
            }
            Self::NotAStore { path } => write!(f, "{} is not a store", path.display()),
            Self::TooNew { path, found, supported } => write!(
                f,
                "the store {} has format {found}, newer than the supported {supported}",
                path.display()
            ),
            Self::UnsupportedDurability { asked, offered } => {
                write!(f, "durability {asked} asked for, {offered} is what this store gives")
            }
            Self::Io { path, cause } => write!(f, "cannot use {}: {cause}", path.display()),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Corrupt { cause, .. } => Some(&**cause),
            Self::Io { cause, .. } => Some(&**cause),
            _ => None,
        }
    }
}
