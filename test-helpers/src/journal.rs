//! What happened in which order, and whether two incarnations overlapped.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::eventually::DEADLINE;

/// A shared log of events. A clone is the same log.
///
/// # Examples
///
/// ```
/// use test_helpers::Journal;
///
/// let journal = Journal::new();
/// let presence = journal.enter("a");
/// journal.note("work");
/// drop(presence);
/// assert_eq!(journal.take(), ["+a", "work", "-a"]);
/// assert_eq!(journal.most_at_once("a"), 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Journal {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    log: Mutex<Log>,
    grown: Notify,
}

#[derive(Debug, Default)]
struct Log {
    entries: Vec<String>,
    /// Alive now, and the most that ever were, for each id.
    alive: BTreeMap<String, (usize, usize)>,
}

/// Says that an incarnation is alive; dropping it says that it is gone.
#[derive(Debug)]
#[must_use = "dropping a presence says that the incarnation is gone"]
pub struct Presence {
    journal: Journal,
    id: String,
}

impl Journal {
    /// Creates an empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes an entry.
    pub fn note(&self, entry: impl Into<String>) {
        self.inner.log.lock().entries.push(entry.into());
        self.inner.grown.notify_waiters();
    }

    /// Writes `+id`, counts one incarnation of `id`, and takes both back (`-id`) when the guard is dropped.
    pub fn enter(&self, id: &str) -> Presence {
        {
            let mut log = self.inner.log.lock();
            let (now, most) = log.alive.entry(id.to_owned()).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        self.note(format!("+{id}"));
        Presence { journal: self.clone(), id: id.to_owned() }
    }

    /// Takes the entries out; also to start anew.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.log.lock().entries)
    }

    /// Returns a copy of the entries.
    #[must_use]
    pub fn entries(&self) -> Vec<String> {
        self.inner.log.lock().entries.clone()
    }

    /// Returns how many incarnations of `id` are alive now.
    #[must_use]
    pub fn alive(&self, id: &str) -> usize {
        self.inner.log.lock().alive.get(id).map_or(0, |(now, _)| *now)
    }

    /// Returns how many incarnations are alive now, of whatever id.
    #[must_use]
    pub fn alive_in_all(&self) -> usize {
        self.inner.log.lock().alive.values().map(|(now, _)| *now).sum()
    }

    /// Returns how many incarnations of `id` were ever alive at the same time. More than one is an overlap.
    #[must_use]
    pub fn most_at_once(&self, id: &str) -> usize {
        self.inner.log.lock().alive.get(id).map_or(0, |(_, most)| *most)
    }

    /// Waits until `entry` has been written `count` times since the last [`take`](Self::take).
    ///
    /// # Panics
    ///
    /// Panics with the entries when that does not happen in [`DEADLINE`].
    pub async fn written(&self, entry: &str, count: usize) {
        let waiting = async {
            loop {
                let grown = self.inner.grown.notified();
                tokio::pin!(grown);
                // Registered before the look, so that nothing written in between is missed.
                grown.as_mut().enable();
                if self.inner.log.lock().entries.iter().filter(|seen| *seen == entry).count()
                    >= count
                {
                    return;
                }
                grown.await;
            }
        };
        let found = foundation::time::timeout(DEADLINE, waiting).await;
        assert!(found.is_ok(), "waited for {count} times {entry:?}, saw {:?}", self.entries());
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some((now, _)) = self.journal.inner.log.lock().alive.get_mut(&self.id) {
            *now -= 1;
        }
        self.journal.note(format!("-{}", self.id));
    }
}
