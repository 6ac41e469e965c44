//! Reading a workflow file without ever holding more than the limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::ReadError;
use super::workflow::Workflow;

impl Workflow {
    /// Reads and checks a workflow file.
    ///
    /// The size is checked before anything is read, and while reading (a pipe has no size), so at
    /// most [`Workflow::MAX_BYTES`] and one more byte are held. Blocks on the disk.
    ///
    /// # Errors
    /// [`ReadError::Io`] when the file can not be opened or read, [`ReadError::TooLarge`], and
    /// [`ReadError::Invalid`] with the reason of [`Workflow::parse`]. Each names the file.
    ///
    /// # Examples
    /// ```
    /// use jido_system::{ReadError, Workflow};
    ///
    /// let error = Workflow::read("no/such/file.json").unwrap_err();
    /// assert!(matches!(error, ReadError::Io { .. }));
    /// assert!(error.to_string().contains("no/such/file.json"));
    /// ```
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::read_bounded(path.as_ref(), Self::MAX_BYTES)
    }

    pub(super) fn read_bounded(path: &Path, max: u64) -> Result<Self, ReadError> {
        let failed = |source: io::Error| ReadError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        if size > max {
            return Err(ReadError::TooLarge { path: path.to_owned(), bytes: size });
        }
        let mut bytes = Vec::new();
        file.take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > max {
            return Err(ReadError::TooLarge { path: path.to_owned(), bytes: bytes.len() as u64 });
        }
        Self::parse(&bytes).map_err(|source| ReadError::Invalid { path: path.to_owned(), source })
    }
}
