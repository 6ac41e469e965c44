//! Several writes in one: records and logs that change together or not at all.

use async_trait::async_trait;

use crate::{
    Append, Appended, CommitError, Key, LogStore, ReadError, Remove, Save, Saved, StateStore,
};

/// A backend for records and logs that can change both in one transaction.
///
/// Object-safe: the rest of a system holds an `Arc<dyn Store>`.
#[async_trait]
pub trait Store: StateStore + LogStore {
    /// Applies all writes of the transaction, or none.
    ///
    /// Each is judged as [`StateStore::save`], [`StateStore::remove`] and [`LogStore::append`]
    /// judge it. A retry with the write ids of an applied transaction is answered `Ok` again.
    ///
    /// # Errors
    ///
    /// [`CommitError`]; nothing was applied, except that after [`CommitError::Indeterminate`] all
    /// of it may be there now or later.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the outcome open, as `Indeterminate` does.
    async fn commit(&self, transaction: Transaction) -> Result<Committed, CommitError>;

    /// What the store did since it was opened.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`] or [`ReadError::Closed`].
    async fn stats(&self) -> Result<StoreStats, ReadError>;
}

/// Writes that are applied together. Each key and each log may occur once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Records to write.
    pub saves: Vec<Save>,
    /// Records to remove.
    pub removes: Vec<Remove>,
    /// Logs to append to.
    pub appends: Vec<Append>,
}

impl Transaction {
    /// A transaction without writes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a save.
    #[must_use]
    pub fn save(mut self, save: Save) -> Self {
        self.saves.push(save);
        self
    }

    /// Adds a removal.
    #[must_use]
    pub fn remove(mut self, remove: Remove) -> Self {
        self.removes.push(remove);
        self
    }

    /// Adds an append.
    #[must_use]
    pub fn append(mut self, append: Append) -> Self {
        self.appends.push(append);
        self
    }

    /// Sum of all record and entry bytes.
    pub(crate) fn bytes(&self) -> usize {
        let entries = self.appends.iter().flat_map(|append| &append.entries);
        self.saves.iter().map(|save| save.bytes.len()).sum::<usize>()
            + entries.map(Vec::len).sum::<usize>()
    }

    /// The first record or log that occurs twice.
    pub(crate) fn duplicate(&self) -> Option<&Key> {
        let records = self.saves.iter().map(|save| &save.key);
        let records = records.chain(self.removes.iter().map(|remove| &remove.key));
        first_repeated(records.collect())
            .or_else(|| first_repeated(self.appends.iter().map(|append| &append.log).collect()))
    }
}

fn first_repeated(mut keys: Vec<&Key>) -> Option<&Key> {
    if keys.len() < 2 {
        return None;
    }
    keys.sort_unstable();
    keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// The acknowledgement of a [`Transaction`], in the order of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// One for each save.
    pub saves: Vec<Saved>,
    /// One for each append.
    pub appends: Vec<Appended>,
}

/// What a store did since it was opened.
///
/// `writes / commits` is how many requests one sync of the disk served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// How many times the store was opened in its life, this time included.
    pub incarnation: u64,
    /// Commits, each with one sync on a disk backend.
    pub commits: u64,
    /// Write requests that those commits applied.
    pub writes: u64,
    /// Write requests that were refused, without effect.
    pub refused: u64,
    /// Most write requests that one commit applied.
    pub group_max: u64,
    /// Read requests served.
    pub reads: u64,
}
