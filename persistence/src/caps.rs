//! What a backend can do, and what a store is opened with.
//!
//! Levels are claims about which failures an `Ok` survives. Asking for more than a backend gives
//! fails when the store starts; a level is never degraded silently.

use std::fmt;

/// Which failures an acknowledged write survives.
///
/// | level | crash of a process | `kill -9` of the program | power loss |
/// |---|---|---|---|
/// | `Volatile` | yes, of every process but the store's own | no | no |
/// | `Disk` | yes | yes | yes |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Held in memory by the store's process.
    Volatile,
    /// On this machine's disk, synced.
    Disk,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volatile => "volatile",
            Self::Disk => "disk",
        })
    }
}

/// What a store promises and where it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caps {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Largest record or log entry, in bytes.
    pub record_bytes_max: usize,
    /// Largest sum of record and entry bytes in one transaction.
    pub transaction_bytes_max: usize,
    /// Most items one page of a listing holds.
    pub page_items_max: usize,
}

/// How a store is opened.
///
/// # Examples
///
/// ```
/// use persistence::{Durability, StoreOptions};
///
/// let options = StoreOptions::new(Durability::Disk).record_bytes_max(64 * 1024);
/// assert_eq!(options.durability(), Durability::Disk);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    durability: Durability,
    record_bytes_max: usize,
    cache_bytes: usize,
    capacity: usize,
    pub(crate) group: GroupLimit,
}

/// Where one group commit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupLimit {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

impl StoreOptions {
    /// Options for a store that gives at least `durability`: records to 1 MiB, a cache to 64 MiB,
    /// a mailbox of 4,096 requests, groups to 1,024 requests or 8 MiB.
    #[must_use]
    pub const fn new(durability: Durability) -> Self {
        Self {
            durability,
            record_bytes_max: 1024 * 1024,
            cache_bytes: 64 * 1024 * 1024,
            capacity: 4096,
            group: GroupLimit { items: 1024, bytes: 8 * 1024 * 1024 },
        }
    }

    /// Sets the largest record or log entry, at most 8 MiB.
    ///
    /// # Panics
    ///
    /// Panics if `bytes` is over 8 MiB.
    #[must_use]
    #[track_caller]
    pub const fn record_bytes_max(mut self, bytes: usize) -> Self {
        assert!(bytes <= self.group.bytes, "a record fits into one group of 8 MiB");
        self.record_bytes_max = bytes;
        self
    }

    /// Sets the most memory a file store uses for pages, in bytes.
    #[must_use]
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Sets how many requests wait in the store's mailbox before callers are held back.
    ///
    /// # Panics
    ///
    /// Panics if `requests` is zero.
    #[must_use]
    #[track_caller]
    pub const fn capacity(mut self, requests: usize) -> Self {
        assert!(requests > 0, "a mailbox has room for a request");
        self.capacity = requests;
        self
    }

    /// The least durability asked for.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) const fn mailbox_capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) const fn page_cache_bytes(&self) -> usize {
        self.cache_bytes
    }

    /// The capabilities of a backend of `durability` under these options.
    pub(crate) const fn caps(&self, durability: Durability) -> Caps {
        Caps {
            durability,
            record_bytes_max: self.record_bytes_max,
            transaction_bytes_max: self.group.bytes,
            page_items_max: 1024,
        }
    }
}
