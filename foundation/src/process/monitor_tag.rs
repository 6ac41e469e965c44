//! What a monitor is for and where it was made, for those who look. Nothing here decides anything.

use std::fmt;
use std::panic::Location;

/// What a monitor is for, said by who makes it and shown by [`Node::monitors`](crate::Node::monitors).
///
/// A monitor without a tag, or with [`new`](Self::new), that becomes old is found by
/// [`find_leaks`](crate::Monitors::find_leaks); one that is meant to live long says so.
///
/// # Examples
///
/// ```
/// use foundation::MonitorTag;
///
/// const WORKER: MonitorTag = MonitorTag::long_lived("worker");
/// assert_eq!(WORKER.name(), "worker");
/// assert!(WORKER.is_long_lived());
/// assert!(!MonitorTag::from("request").is_long_lived());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MonitorTag {
    name: &'static str,
    is_long_lived: bool,
}

impl MonitorTag {
    /// Creates the tag of a monitor that is not expected to become old.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, is_long_lived: false }
    }

    /// Creates the tag of a monitor that may become as old as the node.
    #[must_use]
    pub const fn long_lived(name: &'static str) -> Self {
        Self { name, is_long_lived: true }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns true if age says nothing about such a monitor.
    #[must_use]
    pub const fn is_long_lived(&self) -> bool {
        self.is_long_lived
    }
}

impl From<&'static str> for MonitorTag {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for MonitorTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Whether age is a reason to speak about a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// It is, and nobody has been told.
    Due,
    /// It is, and somebody has been told.
    Given,
    /// It is not.
    Never,
}

/// Where a monitor was made and what for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) site: &'static Location<'static>,
    pub(crate) tag: Option<&'static str>,
    pub(crate) advice: Advice,
}

impl Origin {
    /// The caller's line, without a tag.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self { site: Location::caller(), tag: None, advice: Advice::Due }
    }

    /// The caller's line.
    #[track_caller]
    pub(crate) fn tagged(tag: MonitorTag) -> Self {
        let advice = if tag.is_long_lived { Advice::Never } else { Advice::Due };
        Self { site: Location::caller(), tag: Some(tag.name), advice }
    }
}
