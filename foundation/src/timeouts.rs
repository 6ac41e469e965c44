//! How long each kind of operation may take, as one value.
//!
//! Decides which of several settings holds; nothing waits in here, and there is no global table.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Longer than any operation takes; an endless wait is not to be had.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Kinds and servers, each.
const MOST_ENTRIES: usize = 1_024;

/// A table of timeouts for kinds of operations and for servers, with a default: 5 s.
///
/// Which one holds: what a call says itself, before its kind, before its server, before the default.
///
/// # Examples
///
/// ```
/// use foundation::Timeouts;
/// use std::time::Duration;
///
/// let timeouts = Timeouts::default()
///     .kind("report", Duration::from_secs(60))?
///     .server("archive", Duration::from_secs(30))?;
/// let explicit = Some(Duration::from_secs(1));
/// assert_eq!(timeouts.resolve(explicit, "report", "archive"), Duration::from_secs(1));
/// assert_eq!(timeouts.resolve(None, "report", "archive"), Duration::from_secs(60));
/// assert_eq!(timeouts.resolve(None, "read", "archive"), Duration::from_secs(30));
/// assert_eq!(timeouts.resolve(None, "read", "router"), Duration::from_secs(5));
/// # Ok::<(), foundation::TimeoutsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    default: Duration,
    kinds: BTreeMap<Box<str>, Duration>,
    servers: BTreeMap<Box<str>, Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        let default = Duration::from_secs(5);
        Self { default, kinds: BTreeMap::new(), servers: BTreeMap::new() }
    }
}

impl Timeouts {
    /// Creates a table with another default.
    ///
    /// # Errors
    ///
    /// [`TimeoutsError::Zero`] or [`TimeoutsError::TooLong`].
    pub fn new(default: Duration) -> Result<Self, TimeoutsError> {
        Ok(Self { default: checked(default)?, ..Self::default() })
    }

    /// Sets the timeout of a kind of operation.
    ///
    /// # Errors
    ///
    /// [`TimeoutsError`] if it is zero or longer than a day, or the table has 1,024 kinds.
    pub fn kind(mut self, kind: &str, timeout: Duration) -> Result<Self, TimeoutsError> {
        enter(&mut self.kinds, kind, timeout)?;
        Ok(self)
    }

    /// Sets the timeout of every operation on one server that has none for its kind.
    ///
    /// # Errors
    ///
    /// [`TimeoutsError`] if it is zero or longer than a day, or the table has 1,024 servers.
    pub fn server(mut self, server: &str, timeout: Duration) -> Result<Self, TimeoutsError> {
        enter(&mut self.servers, server, timeout)?;
        Ok(self)
    }

    /// Returns the timeout that holds. Names that are not in the table have none of their own; an explicit one is not looked at, but
    /// never exceeds a day.
    #[must_use]
    pub fn resolve(&self, explicit: Option<Duration>, kind: &str, server: &str) -> Duration {
        explicit
            .or_else(|| self.kinds.get(kind).copied())
            .or_else(|| self.servers.get(server).copied())
            .unwrap_or(self.default)
            .min(LONGEST)
    }
}

fn enter(
    table: &mut BTreeMap<Box<str>, Duration>,
    name: &str,
    timeout: Duration,
) -> Result<(), TimeoutsError> {
    let timeout = checked(timeout)?;
    if table.len() >= MOST_ENTRIES && !table.contains_key(name) {
        return Err(TimeoutsError::TooMany);
    }
    table.insert(name.into(), timeout);
    Ok(())
}

fn checked(timeout: Duration) -> Result<Duration, TimeoutsError> {
    if timeout.is_zero() {
        Err(TimeoutsError::Zero)
    } else if timeout > LONGEST {
        Err(TimeoutsError::TooLong)
    } else {
        Ok(timeout)
    }
}

/// Why a table cannot have a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutsError {
    /// It is zero: nothing could succeed.
    Zero,
    /// It is longer than a day.
    TooLong,
    /// The table has 1,024 entries of this sort.
    TooMany,
}

impl fmt::Display for TimeoutsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "the timeout is zero",
            Self::TooLong => "the timeout is longer than a day",
            Self::TooMany => "the table has no room for another entry",
        })
    }
}

impl Error for TimeoutsError {}
