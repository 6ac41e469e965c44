//! Finding, examining, creating and opening the file of a store.
//!
//! Invariants: a file that is refused stays byte for byte as it was, whether or not it was closed
//! cleanly; a file of another kind is never written to; a new store appears under its name whole
//! or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{Builder, DatabaseError, StorageError};

use super::overlay::{Examined, Overlay};
use super::{FORMAT, Meta, RedbEngine, read_meta, write_meta};
use crate::{Durability, OpenError, StoreOptions, WriteId};

/// First bytes of every redb file.
const REDB_MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// Most memory for pages while a file is examined.
const EXAMINE_CACHE_BYTES: usize = 64 * 1024 * 1024;

/// What [`probe`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// No file: opening would create the store.
    Absent,
    /// A store that this program can open.
    Store {
        /// Format of the file.
        format: u32,
        /// How many times it was opened so far.
        incarnation: u64,
        /// Size of the file.
        bytes: u64,
    },
}

/// Looks whether a disk store could be opened at `path`, and changes nothing.
///
/// Takes the file's lock for the duration and verifies every page of it. The answer holds for the
/// moment: another process may take the file before it is opened. Cost: reads the whole file, also
/// of a store that was closed cleanly; memory in proportion to what a repair would write.
///
/// # Errors
///
/// As opening would: [`OpenError::Locked`], [`OpenError::Corrupt`], [`OpenError::NotAStore`],
/// [`OpenError::TooNew`], [`OpenError::Io`].
///
/// # Examples
///
/// ```
/// use persistence::{OpenError, Probe, probe};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("store.redb");
/// assert_eq!(probe(&path)?, Probe::Absent);
///
/// std::fs::write(&path, "my diary")?;
/// assert!(matches!(probe(&path), Err(OpenError::NotAStore { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn probe(path: &Path) -> Result<Probe, OpenError> {
    let Some(examined) = examine(path)? else { return Ok(Probe::Absent) };
    let Meta { format, incarnation, .. } = examined.meta;
    Ok(Probe::Store { format, incarnation, bytes: examined.bytes })
}

/// A file that was found good, with its lock held.
struct Found {
    file: Arc<FileBackend>,
    meta: Meta,
    bytes: u64,
}

impl RedbEngine {
    /// Opens the store at `path`, or creates it.
    pub(crate) fn open(path: &Path, options: &StoreOptions) -> Result<Self, OpenError> {
        let (asked, offered) = (options.durability(), Durability::Disk);
        if asked > offered {
            return Err(OpenError::UnsupportedDurability { asked, offered });
        }
        let found = match examine(path)? {
            Some(found) => found,
            None => {
                create(path)?;
                examine(path)?.ok_or_else(|| {
                    io_error(path, io::Error::new(io::ErrorKind::NotFound, "removed just now"))
                })?
            }
        };
        let database = Builder::new()
            .set_cache_size(options.page_cache_bytes())
            .create_with_backend(Examined(found.file))
            .map_err(|error| open_error(path, error))?;
        Self::start(database, options.caps(offered)).map_err(|error| storage_error(path, error))
    }
}

/// Examines a file without changing it; `None` if there is none.
fn examine(path: &Path) -> Result<Option<Found>, OpenError> {
    let mut file = match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path, error)),
    };
    let metadata = file.metadata().map_err(|error| io_error(path, error))?;
    let mut magic = [0; REDB_MAGIC.len()];
    match file.read_exact(&mut magic) {
        Ok(()) if magic == REDB_MAGIC => {}
        Ok(()) => return Err(OpenError::NotAStore { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(OpenError::NotAStore { path: path.to_owned() });
        }
        Err(error) => return Err(io_error(path, error)),
    }
    let file = Arc::new(FileBackend::new(file).map_err(|error| open_error(path, error))?);
    let overlay = Overlay::new(Arc::clone(&file)).map_err(|error| io_error(path, error))?;
    let database = Builder::new()
        .set_check_integrity_on_open(true)
        .set_cache_size(EXAMINE_CACHE_BYTES)
        .create_with_backend(overlay)
        .map_err(|error| open_error(path, error))?;
    let meta = read_meta(&database).map_err(|error| storage_error(path, error))?;
    drop(database);
    match meta {
        None => Err(OpenError::NotAStore { path: path.to_owned() }),
        Some(Meta { format, .. }) if format > FORMAT => {
            Err(OpenError::TooNew { path: path.to_owned(), found: format, supported: FORMAT })
        }
        Some(meta) => Ok(Some(Found { file, meta, bytes: metadata.len() })),
    }
}

/// Makes a new store beside its place, then gives it its name; somebody else's file stays.
fn create(path: &Path) -> Result<(), OpenError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    create_folder(folder)?;
    let unfinished = unfinished_path(path, folder)?;
    let made = fill_new(&unfinished).and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io_error(path, error)),
        _ => Ok(()),
    });
    match fs::remove_file(&unfinished) {
        Err(error) if made.is_ok() => return Err(io_error(&unfinished, error)),
        _ => made?,
    }
    sync_folder(folder)
}

fn unfinished_path(path: &Path, folder: &Path) -> Result<PathBuf, OpenError> {
    let Some(name) = path.file_name() else {
        return Err(io_error(path, io::Error::from(io::ErrorKind::InvalidInput)));
    };
    let mut unfinished = std::ffi::OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".{}.new", WriteId::random()));
    Ok(folder.join(unfinished))
}

fn fill_new(path: &Path) -> Result<(), OpenError> {
    let file = File::options().read(true).write(true).create_new(true).open(path);
    let file = file.map_err(|error| io_error(path, error))?;
    let backend = FileBackend::new(file).map_err(|error| open_error(path, error))?;
    let database =
        Builder::new().create_with_backend(backend).map_err(|error| open_error(path, error))?;
    write_meta(&database, Meta { format: FORMAT, incarnation: 0, revision: 0 })
        .map_err(|error| storage_error(path, error))?;
    database.close().map_err(|error| open_error(path, error))
}

/// Creates the folder and its missing parents, each durably.
fn create_folder(folder: &Path) -> Result<(), OpenError> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| *parent != Path::new(""));
    let parent = parent.unwrap_or(Path::new("."));
    if parent != folder {
        create_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io_error(folder, error)),
        _ => sync_folder(parent),
    }
}

/// The storage layer syncs its file, not the entry of the file in its folder.
fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| io_error(folder, error))
}

fn io_error(path: &Path, cause: io::Error) -> OpenError {
    OpenError::Io { path: path.to_owned(), cause: Arc::new(cause) }
}

fn open_error(path: &Path, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::Locked { path: path.to_owned() }
        }
        DatabaseError::Storage(StorageError::Io(error)) if is_environment(&error) => {
            io_error(path, error)
        }
        error => OpenError::Corrupt { path: path.to_owned(), cause: Arc::new(error) },
    }
}

fn storage_error(path: &Path, error: redb::Error) -> OpenError {
    match error {
        redb::Error::Io(error) if is_environment(&error) => io_error(path, error),
        error => OpenError::Corrupt { path: path.to_owned(), cause: Arc::new(error) },
    }
}

/// Whether an I/O error speaks of the file system and not of the file's content.
fn is_environment(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
    )
}
