//! The limits of a node's dead letters.

use std::time::Duration;

/// What leaves when there is no room for one more dead letter. Whatever leaves is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeadLetterOverflow {
    /// The oldest that is not being retried at the moment.
    #[default]
    DropOldest,
    /// The one that just came.
    DropNewest,
}

/// The limits of a node's dead letters.
///
/// Defaults: 1,000 letters, the oldest leaves first, 5 attempts, 24 hours, 5 s for one attempt, 16 attempts at once.
///
/// # Examples
///
/// ```
/// use foundation::{DeadLetterOptions, DeadLetterOverflow, Node, NodeConfig};
///
/// let options = DeadLetterOptions::new(10_000).overflow(DeadLetterOverflow::DropNewest).attempts_max(3);
/// let node = Node::new(NodeConfig::default().dead_letters(options))?;
/// assert_eq!(node.dead_letters().counts().kept, 0);
/// # Ok::<(), foundation::NodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterOptions {
    pub(crate) kept_max: usize,
    pub(crate) overflow: DeadLetterOverflow,
    pub(crate) attempts_max: u32,
    pub(crate) expire_after: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) concurrency: usize,
}

impl DeadLetterOptions {
    /// Keeps at most this many letters; with zero, none.
    #[must_use]
    pub const fn new(kept_max: usize) -> Self {
        Self {
            kept_max,
            overflow: DeadLetterOverflow::DropOldest,
            attempts_max: 5,
            expire_after: Duration::from_secs(24 * 60 * 60),
            attempt_timeout: Duration::from_secs(5),
            concurrency: 16,
        }
    }

    /// Sets what leaves when there is no room.
    #[must_use]
    pub const fn overflow(mut self, overflow: DeadLetterOverflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets after how many failed attempts a letter is exhausted.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    #[track_caller]
    pub const fn attempts_max(mut self, attempts: u32) -> Self {
        assert!(attempts > 0, "a letter has at least one attempt");
        self.attempts_max = attempts;
        self
    }

    /// Sets how old a letter may be.
    #[must_use]
    pub const fn expire_after(mut self, age: Duration) -> Self {
        self.expire_after = age;
        self
    }

    /// Sets how long one attempt may take, once it has begun.
    #[must_use]
    pub const fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets how many attempts run at once on the node, whoever asked for them.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    #[track_caller]
    pub const fn concurrency(mut self, attempts: usize) -> Self {
        assert!(attempts > 0, "one attempt at a time is the least");
        self.concurrency = attempts;
        self
    }
}

impl Default for DeadLetterOptions {
    fn default() -> Self {
        Self::new(1_000)
    }
}

/// The defaults, but this many letters.
impl From<usize> for DeadLetterOptions {
    fn from(kept_max: usize) -> Self {
        Self::new(kept_max)
    }
}
