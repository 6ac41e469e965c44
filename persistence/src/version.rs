//! The numbers that order writes.
//!
//! This module names them and gives their order; the rules that compare them are in `judge`.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The version of one record, given by the store at each save.
///
/// Within one key every later save has a greater revision, also after the record was removed and
/// created again. The numbers of one key are not consecutive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Expected by a save that must create the record; never given by a store.
    pub const ABSENT: Self = Self(0);

    /// The revision with this number; 0 is [`Revision::ABSENT`].
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// The activation that writes: a writer with a greater epoch fences all those below it.
///
/// Each activation of an owner takes a fresh epoch, one above the one it finds in the store.
///
/// # Examples
///
/// ```
/// use persistence::Epoch;
///
/// assert!(Epoch::new(7).next() > Epoch::new(7));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The epoch one above.
    ///
    /// # Panics
    ///
    /// Panics after 2^64 - 1 epochs.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("epochs are 64 bits wide"))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}

/// A position: of an entry in its log, or of a state in the sequence its owner counts.
///
/// Entries of a log are numbered from 1 without gaps; 0 is "before the first".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Before the first entry: the last position of an empty log.
    pub const ZERO: Self = Self(0);

    /// The position with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position `count` entries later.
    ///
    /// # Panics
    ///
    /// Panics past 2^64 - 1.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.checked_add(count).expect("positions are 64 bits wide"))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The identity of one write: the same for every retry of the same bytes, different otherwise.
///
/// It resolves an `Indeterminate` outcome: a retry under the same id is answered as the first try
/// would have been, whether or not that one was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId(u128);

impl WriteId {
    /// A fresh id: 128 bits, unpredictable enough never to repeat, not a secret.
    ///
    /// # Examples
    ///
    /// ```
    /// use persistence::WriteId;
    ///
    /// assert_ne!(WriteId::random(), WriteId::random());
    /// ```
    #[must_use]
    pub fn random() -> Self {
        let high = RandomState::new().hash_one("write id, high half");
        let low = RandomState::new().hash_one("write id, low half");
        Self(u128::from(high) << 64 | u128::from(low))
    }

    /// The id with this number, for one that was stored or is derived from the write.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0
    }
}

impl fmt::Display for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
