//! [`AgentId`] and [`Agent`]: one row of the registry.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use foundation::{Pid, ProcessRef};

use crate::error::AgentIdError;
use crate::registry::profile::{NAME_BYTES_MAX, Profile};

/// The name of an agent, which outlives its processes: 1 to 255 bytes.
///
/// Cloning is cheap.
///
/// # Examples
///
/// ```
/// use mabeam::AgentId;
///
/// let id: AgentId = "resizer-1".parse()?;
/// assert_eq!(id.as_str(), "resizer-1");
/// # Ok::<(), mabeam::AgentIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(Arc<str>);

impl AgentId {
    /// Takes `text` as an id.
    ///
    /// # Errors
    ///
    /// [`AgentIdError`] if it is empty or has more than 255 bytes.
    pub fn new(text: &str) -> Result<Self, AgentIdError> {
        if text.is_empty() {
            return Err(AgentIdError::Empty);
        }
        if text.len() > NAME_BYTES_MAX {
            return Err(AgentIdError::TooLong { len_bytes: text.len() });
        }
        Ok(Self(text.into()))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentId {
    type Err = AgentIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for AgentId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A registered agent: its id, the process that answers for it, and its profile.
///
/// This is a snapshot: it says what was registered when it was read.
#[derive(Debug, Clone)]
pub struct Agent {
    id: AgentId,
    process: ProcessRef,
    profile: Profile,
}

impl Agent {
    pub(crate) const fn new(id: AgentId, process: ProcessRef, profile: Profile) -> Self {
        Self { id, process, profile }
    }

    /// Returns the id.
    #[must_use]
    pub const fn id(&self) -> &AgentId {
        &self.id
    }

    /// Returns the process, one incarnation of the agent.
    #[must_use]
    pub const fn process(&self) -> &ProcessRef {
        &self.process
    }

    /// Returns the capabilities and attributes.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(crate) fn pid(&self) -> Pid {
        self.process.pid()
    }
}
